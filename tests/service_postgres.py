"""A private PostgreSQL cluster for the tests, from Debian's package, run by a user who is not root."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

USERS = ("postgres", "nobody")


def _programs() -> Path:
    """Where initdb and postgres lie."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = next((place for place in places if (place / "initdb").exists()), None)
    if found is None and (there := shutil.which("initdb")):
        found = Path(there).resolve().parent
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    return found


def _user() -> str | None:
    """The user who runs it: PostgreSQL refuses to be run by root."""
    if os.getuid() != 0:
        return None
    for name in USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    pytest.skip("PostgreSQL cannot be run by root, and there is neither a user postgres nor nobody")


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """A running cluster: the URL of an empty database on it, through a socket in its own folder."""
    programs, user = _programs(), _user()
    folder = Path(tempfile.mkdtemp(prefix="whence-postgres-"))
    if user:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = folder / "data"
    initdb = [programs / "initdb", "-D", data, "-A", "trust", "-U", "board", "-E", "UTF8", "--locale=C", "-N"]
    subprocess.run(initdb, user=user, cwd=folder, check=True, capture_output=True)
    options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "max_connections=200"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([programs / "postgres", "-D", data, *options], user=user, cwd=folder, stderr=log)
    try:
        _wait_until_ready(programs, folder, server)
        yield f"postgresql://board@/postgres?host={folder}"
    finally:
        server.terminate()
        server.wait(timeout=60)
        shutil.rmtree(folder)


def _wait_until_ready(programs: Path, folder: Path, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        ready = subprocess.run([programs / "pg_isready", "-q", "-h", folder], check=False)
        if ready.returncode == 0:
            return
        assert server.poll() is None, (folder / "log").read_text()
        time.sleep(0.1)
    raise AssertionError((folder / "log").read_text())
