"""Processes that start warm print, fail and die like those that Python starts."""

import signal

import pytest
from warm_process import run_warm, run_whence, simple_command, start_warm


def program(text: str, *words: str, folder=None):
    return run_warm(["python", "-", *words], text, folder)


def test_commands_print_and_fail():
    assert run_whence("--version").stdout.startswith("whence ")
    answer = run_whence("tracks", "--nonsense")
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: ")
    assert run_warm(["python", "-m", "whence", "tracks"]).stdout == run_whence("tracks").stdout != ""


@pytest.mark.parametrize(
    ("text", "code"),
    [("1 / 0", 1), ("import sys; sys.exit(7)", 7), ("import sys; sys.exit('no')", 1), ("raise SystemExit", 0)],
)
def test_exit_codes(text, code):
    assert program(text).returncode == code


def test_a_program_has_its_words_folder_and_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SAID", "before")
    answer = program(
        "import os, sys; print(sys.argv[1:], os.getcwd(), os.environ['SAID'])", "a", "b c", folder=tmp_path
    )
    assert answer.stdout == f"{['a', 'b c']} {tmp_path} before\n"
    assert "ZeroDivisionError" in program("1 / 0").stderr


def test_what_ends_a_process_runs():
    assert program("import atexit; atexit.register(print, 'bye')").stdout == "bye\n"


def test_a_killed_process_has_failed():
    process = start_warm(["python", "-"], "import time; time.sleep(60)")
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_what_is_one_command_of_python():
    assert simple_command("whence bench tde 'a b'") == (["whence", "bench", "tde", "a b"], "")
    assert simple_command("python - <<'END'\nprint(1)\nEND") == (["python", "-"], "print(1)\n")
    for script in ("whence tracks | head", "whence tracks\nwhence methods", "cp a b", "X=1 whence tracks", "ls $HOME"):
        assert simple_command(script) is None
