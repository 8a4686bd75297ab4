"""SOFA files as they are found: mirrored ears, every layout and form of text, several distances, damage."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import sofa_sets
from sofa_sets import DIRECTIONS, RING, TEXT_FORMS, head, write

from whence.datagen.acoustics.cross_correlation import response_delay
from whence.datagen.acoustics.hrtf import open_head
from whence.datagen.acoustics.sofa_file import read_sofa
from whence.errors import InputError

LEFT, RIGHT = [[-1.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "head.sofa"


def assert_right(path: str) -> tuple[str, ...]:
    """The head hears as it was made: 0.6 ms between the ears at 90 degrees, and 12 dB. Return what was remarked."""
    found = open_head(path)
    for direction, sign in ((LEFT, 1), (RIGHT, -1)):
        heard = found.responses(direction)[0].astype(float)
        assert response_delay(heard) == pytest.approx(sign * 2 * sofa_sets.HALF_DELAY, abs=3e-5)
        level = 10 * np.log10(np.square(heard).sum(axis=1))
        assert level[0] - level[1] == pytest.approx(sign * 20 * np.log10(1.6 / 0.4), abs=0.5)
    return found.remarks


def refused(path: str, match: str) -> None:
    with pytest.raises(InputError, match=match) as error:
        open_head(path)
    assert str(error.value).startswith(path)
    assert "\n" not in str(error.value)


class TestEars:
    @pytest.mark.parametrize("receivers", ["rci", "rcm", "rc"])
    @pytest.mark.parametrize("receiver_type", ["cartesian", "spherical"])
    def test_a_file_that_is_right_is_taken_at_its_word(self, path, receivers, receiver_type):
        layout = {"receivers": receivers, "receiver_type": receiver_type}
        assert assert_right(write(path, **layout)) == ()
        assert assert_right(write(path, responses=head()[:, ::-1], first="right", **layout)) == ()

    @pytest.mark.parametrize("receivers", ["rci", "rcm"])
    def test_receivers_listed_mirrored_are_found_by_the_sound(self, path, receivers):
        for first, data in (("right", head()), ("left", head()[:, ::-1]), ("none", head()[:, ::-1])):
            (remark,) = assert_right(write(path, responses=data, first=first, receivers=receivers))
            assert "head.sofa: the ears are swapped against ReceiverPosition" in remark
            assert "of 18 sources at the side, 0 come earlier and 0 louder to the near ear, 18 and 18 to" in remark

    def test_a_mirrored_list_gives_the_bytes_of_a_right_one(self, tmp_path):
        heads = [open_head(write(tmp_path / f"{first}.sofa", first=first)) for first in ("left", "right")]
        asked = np.random.default_rng(0).standard_normal((20, 3))
        asked /= np.linalg.norm(asked, axis=1, keepdims=True)
        assert heads[0].responses(asked).tobytes() == heads[1].responses(asked).tobytes()

    @pytest.mark.parametrize("cue", ["delay", "level"])
    def test_one_cue_alone_will_do(self, path, cue):
        """Some sets come without their delays, and at low frequencies a head makes no level difference."""
        data = head(**{"delay": 0.0, "level": 0.0, cue: 1.0})
        assert open_head(write(path, responses=data)).remarks == ()
        assert "swapped" in open_head(write(path, responses=data, first="right")).remarks[0]

    def test_a_channel_that_is_louder_throughout_does_not_confuse(self, path):
        data = head() * np.array([3.0, 1.0])[:, None]
        assert open_head(write(path, responses=data)).remarks == ()
        assert "swapped" in open_head(write(path, responses=data, first="right")).remarks[0]

    def test_a_sound_that_does_not_tell_is_said_and_the_list_kept(self, path):
        data = head(delay=0.0, level=0.0) * np.array([1.0, 0.9])[:, None]
        for first, louder in (("left", 0), ("right", 1)):
            found = open_head(write(path, responses=data, first=first))
            assert (
                "the ears are taken as ReceiverPosition lists them, for their sound does not tell" in found.remarks[0]
            )
            assert np.square(found.responses(LEFT)[0]).sum(axis=1).argmax() == louder

    def test_delays_and_levels_that_contradict_each_other_are_refused(self, path):
        refused(write(path, responses=head(level=-1.0)), "delays and levels contradict each other: take another set")

    @pytest.mark.parametrize("first", ["left", "right"])
    def test_ears_that_are_swapped_in_many_directions_only_are_refused(self, path, first):
        data = np.where(np.arange(24)[:, None, None] % 8 < 4, head(), head()[:, ::-1])
        refused(write(path, responses=data, first=first), "9 come earlier .* so only some of the ears are swapped")

    def test_ears_that_are_swapped_in_a_few_directions_are_said(self, path):
        data = np.where(np.arange(24)[:, None, None] == 10, head()[:, ::-1], head())
        (remark,) = open_head(write(path, responses=data)).remarks
        assert "the ears may be swapped in some directions: of 18 sources at the side, 17 come earlier" in remark

    def test_receivers_of_another_shape_are_refused(self, path):
        name = write(path)
        for shape, match in [((3, 3, 1), "expected"), ((2, 3, 5), r"expected \(2, 3, 1\) or \(2, 3, 24\)")]:
            with h5py.File(name, "r+") as file:
                del file["ReceiverPosition"]
                file["ReceiverPosition"] = np.zeros(shape)
            refused(name, match)


class TestLayouts:
    @pytest.mark.parametrize("form", TEXT_FORMS)
    @pytest.mark.parametrize("libver", ["earliest", "latest"])
    def test_text_in_any_form(self, path, form, libver):
        assert assert_right(write(path, words=TEXT_FORMS[form], libver=libver)) == ()

    def test_missing_and_empty_types_are_the_usual_ones(self, path):
        name = write(path, types=False)
        assert_right(name)
        with h5py.File(name, "r+") as file:
            file["ListenerView"].attrs["Type"] = h5py.Empty("S1")
            file["ReceiverPosition"].attrs["Type"] = ""
        assert_right(name)
        with h5py.File(name, "r+") as file:
            file["SourcePosition"].attrs["Type"] = h5py.Empty("S1")
        refused(name, "SourcePosition of type 'none'; expected spherical or cartesian, with 3 columns")
        with h5py.File(name, "r+") as file:
            file.attrs["SOFAConventions"] = h5py.Empty("S1")
        refused(name, "its SOFA convention is 'none'; expected 'SimpleFreeFieldHRIR'")

    @pytest.mark.parametrize(
        "layout",
        [
            {"source_type": "cartesian", "units": "metre"},
            {"source_type": "cartesian", "units": "centimetre"},
            {"units": "radian"},
            {"rate": np.full(24, sofa_sets.RATE)},
            {"delay": np.full((1, 2), 100.0)},
            {"delay": np.full((24, 2), -7.0)},
        ],
        ids=str,
    )
    def test_units_types_rates_and_delays(self, path, layout):
        assert assert_right(write(path, **layout)) == ()
        assert read_sofa(str(path)).distance == pytest.approx(1.5)

    @pytest.mark.parametrize(
        ("units", "scale"),
        [
            ("gon, gon, metre", (10 / 9, 1)),
            ("Degrees; Degrees; Inches", (1, 1 / 0.0254)),
            ("degree, degree, ft", (1, 1 / 0.3048)),
        ],
    )
    def test_other_units_are_converted(self, path, units, scale):
        name = write(path)
        with h5py.File(name, "r+") as file:
            file["SourcePosition"][...] *= np.array([scale[0], scale[0], scale[1]])
            file["SourcePosition"].attrs["Units"] = units
        assert assert_right(name) == ()
        assert read_sofa(name).distance == pytest.approx(1.5)

    def test_sources_too_far_for_a_set_are_told(self, path):
        (remark,) = assert_right(write(path, radius=np.full(24, 150.0)))
        assert "its sources are 150 m away: is SourcePosition in centimetres?" in remark

    @pytest.mark.parametrize("unit", [1.0, 1e3])
    def test_delays_in_seconds_are_refused(self, path, unit):
        late = -unit * sofa_sets.HALF_DELAY * sofa_sets.towards(DIRECTIONS)[:, 1:2] * [1, -1]
        refused(write(path, responses=head(delay=0.0), delay=late), "give it in samples, not in seconds")
        right = write(path, responses=head(delay=0.0), delay=late / unit * sofa_sets.RATE)
        assert assert_right(right) == ()

    @pytest.mark.parametrize("source_type", ["cartesian", "spherical"])
    def test_a_listener_away_from_the_origin(self, path, source_type):
        """Positions are those of the room: a head at ear height in its middle, sources around it."""
        place = np.array([0.3, -0.2, 1.2])
        sources = 1.5 * sofa_sets.towards(DIRECTIONS) + place
        if source_type == "spherical":
            flat = np.hypot(sources[:, 0], sources[:, 1])
            angles = np.degrees([np.arctan2(sources[:, 1], sources[:, 0]), np.arctan2(sources[:, 2], flat)])
            sources = np.column_stack([*angles, np.linalg.norm(sources, axis=1)])
        name = write(path, source_type=source_type, units="metre" if source_type == "cartesian" else "degree")
        with h5py.File(name, "r+") as file:
            file["SourcePosition"][...] = sources
            file["ListenerPosition"] = place[None]
        assert assert_right(name) == ()
        assert read_sofa(name).distance == pytest.approx(1.5)

    @pytest.mark.parametrize(("up", "kind"), [((0, 0, 2), "cartesian"), ((0, 90, 1), "spherical"), ((0, 0, 1), "")])
    def test_an_upright_listener(self, path, up, kind):
        name = write(path)
        with h5py.File(name, "r+") as file:
            file["ListenerUp"] = np.array([up], float)
            if kind:
                file["ListenerUp"].attrs["Type"] = kind
        assert assert_right(name) == ()

    @pytest.mark.parametrize("up", [(0, 0, -1), (0, 1, 0), (0, 0, 0)])
    def test_a_listener_on_its_side_is_refused(self, path, up):
        name = write(path)
        with h5py.File(name, "r+") as file:
            file["ListenerUp"] = np.array([up], float)
        refused(name, r"its listener is not upright, \+z up \(ListenerUp\)")

    def test_angles_of_another_unit_or_of_other_coordinates_are_refused(self, path):
        name = write(path)
        with h5py.File(name, "r+") as file:
            file["SourcePosition"].attrs["Units"] = "radian, radian, metre"
        refused(name, "azimuths to 315 and elevations to 45 radians; expected at most two turns, and 90 degrees")
        x, y, z = sofa_sets.towards(DIRECTIONS).T
        polar = np.degrees([np.arcsin(y), np.arctan2(z, x) % (2 * np.pi)])
        with h5py.File(name, "r+") as file:
            file["SourcePosition"].attrs["Units"] = "degree, degree, metre"
            file["SourcePosition"][...] = np.column_stack([*polar, np.full(24, 1.5)])
        refused(name, "azimuths to 90 and elevations to 315 degrees")

    def test_one_source_position_for_all_leaves_a_gap(self, path):
        name = write(path)
        with h5py.File(name, "r+") as file:
            values = file["SourcePosition"][:1]
            del file["SourcePosition"]
            file["SourcePosition"] = values
            file["SourcePosition"].attrs["Type"] = "spherical"
        refused(name, "expected at most 30 deg all around; take a set with more directions")

    @pytest.mark.parametrize(
        ("name", "values", "match"),
        [
            ("Data.IR", np.zeros(0), "expected .directions, 2 ears, samples"),
            ("Data.IR", np.float64(1), "Data.IR holds no array of numbers"),
            ("Data.IR", np.array([b"loud"]), "Data.IR holds no array of numbers"),
            ("Data.IR", 1e300 * head(), "Data.IR peaks at 1.35e.300"),
            ("Data.IR", head() * np.where(np.arange(24) == 3, 1e6, 1)[:, None, None], "it is damaged"),
            ("Data.SamplingRate", [48_000.0, 44_100.0], "expected one rate of 8000 Hz or more"),
            ("Data.SamplingRate", [1e-300], "expected one rate of 8000 Hz or more"),
            ("Data.SamplingRate", [np.nan], "expected one rate of 8000 Hz or more"),
            ("Data.Delay", np.full((24, 2), np.nan), "Data.Delay reaches nan samples; expected at most 4800"),
            ("Data.Delay", np.full((24, 2), 1e9), r"Data.Delay reaches 1e\+09 samples; expected at most 4800"),
            ("Data.Delay", np.zeros((7, 2)), r"Data.Delay has the shape \(7, 2\)"),
            ("SourcePosition", np.full((24, 3), 1e300), "SourcePosition"),
            ("ListenerView", np.zeros((1, 3)), "its listener does not look along"),
            ("ListenerView", np.full((1, 3), np.nan), "its listener does not look along"),
        ],
    )
    def test_numbers_that_will_not_do(self, path, name, values, match):
        target = write(path)
        with h5py.File(target, "r+") as file:
            kind = dict(file[name].attrs)
            del file[name]
            file[name] = values
            file[name].attrs.update(kind)
        refused(target, match)

    def test_a_group_where_a_variable_should_be(self, path):
        name = write(path)
        with h5py.File(name, "r+") as file:
            del file["Data.IR"]
            file.create_group("Data.IR")
        refused(name, "Data.IR holds no array of numbers; download or export the file again")


class TestDistances:
    @pytest.mark.parametrize("jitter", [0.005, 0.05, 0.2])
    def test_a_distance_that_varies_a_little_is_one_distance(self, path, jitter):
        radius = 1.5 * (1 + jitter * np.random.default_rng(0).uniform(-1, 1, 24))
        remarks = assert_right(write(path, radius=radius))
        assert len(read_sofa(str(path)).directions) == 24
        assert [f"all count as at {radius.max():.2f} m" in remark for remark in remarks] == [True] * (jitter > 0.005)

    def test_of_several_distances_the_farthest_is_taken(self, path):
        """Nearer, this head hears nothing but mirrored ears."""
        directions, radius = np.tile(DIRECTIONS, (3, 1)), np.repeat([1.0, 2.0, 0.5], 24)
        data = np.concatenate([head()[:, ::-1], head(), head()[:, ::-1]])
        (remark,) = assert_right(write(path, directions, data, radius=radius))
        assert remark.endswith("measured at 3 distances; only the 24 responses at 2.00 m are used")
        assert read_sofa(str(path)).distance == 2.0

    def test_a_far_half_gives_way_to_a_nearer_whole(self, path):
        directions, radius = np.concatenate([DIRECTIONS, DIRECTIONS[:5]]), np.repeat([1.0, 2.0], [24, 5])
        (remark,) = assert_right(write(path, directions, radius=radius))
        assert remark.endswith("measured at 2 distances; only the 24 responses at 1.00 m are used")

    def test_half_heads_at_two_distances_are_refused(self, path):
        near, far = RING[:6], RING[3:]
        directions, radius = np.concatenate([near, far]), np.repeat([0.5, 1.0], [len(near), len(far)])
        refused(write(path, directions, radius=radius), "at ear height is 90 deg away")
        radius = np.where(np.arange(8) < 4, 0.4, 1.5)
        refused(write(path, RING, radius=radius), r"are 0\.40 to 1\.50 m away, and no single distance")


class TestDamage:
    def test_truncated_anywhere(self, path):
        whole = path.with_name("whole.sofa")
        write(whole, RING, head(RING))
        content = whole.read_bytes()
        for size in range(0, len(content) - 1, len(content) // 40):
            path.write_bytes(content[:size])
            refused(str(path), "damaged, or not a SOFA .HDF5. file; .* download or export it again")

    @pytest.mark.parametrize("libver", ["earliest", "latest"])
    def test_a_bit_turned_ends_in_one_line_or_a_whole_head(self, path, libver):
        """Everywhere but in the samples, where no reader can tell it from sound."""
        whole = path.with_name("whole.sofa")
        data = head(RING)[..., 8:40].astype(np.float32)
        write(whole, RING, data, libver=libver)
        content = whole.read_bytes()
        samples = content.index(data.tobytes())
        places = np.delete(np.arange(len(content)), np.s_[samples : samples + data.nbytes])
        rng, complaints = np.random.default_rng(0), []
        for at in rng.choice(places, 150, replace=False):
            struck = bytearray(content)
            struck[at] ^= 1 << int(rng.integers(8))
            path.write_bytes(struck)
            try:
                assert np.isfinite(read_sofa(str(path)).responses).all()
            except InputError as error:
                complaints.append(str(error))
        assert len(complaints) > 10
        assert all(complaint.startswith(str(path)) and "\n" not in complaint for complaint in complaints)

    def test_a_heap_of_text_without_an_end_is_refused(self, path):
        """The HDF5 library would search it for ever: the first object has become free space of no length."""
        content = bytearray(Path(write(path, words=str)).read_bytes())
        heap = content.index(b"GCOL")
        content[heap + 16 : heap + 18], content[heap + 24 : heap + 32] = bytes(2), bytes(8)
        path.write_bytes(content)
        refused(str(path), "damaged, or not a SOFA")
