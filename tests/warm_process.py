"""Commands in processes that start warm: forked from one that has loaded the libraries, which take most of a toy run.

Such a process does what `whence`, `python -m MODULE` or `python -` would, with its own arguments, folder and streams,
and ends with their exit code. Tests of what happens before a command begins start Python themselves, and so do
the reference runs of tests that look for chance: all warm processes order their sets alike.
"""

import atexit
import os
import runpy
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(
    ["whence.cli", "whence.models.train", "scipy.signal", "numba", "cv2", "distributed", "sqlalchemy"]
)
NOTHING = Path(os.devnull)
PROGRAM = "python - <<'END'\n"


def simple_command(script: str) -> tuple[list[str], str] | None:
    """Return the arguments of a shell `script` and what it reads, if it is one command of Python; None otherwise."""
    if script.startswith(PROGRAM) and script.endswith("END"):
        return ["python", "-"], script.removeprefix(PROGRAM).removesuffix("END")
    if set("\n|&;<>$`*?~(){}") & set(script):
        return None
    words = shlex.split(script)
    return (words, "") if words[:1] == ["whence"] or words[:2] == ["python", "-m"] else None


def run_warm(
    arguments: Sequence[str],
    program: str = "",
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `arguments`, which start with `whence`, `python -m` or `python -`, in `folder`; the last reads `program`."""
    with TemporaryDirectory() as scratch:
        streams = Path(scratch, "out"), Path(scratch, "err")
        process = start_warm(arguments, program, folder, streams, environment)
        process.join()
        assert process.exitcode is not None
        said = [stream.read_text(encoding="utf-8") for stream in streams]
    return subprocess.CompletedProcess(arguments, process.exitcode, *said)


def run_whence(
    *words: object, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `whence` with these `words`."""
    return run_warm(["whence", *map(str, words)], folder=folder, environment=environment)


def start_warm(
    arguments: Sequence[str],
    program: str = "",
    folder: Path | None = None,
    streams: tuple[Path, Path] = (NOTHING,) * 2,
    environment: Mapping[str, str] | None = None,
) -> BaseProcess:
    """Start what `run_warm` runs; what it prints and its messages go to the two `streams`."""
    here = folder or Path.cwd()
    variables = dict(os.environ if environment is None else environment)
    process = CONTEXT.Process(target=_become, args=(list(arguments), program, here, variables, *streams))
    process.start()
    return process


def _become(
    arguments: list[str], program: str, folder: Path, environment: dict[str, str], out: Path, err: Path
) -> None:
    """Be the process of `arguments`, and lead a group, so that its workers can be killed with it."""
    os.setsid()
    for number, stream in ((1, out), (2, err)):
        os.dup2(os.open(stream, os.O_WRONLY | os.O_CREAT), number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    first = [] if arguments[0] == "whence" else [""]
    first += filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.path[:] = first + [path for path in sys.path if path not in ("", str(Path(__file__).parent))]
    try:
        _run(arguments, program)
    finally:
        atexit._run_exitfuncs()


def _run(arguments: list[str], program: str) -> None:
    module = {"-m": 2, "-": 1}.get(arguments[1], 0)
    sys.argv, sys.orig_argv = arguments[module:], [sys.executable, *arguments[1:]]
    if arguments[1] == "-":
        exec(compile(program, "<stdin>", "exec"), {"__name__": "__main__"})
    else:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
