"""Packages of npm that the site serves itself: pinned, fetched once, checked, kept in build/vendor.

To renew one: `npm view NAME version dist.integrity`, and look whether its files are still called so.
"""

import os
import tarfile
from base64 import b64encode
from fnmatch import fnmatch
from hashlib import sha512
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

REGISTRY = "https://registry.npmjs.org"
KEPT = Path(__file__).parent.parent / "build/vendor"
PATIENCE = 60  # seconds in which the registry says nothing


class Package(NamedTuple):
    """A version of a package, its archive's SHA-512 in Base64, and patterns of what is served of it."""

    version: str
    sha512: str
    served: tuple[str, ...]


PACKAGES = {
    "pyodide": Package(  # Python 3.14
        "314.0.8",
        "74Wq1kXOC+CCEzAfxuRAO701nAcCMLjf8NrwvWpu8S41dVMXwXmLQ05dYB+F4e46AdnGo0oq7YHSVUpHsoarLQ==",
        ("pyodide.mjs", "pyodide.asm.*", "pyodide-lock.json", "python_stdlib.zip"),
    ),
    "prism-code-editor": Package(  # a textarea with colours under it: 70 kB, and no bundler
        "5.4.0",
        "8y4SdQxwHa/lnxIbFf2w8N2D1OwxcskDRw774ov4XEEa1e5alqqrAZk08YXgaxisc1RuJdFbCTI+4tU3Plljqw==",
        (
            *("LICENSE", "dist/index.js", "dist/core-*.js", "dist/layout.css"),
            *("dist/prism/languages/python.js", "dist/patterns-*.js"),
            *("dist/extensions/commands/index.js", "dist/commands-*.js", "dist/utils-*.js"),
        ),
    ),
    "mermaid": Package(
        "11.12.0",
        "ZudVx73BwrMJfCFmSSJT84y6u5brEoV8DOItdHomNLz32uBjNrelm7mg95X7g+C6UoQH/W6mBLGDEDv73JdxBg==",
        ("LICENSE", "dist/mermaid.min.js"),
    ),
}


def files(name: str) -> dict[str, bytes]:
    """What is served of a package, by path; OSError where it must be fetched and can't be."""
    served = {}
    with tarfile.open(fileobj=BytesIO(archive(name))) as packed:
        for member in packed:
            path = member.name.removeprefix("package/")
            if any(fnmatch(path, pattern) for pattern in PACKAGES[name].served):
                served[path] = packed.extractfile(member).read()
    return served


def archive(name: str) -> bytes:
    """The package as npm has it: what is kept, if it is whole, else fetched."""
    package = PACKAGES[name]
    kept = KEPT / f"{name}-{package.version}.tgz"
    if kept.exists() and digest(data := kept.read_bytes()) == package.sha512:
        return data
    with urlopen(f"{REGISTRY}/{name}/-/{kept.name}", timeout=PATIENCE) as answer:
        data = answer.read()
    if digest(data) != package.sha512:
        raise ValueError(f"{kept.name} of {REGISTRY} is not the file that docs/vendor.py pins")
    KEPT.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(kept)  # at once, for who builds at the same time
    return data


def digest(data: bytes) -> str:
    """Its SHA-512 in Base64, as npm writes it."""
    return b64encode(sha512(data).digest()).decode()
