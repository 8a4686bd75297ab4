"""Folders that this user may write: home, caches, and what to use where there is none (containers, unknown users)."""

import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path


def home() -> Path | None:
    """Return the user's home folder, None where nobody says where it is: no HOME and no entry for this user."""
    try:
        found = Path.home()
    except RuntimeError:
        return None
    return found if found.is_absolute() else None


def is_writable(folder: Path) -> bool:
    """Whether files can be written into `folder`, which is made if it can be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def private_folder() -> Path | None:
    """Return a folder for caches in the temporary folder that nobody else may enter, None where there is none.

    Caches hold code that is run, so a folder that another user made under our name is not used.
    """
    try:
        folder = Path(tempfile.gettempdir(), f"whence-{os.getuid()}")
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
    return folder if ours and is_writable(folder) else None


def cache_folder() -> Path:
    """Return where downloads are kept: `$WHENCE_CACHE`, by default `~/.cache/whence`, without a home a private folder.

    Raises OSError where there is no such folder.
    """
    if os.environ.get("WHENCE_CACHE"):
        return Path(os.environ["WHENCE_CACHE"])
    place = home()
    if place is not None:
        return place / ".cache" / "whence"
    return private_folder() or Path(tempfile.gettempdir())


def settle_home() -> None:
    """Give libraries a home folder where there is none: several would make a folder called `~` here."""
    if home() is None:
        with suppress(OSError):  # no temporary folder either
            os.environ["HOME"] = str(private_folder() or tempfile.gettempdir())


def numba_cache() -> Path | None:
    """Return where compiled functions are kept: beside the source code or where numba looks next; None for nowhere."""
    named, place = os.environ.get("NUMBA_CACHE_DIR"), home()
    usual = [Path(named)] if named else []
    usual.append(Path(__file__).parent / "__pycache__")
    usual += [Path(os.environ.get("XDG_CACHE_HOME") or place / ".cache", "numba")] if place else []
    return next(filter(is_writable, usual), None) or private_folder()


def matplotlib_folder() -> Path | None:
    """Return where matplotlib keeps its settings and its list of fonts; None for nowhere."""
    if os.environ.get("MPLCONFIGDIR"):
        usual = [Path(os.environ["MPLCONFIGDIR"])]
    elif place := home():
        settings = os.environ.get("XDG_CONFIG_HOME") or place / ".config"
        cache = os.environ.get("XDG_CACHE_HOME") or place / ".cache"
        usual = [Path(settings, "matplotlib"), Path(cache, "matplotlib")]
    else:
        usual = []
    return usual[0] if usual and all(map(is_writable, usual)) else private_folder()


def settle_matplotlib() -> None:
    """See to it that matplotlib can be imported, whatever the environment says; call it before that happens.

    It warns where its settings folder cannot be written. A backend in MPLBACKEND that is not here, such as the one
    that a notebook hands to the shell, would stop it; one that is here is kept for the user, ours draw on none.
    """
    if "matplotlib" in sys.modules:
        return
    folder = matplotlib_folder()
    if folder is not None and folder == private_folder():
        os.environ["MPLCONFIGDIR"] = str(folder)
    backend = os.environ.pop("MPLBACKEND", "")
    if backend:
        import matplotlib

        os.environ["MPLBACKEND"] = backend
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend
