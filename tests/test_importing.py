"""Released checkpoints, imported: the network's tensors and nothing else, or one line that says why not."""

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
from whence.models.delay.method import standard_batch  # noqa: E402
from whence.models.delay.ngcc_phat import NgccPhat, NgccPhatRecipe  # noqa: E402
from whence.models.importing import released as reading  # noqa: E402
from whence.models.importing.converters import import_checkpoint  # noqa: E402
from whence.models.importing.released import read_released  # noqa: E402
from whence.models.training.checkpoint import read_checkpoint  # noqa: E402
from whence.models.training.recipe import recipe_from  # noqa: E402

# NGCC-PHAT


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
    (source,) = found.card["sources"]
    assert source == {"dataset": released.name, "fingerprint": sha256(released.read_bytes()), "licences": ["MIT"]}
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
    ours = read_checkpoint(imported(wrapped, tmp_path), "ngcc-phat")
    assert ours.card["sources"][0]["dataset"] == "wrapped.pth.tar"
    assert all(torch.equal(ours.tensors[name.removeprefix("module.")], tensor) for name, tensor in tensors.items())


def test_the_names_of_numpy_1_are_read(tmp_path):
    data, rate = io.BytesIO(), np.float64(0.25)
    torch.save({"state_dict": {"a": torch.ones(2)}, "rate": rate}, data, _use_new_zipfile_serialization=False)
    for module in (b"numpy.core.multiarray", b"numpy._core.multiarray"):
        written = re.sub(rb"cnumpy\._?core\.multiarray\n", b"c" + module + b"\n", data.getvalue())
        assert b"c" + module in written
        assert read_released(tmp_path, written).keys() == {"a"}


# The residual encoder of StereoCRW


def normalisation(name, channels):
    names = ("weight", "bias", "running_mean", "running_var")
    values = {f"{name}.{part}": torch.rand(channels) for part in names}
    return {**values, f"{name}.num_batches_tracked": torch.tensor(5)}


def residual_tensors():
    """The tensors of the published encoder, named and shaped as in its class."""
    tensors = {"net.conv1.weight": torch.rand(64, 2, 7, 7), **normalisation("net.bn1", 64)}
    for number, (given, made) in enumerate([(64, 64), (64, 128), (128, 256), (256, 512)], 1):
        block = f"net.layer{number}.0"
        tensors[f"{block}.conv1.weight"] = torch.rand(made, given, 3, 3)
        tensors[f"{block}.conv2.weight"] = torch.rand(made, made, 3, 3)
        tensors |= normalisation(f"{block}.bn1", made) | normalisation(f"{block}.bn2", made)
        if number > 1:
            tensors[f"{block}.downsample.0.weight"] = torch.rand(made, given, 1, 1)
            tensors |= normalisation(f"{block}.downsample.1", made)
    return tensors | {"net.fc.weight": torch.rand(128, 512), "net.fc.bias": torch.rand(128)}


@pytest.mark.parametrize("model", ["stereocrw", "zeronce", "monoclr"])
def test_the_encoder_of_stereocrw_and_its_kin_is_imported(model, tmp_path):
    pytest.importorskip("whence.models.delay.stereocrw")
    tensors = residual_tensors()
    assert len(tensors) == 74
    saved = {f"module.{name}": tensor for name, tensor in tensors.items()}
    saved["module.trans.window"] = torch.hann_window(256)
    rate = {"param_groups": [{"lr": np.float64(1e-4)}]}
    torch.save({"epoch": 1, "step": 2, "state_dict": saved, "optimizer": rate}, tmp_path / "free.pth.tar")
    ours = read_checkpoint(imported(tmp_path / "free.pth.tar", tmp_path, model), model)
    assert ours.tensors.keys() == tensors.keys()
    assert all(torch.equal(ours.tensors[name], tensor) for name, tensor in tensors.items())


def faces_tensors():
    """A few tensors of the published network of faces, named as in its class."""
    names = (
        "conv2d_1a.conv.weight",
        "repeat_1.0.branch0.conv.weight",
        "mixed_6a.branch0.bn.weight",
        "block8.conv2d.bias",
    )
    return {f"vision_net.{name}": torch.rand(3) for name in (*names, "last_linear.weight", "logits.bias")}


def test_the_hearing_of_av_monoclr_is_imported_without_its_eyes(tmp_path):
    hearing = residual_tensors()
    for name in ("conv1", "downsample.0"):  # 128 values of the face join the 128 channels of the second block
        shape = hearing[f"net.layer3.0.{name}.weight"].shape
        hearing[f"net.layer3.0.{name}.weight"] = torch.rand(shape[0], 256, *shape[2:])
    learned = [
        v for name, v in hearing.items() if not name.endswith(("running_mean", "running_var", "batches_tracked"))
    ]
    assert sum(value.numel() for value in learned) == 5_296_000
    saved = {f"module.audio_{name}": tensor for name, tensor in hearing.items()}
    saved |= {f"module.{name}": tensor for name, tensor in faces_tensors().items()}
    torch.save({"epoch": 1, "state_dict": saved | {"module.trans.window": torch.ones(256)}}, tmp_path / "av.pth.tar")
    ours = read_checkpoint(imported(tmp_path / "av.pth.tar", tmp_path, "av-monoclr"), "av-monoclr")
    assert ours.tensors.keys() == hearing.keys()
    assert all(torch.equal(ours.tensors[name], tensor) for name, tensor in hearing.items())
    torch.save(saved | {"module.vision_net.ears.weight": torch.rand(3)}, tmp_path / "more.pth.tar")
    with pytest.raises(InputError, match=r"has vision_net\.ears\.weight"):
        imported(tmp_path / "more.pth.tar", tmp_path, "av-monoclr")


# Files that are refused


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
