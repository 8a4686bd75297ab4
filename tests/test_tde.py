"""TDE-Simulation: places and delays of StereoCRW's Table 11, the published random stream, and the clips themselves."""

import math
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from conftest import babble
from pydantic import ValidationError

from whence.conventions import SAMPLE_RATE, SPEED_OF_SOUND
from whence.datagen import tde
from whence.datagen.acoustics.cross_correlation import parabolic_peak, phase_transform_correlation
from whence.datagen.corpora import open_corpus
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate, rerender_differences
from whence.datagen.tde import PAPER_SEED, ROOMS, RT60_LABELS, TdePlan, TdeRecipe, paper_stream, plan_tde
from whence.errors import InputError

SEED_2021 = [(26, 2.497201), (38, 0.847368), (-46, 2.993108)]
"""The first (angle to the right, distance) pairs of the published generator."""


def plan_of(corpus, **options) -> TdePlan:
    return TdePlan(TdeRecipe(corpus=corpus.digest, **options), corpus)


def published_pairs(count: int, seed: int = PAPER_SEED) -> list[tuple[int, float]]:
    """The stream as the published script draws it: the global legacy generator, an angle and a distance in turn."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    angles = np.arange(-90, 91)
    pairs = [(int(angles[np.random.randint(0, 181)]), np.random.uniform(0.5, 3.0)) for _ in range(count)]  # noqa: NPY002
    np.random.set_state(state)  # noqa: NPY002
    return pairs


# Places and delays ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "centre", "facing_deg", "baseline"),
    [
        ("room1", (3.55, 1.0, 1.6), 90.0, 0.3),
        ("room2", (0.2, 3.1, 1.7), 0.0, 0.2),
        ("room3", (3.45, 3.0, 1.5), 26.565, 0.22361),
    ],
)
def test_the_array_faces_where_the_fact_sheet_says(name, centre, facing_deg, baseline):
    room = ROOMS[name]
    ahead = room.source_position(0.0, 2.0) - centre
    assert math.degrees(math.atan2(ahead[1], ahead[0])) == pytest.approx(facing_deg, abs=1e-3)
    assert np.linalg.norm(ahead) == pytest.approx(2.0)
    assert ahead[2] == pytest.approx(0.0)
    assert np.linalg.norm(room.microphones[0] - room.microphones[1]) == pytest.approx(baseline, abs=1e-5)
    left = room.source_position(90.0, 2.0) - centre
    assert left @ (room.microphones[0] - room.microphones[1]) == pytest.approx(2.0 * baseline, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "at_90", "at_45"),
    [("room1", 0.8746, 0.6169), ("room2", 0.5831, 0.4118), ("room3", 0.6519, 0.4603)],
)
def test_delays_at_one_and_a_half_metres_are_those_of_the_fact_sheet(name, at_90, at_45):
    """The sheet's angle is positive to the right, our azimuth to the left."""
    room = ROOMS[name]
    for angle, itd_ms in ((-90, at_90), (-45, at_45), (0, 0.0), (45, -at_45), (90, -at_90)):
        source = room.source_position(-angle, 1.5)
        assert room.interaural_time_difference(source) * 1e3 == pytest.approx(itd_ms, abs=5e-5)


@pytest.mark.parametrize("name", ROOMS)
def test_every_source_that_can_be_drawn_lies_inside_its_room(name):
    room = ROOMS[name]
    places = [room.source_position(a, d) for a in np.linspace(-90, 90, 181) for d in (0.5, 1.7, 3.0)]
    assert np.all(np.array(places) > 0)
    assert np.all(np.array(places) < room.dimensions)


# The published stream -------------------------------------------------------------------------------------------


def test_the_stream_is_the_published_one():
    pairs = published_pairs(2_100)
    assert list(paper_stream(PAPER_SEED, 2_100)) == pairs
    assert [angle for angle, _ in pairs[:3]] == [angle for angle, _ in SEED_2021]
    assert [distance for _, distance in pairs[:3]] == pytest.approx([d for _, d in SEED_2021], abs=1e-6)
    assert {angle for angle, _ in pairs} == set(range(-90, 91))


def test_the_zero_predictor_scores_what_the_paper_calls_random():
    delays = [
        room.interaural_time_difference(room.source_position(-angle, distance)) * 1e3
        for room in ROOMS.values()
        for angle, distance in published_pairs(2_100)
    ]
    assert np.mean(np.abs(delays)) == pytest.approx(0.444, abs=5e-4)
    assert np.sqrt(np.mean(np.square(delays))) == pytest.approx(0.502, abs=5e-4)


def test_whole_samples_alone_cost_the_floor_of_the_trap_sheet():
    delays = np.array(
        [
            room.interaural_time_difference(room.source_position(-angle, distance)) * SAMPLE_RATE
            for room in ROOMS.values()
            for angle, distance in paper_stream(PAPER_SEED, 2_100)
        ]
    )
    error_ms = (np.rint(delays) - delays) / SAMPLE_RATE * 1e3
    assert np.mean(np.abs(error_ms)) == pytest.approx(0.015, abs=1e-3)
    assert np.sqrt(np.mean(error_ms**2)) == pytest.approx(0.018, abs=1e-3)


def test_rooms_and_rt60_share_the_paper_pairs(corpus):
    plan = plan_of(corpus, protocol="paper", seed=PAPER_SEED, clips=3)
    places = [plan.placement(row)[0] for row in range(plan.layout.rows)]
    pairs = published_pairs(3)
    assert len(places) == 3 * 3 * len(RT60_LABELS)
    for placed in places:
        angle, distance = pairs[placed.number]
        assert (placed.azimuth, placed.distance) == (-angle, distance)
    assert {(p.room, p.rt60_nominal, p.number) for p in places} == {
        (room, rt60, number) for room in ROOMS for rt60 in RT60_LABELS for number in range(3)
    }


def test_paper_utterances_serve_one_room_and_come_again_a_second_later(tmp_path):
    rng = np.random.default_rng(9)
    for k in range(6):
        soundfile.write(tmp_path / f"{k}.wav", babble(3.4, rng), SAMPLE_RATE)
    plan = plan_of(open_corpus(str(tmp_path), minimum_seconds=1.5), protocol="paper", clips=6, rt60=(0.1,))
    places = [plan.placement(row)[0] for row in range(plan.layout.rows)]
    used = {room: [p.utterance for p in places if p.room == room] for room in ROOMS}
    assert sorted(u for room in ROOMS for u in set(used[room])) == list(range(6))
    for room in ROOMS:
        assert used[room][:2] == used[room][2:4] == used[room][4:]
        starts = [p.start for p in places if p.room == room]
        assert starts == [1_600, 1_600, 17_600, 17_600, 33_600, 33_600]


def test_utterances_below_the_published_limit_are_left_out(tmp_path):
    rng = np.random.default_rng(10)
    for k, seconds in enumerate((1.49, 1.5, 2.0)):
        soundfile.write(tmp_path / f"{k}.wav", babble(seconds, rng), SAMPLE_RATE)
    plan = plan_of(open_corpus(str(tmp_path), minimum_seconds=0.5), protocol="paper", clips=4, rt60=(0.1, 0.3))
    places = [plan.placement(row)[0] for row in range(plan.layout.rows)]
    assert len(places) == 2 * 4 * 2
    assert {p.utterance for p in places} == {1, 2}


# The default protocol -------------------------------------------------------------------------------------------


def test_azimuths_are_continuous_and_everything_is_drawn_for_each_clip_alone(corpus):
    plan = plan_of(corpus, clips=40)
    places = [plan.placement(row)[0] for row in range(plan.layout.rows)]
    azimuth, distance = np.array([(p.azimuth, p.distance) for p in places]).T
    assert len(set(azimuth)) == len(places) == 40 * 3 * 5
    assert np.all(azimuth != np.rint(azimuth))
    assert -90 <= azimuth.min() < -85
    assert 85 < azimuth.max() <= 90
    assert abs(np.mean(azimuth)) < 8
    assert 0.5 <= distance.min() < 0.55
    assert 2.95 < distance.max() < 3.0
    assert {p.utterance for p in places} == set(range(len(corpus.clips)))


def test_sample_ids_are_unique_and_tell_their_clip(corpus):
    for protocol in ("independent", "paper"):
        plan = plan_of(corpus, clips=5, protocol=protocol)
        places = [plan.placement(row)[0] for row in range(plan.layout.rows)]
        assert len({p.sample_id for p in places}) == len(places)
        assert places[0].sample_id == "room1/rt60-0.1/00000"


def test_any_first_part_of_a_dataset_is_balanced(corpus):
    plan = plan_of(corpus, clips=2)
    first = [plan.placement(row)[0] for row in range(15)]
    assert {(p.room, p.rt60_nominal) for p in first} == {(room, rt60) for room in ROOMS for rt60 in RT60_LABELS}


def test_a_clip_does_not_depend_on_how_many_there_are(corpus):
    """Nor on the other RT60 labels: its sample id and the seed decide."""
    few, many = plan_of(corpus, clips=1, rt60=(0.3,)), plan_of(corpus, clips=9, rt60=(0.1, 0.3))
    by_id = {p.sample_id: p for p in (many.placement(row)[0] for row in range(many.layout.rows))}
    for row in range(few.layout.rows):
        placed = few.placement(row)[0]
        assert by_id[placed.sample_id] == placed


def test_another_seed_draws_other_clips(corpus):
    one, other = (plan_of(corpus, clips=1, seed=seed).placement(0)[0] for seed in (0, 1))
    assert one.azimuth != other.azimuth


# Rendered clips -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["independent", "paper"])
def rendered(request, corpus, tmp_path_factory):
    """A plan and the dataset it made: two clips a room at 0.1 and 0.3 s."""
    plan = plan_of(corpus, protocol=request.param, clips=2, rt60=(0.1, 0.3), rows_per_shard=5)
    url = str(tmp_path_factory.mktemp("tde") / "tde.zarr")
    generate(plan, url)
    return plan, Dataset(url)


def test_a_row_rendered_alone_is_the_one_in_the_dataset(rendered):
    plan, dataset = rendered
    assert len(dataset) == 12
    assert rerender_differences(replace(plan), dataset, [11, 0, 7]) == []


def test_delays_and_distances_follow_from_the_stored_positions(rendered):
    _, dataset = rendered
    source, microphones = dataset.column("source_position"), dataset.column("microphone_position")
    paths = np.linalg.norm(microphones - source[:, None], axis=2)
    stored = dataset.column("interaural_time_difference")
    np.testing.assert_allclose(stored, (paths[:, 1] - paths[:, 0]) / SPEED_OF_SOUND, rtol=0, atol=1e-15)
    offset = source - microphones.mean(axis=1)
    np.testing.assert_allclose(np.linalg.norm(offset, axis=1), dataset.column("distance"))
    np.testing.assert_array_equal(np.sign(stored), np.sign(dataset.column("azimuth")))
    for row, room in enumerate(dataset.column("room")):
        np.testing.assert_array_equal(microphones[row], ROOMS[room].microphones)
        assert np.all((source[row] > 0) & (source[row] < ROOMS[room].dimensions))


def test_the_delay_can_be_heard(rendered):
    """At 0.1 s the phase transform of half a second finds the label, with its sign, to half a sample."""
    _, dataset = rendered
    for row in np.nonzero(dataset.column("rt60_nominal") == 0.1)[0]:
        left, right = dataset.audio([row])[0][:, :8_000]
        delay = parabolic_peak(phase_transform_correlation(left, right, 24)) - 24
        assert delay / SAMPLE_RATE == pytest.approx(dataset.column("interaural_time_difference")[row], abs=32e-6)


def test_clips_use_the_range_of_their_integers(rendered):
    plan, dataset = rendered
    peaks = np.abs(dataset.column("audio").astype(int)).max(axis=(1, 2))
    assert peaks.max() <= 32_767
    assert peaks.min() > 5_000
    if plan.settings.protocol == "independent":
        assert set(peaks) == {32_767}


def test_measures_are_there_and_plausible(rendered):
    _, dataset = rendered
    nominal = dataset.column("rt60_nominal")
    for name in ("rt60", "rt60_t20"):
        realised = dataset.column(name)
        assert np.all((realised[nominal == 0.1] > 0.05) & (realised[nominal == 0.1] < 0.15))
        assert np.all((realised[nominal == 0.3] > 0.15) & (realised[nominal == 0.3] < 0.30))
    ratio = dataset.column("direct_to_reverberant").mean(axis=1)
    assert ratio[nominal == 0.1].mean() > ratio[nominal == 0.3].mean() + 3
    assert np.all(dataset.column("clarity_c50") > dataset.column("direct_to_reverberant"))


def test_rows_say_who_speaks(rendered):
    plan, dataset = rendered
    speakers = {clip.clip_id: clip.speaker for clip in plan.corpus.clips}
    spoken = dict(zip(dataset.column("utterance"), dataset.column("speaker"), strict=True))
    assert spoken.items() <= speakers.items()
    assert np.all(dataset.column("utterance_start") >= 0)
    speech = dataset.attributes["speech"]
    assert (speech["kind"], speech["clips"], speech["speakers"]) == ("folder", 7, 2)


def test_both_engines_make_the_same_clip(corpus):
    ours, theirs = (
        plan_of(corpus, clips=1, rt60=(0.3,), engine=engine).render(1)["audio"].astype(float)
        for engine in ("lattice", "pyroomacoustics")
    )
    assert 10 * np.log10(np.sum((ours - theirs) ** 2) / np.sum(theirs**2)) < -45


def test_a_gpu_renders_the_same_clips_a_shard_at_a_time(corpus, tmp_path, monkeypatch):
    """Where there is no GPU, torch's CPU stands for it."""
    torch = pytest.importorskip("torch")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    monkeypatch.setattr(tde, "gpu", lambda: device)
    plan = plan_of(corpus, clips=1, rt60=(0.1, 0.3), engine="lattice-gpu")
    assert plan.provenance["engine"]["exact"] is False
    monkeypatch.setattr(tde, "impulse_responses", None)  # so that nothing is rendered alone
    url = str(tmp_path / "d.zarr")
    generate(plan, url)
    monkeypatch.undo()
    stored, plain = Dataset(url), plan_of(corpus, clips=1, rt60=(0.1, 0.3))
    for row, audio, rt60 in zip(range(6), stored.array("audio"), stored.column("rt60"), strict=True):
        expected = plain.render(row)
        np.testing.assert_allclose(audio, expected["audio"], atol=4)
        np.testing.assert_allclose(rt60, expected["rt60"], rtol=1e-3)


def test_without_a_gpu_one_line_says_so(corpus):
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(InputError, match=r"engine lattice-gpu: torch has no GPU here .*leave --engine out"):
        plan_tde("espeak", clips=1, engine="lattice-gpu")


def test_the_recipe_refuses_what_it_does_not_know(corpus):
    for options in ({"clip": 3}, {"clips": 0}, {"rt60": ()}, {"protocol": "papper"}, {"seed": -1}):
        with pytest.raises(ValidationError, match=next(iter(options))):
            TdeRecipe(corpus=corpus.digest, **options)
