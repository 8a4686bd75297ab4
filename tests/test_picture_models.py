"""Localizers learn from pictures and sounds: their examples, a training that finds coloured squares, their answers."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from toy_sounds import COLUMNS, ROWS, SquaresAndTones

torch = pytest.importorskip("torch")

from whence.benchmarks.questions.boxes import boxes_truth  # noqa: E402
from whence.benchmarks.questions.labels import arrays_of_truth  # noqa: E402
from whence.benchmarks.questions.map_metrics import measured  # noqa: E402
from whence.benchmarks.questions.maps import stored_maps  # noqa: E402
from whence.benchmarks.tracks.sounding_object import HOW  # noqa: E402
from whence.datagen.dataset import Dataset  # noqa: E402
from whence.datagen.pipeline import generate  # noqa: E402
from whence.errors import InputError  # noqa: E402
from whence.models.data.picture_augmentation import Framing, Mixing, covered, jitter, mix  # noqa: E402
from whence.models.data.sounding import drawn_objects, open_pictures  # noqa: E402
from whence.models.picture.attention import Attention, AttentionRecipe  # noqa: E402
from whence.models.picture.contrastive import Contrastive, ContrastiveRecipe  # noqa: E402
from whence.models.picture.method import mirrored_maps, smoothed  # noqa: E402
from whence.models.picture.scoring import centre_map, overlaps, summary  # noqa: E402
from whence.models.train import train_model  # noqa: E402
from whence.models.training.card import sources_text  # noqa: E402
from whence.models.training.checkpoint import write_checkpoint  # noqa: E402
from whence.models.training.learning import described  # noqa: E402
from whence.models.training.recipe import recipe_from  # noqa: E402

SIZE = ["rows=64", "columns=80", "stride=4"]
PLAIN = [*SIZE, "mirrored=false", "magnified=1,1", "moved=0", "colour=0", "noisy_share=0", "other_share=0"]


@dataclass(frozen=True)
class Seen:
    """What a method is given."""

    image: np.ndarray
    audio: np.ndarray


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("squares") / "squares.zarr")
    generate(SquaresAndTones(), path)
    return path


def examples(path, *settings):
    return open_pictures(recipe_from(AttentionRecipe, "tiny", [*PLAIN, *settings]), [path])


# Augmentation


def test_a_box_covers_shares_of_cells():
    box = np.array([[0.25, 0.0, 1.0, 0.75], [np.nan] * 4], dtype=np.float32)
    shares = covered(box, 2, 2)
    np.testing.assert_allclose(shares[0], [[0.5, 1.0], [0.25, 0.5]])
    assert not shares[1].any()


@pytest.mark.parametrize("mirrored", [False, True])
def test_boxes_move_with_the_picture(mirrored):
    how = Framing(1.2, 0.1, -0.05, mirrored)
    picture, mask = np.zeros((120, 160, 3), np.uint8), np.zeros((120, 160), np.uint8)
    box = np.array([0.3, 0.4, 0.5, 0.6], dtype=np.float32)
    picture[48:72, 48:80], mask[48:72, 48:80] = 255, 2
    x0, y0, x1, y1 = how.boxes(box) * (160, 120, 160, 120)
    for seen in (how.mask(mask) == 2, how.picture(picture).min(-1) > 180):
        rows, columns = np.nonzero(seen)
        found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        np.testing.assert_allclose(found, (x0, y0, x1, y1), atol=1.5)


def test_a_box_that_leaves_the_picture_is_cut():
    box = Framing(1.0, 0.4, 0.0).boxes(np.array([[0.5, 0.2, 0.8, 0.4], [np.nan] * 4], dtype=np.float32))
    np.testing.assert_allclose(box[0], [0.9, 0.2, 1.0, 0.4], rtol=1e-6)
    assert np.isnan(box[1]).all()


def test_colours_change_within_their_bounds_and_none_when_not_asked_for():
    pictures = np.full((50, 4, 4, 3), 100, np.uint8)
    np.testing.assert_allclose(jitter(pictures, 0.0, np.random.default_rng(0)), 100 / 255, rtol=1e-5)
    changed = jitter(pictures, 0.2, np.random.default_rng(0))[:, 0, 0, 0] * 2.55
    assert 0.79 < changed.min() < 0.85
    assert 1.15 < changed.max() < 1.21


def test_noise_and_other_sounds_have_the_asked_levels():
    rng = np.random.default_rng(0)
    audio = rng.normal(0, 0.1, (20, 2, 4000)).astype(np.float32)
    plain = mix(audio, Mixing((10, 10), 0.0, (-20, -20), 0.0), rng)
    np.testing.assert_allclose(np.sort(plain[3, 1]), np.sort(audio[3, 1]))
    noisy = mix(audio, Mixing((10, 10), 1.0, (-20, -20), 0.0), rng)
    assert 10 * np.log10(np.var(noisy) / np.var(audio) - 1) == pytest.approx(-10, abs=0.2)
    mixed = mix(audio, Mixing((10, 10), 0.0, (-6, -6), 1.0), rng)
    assert 10 * np.log10(np.var(mixed) / np.var(audio) - 1) == pytest.approx(-6, abs=0.2)


# Examples


def test_all_objects_are_drawn_before_one_is_drawn_again():
    box = np.full((200, 3, 4), np.nan, dtype=np.float32)
    box[:, 0], box[:, 2], box[100:, 1] = 0.5, 0.5, 0.5
    drawn = drawn_objects(box, 2, np.random.default_rng(0))
    assert {frozenset(pair) for pair in drawn[:100].tolist()} == {frozenset((0, 2))}
    assert {frozenset(pair) for pair in drawn[100:].tolist()} == {frozenset(p) for p in ((0, 1), (0, 2), (1, 2))}
    assert sorted(drawn_objects(box[:1], 3, np.random.default_rng(0))[0])[0::2] in ([0, 2], [0, 0])


@pytest.mark.parametrize("truth", ["box", "mask"])
def test_a_target_lies_on_the_object_that_is_heard(squares, truth):
    from toy_sounds import COLOURS, TONES_HZ

    batch = examples(squares, f"truth={truth}", "batch=8").training(0)
    assert batch.image.shape == (8, 3, 64, 80)
    assert batch.target.shape == (8, 2, 16, 20)
    for image, sounds, targets in zip(batch.image, batch.audio, batch.target, strict=True):
        for audio, target in zip(sounds, targets, strict=True):
            heard = torch.fft.rfft(audio).abs().argmax() * 16_000 / len(audio)
            inside = torch.nn.functional.interpolate(target[None, None], (64, 80))[0, 0] > 0.99
            colour = image[:, inside].median(-1).values * 255
            kind = np.abs(np.log(np.array(TONES_HZ) / float(heard))).argmin()
            np.testing.assert_allclose(colour, COLOURS[kind], atol=2)


def test_an_example_depends_on_the_step_alone(squares):
    again = [open_pictures(recipe_from(AttentionRecipe, "tiny", SIZE), [squares]) for _ in range(2)]
    again[1].training(0)
    first, second = (one.training(5) for one in again)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    parts = [again[0].training(5, rank, 2) for rank in range(2)]
    assert torch.equal(parts[1].image, first.image[1::2])
    assert torch.equal(parts[0].target, first.target[0::2])


def test_more_annotations_include_fewer_and_only_training_homes_are_learned_from(squares):
    shares = [examples(squares, f"supervision={share}") for share in (0.0, 0.3, 0.6, 1.0)]
    sets = [set(np.flatnonzero(one.annotated)) for one in shares]
    assert sets[0] <= sets[1] <= sets[2] <= sets[3]
    assert [len(sets[0]), len(sets[-1])] == [0, 96]
    assert 15 < len(sets[1]) < 45
    split = Dataset(squares).column("split")
    assert set(split[shares[0].rows]) == {"train"}
    only = examples(squares, "supervision=0.3", "unsupervised=false")
    assert set(only.rows) == {row for row in sets[1] if split[row] == "train"}
    assert sum(len(held.box) for held in only.validation()) == 24


def test_sounds_of_a_kind_are_grouped_by_listening_and_known_to_be_alike(squares):
    seen = examples(squares, "groups=8", "batch=16")
    kind, groups = Dataset(squares).column("category")[:, :3], seen.groups
    learned = np.isin(np.arange(96), seen.rows)
    assert (groups[~learned] < 0).all()
    found, true = groups[learned][kind[learned] >= 0], kind[learned][kind[learned] >= 0]
    largest = sum(np.bincount(true[found == group]).max() for group in np.unique(found))
    assert largest / len(true) > 0.95
    assert len(np.unique(found)) <= 8
    assert (groups[learned][kind[learned] < 0] < 0).all()
    alike = seen.training(0).alike
    assert alike.shape == (16, 32)
    assert bool(alike.diagonal(0).any())
    alone = examples(squares, "groups=0", "batch=16").training(0).alike
    assert torch.equal(alone, torch.eye(16, dtype=torch.bool).repeat_interleave(2, 1))
    assert bool((alike | ~alone).all())
    assert 0.3 < float(alike.float().mean()) < 0.8  # two or three of four colours are in a picture


def test_what_cannot_be_learned_from_is_one_line(squares, tmp_path):
    with pytest.raises(InputError, match=r"no picture to learn from with supervision=0, unsupervised=false"):
        examples(squares, "supervision=0", "unsupervised=false")
    with pytest.raises(InputError, match="0 sources of data: give one set of sounding objects"):
        open_pictures(recipe_from(AttentionRecipe, "tiny"), [])
    with pytest.raises(InputError, match="rows and columns must be multiples of 16"):
        recipe_from(AttentionRecipe, "tiny", ["rows=100"])
    other = str(tmp_path / "rooms.zarr")
    generate(SquaresAndTones(rows=24, dataset="hm3d-ss"), other)
    with pytest.raises(InputError, match="holds 'hm3d-ss', not sounding objects"):
        examples(other)


# Scores


def test_the_adaptive_rule_takes_as_many_pixels_as_the_box_has():
    box = np.array([[0.25, 0.25, 0.75, 0.5]], dtype=np.float32)
    true = covered(box, 56, 56)
    assert overlaps(true, box)[0] > 0.97
    assert overlaps(-true, box)[0] == 0.0
    half = covered(box + np.array([0.25, 0, 0.25, 0], np.float32), 56, 56)  # half on it: IoU 1/3
    assert overlaps(half, box)[0] == pytest.approx(1 / 3, abs=0.02)
    assert np.isnan(overlaps(true, np.full((1, 4), np.nan, np.float32))[0])


def test_validation_scores_are_those_of_the_track():
    rng = np.random.default_rng(3)
    maps = rng.random((6, 14, 14)).astype(np.float32)
    boxes = np.array([[0.1, 0.2, 0.1 + 0.1 * k, 0.3 + 0.1 * k] for k in range(1, 7)], np.float32)
    truth = arrays_of_truth([boxes_truth(box, picture=k) for k, box in enumerate(boxes)])
    expected = measured(truth, stored_maps(maps), HOW).iou["adaptive"]
    np.testing.assert_allclose(overlaps(maps, boxes), expected, atol=1e-6)


def test_cards_name_the_licences_of_sounds_too():
    about = {
        "speech": {"licences": {"CC BY 4.0": 9}},
        "sounds": {"licences": {"CC BY-NC 3.0": 26}},
        "scenes": {"licence": "generated, no rights claimed"},
    }
    dataset = SimpleNamespace(name="sounding-objects", fingerprint="ab" * 32, recipe={}, attributes=about)
    source = described(dataset)
    assert source["licences"] == ["CC BY 4.0", "CC BY-NC 3.0", "generated, no rights claimed"]
    assert sources_text([source]).endswith("licences: CC BY 4.0, CC BY-NC 3.0, generated, no rights claimed")


def test_a_picture_counts_when_all_of_its_objects_are_found():
    found = np.array([[0.6, 0.7, np.nan], [0.5, 0.2, 0.9], [0.1, np.nan, np.nan]])
    assert summary(found) == pytest.approx((100 * 4 / 6, 100 / 3))


def test_the_centre_is_highest_in_the_middle():
    blind = centre_map(15, 21)
    assert np.unravel_index(blind.argmax(), blind.shape) == (7, 10)
    assert blind[0, 0] == blind.min()


def test_maps_of_a_picture_and_its_mirror_image_mirror_each_other():
    network = Attention.network(recipe_from(AttentionRecipe, "tiny", ["rows=32", "columns=48"])).eval()
    generator = torch.Generator().manual_seed(0)
    image, audio = torch.rand(2, 3, 32, 48, generator=generator), torch.randn(2, 1, 4000, generator=generator)
    with torch.inference_mode():
        plain, mirrored = (mirrored_maps(network, one, audio) for one in (image, image.flip(-1)))
    np.testing.assert_allclose(plain, mirrored[..., ::-1], atol=1e-6)


def test_smoothing_spreads_a_cell_and_keeps_what_it_adds_up_to():
    maps = np.zeros((1, 2, 21, 21), np.float32)
    maps[0, 1, 10, 10] = 1.0
    assert smoothed(maps, 0.0) is maps
    wide = smoothed(maps, 1.5)
    assert wide[0, 1].sum() == pytest.approx(1.0, rel=1e-3)
    down = np.arange(21) - 10
    assert np.sqrt((wide[0, 1].sum(1) * down**2).sum()) == pytest.approx(1.5, rel=0.05)
    assert not wide[0, 0].any()


def test_the_smoothing_is_chosen_on_the_validation_pictures(squares, monkeypatch):
    rng = np.random.default_rng(0)

    def noisy(network, pictures, audio):
        true = exact(network, pictures, audio)
        return (true + rng.normal(0, 1.0, true.shape)).astype(np.float32)

    def exact(network, pictures, audio):
        absent = audio is pictures.absent
        return np.full((len(audio), 3, 16, 20), 0.25, np.float32) if absent else covered(pictures.box, 16, 20)

    held = examples(squares)
    monkeypatch.setattr(Attention, "answers", noisy)
    assert Attention.calibrate(None, held)["smoothing"] >= 1.0
    monkeypatch.setattr(Attention, "answers", exact)
    assert Attention.calibrate(None, held) == {"smoothing": 0.0, "silence": 0.25}


def test_absent_sounds_are_silence_noise_as_loud_as_an_object_and_a_source_out_of_view(squares):
    held = examples(squares)
    pictures = next(held.validation())
    rows = np.flatnonzero(Dataset(squares).column("split") == "val")[: len(pictures.image)]
    dry = Dataset(squares).array("dry")[...][rows] / np.float32(32768)
    silence, noise, out_of_view = pictures.absent.unbind(1)
    assert not silence.any()
    np.testing.assert_array_equal(out_of_view.numpy(), dry[:, pictures.box.shape[1]])
    loudness = [np.sqrt((one**2).mean(axis=-1)) for one in (noise.numpy(), dry[:, 0])]
    np.testing.assert_allclose(*loudness, rtol=0.1)


def test_a_map_that_stays_below_the_level_of_silence_claims_that_nothing_sounds(tmp_path):
    recipe = recipe_from(AttentionRecipe, "tiny", ["rows=32", "columns=48"])
    card = {"model": "attention", "recipe": recipe.model_dump(mode="json"), "sources": []}
    batch = Seen(np.zeros((1, 32, 48, 3), np.uint8), np.ones((1, 1, 4000), np.float32))
    maps = []
    for silence in (0.0, 1.5):
        path = tmp_path / f"{silence}.safetensors"
        torch.manual_seed(0)
        write_checkpoint(path, Attention.network(recipe), card | {"calibration": {"silence": silence}})
        maps.append(Attention(checkpoint=str(path)).predict(batch).prediction)
    np.testing.assert_allclose(maps[0] - 1.5, maps[1], atol=1e-6)
    assert maps[1].max() < 0
    np.testing.assert_array_equal(Attention(checkpoint=str(path), silent=False).predict(batch).prediction, maps[0])


# Learning


def test_a_short_training_finds_the_square_of_each_tone(squares, tmp_path):
    settings = [*SIZE, "steps=40", "validations=2", "unsupervised=false"]
    checkpoint = train_model("attention", [squares], tmp_path / "run", preset="tiny", settings=settings)
    log = [line.split(",") for line in (tmp_path / "run" / "log.csv").read_text().splitlines()]
    assert log[0] == ["step", "loss", "learning_rate", "ciou", "iiou", "centre_ciou", "centre_iiou"]
    assert float(log[2][1]) < float(log[1][1])
    assert float(log[2][4]) > 50 > 10 > float(log[2][6])
    assert (tmp_path / "run" / "answers-0.png").stat().st_size > 5000
    model = Attention(checkpoint=str(checkpoint))
    assert model._read.card["calibration"]["smoothing"] in (0.0, 0.5, 1.0, 1.5, 2.0)
    _check_answers(model, squares)
    assert list(model.files()) == [checkpoint]


def _check_answers(model, squares):
    """Check that answers to test pictures lie on the objects, and follow the sound, not only the picture."""
    data = Dataset(squares)
    rows = np.flatnonzero(data.column("split") == "test")
    image, dry = data.array("image")[...][rows], data.array("dry")[...][rows] / np.float32(32768)
    box = data.column("box")[rows]
    for slot in (0, 1):
        answer = model.predict(Seen(image, np.repeat(dry[:, None, slot], 2, axis=1))).prediction
        assert answer.shape == (24, 16, 20)
        peak = answer.reshape(24, -1).argmax(-1)
        x, y = (peak % 20 + 0.5) / 20, (peak // 20 + 0.5) / 16
        inside = (x > box[:, slot, 0]) & (x < box[:, slot, 2]) & (y > box[:, slot, 1]) & (y < box[:, slot, 3])
        assert inside.mean() > 0.8
    alone = model.predict(Seen(image[5:6], dry[5:6, None, 1])).prediction
    np.testing.assert_allclose(alone[0], answer[5], atol=1e-5)


@pytest.mark.parametrize("name", ["attention", "contrastive"])
def test_steps_without_labels_lower_the_loss(squares, tmp_path, name):
    settings = [*SIZE, "steps=30", "validations=2", "supervision=0"]
    train_model(name, [squares], tmp_path / "run", preset="tiny", settings=settings)
    log = [line.split(",") for line in (tmp_path / "run" / "log.csv").read_text().splitlines()]
    assert float(log[2][1]) < float(log[1][1])


def test_a_contrastive_loss_finds_the_squares_of_the_tones(squares):
    """A cell of a square has a higher cosine with its tone than one outside it, nearly always."""
    recipe = recipe_from(ContrastiveRecipe, "tiny", [*PLAIN, "steps=60"])
    data = open_pictures(recipe, [squares])
    torch.manual_seed(0)
    network = Contrastive.network(recipe)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3)
    losses = []
    for step in range(recipe.steps):
        loss = Contrastive.loss(network, data.training(step))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < 0.75 * np.mean(losses[:5])
    held = next(data.validation())
    with torch.inference_mode():
        maps = Contrastive.answers(network.eval(), held, held.audio)
    covers = covered(held.box, *maps.shape[2:])
    known = np.isfinite(held.box[..., 0])
    higher = [
        (one[cover > 0.5][:, None] > one[cover == 0]).mean()
        for one, cover in zip(maps[known], covers[known], strict=True)
    ]
    assert np.mean(higher) > 0.85


def test_an_untrained_model_answers_with_cosines():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (2, ROWS, COLUMNS, 3), dtype=np.uint8)
    found = Attention(checkpoint="untrained").predict(Seen(image, np.zeros((2, 1, 8000), np.float32)))
    assert found.prediction.shape == (2, 18, 24)
    assert np.abs(found.prediction).max() <= 1.0
    np.testing.assert_allclose(found.diagnostics["confidence"], found.prediction.max(axis=(1, 2)))
