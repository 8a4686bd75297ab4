"""The level of raw maps by sound, of a method whose level is known: the loudness of what it hears."""

import pytest
from toy_sounding import ToySounding

from whence.benchmarks.bench import bench
from whence.benchmarks.studies import raw_response
from whence.datagen.pipeline import generate
from whence.errors import InputError

METHOD = """
import numpy as np

class Loudness:
    version, tracks = "1", ("sounding-object",)

    def predict(self, batch):
        return np.sqrt((batch.audio**2).mean(axis=(1, 2)))[:, None, None] * np.ones((1, 2, 3))

class Same:
    version, tracks = "1", ("sounding-object",)

    def predict(self, batch):
        return np.full((len(batch), 2, 2), 0.25)
"""


def test_levels_of_known_maps(tmp_path, capsys):
    (tmp_path / "methods.py").write_text(METHOD)
    data, run = str(tmp_path / "s.zarr"), tmp_path / "run"
    generate(ToySounding(rows=16), data)
    bench(
        "sounding-object",
        data,
        run,
        methods=[f"{tmp_path}/methods.py:{name}" for name in ("Loudness", "Same")],
        report=False,
    )
    assert raw_response.main([str(run)]) == 0
    lines = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines() if "methods.py" in line]
    rows = {(one[0].strip().rpartition(":")[2], one[1].strip()): one[3:] for one in lines}
    level = {key: float(cells[0].split()[0]) for key, cells in rows.items()}
    uniform = 9000 / 32768 / 3**0.5
    assert level["Loudness", "object"] == pytest.approx(uniform, rel=0.03)
    assert level["Loudness", "two"] == pytest.approx(2**0.5 * uniform, rel=0.03)
    assert level["Loudness", "silence"] == 0
    assert float(rows["Loudness", "silence"][1]) == 100
    assert float(rows["Loudness", "two"][1]) == 0
    assert {level["Same", sound] for sound in ("object", "silence", "noise", "elsewhere")} == {0.25}
    assert float(rows["Same", "noise"][1]) == 50


def test_runs_of_another_track_are_refused(tmp_path, speech_folder):
    from whence.datagen.tde import plan_tde

    generate(plan_tde(str(speech_folder), clips=1, rt60=(0.1,)), str(tmp_path / "t.zarr"))
    bench("left-right", str(tmp_path / "t.zarr"), tmp_path / "run", methods=["gcc-phat"], report=False)
    with pytest.raises(InputError, match="no run of the track sounding-object"):
        raw_response.main([str(tmp_path / "run")])
