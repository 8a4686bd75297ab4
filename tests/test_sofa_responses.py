"""Measured responses in SOFA files of heads and rooms: which azimuth each has, in every convention."""

import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import sofa_sets
import soundfile

from whence.conventions import SAMPLE_RATE
from whence.datagen.acoustics.cross_correlation import response_delay
from whence.datagen.brir import plan_brir, replan
from whence.datagen.dataset import Dataset
from whence.datagen.opening_responses import open_responses
from whence.datagen.pipeline import generate, rerender_differences
from whence.errors import InputError

TURNS = np.array([0.0, 40.0, -60.0, 90.0])
"""Headings of the head, degrees, positive to the left."""
SPEAKERS = np.array([30.0, -80.0, 150.0])
"""Where loudspeakers stand in the room, seen from the head, degrees, positive to the left."""


def around(degrees: np.ndarray) -> np.ndarray:
    """Return points (n, 3) at 2 m: x ahead, y left, z up."""
    return 2 * sofa_sets.towards(np.column_stack([degrees, 0 * degrees]))


def write(path: Path, azimuth: np.ndarray, convention: str, **variables: Any) -> str:
    """Write a head that hears sources at each `azimuth` (measurements, emitters), degrees, positive to the left."""
    flat = azimuth.ravel()
    responses = sofa_sets.head(np.column_stack([flat, 0 * flat]), level=1.0).reshape(*azimuth.shape, 2, -1)
    responses = np.pad(responses, [(0, 0), (0, 0), (0, 0), (0, 400)]).swapaxes(1, 2)
    shaped = {"FIR": responses[:, :, 0], "FIRE": responses, "FIR-E": responses.swapaxes(2, 3)}
    kind = {"MultiSpeakerBRIR": "FIRE", "SingleRoomMIMOSRIR": "FIR-E"}.get(convention, "FIR")
    given = {"Data.IR": shaped[kind], "Data.SamplingRate": [float(sofa_sets.RATE)]}
    given |= {"ReceiverPosition": np.array([[0, 0.09, 0], [0, -0.09, 0]])[..., None]}
    with h5py.File(path, "w") as file:
        file.attrs["SOFAConventions"], file.attrs["DataType"] = np.bytes_(convention), np.bytes_(kind)
        for name, values in (given | variables).items():
            file[name] = values
            file[name].attrs["Type"] = np.bytes_("cartesian")
    return str(path)


LAYOUTS = {
    "loudspeakers, a head that turns": (
        "MultiSpeakerBRIR",
        SPEAKERS - TURNS[:, None],
        {"SourcePosition": np.zeros((1, 3)), "EmitterPosition": around(SPEAKERS)[..., None]},
    ),
    "one loudspeaker at a place of its own": (
        "MultiSpeakerBRIR",
        SPEAKERS[:1] - TURNS[:, None],
        {"SourcePosition": np.zeros((1, 3)), "EmitterPosition": around(SPEAKERS[:1])[..., None]},
    ),
    "an array that faces the head": (
        "SingleRoomMIMOSRIR",
        SPEAKERS - TURNS[:, None],
        {
            "SourcePosition": [[5.0, 1.0, 0.0]],
            "SourceView": [[-1.0, 0.0, 0.0]],
            "EmitterPosition": ((around(SPEAKERS) - [5.0, 1.0, 0.0]) * [-1, -1, 1])[..., None],
        },
    ),
    "a head that turns in a room": (
        "SingleRoomSRIR",
        SPEAKERS[:1] - TURNS[:, None],
        {"SourcePosition": around(SPEAKERS[:1]) + np.array([3, 4, 1]), "ListenerPosition": [[3.0, 4.0, 1.0]]},
    ),
    "the older name": ("SingleRoomDRIR", SPEAKERS[:1] - TURNS[:, None], {"SourcePosition": around(SPEAKERS[:1])}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_azimuths_are_those_that_the_head_sees(tmp_path, layout):
    convention, azimuth, variables = LAYOUTS[layout]
    path = write(tmp_path / "room.sofa", azimuth, convention, ListenerView=around(TURNS), **variables)
    responses, remarks = open_responses(path)
    assert remarks == ()
    seen = np.array([response.azimuth for response in responses]).reshape(azimuth.shape)
    assert np.abs((seen - azimuth + 180) % 360 - 180).max() < 1e-4
    assert [response.distance for response in responses] == pytest.approx([2.0] * azimuth.size)
    delays = [response_delay(response.audio) for response in responses]
    assert delays == pytest.approx((6e-4 * np.sin(np.radians(azimuth))).ravel(), abs=3e-5)
    assert len({response.name for response in responses}) == azimuth.size


def test_a_free_field_set_gives_its_sources_at_ear_height(tmp_path):
    path = sofa_sets.write(tmp_path / "head.sofa", delay=np.zeros((1, 2)))
    responses, (remark,) = open_responses(path)
    assert sorted(response.azimuth % 360 for response in responses) == pytest.approx(np.arange(0, 360, 45))
    assert "16 responses from above or below ear height are left out" in remark
    mirrored = sofa_sets.write(tmp_path / "mirrored.sofa", responses=sofa_sets.head()[:, ::-1])
    assert "the ears are swapped against ReceiverPosition" in open_responses(mirrored)[1][0]


def test_a_folder_of_rooms_renders_and_renders_again(tmp_path, speech_folder):
    convention, azimuth, variables = LAYOUTS["a head that turns in a room"]
    (tmp_path / "rooms").mkdir()
    for name in ("hall", "office"):
        path = tmp_path / f"rooms/{name}.sofa"
        write(path, azimuth, convention, ListenerView=around(TURNS), **variables)
    plan = plan_brir(str(tmp_path / "rooms"), str(speech_folder), clips=1)
    generate(plan, str(tmp_path / "rooms.zarr"))
    dataset = Dataset(str(tmp_path / "rooms.zarr"))
    assert dataset.column("azimuth").tolist() == pytest.approx([30, -10, 90, -60] * 2)
    assert dataset.column("response")[4] == "office.sofa/00000"
    assert rerender_differences(replan(dataset, {}), dataset, [0, 5]) == []


def test_every_sofa_file_of_a_folder_is_taken_and_what_macos_leaves_is_not(tmp_path):
    (tmp_path / "._hall.sofa").write_bytes(b"Mac OS X")
    for name in ("hall.sofa", "office.SOFA"):
        sofa_sets.write(tmp_path / name)
    responses, _ = open_responses(str(tmp_path))
    assert {response.name.partition("/")[0] for response in responses} == {"hall.sofa", "office.SOFA"}


@pytest.mark.parametrize("called", ["index.xlsx", "Index.CSV"])
def test_an_index_of_another_kind_or_spelling_is_named(tmp_path, called):
    (tmp_path / called).write_bytes(b"PK")
    with pytest.raises(InputError, match=f"index.csv does not exist: save {called} as index.csv"):
        open_responses(str(tmp_path))


FAULTS = {
    "another convention": ({"convention": "GeneralTF"}, "its SOFA convention is 'GeneralTF'; expected one of Simple"),
    "an array": ({"Data.IR": np.ones((4, 32, 64))}, "it has 32 receivers; expected two, the ears of a head"),
    "far microphones": (
        {"ReceiverPosition": np.array([[0, 1.0, 0], [0, -1.0, 0]])[..., None]},
        r"its receivers are 2\.00 m apart; expected the ears of a head",
    ),
    "looks up": ({"ListenerView": [[0.0, 0.0, 1.0]]}, "ListenerView points up, down or nowhere"),
    "lies": ({"ListenerUp": [[0.0, 1.0, 0.0]]}, r"its listener is not upright, \+z up"),
    "at the listener": ({"SourcePosition": [[3.0, 4.0, 1.0]]}, "a source stands at the listener, or nowhere"),
    "other measurements": ({"SourcePosition": np.ones((3, 3))}, r"SourcePosition has the shape \(3, 3\) for 4 meas"),
    "silence": ({"Data.IR": np.zeros((4, 2, 64))}, "not finite or silent somewhere"),
    "delays": ({"Data.Delay": np.zeros((3, 2))}, r"Data\.Delay has the shape"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_named(tmp_path, fault):
    bent, said = FAULTS[fault]
    _, azimuth, variables = LAYOUTS["a head that turns in a room"]
    given = {"ListenerView": around(TURNS), **variables, **bent}
    path = write(tmp_path / "x.sofa", azimuth, str(given.pop("convention", "SingleRoomSRIR")), **given)
    with pytest.raises(InputError, match=said) as error:
        open_responses(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("bent", "said"),
    [
        ({"Data.SamplingRate": [96_000.0]}, r"cm radius, .* \(Data\.SamplingRate, 96000 Hz\)"),
        ({"quieter": 1e-4}, "the right ear is 7[0-9] dB quieter throughout"),
    ],
)
def test_what_no_head_hears_is_refused(tmp_path, bent, said):
    convention, azimuth, variables = LAYOUTS["loudspeakers, a head that turns"]
    variables = variables | bent
    quieter = variables.pop("quieter", 1.0)
    path = write(tmp_path / "x.sofa", azimuth, convention, ListenerView=around(TURNS), **variables)
    with h5py.File(path, "r+") as file:
        file["Data.IR"][:, 1] *= quieter
    with pytest.raises(InputError, match=said):
        open_responses(path)


def test_sources_too_far_for_a_room_are_told(tmp_path):
    _, azimuth, variables = LAYOUTS["the older name"]
    far = {"SourcePosition": 100 * variables["SourcePosition"]}
    path = write(tmp_path / "x.sofa", azimuth, "SingleRoomDRIR", ListenerView=around(TURNS), **far)
    (remark,) = open_responses(path)[1]
    assert "its sources are 200 m away: are the positions in centimetres?" in remark


def test_what_is_no_sofa_file_is_named(tmp_path):
    (tmp_path / "x.sofa").write_text("not HDF5")
    with pytest.raises(InputError, match="damaged, or not a SOFA"):
        open_responses(str(tmp_path / "x.sofa"))
    (tmp_path / "x.wav").write_text("")
    with pytest.raises(InputError, match="expected a SOFA file, or a folder of stereo wavs"):
        open_responses(str(tmp_path / "x.wav"))
    with pytest.raises(InputError, match="nowhere does not exist: give a SOFA file"):
        open_responses(str(tmp_path / "nowhere"))


@pytest.mark.parametrize("turned", [False, True])
def test_an_azimuth_that_disagrees_with_its_delay_is_told(tmp_path, turned):
    """Of five sources one, said to be at 60 degrees, was measured at 10; the same in wavs and in a SOFA file."""
    truth = np.array([-75.0, -40.0, 10.0, 40.0, 75.0])
    labels = np.where(truth == 10, 60.0, truth) if turned else truth
    write(tmp_path / "set.sofa", truth[:, None], "SingleRoomSRIR", SourcePosition=around(labels))
    rows = ["file,azimuth_deg"]
    for k, response in enumerate(open_responses(str(tmp_path / "set.sofa"))[0]):
        (tmp_path / "wavs").mkdir(exist_ok=True)
        soundfile.write(tmp_path / f"wavs/{k}.wav", response.audio.T, SAMPLE_RATE, subtype="FLOAT")
        rows.append(f"{k}.wav,{labels[k]}")
    (tmp_path / "wavs/index.csv").write_text("\n".join(rows))
    for place, name in (("set.sofa", "set.sofa/00002"), ("wavs", "2.wav")):
        remarks = open_responses(str(tmp_path / place))[1]
        assert len(remarks) == int(turned)
        said = rf"'{name}' at 60 deg should have a delay of \+0\.\d+ ms, but \+0\.1\d ms is measured: look"
        assert all(re.search(said, line) for line in remarks)
