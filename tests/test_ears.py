"""Ears and sides: what sound tells of them, and that mirrored sets are found by every command that reads them."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr
from sofa_sets import write
from toy_homes import ToyHomes, direction
from typer.testing import CliRunner

from whence.cli import main
from whence.commands.generate import app as generating
from whence.conventions import SAMPLE_RATE
from whence.datagen.acoustics.ears import near_ear_of_clips, near_ear_of_responses
from whence.datagen.acoustics.sphere_head import SphereHead
from whence.datagen.brir import plan_brir
from whence.datagen.dataset import Dataset
from whence.datagen.hm3d_ss import plan_hm3d_ss
from whence.datagen.opening_responses import open_responses
from whence.datagen.pipeline import generate
from whence.datagen.sides import side_faults
from whence.datagen.verification import verify_dataset
from whence.errors import InputError

AZIMUTHS = np.array([-90.0, -60.0, -30.0, -10.0, 0.0, 30.0, 60.0, 90.0])
LATERAL = np.sin(np.radians(AZIMUTHS))
THE_CHECK = "sources at the side"


def in_a_room(responses: np.ndarray, level: float, seed: int = 0) -> np.ndarray:
    """Responses (n, 2, samples) followed by diffuse reverberation of 0.8 s, `level` dB above the direct."""
    rng, time = np.random.default_rng(seed), np.arange(8000)
    tail = rng.standard_normal((len(responses), 2, 8000)) * 10 ** (-3 * time / (0.8 * SAMPLE_RATE))
    tail[..., :60] = 0.0
    tail *= np.sqrt(10 ** (level / 10) * np.square(responses).sum() / np.square(tail).sum())
    tail[..., : responses.shape[-1]] += responses
    return tail


def heads() -> np.ndarray:
    return SphereHead().responses(direction(AZIMUTHS)).astype(float)


class TestEvidence:
    @pytest.mark.parametrize("level", [-100.0, 0.0, 10.0])
    def test_the_direct_sound_tells_in_any_reverberation(self, level):
        heard = in_a_room(heads(), level)
        assert near_ear_of_responses(heard, LATERAL).verdict == "right"
        assert near_ear_of_responses(heard[:, ::-1], LATERAL).verdict == "swapped"
        assert near_ear_of_responses(heard, -LATERAL).verdict == "swapped"

    def test_only_sources_at_the_side_that_sound_are_asked(self):
        heard = heads()
        heard[0] = 0.0
        near = near_ear_of_responses(heard, LATERAL)
        assert near.which.tolist() == [1, 2, 5, 6, 7]
        assert near.earlier.tolist() == [1.0] * 5
        assert near_ear_of_responses(heard[3:5], LATERAL[3:5]).verdict == "unclear"

    def test_those_that_are_swapped_are_named(self):
        heard = heads()
        heard[[2, 7]] = heard[[2, 7], ::-1]
        assert near_ear_of_responses(heard, LATERAL).swapped.tolist() == [2, 7]

    def test_sound_that_is_alike_in_both_ears_tells_nothing(self):
        assert near_ear_of_responses(np.repeat(heads()[:, :1], 2, axis=1), LATERAL).verdict == "unclear"

    def test_clips_tell_as_well(self, corpus):
        dry = corpus.load(0)[:SAMPLE_RATE]
        clips = [np.stack([np.convolve(dry, ear)[:SAMPLE_RATE] for ear in pair]) for pair in in_a_room(heads(), 3.0)]
        assert near_ear_of_clips(clips, LATERAL).verdict == "right"
        assert near_ear_of_clips(clips, -LATERAL).verdict == "swapped"

    @pytest.mark.parametrize("name", ["mit_kemar_normal_pinna", "cipic_003", "sadie_subject002"])
    def test_measured_heads_tell(self, shared_data, name):
        measured = np.load(shared_data / "hrir" / f"{name}.npz")
        heard = [soxr.resample(response.T, int(measured["fs"]), SAMPLE_RATE).T for response in measured["ir"]]
        near = near_ear_of_responses(heard, np.sin(np.radians(measured["azimuth_deg"])))
        assert (near.earlier == 1).mean() > 0.9
        assert (near.louder == 1).mean() > 0.9
        assert (near.swapped.size, near.verdict) == (0, "right")


@dataclass(frozen=True)
class MirroredHomes(ToyHomes):
    """Toy homes without dry clips, some of whose rows have their ears swapped, or one ear twice."""

    every: int = 1000
    alike: bool = False

    @property
    def parts(self) -> dict[str, Any]:
        return {}

    def render(self, row: int) -> dict[str, Any]:
        found = super().render(row)
        direct = found["impulse_response_direct"]
        if self.alike:
            found["impulse_response_direct"] = np.repeat(direct[..., :1, :], 2, axis=-2)
        elif (row + 1) % self.every == 0:
            found["impulse_response_direct"] = direct[..., ::-1, :]
        return found


def checked(url: Path) -> list[tuple[str, ...]]:
    """Return the faults of the checks on the side of sources."""
    return [check.faults for check in verify_dataset(Dataset(str(url)), rerender=0) if THE_CHECK in check.what]


class TestHomes:
    def test_right_ears_pass(self, tmp_path):
        generate(MirroredHomes(), str(tmp_path / "h.zarr"))
        assert checked(tmp_path / "h.zarr") == [()]
        assert side_faults(Dataset(str(tmp_path / "h.zarr")))[0] > 40

    @pytest.mark.parametrize("wrong", [{"every": 1}, {"every": 4}, {"alike": True}], ids=str)
    def test_swapped_ears_fail_also_in_a_part_of_the_set(self, tmp_path, wrong):
        generate(MirroredHomes(**wrong), str(tmp_path / "h.zarr"))
        ((fault,),) = checked(tmp_path / "h.zarr")
        assert fault.startswith("left and right are swapped or alike: of ")

    def test_the_command_fails(self, tmp_path, capsys, monkeypatch):
        generate(MirroredHomes(every=1), str(tmp_path / "h.zarr"))
        monkeypatch.setattr("sys.argv", ["whence", "verify", str(tmp_path / "h.zarr"), "--rerender", "0"])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == 1
        assert "FAILED  the near ear is ahead" in capsys.readouterr().out

    def test_what_was_decided_about_a_head_is_recorded(self, tmp_path):
        right = plan_hm3d_ss("procedural", None, scene_count=1, examples=1, hrtf=write(tmp_path / "a.sofa"))
        old = plan_hm3d_ss(
            "procedural", None, scene_count=1, examples=1, hrtf=write(tmp_path / "b.sofa", first="right")
        )
        assert (right.remarks, "remarks" in right.provenance["engine"]) == ((), False)
        assert "b.sofa: the ears are swapped against ReceiverPosition" in old.remarks[0]
        assert old.provenance["engine"]["remarks"] == list(old.remarks)

    def test_the_command_says_what_was_decided(self, tmp_path, monkeypatch):
        monkeypatch.setattr("whence.commands.generate_homes.render", lambda *_: None)
        options = ["hm3d-ss", "x.zarr", "--scene-count", "1", "--examples", "1"]
        old = write(tmp_path / "b.sofa", first="right")
        done = CliRunner().invoke(generating, [*options, "--hrtf", old], catch_exceptions=False)
        assert [line for line in done.stderr.splitlines() if line.startswith(old)] != []


@pytest.fixture
def responses(tmp_path: Path) -> Path:
    """Measured responses of a sphere in a reverberant room, with their index."""
    folder = tmp_path / "hall"
    folder.mkdir()
    for k, heard in enumerate(in_a_room(np.pad(heads(), ((0, 0), (0, 0), (0, 200))), 0.0)):
        soundfile.write(folder / f"{k}.wav", heard.T / np.abs(heard).max(), SAMPLE_RATE, subtype="FLOAT")
    index(folder, AZIMUTHS)
    return folder


def index(folder: Path, azimuths: np.ndarray) -> None:
    rows = [f"{k}.wav,{azimuth:g}" for k, azimuth in enumerate(azimuths)]
    (folder / "index.csv").write_text("\n".join(["file,azimuth_deg", *rows]) + "\n")


class TestMeasuredResponses:
    def test_right_ones_say_nothing(self, responses, speech_folder, tmp_path):
        plan = plan_brir(str(responses), str(speech_folder), clips=4)
        assert plan.remarks == ()
        generate(plan, str(tmp_path / "b.zarr"))
        assert checked(tmp_path / "b.zarr") == [()]

    def test_mirrored_azimuths_are_refused(self, responses, speech_folder):
        index(responses, -AZIMUTHS)
        with pytest.raises(InputError, match=r"index\.csv: of 6 sources at the side, 0 come .* change the sign"):
            plan_brir(str(responses), str(speech_folder), clips=1)

    def test_azimuths_that_are_turned_and_a_late_channel_are_refused(self, responses):
        index(responses, AZIMUTHS + 40)
        with pytest.raises(InputError, match=r"of sources 39 degrees further to the right than stated: change azimuth"):
            open_responses(str(responses))
        index(responses, AZIMUTHS)
        for file in responses.glob("*.wav"):
            left, right = soundfile.read(file)[0].T
            soundfile.write(file, np.stack([left, np.roll(right, 6)], 1), SAMPLE_RATE, subtype="FLOAT")
        with pytest.raises(InputError, match=r"the right ear is 0\.3[678] ms late throughout"):
            open_responses(str(responses))

    def test_one_row_on_the_wrong_side_is_named(self, responses, speech_folder):
        index(responses, np.where(AZIMUTHS == 60.0, -60.0, AZIMUTHS))
        (remark,) = plan_brir(str(responses), str(speech_folder), clips=1).remarks
        assert remark.endswith("index.csv: '6.wav' is earlier and louder in the far ear: look at the sign of -60 deg")

    def test_two_channels_alike_are_named(self, responses, speech_folder):
        for file in responses.glob("*.wav"):
            soundfile.write(file, np.repeat(soundfile.read(file)[0][:, :1], 2, axis=1), SAMPLE_RATE, subtype="FLOAT")
        (remark,) = plan_brir(str(responses), str(speech_folder), clips=1).remarks
        assert "index.csv: the sound does not bear out azimuth_deg: of 6 sources" in remark

    @pytest.mark.parametrize("mirrored", ["azimuth", "audio"])
    def test_a_mirrored_dataset_fails(self, responses, speech_folder, tmp_path, mirrored):
        plan = plan_brir(str(responses), str(speech_folder), clips=4)
        generate(Mirrored(plan, mirrored), str(tmp_path / "b.zarr"))
        ((fault,),) = checked(tmp_path / "b.zarr")
        assert fault.startswith("left and right are swapped or alike: of 24 sources at the side, 0 come earlier")

    @pytest.mark.parametrize("name", ["surrey_anechoic_16k", "seminar_room_kemar_44k1"])
    def test_real_sets_pass_and_their_mirror_images_do_not(self, shared_data, speech_folder, tmp_path, name):
        source = shared_data / "brir" / name
        plan = plan_brir(str(source), str(speech_folder), clips=4)
        assert plan.remarks == ()
        generate(plan, str(tmp_path / "b.zarr"))
        generate(Mirrored(plan, "azimuth"), str(tmp_path / "m.zarr"))
        assert checked(tmp_path / "b.zarr") == [()]
        assert len(checked(tmp_path / "m.zarr")[0]) == 1
        copy = Path(shutil.copytree(source, tmp_path / "copy"))
        header, *rows = (source / "index.csv").read_text().splitlines()
        column = header.split(",").index("azimuth_deg")
        turned = [row.split(",") for row in rows]
        for row in turned:
            row[column] = str(-float(row[column]))
        (copy / "index.csv").chmod(0o644)
        (copy / "index.csv").write_text("\n".join([header, *(",".join(row) for row in turned)]))
        with pytest.raises(InputError, match="change the sign of azimuth_deg, or swap the channels"):
            plan_brir(str(copy), str(speech_folder), clips=1)


@dataclass(frozen=True)
class Mirrored:
    """Another plan with its azimuths negated, or its channels swapped."""

    plan: Any
    what: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plan, name)

    def render(self, row: int) -> dict[str, Any]:
        found = self.plan.render(row)
        found[self.what] = -found["azimuth"] if self.what == "azimuth" else found["audio"][::-1]
        return found
