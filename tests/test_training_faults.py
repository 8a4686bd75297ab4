"""What a user gets wrong in a training: one line each, at once, and nothing is lost."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.errors import InputError  # noqa: E402
from whence.models.data.degradation import spoken_windows  # noqa: E402
from whence.models.data.reading import BufferedReader, ShuffledRows  # noqa: E402
from whence.models.data.rooms import DelayRecipe, open_rooms  # noqa: E402
from whence.models.delay.method import DelayModel  # noqa: E402
from whence.models.delay.salvati import Salvati, SalvatiRecipe  # noqa: E402
from whence.models.delay.stereocrw import StereoCrwRecipe  # noqa: E402
from whence.models.delay.whence_delay import WhenceDelayRecipe  # noqa: E402
from whence.models.picture.attention import AttentionRecipe  # noqa: E402
from whence.models.train import train_model  # noqa: E402
from whence.models.training.checkpoint import read_checkpoint  # noqa: E402
from whence.models.training.header import card_in  # noqa: E402
from whence.models.training.recipe import recipe_from  # noqa: E402

MINE = """
import torch
from torch import nn
from whence.models.training.recipe import Recipe

class MyRecipe(Recipe):
    presets = {"tiny": {"steps": 2, "batch": 4, "validations": 1}}
    width: int = 1

class Examples:
    sources = [{"dataset": "noise", "fingerprint": "0", "licences": []}]
    def training(self, step, rank, ranks):
        return torch.ones(4, 1) * (step + 1)

class Mine:
    name, recipe = "mine", MyRecipe
    @classmethod
    def network(cls, recipe):
        return nn.Linear(1, recipe.width)
    @classmethod
    def examples(cls, recipe, data):
        return Examples()
    @classmethod
    def loss(cls, network, batch):
        return network(batch).abs().mean()
    @classmethod
    def validate(cls, network, examples):
        return {"error": 1.0}
"""


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """Train the class above with one piece of its text changed; reports are not drawn."""
    monkeypatch.setattr("whence.models.train.write_report", lambda *_: None)

    def run(old="", new="", *settings, out="run"):
        assert old in MINE
        (tmp_path / "mine.py").write_text(MINE.replace(old, new) if old else MINE)
        return train_model(f"{tmp_path / 'mine.py'}:Mine", ["-"], tmp_path / out, preset="tiny", settings=settings)

    return run


@pytest.mark.parametrize(
    ("kind", "setting", "said"),
    [
        (SalvatiRecipe, "learning_rate=inf", "learning_rate=inf: Input should be a finite number"),
        (SalvatiRecipe, "snr_db=30,-5", "snr_db=30.0,-5.0: the lower bound comes first"),
        (SalvatiRecipe, "snr_db=nan,1", "Input should be a finite number"),
        (SalvatiRecipe, "snr_db=1,2,3", "snr_db=1,2,3: Tuple should have at most 2 items"),
        (SalvatiRecipe, "widths=0,1,1,1,1", "widths.0=0: Input should be greater than or equal to 1"),
        (SalvatiRecipe, "clip_samples=-5", "clip_samples"),
        (SalvatiRecipe, f"seed={2**64}", "less than"),
        (WhenceDelayRecipe, "width=9", "multiple of 2"),
        (WhenceDelayRecipe, "clip_samples=100,2000", "greater than or equal to 512"),
        (StereoCrwRecipe, "mixture=1,0", "the lower bound comes first"),
        (AttentionRecipe, "magnified=-1,1", "--set: magnified must be positive"),
    ],
)
def test_a_setting_out_of_range_is_named(kind, setting, said):
    with pytest.raises(InputError) as caught:
        recipe_from(kind, "small", [setting])
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (".abs().mean()", ".mean() * float('nan')", "the loss is nan at step 1; lower learning_rate"),
        (
            ".abs().mean()",
            ".abs().sqrt().mul(0).mean() + (network.weight * 0).sqrt().sum()",
            "a gradient is not finite",
        ),
        (".abs().mean()", "", r"`loss` gave a tensor \(4, 1\)"),
        ("network(batch).abs().mean()", "3.0", "`loss` gave float"),
        ("network(batch).abs().mean()", "{}['x']", r"mine raised KeyError: 'x' \(mine.py, line 25\)"),
        ('{"error": 1.0}', '{"error": float("inf")}', "`validate` gave .*inf.* at step 2: expected finite scores"),
        ('"mine", MyRecipe', '"salvati", MyRecipe', "'salvati' is a method of Whence"),
        ('"mine", MyRecipe', '"a\\nb", MyRecipe', "expected letters, digits"),
        ('"mine", MyRecipe', '"mine", dict', "its `recipe` is no class"),
        ("nn.Linear(1, recipe.width)", "torch.empty(2**55)", "not enough memory; lower batch"),
        ("import torch\n", "import torch\nraise SystemExit(3)\n", "cannot be loaded: SystemExit: 3"),
    ],
)
def test_a_fault_of_a_users_network_is_one_line(trained, old, new, said):
    with pytest.raises(InputError, match=said):
        trained(old, new)


def test_a_first_step_that_failed_does_not_bind_the_folder_to_its_settings(trained, tmp_path):
    with pytest.raises(InputError, match="the loss is nan"):
        trained(".abs().mean()", ".mean() * float('nan')")
    assert trained("", "", "steps=3").exists()
    assert json.loads((tmp_path / "run" / "recipe.json").read_text())["recipe"]["steps"] == 3


def test_a_changed_file_or_a_state_of_another_network_is_not_trained_on(trained, tmp_path):
    checkpoint = trained().read_bytes()
    with pytest.raises(InputError, match=r"holds another training \(file: "):
        trained("width: int = 1", "width: int = 1  # changed")
    assert (tmp_path / "run" / "checkpoint.safetensors").read_bytes() == checkpoint
    trained("", "", "width=2", out="other")
    (tmp_path / "run" / "state.pt").write_bytes((tmp_path / "other" / "state.pt").read_bytes())
    with pytest.raises(InputError, match=r"state.pt: damaged, or of another network than mine is now"):
        trained()


def test_weights_that_share_memory_are_written(trained):
    tied = "nn.Sequential(*[nn.Linear(1, 1)] * 2)"
    found = read_checkpoint(trained("nn.Linear(1, recipe.width)", tied), "mine").tensors
    assert torch.equal(found["0.weight"], found["1.weight"])


def test_a_figure_that_fails_leaves_the_finished_weights(trained, tmp_path):
    with pytest.raises(InputError, match="mine raised ValueError: no figure"):
        trained(
            "    def validate",
            "    def figures(cls, *_):\n        raise ValueError('no figure')\n    @classmethod\n    def validate",
        )
    assert read_checkpoint(tmp_path / "run" / "checkpoint.safetensors", "mine").tensors


def test_a_network_must_answer_once_a_clip():
    batch = SimpleNamespace(audio=torch.zeros(3, 2, 8), delay=torch.zeros(3))
    with pytest.raises(InputError, match=r"answers \(3, 1\) to 3 clips: expected \(3,\)"):
        type("Mine", (DelayModel,), {"name": "mine"}).loss(lambda audio: audio[:, 0, :1], batch)


def test_a_batch_larger_than_the_set_is_said_once(capsys):
    reader = BufferedReader(ShuffledRows(np.arange(5), 2, 0), lambda rows: rows)
    assert [len(reader.rows_of(step, 8)[0]) for step in range(2)] == [5, 5]
    assert capsys.readouterr().err == "batch=8: the data have 5 rows to learn from, so a step has 5\n"


def test_data_that_cannot_serve_are_refused(monkeypatch):
    with pytest.raises(InputError, match="9 samples are heard at once, the clips have 8"):
        spoken_windows(np.ones((1, 2, 8), np.float32), 9, np.random.default_rng(0))
    for there, lacks in (("train", "val"), ("val", "train")):
        rooms = SimpleNamespace(name="random-rooms", column=lambda _, there=there: np.array([there]))
        monkeypatch.setattr("whence.models.data.rooms.Dataset", lambda _, rooms=rooms: rooms)
        with pytest.raises(InputError, match=f"has no clip to .*{lacks}"):
            open_rooms(DelayRecipe(), ["rooms.zarr"])


@pytest.mark.parametrize(
    "broken",
    [{"sources": None}, {"sources": [3]}, {"sources": [{"licences": 5}]}, {"log": "x"}, {"code": 7}, {"recipe": [1]}],
)
def test_a_card_of_another_form_is_damaged(broken, tmp_path):
    header = json.dumps({"__metadata__": {"whence": json.dumps({"model": "salvati"} | broken)}}).encode()
    with pytest.raises(InputError, match="its card is damaged"):
        card_in(header, tmp_path)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_missed_at_once():
    with pytest.raises(InputError, match="salvati:device=cuda: torch finds no GPU here"):
        Salvati(device="cuda")
