"""Downloads: the four files of MNIST, each checked by its published SHA-256."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nn.checks import library

MNIST = {  # file: SHA-256 of the gzipped file as its authors published it
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
MIRRORS = (  # those of PyTorch and of TensorFlow; the authors' own server no longer hands the files out
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
ROUNDS = 2  # how often each mirror is asked
LARGEST = 9_912_422  # bytes of the largest file: no server makes us read more
TIMEOUT = 30  # seconds without a byte


def download_mnist(
    folder: str | os.PathLike[str] | None = None, base_url: str | Sequence[str] = MIRRORS
) -> Path:
    """Fetch the four files of MNIST (11 MB) and return their folder, by default this user's cache.

    Files that are there and whole are not asked for again, so that a second call goes on where a first one
    failed; others of the same name are replaced. A file appears under its name only when its SHA-256 is
    right. `base_url` is the address of a folder, or several that are asked in turn, each twice.

    ConnectionError where no server gave the right bytes.
    """
    target = Path(folder) if folder is not None else cache()
    mirrors = [base_url] if isinstance(base_url, str) else base_url
    log = _pooch().get_logger()
    level = log.level
    log.setLevel("WARNING")
    try:
        for name in MNIST:
            _fetch(name, target, [f"{url.rstrip('/')}/{name}" for url in mirrors])
    finally:
        log.setLevel(level)
    return target


def cache() -> Path:
    """The folder in this user's cache into which MNIST is downloaded."""
    return Path(_pooch().os_cache("scalar-autograd")) / "mnist"


def _fetch(name: str, folder: Path, urls: list[str]) -> None:
    pooch = _pooch()
    from requests import RequestException  # pooch's own dependency
    from urllib3.exceptions import HTTPError

    error: Exception | None = None
    for url in urls * ROUNDS:
        try:
            pooch.retrieve(url, f"sha256:{MNIST[name]}", name, folder, downloader=_download)
            return
        except (RequestException, HTTPError, ValueError) as reason:  # ValueError: other bytes than published
            error = reason
    raise ConnectionError(f"download_mnist: {name} came whole from none of {', '.join(urls)}: {error}")


def _download(url: str, path: str, pooch: Any) -> None:
    """Write what a server sends, as it comes: not unpacked, and no more than the largest file has."""
    import requests

    headers = {"Accept-Encoding": "identity"}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        content = response.raw.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"{url} sends more than {LARGEST} bytes")
    Path(path).write_bytes(content)


def _pooch() -> Any:
    return library("pooch", "nn.data.download_mnist")
