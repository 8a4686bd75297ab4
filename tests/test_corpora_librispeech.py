"""The LibriSpeech download: resumed, checked and unpacked whole, from a server of our own."""

import fcntl
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import soundfile

from whence.datagen.corpora import librispeech, open_corpus
from whence.errors import InputError

CHUNK = 65_536


def archive_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def utterance(seed: int) -> bytes:
    stream = io.BytesIO()
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, 80_000)
    soundfile.write(stream, noise, 16_000, format="FLAC")
    return stream.getvalue()


ARCHIVE = archive_of(
    {
        "LibriSpeech/SPEAKERS.TXT": b"speakers",
        "LibriSpeech/test-clean/84/121/84-121-0001.flac": utterance(0),
        "LibriSpeech/test-clean/84/121/84-121.trans.txt": b"84-121-0001 HELLO",
        "LibriSpeech/test-clean/7/3/7-3-0000.flac": utterance(1),
    }
)


class Server(ThreadingHTTPServer):
    """Serves one archive; `cuts` are the bytes after which the next connections break, 0 for at once."""

    archive = ARCHIVE
    ranges = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.cuts: list[int] = []
        self.served: list[tuple[int, int]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        archive = self.server.archive
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if self.server.ranges else 0
        if start >= len(archive):
            self.send_error(416)
            return
        self.send_response(206 if self.server.ranges else 200)
        self.send_header("Content-Length", str(len(archive) - start))
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(archive)
        body = archive[start : start + cut]
        self.wfile.write(body)
        self.server.served.append((start, len(body)))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fetch(server: Server, cache: Path, subset: str = "test-clean") -> Path:
    md5 = hashlib.md5(server.archive).hexdigest()
    return librispeech.fetch(subset, cache=cache, base_url=server.url, md5=md5, pause_seconds=0.0)


def test_download_is_opened_as_a_corpus(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fetch(server, tmp_path)
    assert folder == tmp_path / "librispeech" / "test-clean"
    monkeypatch.setenv("WHENCE_CACHE", str(tmp_path))
    corpus = open_corpus("librispeech", minimum_seconds=1.0)
    assert corpus.kind == "librispeech"
    assert [(c.clip_id, c.speaker, c.licence, c.samples) for c in corpus.clips] == [
        ("7/3/7-3-0000.flac", "7", "CC BY 4.0", 80_000),
        ("84/121/84-121-0001.flac", "84", "CC BY 4.0", 80_000),
    ]
    assert [path.name for path in folder.parent.iterdir() if path.suffix != ".lock"] == ["test-clean"]
    fetch(server, tmp_path)
    assert len(server.served) == 1


def test_a_broken_transfer_is_resumed_at_once(server: Server, tmp_path: Path) -> None:
    server.cuts = [150_000]
    assert fetch(server, tmp_path).is_dir()
    (_, first), (start, second) = server.served
    assert first == 150_000
    assert 150_000 - CHUNK < start <= 150_000
    assert start + second == len(ARCHIVE)


def test_an_interrupted_download_is_resumed_by_the_next_run(server: Server, tmp_path: Path) -> None:
    server.cuts = [150_000, 0, 0, 0, 0, 0]
    with pytest.raises(InputError, match=r"test-clean\.tar\.gz: cannot be downloaded .*run this again to resume"):
        fetch(server, tmp_path)
    part = tmp_path / "librispeech" / "test-clean.tar.gz.part"
    assert part.read_bytes() == ARCHIVE[: part.stat().st_size]
    kept = part.stat().st_size
    server.cuts, server.served = [], []
    assert fetch(server, tmp_path).is_dir()
    assert server.served == [(kept, len(ARCHIVE) - kept)]
    assert kept > 150_000 - CHUNK


def test_a_complete_part_is_not_downloaded_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "librispeech").mkdir()
    (tmp_path / "librispeech" / "test-clean.tar.gz.part").write_bytes(ARCHIVE)
    assert fetch(server, tmp_path).is_dir()
    assert server.served == []


def test_a_server_without_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    server.ranges, server.cuts = False, [150_000]
    assert fetch(server, tmp_path).is_dir()
    assert server.served == [(0, 150_000), (0, len(ARCHIVE))]


def test_a_wrong_checksum_deletes_the_part(server: Server, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected 32fa31d27d2e1cad72775fee3f4849a9; it was deleted, run this again"):
        librispeech.fetch("test-clean", cache=tmp_path, base_url=server.url)
    assert not list(tmp_path.rglob("*.part"))
    assert not (tmp_path / "librispeech" / "test-clean").exists()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"../evil.txt": b"x"}, "cannot be unpacked"),
        ({"/tmp/../../evil.txt": b"x"}, "cannot be unpacked"),
        ({"LibriSpeech/dev-clean/a.flac": b"x"}, "holds no LibriSpeech/test-clean"),
    ],
)
def test_a_bad_archive_leaves_nothing(server: Server, tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    server.archive = archive_of(files)
    with pytest.raises(InputError, match=said):
        fetch(server, tmp_path)
    assert not (tmp_path / "evil.txt").exists()
    assert {path.suffix for path in (tmp_path / "librispeech").iterdir()} == {".part", ".lock"}


def test_no_server_and_no_such_file_are_explained(server: Server, tmp_path: Path) -> None:
    server.archive = b""
    with pytest.raises(InputError, match=r"HTTP 416.*give a folder of audio or espeak") as e:
        fetch(server, tmp_path)
    assert "\n" not in str(e.value)
    with pytest.raises(InputError, match=r"cannot be downloaded \(ConnectionError\); .*unpack the archive yourself"):
        librispeech.fetch("dev-other", cache=tmp_path, base_url="http://127.0.0.1:9", pause_seconds=0.0)


def test_a_second_download_of_the_same_part_is_refused(server: Server, tmp_path: Path) -> None:
    home = tmp_path / "librispeech"
    home.mkdir()
    with (home / "test-clean.tar.gz.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another process is downloading it"):
            fetch(server, tmp_path)


def test_a_cache_that_is_a_file_is_explained(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(InputError, match=r"cache.*: .*set WHENCE_CACHE to a writable folder"):
        fetch(server, tmp_path / "cache")


@pytest.mark.parametrize("subset", ["test-claen", "train-clean-10"])
def test_an_unknown_subset_names_the_nearest(subset: str) -> None:
    with pytest.raises(InputError, match=r"nearest is (test-clean|train-clean-100); known: dev-clean, "):
        open_corpus(f"librispeech:{subset}", minimum_seconds=1.0)
