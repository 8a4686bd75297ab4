"""NGCC-PHAT: its layers against formulas, its answers against known delays, and the authors' weights, imported."""

import io
import pickle
import random
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from whence.cli import main  # noqa: E402
from whence.digests import sha256  # noqa: E402
from whence.errors import InputError  # noqa: E402
from whence.models.data.rooms import DelayClips  # noqa: E402
from whence.models.delay.method import standard_batch  # noqa: E402
from whence.models.delay.ngcc_phat import NgccPhat, NgccPhatRecipe, read_delays  # noqa: E402
from whence.models.importing import released as reading  # noqa: E402
from whence.models.importing.converters import import_checkpoint  # noqa: E402
from whence.models.importing.released import read_released  # noqa: E402
from whence.models.networks.ngcc import NgccNetwork, SincBank  # noqa: E402
from whence.models.training.checkpoint import read_checkpoint  # noqa: E402
from whence.models.training.recipe import recipe_from  # noqa: E402


@pytest.fixture
def noise():
    return torch.randn(3, 1024, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return NgccNetwork(8, 20, taps=255).eval()


def pair(sound, delay):
    """Windows (n, 2, samples) in which the right channel is `delay` samples late, circularly."""
    return torch.stack([sound, sound.roll(delay, -1)], dim=1)


# Layers


def test_the_published_network_has_as_many_values():
    network = NgccPhat.network(recipe_from(NgccPhatRecipe, "paper"))
    counts = {learns: sum(p.numel() for p in network.parameters() if p.requires_grad == learns) for learns in (0, 1)}
    assert counts == {1: 888_193 - 256, 0: 256}
    assert network(torch.zeros(2, 3, 2, 64)).shape == (2, 3, 47)


def test_the_first_band_is_as_published():
    low, high = SincBank(128).edges()
    assert (low[0].item(), high[0].item()) == (pytest.approx(80, abs=0.01), pytest.approx(144.2, abs=0.05))
    assert high.max() == 8000
    assert (high > low).all()


def test_filters_are_differences_of_sincs_under_a_hamming_window(noise):
    bank = SincBank(6, taps=255)
    place = np.arange(-127, 128) / 16000
    for (low, high), filtered in zip(torch.cat(bank.edges(), 1).tolist(), bank(noise).unbind(1), strict=True):
        with np.errstate(invalid="ignore"):
            taps = (np.sin(2 * np.pi * high * place) - np.sin(2 * np.pi * low * place)) / (2 * np.pi * place)
        taps = np.nan_to_num(taps, nan=high - low) / (high - low) * np.hamming(255)
        around = np.pad(noise.double().numpy(), [(0, 0), (127, 127)], mode="wrap")
        expected = np.stack([np.convolve(row, taps, mode="valid") for row in around])
        assert filtered.numpy() == pytest.approx(expected, abs=1e-4)


def test_windows_shorter_than_the_filters_are_filtered_round_and_round(noise):
    bank = SincBank(4, taps=255)
    short = noise[:, :100]
    repeated = bank(short.repeat(1, 4))[..., :100]
    assert torch.allclose(bank(short), repeated, atol=1e-4)


@pytest.mark.parametrize("delay", [-13, 0, 5])
def test_a_shift_of_one_channel_shifts_the_correlation(network, noise, delay):
    with torch.inference_mode():
        still, moved = (network.correlations(pair(noise, k)) for k in (0, delay))
    assert moved.mean(1).argmax(-1).tolist() == [20 - delay] * 3  # lags are t_left - t_right
    spread = abs(delay)
    middle = slice(spread, 41 - spread)
    assert torch.allclose(moved.roll(delay, -1)[..., middle], still[..., middle], atol=0.1)
    filtered = network.backbone(noise)
    assert torch.allclose(network.backbone(noise.roll(delay, -1)), filtered.roll(delay, -1), atol=1e-4)


def test_the_right_channel_late_is_a_positive_delay_and_swapped_channels_negate_it(network, noise):
    with torch.no_grad():
        for layer in [*(layer[0] for layer in network.mlp), network.final_conv]:  # lag kernels that look both ways
            layer.weight.copy_(layer.weight + layer.weight.flip(-1))
    windows = pair(noise, 6)
    with torch.inference_mode():
        straight, swapped = network(windows), network(windows.flip(1))
    assert torch.allclose(straight, swapped.flip(-1), atol=1e-4)


def test_the_level_does_not_matter(network, noise):
    windows = pair(noise, 3)
    with torch.inference_mode():
        assert torch.allclose(network(windows), network(windows * 1e-3), atol=1e-4)
        assert network(torch.zeros_like(windows)).isfinite().all()


def test_half_precision_keeps_the_phases(network, noise):
    with torch.inference_mode():
        exact = network.correlations(pair(noise, 3))
        with torch.autocast("cpu", torch.bfloat16):
            mixed = network.correlations(pair(noise, 3))
    assert mixed.dtype == torch.float32
    assert mixed.mean(1).argmax(-1).tolist() == exact.mean(1).argmax(-1).tolist()


# Answers


def test_expectation_and_peak_stay_within_possible_delays():
    logits = torch.full((1, 47), -30.0)
    logits[0, [23 + 3, 23 + 4]] = 0.0  # half a probability each
    logits[0, 23 - 21] = 5.0  # too far
    assert read_delays(logits, "expectation", 20).item() == pytest.approx(3.5, abs=1e-4)
    assert read_delays(logits, "peak", 20).item() in (3, 4)
    assert read_delays(logits, "peak", 23).item() == -21
    assert read_delays(logits, "peak", 100).item() == -21


def test_it_learns_a_delay_and_what_was_cached_for_answers_serves_training(noise):
    torch.manual_seed(0)
    recipe = NgccPhatRecipe(width=4, sinc_taps=63, dropout=0.0)
    network = NgccPhat.network(recipe)
    with torch.inference_mode():
        network.eval()(noise[:, None].repeat(1, 2, 1)[..., :300])
    batch = DelayClips(pair(noise, 5)[..., :300], torch.full((3,), 5.25))
    optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], 1e-2)
    losses = []
    for _ in range(30):
        loss = NgccPhat.loss(network.train(), batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))  # of a label shared between 5 and 6
    assert min(losses) > entropy - 1e-4


def test_the_length_of_the_filters_must_be_odd():
    with pytest.raises(InputError, match=r"sinc_taps=254: .*expected an odd number"):
        recipe_from(NgccPhatRecipe, "tiny", ["sinc_taps=254"])


# The authors' weights


@pytest.fixture(scope="session")
def released(shared_data):
    return shared_data / "checkpoints" / "ngcc_phat_released.pth"


@pytest.fixture(scope="session")
def imitation(tmp_path_factory):
    """A file laid out as the released one, with random values."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("released") / "model.pth"
    torch.save(NgccPhat.network(recipe_from(NgccPhatRecipe, "paper")).state_dict(), path)
    return path


def imported(source, folder, model="ngcc-phat"):
    return import_checkpoint(source, model, folder / "out.safetensors", "MIT")


def test_the_released_weights_answer_with_the_delay(released, tmp_path):
    command = ["import", "checkpoint", str(released), "--model", "ngcc-phat", str(tmp_path / "ours.safetensors")]
    with pytest.raises(SystemExit, match="0"):
        main([*command, "--licence", "MIT"])
    found = read_checkpoint(tmp_path / "ours.safetensors", "ngcc-phat")
    assert found.card["imported"]
    assert found.card["licence"] == "MIT"
    assert found.card["source"]["sha256"] == sha256(released.read_bytes())
    assert (found.card["recipe"]["width"], found.card["recipe"]["max_lag"]) == (128, 23)
    rng = np.random.default_rng(0)
    sound = rng.standard_normal((4, 1300)).astype(np.float32)
    clips = np.stack(
        [np.stack([row[50:1201], row[50 - k : 1201 - k]]) for row, k in zip(sound, (-14, 0, 3, 20), strict=True)]
    )
    clips += 0.1 * rng.standard_normal(clips.shape).astype(np.float32)
    batch = standard_batch(torch.from_numpy(clips))
    for answer, allowed in (("expectation", 0.05), ("peak", 1e-9)):
        method = NgccPhat(str(tmp_path / "ours.safetensors"), answer=answer)
        assert method.predict(batch) * 16000 == pytest.approx([-14, 0, 3, 20], abs=allowed)


def test_an_imported_network_is_the_saved_one(imitation, tmp_path):
    ours = read_checkpoint(imported(imitation, tmp_path), "ngcc-phat")
    theirs = torch.load(imitation, weights_only=True)
    assert ours.tensors.keys() == theirs.keys()
    assert all(torch.equal(ours.tensors[name], tensor) for name, tensor in theirs.items())


def test_wrappers_prefixes_and_optimizers_are_taken_off(imitation, tmp_path):
    tensors = {f"module.{name}": tensor for name, tensor in torch.load(imitation, weights_only=True).items()}
    rate = np.float64(1e-3)  # as a cosine schedule leaves it
    wrapped = tmp_path / "wrapped.pth.tar"
    torch.save({"epoch": 3, "optimizer": {"lr": rate}, "state_dict": tensors, "step": 7}, wrapped)
    first, second = imported(imitation, tmp_path).read_bytes(), imported(wrapped, tmp_path).read_bytes()
    assert len(first) == len(second)
    assert read_checkpoint(tmp_path / "out.safetensors", "ngcc-phat").card["source"]["file"] == "wrapped.pth.tar"


def test_the_names_of_numpy_1_are_read(tmp_path):
    data, rate = io.BytesIO(), np.float64(0.25)
    torch.save({"state_dict": {"a": torch.ones(2)}, "rate": rate}, data, _use_new_zipfile_serialization=False)
    for module in (b"numpy.core.multiarray", b"numpy._core.multiarray"):
        written = re.sub(rb"cnumpy\._?core\.multiarray\n", b"c" + module + b"\n", data.getvalue())
        assert b"c" + module in written
        assert read_released(tmp_path, written).keys() == {"a"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("mlp.1.0.bias"), r"lacks mlp\.1\.0\.bias \(1 missing, 0 foreign\)"),
        (lambda t: t.update(extra=torch.zeros(1)), r"has extra, .*\(0 missing, 1 foreign\)"),
        (lambda t: t.update({"final_conv.weight": torch.zeros(1, 128, 3)}), r"\(1, 128, 3\), the network's .* 5\)"),
        (lambda t: t.update({"final_conv.bias": torch.zeros(1).half()}), r"final_conv\.bias is float16 \(1,\)"),
        (lambda t: t.update({"final_conv.bias": torch.full((1,), np.nan)}), "not finite"),
        (lambda t: t.update({"final_conv.bias": [1.0]}), "'final_conv.bias' is no plain tensor"),
        (lambda t: t.update({"final_conv.bias": torch.zeros(1).to_sparse()}), "'final_conv.bias' is no plain tensor"),
        (lambda t: t.update({"final_conv.bias": torch.zeros(1, device="meta")}), "is no plain tensor"),
        (lambda t: t.update({3: torch.zeros(1)}), "'3' is no plain tensor"),
        (lambda t: t.clear(), "no tensors by name"),
    ],
)
def test_another_network_is_refused_in_one_line(imitation, tmp_path, change, message):
    tensors = dict(torch.load(imitation, weights_only=True))
    change(tensors)
    torch.save(tensors, tmp_path / "other.pth")
    with pytest.raises(InputError, match=message) as refusal:
        imported(tmp_path / "other.pth", tmp_path)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "out.safetensors").exists()


class Trap:
    def __reduce__(self):
        return (exec, ("raise SystemExit('executed')",))


@pytest.mark.parametrize(
    "wrap", [lambda trap: {"state_dict": {"a": torch.zeros(1)}, "optimizer": trap}, lambda trap: trap]
)
@pytest.mark.parametrize("save", [torch.save, lambda what, path: path.write_bytes(pickle.dumps(what, protocol=2))])
def test_code_in_a_file_is_never_run(tmp_path, wrap, save):
    save(wrap(Trap()), tmp_path / "trap.pth")
    with pytest.raises(InputError, match=r"trap\.pth: (holds [\w.]+, which is neither|not a whole file)"):
        imported(tmp_path / "trap.pth", tmp_path)


def test_a_network_saved_as_an_object_is_named(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "object.pth")
    with pytest.raises(InputError, match=r"holds torch\.nn\.modules\.linear\.Linear, which is neither a tensor"):
        imported(tmp_path / "object.pth", tmp_path)


def test_damaged_files_are_refused_in_one_line(tmp_path):
    path, chance = tmp_path / "damaged.pth", random.Random(0)
    for zipped in (True, False):
        buffer = io.BytesIO()
        torch.save({"a": torch.zeros(3)}, buffer, _use_new_zipfile_serialization=zipped)
        data = buffer.getvalue()
        broken = [data[:cut] for cut in (0, 1, 50, len(data) // 2, len(data) - 1)] + [b"hello\n" * 20]
        for _ in range(150):
            place = chance.randrange(len(data))
            broken.append(data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :])
        for each in broken:
            path.write_bytes(each)
            with pytest.raises(InputError, match=r"damaged\.pth: [^\n]*$"):  # also unchanged ones: another network
                imported(path, tmp_path)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    torch.save({"a": torch.zeros(3)}, tmp_path / "bomb.pth")
    monkeypatch.setattr(reading, "LARGEST", 10)
    with pytest.raises(InputError, match="unpacks to more than"):
        imported(tmp_path / "bomb.pth", tmp_path)


def test_wrong_names_are_refused_with_the_fix(imitation, tmp_path, capsys):
    out = str(tmp_path / "out.safetensors")
    for words, message in (
        ([str(imitation), "--model", "ngc-phat", out], "did you mean 'ngcc-phat'"),
        ([str(imitation), "--model", "ngcc-phat", str(tmp_path / "out.pth")], "ends in .safetensors"),
        ([str(tmp_path / "none.pth"), "--model", "ngcc-phat", out], "no such file"),
        ([str(tmp_path), "--model", "ngcc-phat", out], "no such file"),
    ):
        with pytest.raises(SystemExit, match="2"):
            main(["import", "checkpoint", *words])
        shown = capsys.readouterr().err
        assert message in shown
        assert "Traceback" not in shown
