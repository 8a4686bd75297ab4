"""The printed numbers: complete, mapped to our metrics and methods, and found by the condition of a run."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from whence.benchmarks.questions.metrics import METRICS
from whence.benchmarks.scoring.published import published_for, published_results
from whence.benchmarks.stimuli.binaural.condition import BinauralCondition
from whence.benchmarks.stimuli.stereo.condition import StereoCondition
from whence.registry import load_track

EVERYTHING = [row for track in ("tde", "left-right", "rotation", "guided") for row in published_results(track)]


def first_prints(rows, our_method):
    return {row.metric: row.value for row in rows if row.our_method == our_method and row.repeats is None}


def test_every_row_of_the_papers_tables_is_here():
    assert Counter((row.track, row.source) for row in EVERYTHING) == {
        ("tde", "StereoCRW, TDE main (Sec. 4.1)"): 38,
        ("tde", "StereoCRW, ASMR training (App. A.3)"): 20,
        ("tde", "StereoCRW, Sim vs real (App. A.2, Tab. 9)"): 22,
        ("tde", "StereoCRW, Mixture (Sec. 4.1)"): 55,
        ("left-right", "StereoCRW, In-the-wild (Sec. 4.2)"): 14,
        ("left-right", "StereoCRW, Sim vs real (App. A.2, Tab. 9)"): 11,
        ("left-right", "SLfM, In-the-wild audio (Sec. 4.4)"): 7,
        ("rotation", "SLfM, Representation (Sec. 4.2-4.3)"): 8,
        ("rotation", "SLfM, SLfM evaluation (Sec. 4.3-4.4)"): 17,
        ("rotation", "SLfM, Stanford2D3D (Sec. 4.4)"): 12,
        ("guided", "StereoCRW, Visually guided (Sec. 4.3)"): 32,
    }
    assert published_results("a track without published numbers") == []


@pytest.mark.parametrize("row", EVERYTHING, ids=lambda row: f"{row.source}: {row.method}")
def test_each_row_speaks_our_language(row):
    assert row.protocol == "paper"
    assert METRICS[row.metric].unit == row.unit
    assert 0 < row.value < {"%": 100, "ms": 1, "deg": 30}[row.unit]
    assert set(row.uncertain_keys) <= set(row.condition)
    assert row.condition_known is not bool(row.uncertain_keys)
    heard = {None, "gcc-phat", "gcc-phat:votes=mode", "iid-rms", "iid-vote", "zero", "random"}
    learned = {"salvati", *(f"{name}:votes=mode" for name in ("stereocrw", "zeronce", "monoclr"))}
    assert row.our_method in heard | learned | {"sift", "superglue", "loftr", "random-oracle", "av-monoclr"}


def test_a_repeated_number_was_printed_before_with_the_same_value():
    for row in EVERYTHING:
        if row.repeats:
            assert any(
                first.source == row.repeats and (first.metric, first.value) == (row.metric, row.value)
                for first in published_results(row.track)
            )


TDE, LEFT_RIGHT = load_track("tde"), load_track("left-right")
SIMULATED = ("TDE-Simulation", "TDE-Simulation mixture")
YOUTUBE = ("YouTube in-the-wild left/right",)


def stereo(clip_seconds=0.064, **settings):
    """A condition of stereo clips as results state it."""
    parts = {key: settings.pop(key) for key in ("rt60_nominal",) if key in settings}
    return StereoCondition(clip_seconds=clip_seconds, **settings).stated() | parts


def test_main_table_is_found_under_its_inferred_condition_only():
    rows = published_for(TDE, stereo(snr_db=10, rt60_nominal=0.5), SIMULATED)
    table = [row for row in published_results("tde") if row.benchmark == "TDE-Simulation"]
    assert len(table) == 80
    assert len(rows) == sum(row.repeats is None for row in table)
    assert not any(row.condition_known for row in rows)
    assert first_prints(rows, "gcc-phat") == {"mean_absolute_error": 0.160, "root_mean_square_error": 0.318}
    assert first_prints(rows, "gcc-phat:votes=mode") == {
        "mean_absolute_error": 0.179,
        "root_mean_square_error": 0.396,
    }
    assert first_prints(rows, "zero") == {"mean_absolute_error": 0.448, "root_mean_square_error": 0.505}
    assert published_for(TDE, stereo(snr_db=20, rt60_nominal=0.5), SIMULATED) == []
    assert published_for(TDE, stereo(snr_db=10, rt60_nominal=0.5, distractor=0.3), SIMULATED) == []
    assert published_for(TDE, stereo(snr_db=10), SIMULATED) == [], "all rooms pooled"
    assert published_for(TDE, stereo(snr_db=10, rt60_nominal=0.5, votes=64), SIMULATED) == [], "other votes"
    assert published_for(TDE, stereo(snr_db=10, rt60_nominal=0.5), YOUTUBE) == [], "another set"


def test_mixture_table_gives_one_gcc_phat_number_a_distractor_level():
    condition = {"snr_db": 30, "rt60_nominal": 0.1, "clip_seconds": 0.48}
    found = {
        level: first_prints(published_for(TDE, stereo(**condition, distractor=level), SIMULATED), "gcc-phat")
        for level in (0.1, 0.1 + 0.2, 0.5, 0.7, 0.9)
    }
    values = [0.024, 0.177, 0.304, 0.395, 0.459]
    assert list(found.values()) == [{"mean_absolute_error": value} for value in values]
    assert published_for(TDE, stereo(**condition), SIMULATED) == [], "a run without a distractor"


def test_in_the_wild_baselines():
    rows = published_for(LEFT_RIGHT, stereo(clip_seconds=0.48), YOUTUBE)
    assert first_prints(rows, "gcc-phat") == {"binary_accuracy": 77.2}
    assert first_prints(rows, "iid-rms") == {"binary_accuracy": 75.4}
    assert first_prints(rows, "random") == {"binary_accuracy": 50.0}
    untrained = [row for row in rows if row.method.startswith("random-weights")]
    assert [(row.value, row.our_method) for row in untrained] == [(70.4, None)], "it is not chance"


def test_unstated_settings_match_anything_and_are_flagged():
    by_method = {row.method: row for row in published_for(LEFT_RIGHT, stereo(clip_seconds=0.48), YOUTUBE)}
    assert by_method["Chance"].condition_known
    assert by_method["Ours"].uncertain_keys == ("clip_seconds",)
    assert not by_method["Ours"].condition_known
    noisy = published_for(LEFT_RIGHT, stereo(clip_seconds=0.48, snr_db=30), YOUTUBE)
    assert noisy
    assert all("snr_db" in row.uncertain_keys for row in noisy)


def test_homes_are_compared_as_they_were_heard():
    azimuth = load_track("azimuth")
    condition = BinauralCondition(reverberation=0.2, sources=1)
    sets = ("HM3D-SS filtered test",)
    assert published_for(azimuth, condition.stated(), sets)
    assert published_for(azimuth, replace(condition, snr_db=10.0).stated(), sets) == [], "papers add no noise"
    assert published_for(azimuth, replace(condition, reverberation=0.3).stated(), sets) == []


@pytest.mark.parametrize(
    ("track", "kind", "name"),
    [("rotation", "panoramas", "hall"), ("left-right", "in-the-wild", "video")],
)
def test_recordings_of_ones_own_have_no_published_numbers(track, kind, name):
    class Own:
        """A dataset of somebody's own recordings."""

        def __init__(self):
            self.name, self.recipe, self.attributes = kind, {}, {}

        def __len__(self):
            return 40

        def column(self, _):
            return np.array([name] * 40, dtype=object)

    assert load_track(track).benchmarks(Own()) == []


def test_photographs_of_stanford_have_them():
    class Stanford:
        """A set of views cut from Stanford2D3D."""

        name = "panoramas"

        def column(self, _):
            return np.array([f"area_1/camera_{'0a' * 16}_office_1_frame_equirectangular_domain_rgb"], dtype=object)

    assert load_track("rotation").benchmarks(Stanford()) == ["Stanford2D3D panorama crops"]
