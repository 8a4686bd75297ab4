"""Training: recipes, examples, checkpoints, and runs that end in the same bytes however often they are killed."""

import json
import random
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest
from warm_process import run_warm, start_warm

torch = pytest.importorskip("torch")

from whence.conventions import SAMPLE_RATE  # noqa: E402
from whence.datagen.pipeline import generate  # noqa: E402
from whence.datagen.random_rooms import plan_random_rooms  # noqa: E402
from whence.errors import InputError  # noqa: E402
from whence.hardware import hardware, in_words  # noqa: E402
from whence.models.data.degradation import Degradation, degrade, spoken_windows  # noqa: E402
from whence.models.data.reading import BufferedReader, ShuffledRows  # noqa: E402
from whence.models.data.rooms import open_rooms  # noqa: E402
from whence.models.delay.salvati import Salvati, SalvatiRecipe  # noqa: E402
from whence.models.train import train_model  # noqa: E402
from whence.models.training.checkpoint import fill, read_checkpoint, write_checkpoint  # noqa: E402
from whence.models.training.loop import learning_rate  # noqa: E402
from whence.models.training.recipe import Recipe, recipe_from  # noqa: E402

MINE = """
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from whence.models.data.rooms import DelayRecipe
from whence.models.delay.method import DelayModel


class MyRecipe(DelayRecipe):
    presets = {"tiny": {"steps": 40, "batch": 8, "validations": 2}, "small": {}}
    clip_samples: tuple[int, ...] = (256,)
    taps: int = 9


class Network(nn.Module):
    def __init__(self, taps):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv1d(2, 4, taps), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.1))
        self.last = nn.Linear(4, 1)

    def forward(self, audio):
        return self.last(self.layers(audio).mean(-1))[:, 0]


@dataclass(frozen=True)
class Mine(DelayModel):
    name: ClassVar[str] = "mine"
    recipe: ClassVar[type[DelayRecipe]] = MyRecipe

    @classmethod
    def network(cls, recipe):
        return Network(recipe.taps)
"""


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("rooms") / "rooms.zarr")
    generate(plan_random_rooms("espeak", train_clips=150, val_clips=20), path)
    return path


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    return f"{tmp_path / 'mine.py'}:Mine"


# Recipes


def test_settings_change_fields_and_unknown_ones_are_refused_with_the_nearest():
    recipe = recipe_from(SalvatiRecipe, "tiny", ["steps=7", "widths=2,3,4,5,6", "snr_db=0,10"])
    assert (recipe.steps, recipe.widths, recipe.snr_db) == (7, (2, 3, 4, 5, 6), (0.0, 10.0))
    with pytest.raises(InputError, match="no field 'stepz', did you mean 'steps'"):
        recipe_from(SalvatiRecipe, "tiny", ["stepz=7"])
    with pytest.raises(InputError, match=r"--set steps=0: .*greater than or equal to 1"):
        recipe_from(SalvatiRecipe, "tiny", ["steps=0"])
    with pytest.raises(InputError, match="preset 'smal': did you mean 'small'"):
        recipe_from(SalvatiRecipe, "smal")


def test_the_rate_rises_then_falls_to_zero():
    rates = [learning_rate(Recipe(steps=200, learning_rate=0.1, warm_up=0.1), step) for step in range(200)]
    assert rates[:20] == pytest.approx([0.005 * (k + 1) for k in range(20)])
    assert rates[20] == pytest.approx(0.1)
    assert np.all(np.diff(rates[20:]) < 0)
    assert rates[110] == pytest.approx(0.05)
    assert rates[-1] < 1e-4


# Examples


def test_every_row_is_read_once_an_epoch_in_an_order_that_changes():
    order = ShuffledRows(np.arange(3, 95), rows_per_shard=10, seed=1, buffered_shards=3)
    epochs = [np.concatenate(order.buffers(epoch)) for epoch in range(2)]
    assert all(sorted(rows) == list(range(3, 95)) for rows in epochs)
    assert not np.array_equal(*epochs)
    assert len({*np.unique(order.buffers(0)[0] // 10)}) <= 4


def test_a_step_has_the_same_rows_whatever_was_read_before():
    order = ShuffledRows(np.arange(95), rows_per_shard=10, seed=1, buffered_shards=2)
    reader = BufferedReader(order, lambda rows: rows * 2)
    all_steps = [reader.rows_of(step, 8) for step in range(25)]
    assert all(np.array_equal(rows * 2, values) for rows, values in all_steps)
    assert len(np.unique(np.concatenate([rows for rows, _ in all_steps[:11]]))) == 88
    for step in (24, 3, 11, 10):
        fresh = BufferedReader(order, lambda rows: rows * 2).rows_of(step, 8)[0]
        assert np.array_equal(fresh, all_steps[step][0])


def test_noise_has_the_asked_level_and_windows_hold_speech():
    rng = np.random.default_rng(0)
    clips = rng.normal(0, 0.1, (50, 2, 4000)).astype(np.float32)
    noisy = degrade(clips, Degradation((10, 10), 0.0, 0.0, (0, 0), 0.0), rng)
    level = 20 * np.log10(np.std(clips) / np.std(noisy - clips))
    assert level == pytest.approx(10, abs=0.1)
    assert np.array_equal(degrade(clips, Degradation((0, 0), 1.0, 0.0, (0, 0), 0.0), rng), clips)
    talkers = degrade(clips, Degradation((0, 0), 1.0, 0.0, (0.5, 0.5), 1.0), rng) - clips
    assert np.std(talkers) / np.std(clips) == pytest.approx(0.5, abs=0.01)
    clips[:, :, :1500] = 0
    assert all(np.abs(window).max() > 0 for window in spoken_windows(clips, 1000, rng))


def test_the_delay_of_an_example_is_that_of_its_sound_also_when_its_channels_are_swapped(rooms):
    recipe = SalvatiRecipe(batch=64, snr_db=(30, 30), distractor_share=0.0, clip_samples=(8000,))
    batch = open_rooms(recipe, [rooms]).training(0)
    left, right = batch.audio.double().unbind(1)
    spectrum = torch.fft.rfft(left, 32768).conj() * torch.fft.rfft(right, 32768)
    correlation = torch.fft.irfft(spectrum / (spectrum.abs() + 1e-9)).roll(20, dims=-1)[:, :41]
    error = (correlation.argmax(-1) - 20 - batch.delay).abs()
    assert error.median() < 0.6
    assert {bool(sign) for sign in batch.delay > 0} == {True, False}


def test_devices_share_a_batch(rooms):
    examples = open_rooms(SalvatiRecipe(batch=10), [rooms])
    whole, parts = examples.training(3), [examples.training(3, rank, 2) for rank in range(2)]
    assert torch.equal(whole.audio[0::2], parts[0].audio)
    assert torch.equal(whole.delay[1::2], parts[1].delay)


# Runs


def test_a_training_lowers_the_error_and_leaves_its_papers(rooms, tmp_path):
    fields = ["steps=60", "batch=32"]
    checkpoint = train_model("salvati", [rooms], tmp_path / "run", preset="tiny", settings=fields, command="I typed it")
    log = (tmp_path / "run" / "log.csv").read_text().splitlines()
    first, last = (float(line.split(",")[3]) for line in (log[1], log[-1]))
    assert last < first
    card = read_checkpoint(checkpoint, "salvati").card
    assert card["sources"][0]["licences"] == ["generated with espeak-ng, no rights claimed"]
    assert len(card["log"]) == 10
    assert "fingerprint" in (tmp_path / "run" / "card.md").read_text()
    page = (tmp_path / "run" / "report.html").read_text()
    assert "<svg" not in page
    assert all(text in page for text in ("I typed it", f"torch {torch.__version__}", in_words(hardware())))
    assert (tmp_path / "run" / "loss.png").stat().st_size > 1000


def test_another_recipe_in_the_same_folder_is_refused(rooms, mine, tmp_path):
    train_model(mine, [rooms], tmp_path / "run", preset="tiny", settings=["steps=2"])
    with pytest.raises(InputError, match=r"holds another training \(steps: 2 there, 3 asked for\)"):
        train_model(mine, [rooms], tmp_path / "run", preset="tiny", settings=["steps=3"])
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("keep me")
    with pytest.raises(InputError, match="not empty and not a training"):
        train_model(mine, [rooms], tmp_path / "full", preset="tiny")


def test_a_training_killed_ten_times_ends_in_the_same_bytes(rooms, mine, tmp_path):
    def command(out):
        code = (
            "import sys; from pathlib import Path; from whence.models.training import loop; "
            "loop.SECONDS_BETWEEN_STATES = 0.0; from whence.models.train import train_model; "
            f"train_model({mine!r}, [{rooms!r}], Path(sys.argv[1]), preset='tiny')"
        )
        return ["python", "-", str(out)], code

    (_, *words), program = command(tmp_path / "whole")
    subprocess.run([sys.executable, *words], input=program, text=True, check=True, capture_output=True)
    chance, kills = random.Random(0), 0
    while kills < 10:
        process = start_warm(*command(tmp_path / "killed"))
        state = tmp_path / "killed" / "state.pt"
        before, deadline = state.stat().st_mtime_ns if state.exists() else 0, time.monotonic() + 60
        while not (state.exists() and state.stat().st_mtime_ns != before) and process.is_alive():
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        process.join()
        kills += 1
    assert run_warm(*command(tmp_path / "killed")).returncode == 0
    for name in ("checkpoint.safetensors", "log.csv"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_model_in_a_users_file_is_trained_and_benched(rooms, mine, tmp_path):
    from whence.cli import main

    out = tmp_path / "run"
    with pytest.raises(SystemExit, match="0"):
        main(["train", mine, "--data", rooms, "--out", str(out), "--preset", "tiny", "--set", "steps=3"])
    generate_tde = ["generate", "tde", str(tmp_path / "tde.zarr"), "--clips", "1", "--rt60", "0.1"]
    with pytest.raises(SystemExit, match="0"):
        main([*generate_tde, "--workers", "1"])
    method = f"{mine}:checkpoint={out / 'checkpoint.safetensors'}"
    bench = ["bench", "tde", str(tmp_path / "tde.zarr"), "--method", method, "--snr", "10", "--no-report"]
    with pytest.raises(SystemExit, match="0"):
        main([*bench, "--out", str(tmp_path / "bench")])
    assert "mine" in (tmp_path / "bench" / "tables.md").read_text()


# Checkpoints


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "salvati.safetensors"
    recipe = recipe_from(SalvatiRecipe, "tiny")
    write_checkpoint(path, Salvati.network(recipe), {"model": "salvati", "recipe": recipe.model_dump(mode="json")})
    return path


def test_a_checkpoint_gives_back_the_network(checkpoint):
    found = read_checkpoint(checkpoint, "salvati")
    network = Salvati.network(SalvatiRecipe(**found.card["recipe"]))
    fill(network, found, checkpoint)
    assert all(torch.equal(tensor, found.tensors[name]) for name, tensor in network.state_dict().items())


def test_a_checkpoint_of_another_model_or_shape_is_refused(checkpoint):
    with pytest.raises(InputError, match="holds the model 'salvati', not 'whence-delay'"):
        read_checkpoint(checkpoint, "whence-delay")
    found = read_checkpoint(checkpoint, "salvati")
    with pytest.raises(InputError, match=r"is float32 \(8, 1, 3, 3\), the network's is float32 \(16, 1, 3, 3\)"):
        fill(Salvati.network(SalvatiRecipe()), found, checkpoint)
    found.tensors["convolutions.0.weight"][0] = float("nan")
    with pytest.raises(InputError, match=r"convolutions\.0\.weight holds values that are not finite"):
        fill(Salvati.network(SalvatiRecipe(**found.card["recipe"])), found, checkpoint)


@pytest.mark.parametrize("cut", [0, 4, 7, 8, 100, -1])
def test_a_truncated_checkpoint_is_refused_in_one_line(checkpoint, cut):
    checkpoint.write_bytes(checkpoint.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"salvati\.safetensors: (not a|damaged)"):
        read_checkpoint(checkpoint, "salvati")


def test_any_changed_byte_of_the_header_is_accepted_or_refused_without_a_traceback(checkpoint):
    data, whole = checkpoint.read_bytes(), read_checkpoint(checkpoint, "salvati")
    length = 8 + int.from_bytes(data[:8], "little")
    chance = random.Random(0)
    for _ in range(300):
        place = chance.randrange(length)
        checkpoint.write_bytes(data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :])
        with suppress(InputError):
            found = read_checkpoint(checkpoint, "salvati")
            fill(Salvati.network(SalvatiRecipe(**whole.card["recipe"])), found, checkpoint)


def test_a_hostile_checkpoint_runs_nothing(tmp_path):
    class Trap:
        def __reduce__(self):
            return (exec, ("raise SystemExit('executed')",))

    path = tmp_path / "trap.safetensors"
    torch.save({"model": Trap()}, path)
    with pytest.raises(InputError, match="`whence import checkpoint` converts others"):
        read_checkpoint(path, "salvati")
    header = json.dumps({"__metadata__": {"whence": '{"model":"salvati"}'}, "a": {"dtype": "F32", "shape": [2**40]}})
    path.write_bytes(len(header).to_bytes(8, "little") + header.encode())
    with pytest.raises(InputError, match="damaged"):
        read_checkpoint(path, "salvati")


# Answers


def test_an_untrained_model_sits_at_chance(rooms):
    audio = open_rooms(SalvatiRecipe(batch=64, clip_samples=(1151,)), [rooms]).training(0).audio
    from whence.models.delay.method import standard_batch

    answers = Salvati(checkpoint="untrained").predict(standard_batch(audio))
    assert np.abs(answers).max() < 0.3e-3
    assert answers.shape == (64,)
    assert SAMPLE_RATE == 16000


def test_a_missing_checkpoint_is_named_with_the_fix(tmp_path):
    from whence.models.delay.method import standard_batch

    with pytest.raises(InputError, match=r"nothing\.safetensors: no such file"):
        Salvati(checkpoint=str(tmp_path / "nothing.safetensors")).predict(standard_batch(torch.zeros(1, 2, 1151)))
    with pytest.raises(InputError, match=r"/dev/zero: not a file; give a \.safetensors file"):
        Salvati(checkpoint="/dev/zero").predict(standard_batch(torch.zeros(1, 2, 1151)))
