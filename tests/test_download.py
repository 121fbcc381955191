"""Downloads, from servers of this machine that fail in every way that servers do."""

import contextlib
import gzip
import hashlib
import io
import sys
import tracemalloc
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pooch
import pytest

import nn.data
from nn.data import download, idx

GOOD, WRONG, MISSING, CUT = "good", "wrong bytes", "404", "cut in the middle"
VAST, ENDLESS, BOMB = "600 MB", "no end", "a page that unpacks to 60 MB"


ZIPPED = gzip.compress(bytes(60 * 10**6))


class Server(ThreadingHTTPServer):
    """Serves files by name; `plan[name]` is what happens to the first requests for it, GOOD afterwards."""

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.plan, self.requests, self.sent = files, defaultdict(list), [], 0
        self.url = f"http://127.0.0.1:{self.server_port}/mnist"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.removeprefix("/mnist/")
        self.server.requests.append(name)
        plan = self.server.plan[name]
        action = plan.pop(0) if plan else GOOD
        if action == MISSING:
            self.send_error(404)
            return
        if action in (VAST, ENDLESS):
            self.send_vast(600 * 10**6, action == VAST)
            return
        content = self.server.files[name]
        self.send_response(200)
        if action == BOMB:
            self.send_header("Content-Encoding", "gzip")
            content = ZIPPED
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if action == CUT:
            self.wfile.write(content[: len(content) // 2])
        else:
            self.wfile.write(content[::-1] if action == WRONG else content)

    def send_vast(self, length, is_told):
        """So many bytes, or as many as are taken."""
        self.send_response(200)
        if is_told:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            for _ in range(0, length, 10**6):
                self.wfile.write(bytes(10**6))
                self.server.sent += 10**6

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A small set under the names of the published files."""
    folder, rng = tmp_path_factory.mktemp("server"), np.random.default_rng(0)
    for name in download.MNIST:
        shape = (20, 28, 28) if "images" in name else (20,)
        idx.write(folder / name, rng.integers(0, 10, shape, np.uint8))
    return {name: (folder / name).read_bytes() for name in download.MNIST}


@pytest.fixture
def start(files, monkeypatch):
    """A function that starts a server; the small set's checksums stand in for the published ones."""
    for name, content in files.items():
        monkeypatch.setitem(download.MNIST, name, hashlib.sha256(content).hexdigest())
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    servers = []

    def start():
        servers.append(Server(files))
        Thread(target=servers[-1].serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


FIRST, *_, LAST = download.MNIST


@pytest.fixture
def said(monkeypatch):
    """What pooch's log has written."""
    text = io.StringIO()
    monkeypatch.setattr(pooch.get_logger().handlers[0], "stream", text)
    return text.getvalue


def test_four_whole_files_no_word_and_no_second_request(start, files, tmp_path, said, capsys):
    server = start()
    folder = nn.data.download_mnist(tmp_path / "new" / "folder", server.url)
    assert folder == tmp_path / "new" / "folder" and contents(folder) == files
    assert server.requests == list(files)
    assert nn.data.download_mnist(folder, server.url) == folder
    assert server.requests == list(files)
    assert capsys.readouterr() == ("", "") and said() == "" and pooch.get_logger().level == 0


@pytest.mark.parametrize("fault", [WRONG, MISSING, CUT])
def test_a_fault_that_passes_is_tried_again(fault, start, files, tmp_path, said):
    server = start()
    server.plan[LAST] = [fault]
    assert contents(nn.data.download_mnist(tmp_path, server.url)) == files
    assert server.requests == [*files, LAST] and said() == ""


@pytest.mark.parametrize("fault", [WRONG, MISSING, CUT])
def test_a_fault_that_stays_leaves_the_whole_files_alone_and_the_next_call_goes_on(
    fault, start, files, tmp_path
):
    server = start()
    server.plan[LAST] = [fault] * download.ROUNDS
    with pytest.raises(ConnectionError, match=f"download_mnist: {LAST} came whole from none of") as caught:
        nn.data.download_mnist(tmp_path, server.url)
    assert "\n" not in str(caught.value) and server.url in str(caught.value)
    assert contents(tmp_path) == {name: files[name] for name in files if name != LAST}
    assert pooch.get_logger().level == 0
    nn.data.download_mnist(tmp_path, server.url)
    assert contents(tmp_path) == files and server.requests[-1:] == [LAST]
    assert len(server.requests) == len(files) + download.ROUNDS


@pytest.mark.parametrize("fault", [WRONG, MISSING, CUT])
def test_the_next_mirror_is_asked(fault, start, files, tmp_path):
    bad, good = start(), start()
    for name in files:
        bad.plan[name] = [fault]
    nn.data.download_mnist(tmp_path, [bad.url, good.url + "/"])
    assert contents(tmp_path) == files and bad.requests == good.requests == list(files)


@pytest.mark.parametrize("fault", [VAST, ENDLESS])
def test_no_server_makes_it_read_more_than_the_largest_file(fault, start, tmp_path):
    server = start()
    server.plan[FIRST] = [fault] * download.ROUNDS
    with pytest.raises(ConnectionError, match=r"came whole from none of .*sends more than 9912422 bytes"):
        nn.data.download_mnist(tmp_path, server.url)
    assert not contents(tmp_path)
    assert server.sent < 100 * 10**6  # what was read, and what filled the buffers between


def test_what_is_sent_is_not_unpacked(start, files, tmp_path):
    server = start()
    server.plan[FIRST] = [BOMB] * download.ROUNDS
    tracemalloc.start()
    with pytest.raises(ConnectionError, match=f"download_mnist: {FIRST} came whole from none"):
        nn.data.download_mnist(tmp_path, server.url)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 * 10**6
    nn.data.download_mnist(tmp_path, server.url)
    assert contents(tmp_path) == files


def test_a_server_that_is_not_there(start, files, tmp_path):
    gone, good = start(), start()
    gone.shutdown()
    gone.server_close()
    with pytest.raises(ConnectionError, match="came whole from none of"):
        nn.data.download_mnist(tmp_path, gone.url)
    assert not contents(tmp_path)
    nn.data.download_mnist(tmp_path, [gone.url, good.url])
    assert contents(tmp_path) == files


def test_a_damaged_file_is_replaced(start, files, tmp_path):
    server = start()
    (tmp_path / FIRST).write_bytes(files[FIRST][:100])
    nn.data.download_mnist(tmp_path, server.url)
    assert contents(tmp_path) == files


def test_the_cache_is_where_mnist_looks(start, files, tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOGRAD_DATA", raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / project)
    with pytest.raises(FileNotFoundError, match=r"nn.data.download_mnist\(\) fetches it"):
        nn.data.mnist()
    assert nn.data.download_mnist(base_url=start().url) == tmp_path / "scalar-autograd" / "mnist"
    train, test = nn.data.mnist(checksum=True)
    assert len(train) == len(test) == 20


def test_the_folders_own_fault_is_told_as_such(start, tmp_path):
    server = start()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file") as caught:
        nn.data.download_mnist(tmp_path / "file" / "folder", server.url)
    assert not isinstance(caught.value, ConnectionError) and not server.requests


def test_without_pooch_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(
        ImportError, match=r"^nn.data.download_mnist: .*pooch.*; pip install 'scalar-autograd\[nn\]'$"
    ):
        nn.data.download_mnist(tmp_path)
