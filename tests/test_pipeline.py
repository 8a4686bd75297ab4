"""Generating: the same bytes by one process or two, after a kill, at any path; and the check by rendering again."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType

import pytest
import zarr
from tornado.httpserver import HTTPServer
from toy_plan import ToyPlan

from whence import datagen
from whence.datagen import pipeline
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate, rerender_differences
from whence.datagen.verification import plan_of, verify_dataset
from whence.registry import DATASETS

PLAN = ToyPlan()


def data_files(path: Path) -> dict[str, bytes]:
    files = (p for p in path.rglob("*") if p.is_file() and p.name != "zarr.json")
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in files}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "toy.zarr"
    generate(PLAN, str(path))
    return path


def test_the_fingerprint_does_not_depend_on_the_path(whole, tmp_path):
    path = tmp_path / "deep" / "er" / "other name.zarr"
    assert generate(PLAN, str(path)) == Dataset(str(whole)).fingerprint
    assert data_files(path) == data_files(whole)


def test_the_fingerprint_does_not_depend_on_where_the_sources_lie(whole, tmp_path):
    elsewhere = generate(ToyPlan(origin="there"), str(tmp_path / "toy.zarr"))
    assert elsewhere == Dataset(str(whole)).fingerprint


def test_another_seed_is_another_dataset(whole, tmp_path):
    assert generate(ToyPlan(seed=2), str(tmp_path / "toy.zarr")) != Dataset(str(whole)).fingerprint


def test_two_workers_write_the_same_bytes_as_one(whole, tmp_path):
    path = tmp_path / "toy.zarr"
    assert generate(PLAN, str(path), workers=2) == Dataset(str(whole)).fingerprint
    assert data_files(path) == data_files(whole)


def test_clusters_that_start_at_once_share_no_port(monkeypatch):
    """Dask's own choice is port 8787 of every network; the second cluster to ask for it leaks a socket."""
    asked, listen = [], HTTPServer.listen

    def watched(self, port, address="", **options):
        asked.append((address, port))
        return listen(self, port, address, **options)

    monkeypatch.setattr(HTTPServer, "listen", watched)
    with pipeline._local_cluster(1) as client:
        assert client.submit(sum, [1, 2]).result() == 3
    assert set(asked) == {("127.0.0.1", 0)}


def test_only_what_is_missing_is_rendered(whole, tmp_path, monkeypatch):
    path = tmp_path / "toy.zarr"
    rendered, render_shard = [], pipeline.render_shard

    def watched(plan, url, shard):
        rendered.append(shard)
        if len(rendered) == 2:
            raise KeyboardInterrupt
        return render_shard(plan, url, shard)

    monkeypatch.setattr(pipeline, "render_shard", watched)
    with pytest.raises(KeyboardInterrupt):
        generate(PLAN, str(path))
    assert generate(PLAN, str(path)) == Dataset(str(whole)).fingerprint
    assert rendered == [0, 1, 1, 2]
    assert generate(PLAN, str(path)) == Dataset(str(whole)).fingerprint
    assert rendered == [0, 1, 1, 2]


SLOW = """
import sys, time
from dataclasses import dataclass
from toy_plan import ToyPlan
from whence.datagen.pipeline import generate

@dataclass(frozen=True)
class Slow(ToyPlan):
    def render(self, row):
        time.sleep(0.25)
        return super().render(row)

generate(Slow(), sys.argv[1])
"""


def test_a_killed_run_is_resumed_to_the_same_bytes(whole, tmp_path):
    path = tmp_path / "toy.zarr"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen([sys.executable, "-c", SLOW, str(path)], env=environment, stderr=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + 60
        while not (path / "progress" / "000000.json").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        run.send_signal(signal.SIGKILL)
    assert (path / "progress" / "000000.json").exists()
    assert not (path / "manifest.json").exists()
    assert generate(PLAN, str(path)) == Dataset(str(whole)).fingerprint
    assert data_files(path) == data_files(whole)


def test_a_new_rendering_agrees_with_what_is_stored(whole):
    assert rerender_differences(PLAN, Dataset(str(whole)), range(PLAN.rows)) == []


def test_a_new_rendering_finds_what_was_changed(whole, tmp_path):
    path = tmp_path / "toy.zarr"
    generate(PLAN, str(path))
    group = zarr.open_group(str(path), mode="r+", use_consolidated=False)
    group["azimuth"][3] += 1e-9
    group["audio"][5, 1, 49] ^= 1
    group["sample_id"][7] = "another"
    differences = [str(one) for one in rerender_differences(PLAN, Dataset(str(path)), range(PLAN.rows))]
    assert differences == [
        "row 3: azimuth differs in the last step when rendered again",
        "row 5: audio differs in the last step when rendered again",
        "row 7: sample_id differs when rendered again",
    ]


class TestRegistry:
    """`whence verify` finds the planner of any kind of dataset by one line of the registry."""

    def test_a_new_kind_needs_one_line(self, whole, monkeypatch):
        assert plan_of(Dataset(str(whole)), {}) is None
        monkeypatch.setitem(DATASETS, "toy", "toy_plan:replan")
        assert plan_of(Dataset(str(whole)), {"origin": "there"}) == ToyPlan(origin="there")
        checks = verify_dataset(Dataset(str(whole)), rerender=1)
        assert checks[-1].what == "1 re-rendered rows are byte for byte the same"
        assert checks[-1].passed

    def test_every_generated_kind_has_its_line(self):
        """A plan lies in the file that its kind's line names; those without a line only copy what others made."""
        modules = [import_module(name) for _, name, _ in walk_packages(datagen.__path__, "whence.datagen.")]
        plans = {(kind, module.__name__) for module in modules for kind in kinds_planned_in(module)}
        lines = {(kind, target.partition(":")[0]) for kind, target in DATASETS.items()}
        imported = {
            ("in-the-wild", "whence.datagen.in_the_wild"),
            ("recordings", "whence.datagen.recordings"),
            ("view-pairs", "whence.datagen.view_pairs"),
            ("hm3d-ss", "whence.datagen.upstream_hm3d_ss"),
            ("sounding-objects-import", "whence.datagen.sounding_objects_import"),
        }
        assert plans == lines | imported


def kinds_planned_in(module: ModuleType) -> set[str]:
    """Return the kinds of dataset whose plans `module` defines."""
    own = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == module.__name__]
    plans = [c for c in own if is_dataclass(c) and hasattr(c, "render")]
    return {field.default for plan in plans for field in fields(plan) if field.name == "dataset"}
