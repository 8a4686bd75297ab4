"""Twins, datasets whose values differ by one step, are told from damaged and from other ones."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from toy_plan import ToyPlan

from whence import registry
from whence.datagen.content import added, are_twins, is_within_a_step, sketch
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.verification import verify_dataset


@dataclass(frozen=True)
class Elsewhere(ToyPlan):
    """The toy set as another library makes it: values moved by `steps`, in one sample of a hundred."""

    steps: float = 1

    def render(self, row):
        fields = super().render(row)
        fields["audio"].reshape(-1)[row] += self.steps
        fields["rt60"][0] *= 1 + 1e-7 * self.steps
        return fields


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Make the toy set with values moved by some steps, and let `verify` know how to render it again."""
    monkeypatch.setitem(registry.DATASETS, "toy", "toy_plan:replan")

    def make(steps, name="toy", **options):
        generate(Elsewhere(rows=40, steps=steps, **options), str(tmp_path / f"{name}-{steps}.zarr"))
        return Dataset(str(tmp_path / f"{name}-{steps}.zarr"))

    return make


def rendered(dataset):
    return next(check for check in verify_dataset(dataset, rerender=8) if "re-rendered" in check.what)


def software(dataset, **versions):
    """Return `dataset` as if it had been made with other `versions` of the libraries."""
    file = Path(dataset.url) / "zarr.json"
    root = json.loads(file.read_text())
    root["attributes"]["whence"]["software"] |= versions
    file.write_text(json.dumps(root))
    return Dataset(dataset.url)


def test_a_twin_passes_and_names_the_library(made):
    twin = software(made(1), scipy="1.0.1")
    checks = verify_dataset(twin, rerender=8)
    assert [check for check in checks if not check.passed] == []
    assert "have other bytes, within one step or 1e-5 (audio, rt60): made with scipy 1.0.1; you have" in checks[-1].what


def test_a_twin_of_the_same_libraries_is_said_to_come_from_elsewhere(made):
    assert "on another processor" in rendered(made(1)).what


def test_other_values_fail(made):
    check = rendered(made(200))
    assert not check.passed
    assert "byte for byte" in check.what
    assert any("audio differs when rendered again" in fault for fault in check.faults)


def test_the_same_values_are_the_same_bytes(made):
    assert rendered(made(0)).what.endswith("byte for byte the same")


def test_a_damaged_twin_is_damaged(made):
    twin = made(1)
    shard = next(path for path in (Path(twin.url) / "audio" / "c").rglob("*") if path.is_file())
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    first = verify_dataset(Dataset(twin.url))[0]
    assert not first.passed
    assert any("changed" in fault for fault in first.faults)


def test_twins_have_other_fingerprints_and_the_same_content(made):
    whole, twin, other, elsewhere = made(0), made(1), made(20_000), made(0, "seeded", seed=2)
    assert whole.fingerprint != twin.fingerprint
    assert whole.is_twin_of(twin)
    assert twin.is_twin_of(whole)
    assert not whole.is_twin_of(other)
    assert not whole.is_twin_of(elsewhere)


def test_older_datasets_have_their_content_read(made):
    whole = made(0)
    recorded = whole.attributes.pop("content")
    assert are_twins(whole.content, recorded)
    assert whole.content["exact"] == recorded["exact"]
    for name, values in recorded["sketch"].items():
        assert whole.content["sketch"][name] == pytest.approx(values)


def test_one_step_everywhere_is_a_twin_and_another_noise_is_not():
    rng = np.random.default_rng(0)
    sound = np.rint(3_000 * rng.standard_normal((20, 2, 4_000))).astype(np.int16)
    moved = sound + rng.integers(-1, 2, sound.shape).astype(np.int16)
    other = np.rint(3_000 * rng.standard_normal(sound.shape)).astype(np.int16)
    swapped, turned = sound[:, ::-1], -sound

    def twins(a, b):
        return are_twins(*({"exact": "", "sketch": {"audio": sketch(values)}} for values in (a, b)))

    assert twins(sound, moved)
    assert not any(twins(sound, one) for one in (other, swapped, turned, np.roll(sound, 1, axis=-1), sound[::-1]))
    noisy = (sound / 3_000).astype(np.float32)
    assert twins(noisy, (noisy * (1 + 1e-7 * rng.standard_normal(noisy.shape))).astype(np.float32))
    assert not twins(noisy, noisy * np.float32(1.01))


def test_sketches_add_up():
    values = np.random.default_rng(0).standard_normal((11, 3, 5))
    parts = added(sketch(values[first : first + 4], first) for first in range(0, 11, 4))
    assert parts == pytest.approx(sketch(values))


def test_a_step_is_one_for_whole_numbers_and_a_share_for_others():
    whole = np.array([0, 200, 255], dtype=np.uint8)
    assert is_within_a_step(whole, np.array([1, 199, 255], dtype=np.uint8), 255)
    assert not is_within_a_step(whole, np.array([255, 200, 255], dtype=np.uint8), 255)
    share = np.array([1.0, np.nan])
    assert is_within_a_step(share, np.array([1.000009, np.nan]), 1.0)
    assert not is_within_a_step(share, np.array([1.00002, np.nan]), 1.0)
    assert not is_within_a_step(share, np.array([np.nan, 1.0]), 1.0)
