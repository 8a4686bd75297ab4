"""AVSA and RotNCE: their losses in closed form, what their networks tell apart, and who reads their features."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch")

from toy_homes import SeenHomes  # noqa: E402

from whence.benchmarks.report.citations import PAPERS  # noqa: E402
from whence.commands.train import written  # noqa: E402
from whence.datagen.pipeline import generate  # noqa: E402
from whence.errors import InputError  # noqa: E402
from whence.models.motion.pretext import PretextRecipe, SlfmPretext  # noqa: E402
from whence.models.motion.probe import Probe, ProbeRecipe  # noqa: E402
from whence.models.motion.slfm import Slfm, SlfmRecipe  # noqa: E402
from whence.models.motion.view_contrast import Avsa, RotNce, ViewContrastRecipe, chosen, not_turned  # noqa: E402
from whence.models.networks.alignment import Translation, alignment_loss, cosines, rotation_loss  # noqa: E402
from whence.models.train import train_model  # noqa: E402
from whence.models.training.checkpoint import read_checkpoint, write_checkpoint  # noqa: E402
from whence.models.training.recipe import recipe_from  # noqa: E402

COUNT, VIEWS, TEMPERATURE = 3, 4, 0.1
SMALL = (
    *("rows=60", "columns=80", "taps=512", "seconds=0.25", "batch=4", "held_out=homes", "validations=1"),
    *("seen=4,8", "planes=8", "heard=4,4,4"),
)
LEARNING = {"avsa": ["steps=3"], "rotnce": ["steps=12", "learning_rate=0.003", "heard=8,16,16"]}
MODELS = {"avsa": Avsa, "rotnce": RotNce}


def different() -> torch.Tensor:
    """Vectors (COUNT, VIEWS, 12) at right angles to each other, of different lengths."""
    return torch.arange(1.0, 13).diag().reshape(COUNT, VIEWS, 12)


def exchanged(vectors: torch.Tensor) -> torch.Tensor:
    """The same with the last two views exchanged."""
    return vectors[:, [0, 1, 3, 2]]


class TestAlignment:
    def test_what_matches_costs_nothing(self):
        assert alignment_loss(different(), different(), 0.01) < 1e-6

    def test_what_tells_nothing_costs_a_guess_among_own_views_and_other_places(self):
        same = torch.ones(COUNT, VIEWS, 5)
        found = alignment_loss(same, same, TEMPERATURE)
        assert float(found) == pytest.approx(math.log(VIEWS + COUNT - 1))

    def test_exchanged_views_cost_what_the_softmax_says(self):
        """Two of four views have cosine 1 with a wrong one, and 0 with their own."""
        whole = math.log(math.exp(1 / TEMPERATURE) + VIEWS + COUNT - 2)
        found = alignment_loss(different(), exchanged(different()), TEMPERATURE)
        assert float(found) == pytest.approx(whole - 0.5 / TEMPERATURE, rel=1e-5)

    def test_other_views_of_other_places_are_no_negatives(self):
        vectors = different()
        vectors[1, 2] = vectors[0, 0]
        assert alignment_loss(vectors, vectors, 0.01) < 1e-6
        vectors[1, 0] = vectors[0, 0]
        assert float(alignment_loss(vectors, vectors, 0.01)) > 0.1


def test_turns_are_learned_from_where_sounds_come_from_in_all_views():
    """Ideal features: what is seen is the turn, what is heard the azimuth, of a source that is anywhere in front."""
    torch.manual_seed(0)
    translation, size = Translation(32), 32
    sees, hears, seen, imagined = (torch.nn.Linear(one, size) for one in (4, 4, size, size))
    network = torch.nn.ModuleList([translation, sees, hears, seen, imagined])
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)

    def embedded(count):
        turn = (torch.rand(count, VIEWS) - 0.5) * math.pi
        turn[:, 0] = 0
        azimuth = (torch.rand(count, 1) - 0.5) * math.pi - turn
        told = [
            torch.stack([one.cos(), one.sin(), (2 * one).cos(), (2 * one).sin()], dim=-1) for one in (turn, azimuth)
        ]
        return imagined(translation(hears(told[1]))), seen(sees(told[0]))

    for _ in range(150):
        optimizer.zero_grad()
        alignment_loss(*embedded(32), 0.07).backward()
        optimizer.step()
    network.eval()
    with torch.inference_mode():
        found = chosen(cosines(*embedded(200)), torch.eye(VIEWS, dtype=torch.bool)).mean()
    assert found > 0.65, "a guess finds 0.25"


class TestRotation:
    own = torch.eye(VIEWS, dtype=torch.bool).expand(COUNT, -1, -1)

    def test_what_matches_costs_nothing(self):
        assert rotation_loss(different(), different(), self.own, 0.01) < 1e-6

    def test_what_tells_nothing_costs_a_guess_among_the_views(self):
        same = torch.ones(COUNT, VIEWS, 5)
        assert float(rotation_loss(same, same, self.own, TEMPERATURE)) == pytest.approx(math.log(VIEWS))
        pairs = self.own | exchanged(self.own)
        assert float(rotation_loss(same, same, pairs, TEMPERATURE)) == pytest.approx(
            (math.log(VIEWS) + math.log(VIEWS / 2)) / 2
        )

    def test_views_that_are_not_turned_may_be_exchanged(self):
        pairs = self.own | exchanged(self.own)
        assert rotation_loss(different(), exchanged(different()), pairs, 0.01) < 1e-6
        found = rotation_loss(different(), exchanged(different()), self.own, TEMPERATURE)
        whole = math.log(math.exp(1 / TEMPERATURE) + VIEWS - 1)
        assert float(found) == pytest.approx(whole - 0.5 / TEMPERATURE, rel=1e-5)

    def test_less_than_ten_degrees_are_no_turn_across_the_back_too(self):
        rotation = torch.from_numpy(np.radians([[0.0, 12, 18, -85], [0, 175, -178, 164]]))
        found = not_turned(rotation)
        assert torch.equal(found, found.mT)
        apart = found & ~torch.eye(VIEWS, dtype=torch.bool)
        assert apart.triu().nonzero().tolist() == [[0, 1, 2], [1, 1, 2]]


def test_the_most_alike_view_is_chosen():
    likeness = torch.tensor([[[0.9, 0.2], [0.8, 0.1]]])
    assert chosen(likeness, torch.eye(2, dtype=torch.bool)).tolist() == [[1.0, 0.0]]


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    path = tmp_path_factory.mktemp("homes") / "homes.zarr"
    generate(SeenHomes(rows=8, splits=("train", "train", "val", "test")), str(path))
    return str(path)


def built(name, *settings):
    """The recipe and the untrained network of a narrow model, which drops nothing."""
    recipe = recipe_from(ViewContrastRecipe, "tiny", [*SMALL, *settings])
    torch.manual_seed(0)
    return recipe, MODELS[name].network(recipe)


def batch_of(name, homes):
    recipe, network = built(name)
    return network.eval(), MODELS[name].examples(recipe, [homes]).training(0)


@pytest.mark.parametrize("encoders", ["small", "published"])
@pytest.mark.parametrize("name", MODELS)
def test_every_part_learns_and_vectors_are_compared_by_view(name, encoders, homes):
    recipe, network = built(name, f"encoders={encoders}", "width=0.0625", "batch=2", "views=3")
    batch = MODELS[name].examples(recipe, [homes]).training(0)
    assert {tuple(one.shape) for one in network.embedded(batch)} == {(2, 3, 128)}
    MODELS[name].loss(network, batch).backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in network.parameters())


@pytest.mark.parametrize("name", MODELS)
def test_the_order_of_further_views_does_not_matter(name, homes):
    network, batch = batch_of(name, homes)
    mixed = type(batch)(*(part[:, [0, 3, 1, 2]] for part in batch))
    with torch.inference_mode():
        torch.testing.assert_close(network(mixed), network(batch), rtol=1e-4, atol=1e-4)


def test_exchanged_pictures_no_longer_belong_to_their_sounds(homes):
    network, batch = batch_of("avsa", homes)
    with torch.inference_mode():
        wrong = network(batch._replace(image=exchanged(batch.image)))
        assert (wrong - network(batch)).abs() > 1e-4


def test_rotnce_tells_views_by_the_ears_alone(homes):
    """In four views that hear the same, none is found; one whose ears are swapped differs. Pictures change nothing."""
    network, batch = batch_of("rotnce", homes)
    turned = torch.tensor([0.0, 0.5, 1.0, -0.5]).expand(4, -1)
    same = batch._replace(dry=batch.dry[:, :1].expand_as(batch.dry), rotation=turned)
    response = batch.response[:, :1].repeat(1, VIEWS, 1, 1, 1)
    swapped = response.clone()
    swapped[:, 2] = response[:, 2].flip(-2)
    with torch.inference_mode():
        assert float(network(same._replace(response=response))) == pytest.approx(math.log(VIEWS), abs=1e-4)
        told = network(same._replace(response=swapped))
        assert told < math.log(VIEWS) - 1e-2
        assert torch.equal(told, network(same._replace(response=swapped, image=0 * batch.image)))


# Training


@pytest.fixture(scope="module")
def trained(homes, tmp_path_factory):
    """Checkpoints of both after a few steps, without reports, which tests/test_docs_commands.py writes."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("whence.models.train.write_report", lambda *given: None)
        return {
            name: train_model(name, [homes], folder / name, preset="tiny", settings=[*SMALL, *settings])
            for name, settings in LEARNING.items()
        }


def test_the_log_scores_views_beside_a_guess(trained):
    last = {name: pd.read_csv(path.parent / "log.csv").iloc[-1] for name, path in trained.items()}
    assert last["avsa"].found_by_chance == 25
    assert {"found_by_sound", "found_by_sight"} <= set(last["avsa"].index)
    assert last["rotnce"].found_by_chance >= 25
    assert last["rotnce"].found > last["rotnce"].found_by_chance + 20
    assert last["rotnce"].loss < 0.8 * math.log(4)
    for name in MODELS:
        assert "answer no track" in written(name, Path("checkpoint"))
        assert "chen2023motion" in PAPERS[name]


def test_a_training_that_was_killed_goes_on_to_the_same_bytes(homes, trained, tmp_path, monkeypatch):
    """The transformers drop out, so what is drawn at a step must depend on the step alone."""

    def loss(network, batch, seen=[]):  # noqa: B006
        seen.append(batch)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return network(batch)

    settings = [*SMALL, *LEARNING["avsa"]]
    monkeypatch.setattr("whence.models.train.write_report", lambda *given: None)
    with monkeypatch.context() as patched:
        patched.setattr("whence.models.training.loop.SECONDS_BETWEEN_STATES", 0)
        patched.setattr(Avsa, "loss", loss)
        with pytest.raises(KeyboardInterrupt):
            train_model("avsa", [homes], tmp_path / "run", preset="tiny", settings=settings)
    again = train_model("avsa", [homes], tmp_path / "run", preset="tiny", settings=settings)
    ours, whole = (read_checkpoint(path, "avsa").tensors for path in (again, trained["avsa"]))
    assert all(torch.equal(ours[name], tensor) for name, tensor in whole.items())


# Who reads the features


PARTS = [("avsa", "rotation", "sees"), ("avsa", "azimuth", "hears"), ("rotnce", "azimuth", "hears")]


@pytest.mark.parametrize(("name", "of", "part"), PARTS)
def test_a_probe_reads_the_features(name, of, part, trained):
    recipe = recipe_from(ProbeRecipe, "small", (f"of={of}", f"features={trained[name]}"))
    network = Probe.network(recipe)
    Probe.begin(network, recipe)
    taken = read_checkpoint(trained[name], name).tensors
    own = network.encoder.state_dict()
    assert own
    assert all(torch.equal(tensor, taken[f"{part}.encoder.{key}"]) for key, tensor in own.items())


def test_a_probe_finds_no_rotation_in_sounds(trained):
    recipe = recipe_from(ProbeRecipe, "small", (f"features={trained['rotnce']}",))
    with pytest.raises(InputError, match="learned without pictures, so it has no features that tell the rotation"):
        Probe.begin(Probe.network(recipe), recipe)


@pytest.mark.parametrize("name", MODELS)
def test_slfm_begins_with_the_encoders(name, trained, homes):
    settings = [f"pretext={trained[name]}", "views=2", *SMALL]
    recipe = recipe_from(SlfmRecipe, "tiny", settings)
    assert recipe.features == 64, "that of the pretext"
    torch.manual_seed(7)
    network = Slfm.network(recipe)
    random = {key: one.clone() for key, one in network.state_dict().items()}
    Slfm.begin(network, recipe)
    taken = read_checkpoint(trained[name], name).tensors
    for key, own in network.state_dict().items():
        sense, _, rest = key.partition(".")
        given = taken.get(f"{sense}.encoder.{rest}") if sense in ("sees", "hears") else None
        assert torch.equal(own, random[key] if given is None else given), key
    assert Slfm.examples(recipe, [homes]).sources[-1]["dataset"] == f"checkpoint of {name}"


def test_a_card_is_read_after_the_pretext_is_gone(trained):
    recipe = recipe_from(SlfmRecipe, "tiny", [f"pretext={trained['avsa']}"])
    assert SlfmRecipe(**{**recipe.model_dump(), "pretext": "gone.safetensors"}).features == 64


def beginning(pretext):
    """Begin the training of `slfm` with a pretext."""
    recipe = recipe_from(SlfmRecipe, "tiny", [f"pretext={pretext}"])
    Slfm.begin(Slfm.network(recipe), recipe)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sees": "nothing", "hears": False}, "learned with sees=nothing and hears=false, so it has no features"),
        ({"encoders": "published"}, "has encoders=published; features are read from encoders=small only"),
    ],
)
def test_a_pretext_without_features_is_one_line(settings, said, tmp_path):
    recipe = PretextRecipe(**{**PretextRecipe.presets["tiny"], **settings})
    card = {"model": "slfm-pretext", "recipe": recipe.model_dump(mode="json"), "sources": []}
    write_checkpoint(tmp_path / "pretext.safetensors", SlfmPretext.network(recipe), card)
    with pytest.raises(InputError, match=re.escape(said)):
        beginning(tmp_path / "pretext.safetensors")


def test_what_is_no_pretext_is_one_line(homes, tmp_path):
    with pytest.raises(InputError, match=re.escape("none.safetensors: No such file or directory; give a .safetensors")):
        recipe_from(SlfmRecipe, "tiny", [f"pretext={tmp_path / 'none.safetensors'}"])
    recipe = recipe_from(ProbeRecipe, "tiny")
    card = {"model": "probe", "recipe": recipe.model_dump(mode="json"), "sources": []}
    write_checkpoint(tmp_path / "probe.safetensors", Probe.network(recipe), card)
    with pytest.raises(InputError, match="holds the model 'probe': give a checkpoint of slfm-pretext, avsa, rotnce"):
        recipe_from(SlfmRecipe, "tiny", [f"pretext={tmp_path / 'probe.safetensors'}"])
    with pytest.raises(InputError, match="--set views=4"):
        Avsa.examples(recipe_from(ViewContrastRecipe, "tiny", ["views=5"]), [homes])
    with pytest.raises(InputError, match="temperature=0"):
        recipe_from(ViewContrastRecipe, "tiny", ["temperature=0"])
