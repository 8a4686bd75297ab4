"""The operations that decide bytes: what they give here, and what `whence doctor` says of other bytes."""

import ast
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from whence.cli import app
from whence.datagen import operations
from whence.datagen.operations import OPERATIONS, digest_of, summary, verdicts
from whence.errors import InputError

BY_NAME = {one.name: one for one in OPERATIONS}
OF_THE_PROCESSOR = "sines, powers, angles"
"""NumPy computes them with other instructions on other processors, which moves last bits: data become twins."""

ALL_SAME = f"data made here have the bytes of other machines: {len(OPERATIONS)} operations give them"


@pytest.mark.parametrize("name", [name for name in BY_NAME if name != OF_THE_PROCESSOR])
def test_bytes(name):
    assert digest_of(BY_NAME[name].results()) == BY_NAME[name].digest


def test_functions_agree_with_the_c_library():
    values = operations.noise(2, 2, 4_000) * 9
    sines, *_, angles, _ = BY_NAME[OF_THE_PROCESSOR].results()[8:]
    np.testing.assert_array_max_ulp(sines, np.array([math.sin(x) for x in values[0]]), 4)
    np.testing.assert_array_max_ulp(angles, np.array([math.atan2(*yx) for yx in zip(*values[::-1], strict=True)]), 4)


def test_no_length_of_a_vector_is_left_to_blas():
    """Without an axis NumPy calls BLAS, which multiplies and adds in one step on some processors only."""
    for module in Path(operations.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.linalg.norm":
                assert "axis" in {word.arg for word in node.keywords}, f"{module}:{node.lineno}"


def test_the_least_change_of_one_value_changes_the_digest():
    for one in OPERATIONS:
        results = [np.array(result) for result in one.results()]
        assert digest_of(results) == digest_of(one.results()), one.name
        results[-1].reshape(-1).view(np.uint8)[0] ^= 1
        assert digest_of(results) != digest_of(one.results()), one.name


def changed(name, **changes):
    return tuple(replace(one, **changes) if one.name == name else one for one in OPERATIONS)


def same_bytes(monkeypatch, made):
    """Return what doctor says of `made` operations where all others give the stored bytes."""
    monkeypatch.setattr(operations, "digest_of", lambda results: "other" if results == ["other"] else "stored")
    others = tuple(replace(one, digest="stored", results=one.results if one.digest == "" else list) for one in made)
    monkeypatch.setattr(operations, "OPERATIONS", others)
    found = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)
    return [(one["detail"], one["present"]) for one in found if one["name"] == "same bytes"]


def test_doctor_says_that_all_is_the_same(monkeypatch):
    assert same_bytes(monkeypatch, OPERATIONS) == [(ALL_SAME, True)]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (
            "smaller textures",
            r"pictures made here differ from those of other machines: smaller textures \(numpy 2\.\S+\)",
        ),
        ("resampling", r"sounds made here differ from those of other machines: resampling \(soxr \S+\)"),
        (OF_THE_PROCESSOR, r"labels, sounds and pictures made here differ .*: sines, powers, angles \(numpy \S+\)"),
    ],
)
def test_doctor_names_what_differs(monkeypatch, name, line):
    [(said, good)] = same_bytes(monkeypatch, changed(name, digest="", results=lambda: ["other"]))
    assert not good
    assert re.fullmatch(line.replace("DIFFER", "made here differ from those of other machines"), said), said


@pytest.mark.parametrize("error", [ImportError("No module named 'soxr'"), InputError("espeak-ng is not installed")])
def test_what_is_not_installed_is_not_tried(monkeypatch, error):
    def absent():
        raise error

    said = same_bytes(monkeypatch, changed("resampling", digest="", results=absent))
    assert said == [(f"resampling: not tried ({error})", False)]


def test_a_quick_doctor_repeats_nothing(monkeypatch):
    monkeypatch.setattr(operations, "OPERATIONS", None)
    found = json.loads(CliRunner().invoke(app, ["doctor", "--json", "--quick"]).stdout)
    assert "same bytes" not in {one["name"] for one in found}


def test_a_summary_joins_what_differs_by_what_it_decides():
    found = [replace(one, same=one.operation.decides != "pictures") for one in verdicts()]
    lines = [line for line, _ in summary(found) if line.startswith("pictures")]
    assert len(lines) == 1
    assert all(one.name in lines[0] for one in OPERATIONS if one.decides == "pictures")
