"""Cross-modal retrieval: scores of vectors made by hand, and the table of a network."""

import numpy as np
import pytest

pytest.importorskip("torch")

from toy_sounding import ToySounding

from whence.benchmarks.studies import retrieval
from whence.benchmarks.studies.retrieval import Entries
from whence.datagen.pipeline import generate
from whence.errors import InputError
from whence.models.picture.attention import Attention, AttentionRecipe
from whence.models.training.checkpoint import write_checkpoint
from whence.models.training.recipe import recipe_from

SHOWS, SOUNDS = (retrieval.SOUND_FIRST, "shows"), (retrieval.SOUND_FIRST, "sounds")
BACK = (retrieval.PICTURE_FIRST, "shows")


def by_hand() -> Entries:
    """Three pictures: kinds 0 and 1, each heard; kinds 1 and 2, the first heard; kind 0."""
    shown = np.array([[1, 1, 0], [1, 1, 0], [0, 1, 1], [1, 0, 0]], dtype=bool)
    seen = np.array([[1, 0], [0, 1], [0, 3], [2, 0.1]], dtype=np.float32)
    heard = np.array([[1, 0.1], [0.1, 1], [0, 1], [1, 0]], dtype=np.float32)
    homes = np.array(["a", "a", "b", "b"], dtype=object)
    return Entries(seen, heard, np.array([0, 0, 1, 2]), np.array([0, 1, 1, 0]), shown, homes)


def test_what_counts_as_a_success():
    entries = by_hand()
    matches = entries.matches()
    expected = [[1, 1, 0, 1], [1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 0, 1]]
    np.testing.assert_array_equal(matches[SHOWS], np.array(expected, dtype=bool))
    np.testing.assert_array_equal(matches[BACK], np.array(expected, dtype=bool).T)
    same = [[1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1]]
    np.testing.assert_array_equal(matches[SOUNDS], np.array(same, dtype=bool))
    assert entries.allowed.astype(int).tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]]


def test_the_nearest_by_hand():
    entries = by_hand()
    similarity = retrieval.cosines(entries.heard, entries.seen)
    assert similarity[3, 0] == pytest.approx(1)
    assert similarity[3, 3] == pytest.approx(2 / np.hypot(2, 0.1))  # lengths do not count
    matches = entries.matches()[SOUNDS]
    assert retrieval.successes(similarity, matches, entries.allowed, 1).tolist() == [100, 100, 100, 100]
    assert retrieval.successes(similarity, matches, entries.allowed, 2).tolist() == [50, 50, 50, 50]
    assert retrieval.successes(-similarity, matches, entries.allowed, 1).tolist() == [0, 0, 0, 0]


def many(seed: int = 3) -> Entries:
    rng = np.random.default_rng(seed)
    kind, picture = rng.integers(0, 4, 120), np.arange(120) // 2
    shown = np.eye(4, dtype=bool)[kind.reshape(-1, 2)].any(axis=1).repeat(2, axis=0)
    vectors = np.eye(4, dtype=np.float32)[kind]
    return Entries(vectors, vectors, picture, kind, shown, (picture // 6).astype(object))


def test_the_random_row_is_its_closed_form():
    """Both are what random similarities score: hypergeometric draws, random orders, and the formula."""
    entries, rng = many(), np.random.default_rng(0)
    for matches in entries.matches().values():
        expected = retrieval.expected_successes(matches, entries.allowed)
        drawn = retrieval.random_successes(matches, entries.allowed, 10, rng)
        orders = [
            retrieval.successes(rng.random(matches.shape), matches, entries.allowed, 10).mean() for _ in range(100)
        ]
        assert len(drawn) == retrieval.REPETITIONS
        assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / 10)
        assert np.mean(orders) == pytest.approx(expected, abs=4 * np.std(orders) / 10)
        assert np.std(orders) == pytest.approx(drawn.std(), rel=0.4)


def test_vectors_that_tell_the_kind_find_it():
    rows = retrieval.table(many()).rows
    for row in rows:
        if not row[0].startswith("random"):
            assert [cell.split()[0] for cell in row[2:]] == ["100.0"] * 3
    assert len(rows) == 12


def test_too_few_sounds_are_refused():
    with pytest.raises(InputError, match="4 sounds are too few to find 20"):
        retrieval.table(by_hand())


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A tiny network without training."""
    path = tmp_path_factory.mktemp("attention") / "a.safetensors"
    recipe = recipe_from(AttentionRecipe, "tiny", ["rows=48", "columns=64", "width=8", "heard=12"])
    write_checkpoint(path, Attention.network(recipe), {"model": "attention", "recipe": recipe.model_dump(mode="json")})
    return str(path)


def test_the_table_of_a_network(tmp_path, capsys, checkpoint):
    data = str(tmp_path / "s.zarr")
    generate(ToySounding(rows=16), data)
    assert retrieval.main([data, "--checkpoint", checkpoint, "--split", "all"]) == 0
    shown = capsys.readouterr().out
    assert "40 sounds of 16 pictures" in shown
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in shown.splitlines() if line.startswith("| ")]
    scores = [float(cell.split()[0]) for row in rows[1:] for cell in row[2:]]
    assert len(scores) == 36
    assert all(0 <= score <= 100 for score in scores)


def test_vectors_do_not_depend_on_the_neighbours(tmp_path, checkpoint):
    rng = np.random.default_rng(1)

    class Batch:
        image = rng.integers(0, 255, (5, 60, 80, 3)).astype(np.uint8)
        audio = rng.standard_normal((5, 1, 8000)).astype(np.float32) / 10

    class One:
        image, audio = Batch.image[3:4], Batch.audio[3:4]

    model = Attention(checkpoint=checkpoint)
    (seen, heard), (own_seen, own_heard) = model.vectors(Batch), model.vectors(One)
    assert seen.shape == heard.shape == (5, 12)
    np.testing.assert_allclose(seen[3], own_seen[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(heard[3], own_heard[0], rtol=1e-4, atol=1e-5)
    assert not np.allclose(seen[3], seen[2], rtol=1e-4)


def test_another_kind_of_set_is_refused(tmp_path, checkpoint):
    data = str(tmp_path / "t.zarr")
    generate(ToySounding(rows=2, dataset="tde"), data)
    with pytest.raises(InputError, match="kind 'tde'"):
        retrieval.main([data, "--checkpoint", checkpoint])
