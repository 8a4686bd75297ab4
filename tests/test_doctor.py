"""`whence doctor`: what is here is named with its version and licence, what is not with the line that installs it."""

import subprocess
import sys

import pytest

from whence import doctor
from whence.doctor import Finding, findings

MATCHERS = {
    "SuperGlue weights": "magic-leap-community/superglue_indoor",
    "LightGlue weights": "ETH-CVG/lightglue_superpoint",
    "LoFTR weights": "zju-community/efficientloftr",
}


def by_name() -> dict[str, Finding]:
    return {found.name: found for found in findings()}


@pytest.mark.parametrize("row", doctor._PACKAGES, ids=lambda row: row[0])
def test_a_missing_package_is_named_with_the_line_that_installs_it(monkeypatch, row):
    monkeypatch.setattr(doctor, "_PACKAGES", [(row[0], "no-such-package-anywhere", row[2])])
    found = findings()[0]
    assert (found.name, found.present, found.fix) == (row[0], False, row[2])
    assert "install" in found.fix


def test_what_is_installed_says_its_version_and_licence():
    found = by_name()["native engine, renderer"]
    assert found.present
    assert found.detail.startswith("embreex ")
    assert found.fix == ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("MIT", "MIT"),
        ("BSD 3-Clause License\n\nCopyright ...", "BSD 3-Clause License"),
        ("Copyright (c) 2015\n\nPermission is hereby\ngranted, free of charge, to any person", "MIT"),
        ("Copyright 2015\nRedistribution and use in source and binary\nforms ... Neither the name", "BSD-3-Clause"),
        ("Copyright 2015\nAll rights reserved.", "see its licence"),
        ("", "licence not stated"),
    ],
)
def test_a_licence_is_its_name(text, name):
    assert doctor._first_line(text) == name


def test_the_restricted_engine_states_its_licence():
    found = by_name()["rlr engine"]
    assert "NonCommercial" in found.detail if found.present else "NC" in found.fix


@pytest.mark.parametrize("variable", ["HF_HOME", "HF_HUB_CACHE"])
@pytest.mark.parametrize("name", MATCHERS)
def test_weights_are_looked_for_in_the_cache(monkeypatch, tmp_path, variable, name):
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    model = MATCHERS[name]
    assert by_name()[name] == Finding(name, False, by_name()[name].detail, f"hf download {model}")
    hub = tmp_path / "hub" if variable == "HF_HOME" else tmp_path
    snapshot = hub / f"models--{model.replace('/', '--')}" / "snapshots" / "0123abc"
    snapshot.mkdir(parents=True)
    assert not by_name()[name].present  # an interrupted download
    (snapshot / "model.safetensors").touch()
    assert by_name()[name].present
    assert by_name()[name].detail.startswith(model)


def test_nothing_heavy_is_imported():
    code = (
        "import sys; from whence.doctor import findings; findings()\n"
        "heavy = {'torch', 'numpy', 'transformers', 'cv2', 'embreex', 'distributed', 'rlr_audio_propagation'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
