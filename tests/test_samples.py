"""What pages play and show of public datasets: the right sample, under the right condition, and nothing else."""

import io
import shutil
import wave
from dataclasses import replace

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select
from test_pages import read
from toy_board import example_standing
from toy_public_set import write_public_set

from whence.benchmarks.questions.stimulus import GivenArray
from whence.benchmarks.speed.made_up_board import SLUG, make_board
from whence.datagen.dataset import Dataset
from whence.errors import InputError
from whence.leaderboard.boards.service import hosting
from whence.leaderboard.boards.service.app import create_app
from whence.leaderboard.boards.service.models import TrackRow
from whence.leaderboard.boards.service.ranges import Ranges
from whence.leaderboard.boards.service.settings import read_settings
from whence.leaderboard.pages.addresses import Address, live, static
from whence.leaderboard.pages.export import export_site
from whence.leaderboard.pages.router import router
from whence.leaderboard.pages.samples import Samples, ShownSample, samples_at, samples_given
from whence.leaderboard.pages.site import Site
from whence.registry import load_track


@pytest.fixture(scope="module")
def public(tmp_path_factory) -> Dataset:
    """The public dataset of the toy board."""
    standing = example_standing()
    names = sorted({name for entry in standing.entries.values() for name in entry.worst})
    return write_public_set(str(tmp_path_factory.mktemp("data") / "public.zarr"), names, standing.conditions)


@pytest.fixture(scope="module")
def standing(public):
    return replace(example_standing(), fingerprint=public.fingerprint)


@pytest.fixture
def samples(public):
    return samples_at(public.url, public.fingerprint)


@pytest.fixture
def client(standing, public):
    app = FastAPI()
    app.include_router(router(lambda: [standing], samples=lambda one: samples_at(public.url, one.fingerprint)))
    with TestClient(app) as client:
        yield client


def sound(content: bytes) -> np.ndarray:
    """The samples (2, n) of a 16-bit wav file at 16 kHz."""
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 16000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).T


def test_a_page_plays_its_worst_samples_under_the_middle_condition(client, standing, public):
    entry = standing.entries["good"]
    page = read(client.get("/tracks/toy-delays/entries/good").text)
    players = page.all("audio")
    assert [one["aria-label"] for one in players] == [f"clip {name}, SNR 10 dB" for name in entry.worst]
    assert {one["preload"] for one in players} == {"none"}
    names = public.column("sample_id").tolist()
    for one, name in zip(players, entry.worst, strict=True):
        answer = client.get(f"/tracks/toy-delays/entries/{one['src']}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
        stored = public.array("condition_1_audio")[names.index(name)]
        heard = sound(answer.content)
        assert heard.shape == stored.shape
        assert np.abs(heard / heard.max() - stored / stored.max()).max() < 1e-3


def test_every_condition_can_be_heard(client, standing, public):
    name = standing.entries["good"].worst[0]
    row = public.column("sample_id").tolist().index(name)
    for k, level in enumerate(("30", "10", "-10")):
        heard = sound(client.get(f"/tracks/toy-delays/samples/snr_db-{level}/{name}.wav").content)
        stored = public.array(f"condition_{k}_audio")[row]
        assert np.corrcoef(heard.ravel(), stored.ravel())[0, 1] > 0.999


@pytest.mark.parametrize(
    "path",
    [
        "snr_db-10/none.wav",
        "snr_db-10/{name}.mp3",
        "snr_db-10/{name}.0.jpg",
        "snr_db-10/{name}",
        "snr_db-20/{name}.wav",
        "all/{name}.wav",
        "snr_db-10_rt60_nominal-0.5/{name}.wav",
        "snr_db-10/..%2f..%2fmanifest.json",
        "..%2f..%2fmanifest.json",
        "snr_db-10/%00.wav",
        "snr_db-10/" + "x" * 4000 + ".wav",
    ],
)
def test_what_is_no_sample_is_404(client, standing, path):
    name = standing.entries["good"].worst[0]
    assert client.get(f"/tracks/toy-delays/samples/{path.format(name=name)}").status_code == 404
    assert client.get(f"/tracks/none/samples/snr_db-10/{name}.wav").status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-1", 206, slice(0, 2)),
        ("bytes=100-", 206, slice(100, None)),
        ("bytes=6000-99999", 206, slice(6000, None)),
        ("bytes=99999-", 200, slice(None)),
        ("bytes=9-3", 200, slice(None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=-99999", 206, slice(None)),
        ("bytes=-0", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("lines=0-1", 200, slice(None)),
    ],
)
def test_a_part_of_a_sound_is_sent_where_it_is_asked_for(client, standing, asked, status, part):
    address = f"/tracks/toy-delays/samples/snr_db-10/{standing.entries['good'].worst[0]}.wav"
    whole = client.get(address).content
    answer = TestClient(Ranges(client.app)).get(address, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (status, whole[part])
    assert int(answer.headers["content-length"]) == len(answer.content)
    first, last, _ = part.indices(len(whole))
    if status == 206:
        assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(whole)}"


def test_what_is_missing_has_no_parts(client):
    path = "/tracks/toy-delays/samples/snr_db-10/none.wav"
    assert TestClient(Ranges(client.app)).get(path, headers={"Range": "bytes=0-1"}).status_code == 404


def test_an_export_holds_what_its_pages_play(standing, samples, client, tmp_path):
    export_site([standing], tmp_path / "site", samples=lambda one: samples)
    written = set((tmp_path / "site").rglob("*.wav"))
    linked = set()
    for key in standing.entries:
        page = tmp_path / "site" / "tracks" / "toy-delays" / "entries" / key / "index.html"
        served = read(client.get(f"/tracks/toy-delays/entries/{key}").text).all("audio")
        for one, other in zip(read(page.read_text()).all("audio"), served, strict=True):
            file = (page.parent / one["src"]).resolve()
            assert file.read_bytes() == client.get(f"/tracks/toy-delays/entries/{other['src']}").content
            linked.add(file)
    assert written == linked
    for addresses in (static, live):
        paths = [addresses(one) for one in Site([standing], addresses, samples=lambda one: samples).every_address()]
        assert len(paths) == len({path.lower() for path in paths})


def test_data_that_moved_are_named_and_not_played(standing, public, tmp_path):
    moved = tmp_path / "moved.zarr"
    shutil.copytree(public.url, moved)
    app = FastAPI()
    app.include_router(router(lambda: [standing], samples=lambda one: samples_at(str(moved), one.fingerprint)))
    entry, clip = "/tracks/toy-delays/entries/good", f"snr_db-10/{standing.entries['good'].worst[0]}.wav"
    with TestClient(app) as client:
        assert client.get(f"/tracks/toy-delays/samples/{clip}").status_code == 200
        (shard,) = (path for path in (moved / "condition_1_audio" / "c").rglob("*") if path.is_file())
        shard.write_bytes(shard.read_bytes()[:100])
        assert client.get(f"/tracks/toy-delays/samples/{clip}").status_code == 404
        shutil.rmtree(moved)
        page = read(client.get(entry).text)
        assert page.all("audio") == []
        assert standing.entries["good"].worst[0] in page.text
        assert client.get(f"/tracks/toy-delays/samples/{clip}").status_code == 404
    assert samples_at(public.url, "0" * 64) is None
    assert samples_at(None, public.fingerprint) is None


def test_a_served_board_is_told_where_its_data_moved(standing, public, tmp_path):
    folder, moved = make_board(tmp_path / "board").folder, tmp_path / "moved.zarr"
    shutil.copytree(public.url, moved)
    with pytest.raises(InputError, match=rf"is the dataset {public.fingerprint[:16]}: track '{SLUG}' is on 0000"):
        hosting.move_data(folder, SLUG, str(moved))
    with pytest.raises(InputError, match="there is no track 'none'"):
        hosting.move_data(folder, "none", str(moved))
    served = create_app(read_settings(folder)).state.board
    with served.database.writing() as session:
        session.scalars(select(TrackRow)).one().fingerprint = public.fingerprint
    states = [served.state()]
    hosting.move_data(folder, SLUG, str(moved))
    states.append(served.state())
    assert served.samples(replace(standing, slug=SLUG)) is not None
    moved.rename(tmp_path / "elsewhere.zarr")
    states.append(served.state())
    assert served.samples(replace(standing, slug=SLUG)) is None
    assert len(set(states)) == 3, "pages are drawn anew"
    served.database.close()


def test_datasets_are_matched_by_fingerprint(standing, public, tmp_path):
    standing = replace(standing, commitment=public.recipe["commitment"])
    assert list(samples_given([public.url], [standing], {})) == [public.fingerprint]
    with pytest.raises(InputError, match="it was sealed with other labels than those that scored"):
        samples_given([public.url], [replace(standing, commitment="1" * 64)], {})
    with pytest.raises(InputError, match="does not exist"):
        samples_given([str(tmp_path / "x.zarr")], [standing], {})
    with pytest.raises(InputError, match=r"--data .*: the board has no track on this dataset"):
        samples_given([public.url], [replace(standing, fingerprint="0" * 64)], {})


def test_pictures_are_shown_in_pairs(standing, tmp_path):
    single = replace(standing, track="rotation", noun="pair", conditions=[{}], rows=(), comparisons=(), published=())
    name = single.entries["good"].worst[0]
    public = write_public_set(str(tmp_path / "public.zarr"), [name], [{}], "rotation")
    site = Site([single], live, samples=lambda one: samples_at(public.url, public.fingerprint))
    page = read(site.content(next(a for a in site.every_address() if a.kind == "entry" and a.keys == ("good",))))
    shown = [image for image in page.all("img") if image["src"].endswith("jpg")]
    assert [image["alt"] for image in shown] == [f"pair {name}, picture {k} of 2" for k in (1, 2)]
    for address in site.every_address():
        if address.kind == "sample":
            stored = public.array(f"condition_0_images_{address.file[-5]}")[0]
            picture = np.asarray(Image.open(io.BytesIO(site.data(address))))
            assert picture.shape == stored.shape
            assert np.corrcoef(picture.mean(axis=2).ravel(), stored.mean(axis=2).ravel())[0, 1] > 0.8


def test_sounds_are_played_and_pictures_counted_apart():
    files = [Address("sample", "t", ("all",), file=f"a.{end}") for end in ("0.jpg", "wav", "1.jpg")]
    shown = ShownSample("a", "pair a", files)
    assert [file.file for file in shown.sounds] == ["a.wav"]
    assert [file.file for file in shown.pictures] == ["a.0.jpg", "a.1.jpg"]


def test_an_array_that_no_browser_shows_is_left_out(public, monkeypatch):
    arrays = (GivenArray("audio", ("channel", "time"), "heard", "wav"), GivenArray("depth", ("row",), "depth", "npy"))
    track = load_track("tde")
    stimulus = replace(track.stimulus, arrays=arrays)
    monkeypatch.setattr("whence.leaderboard.pages.samples.load_track", lambda name: replace(track, stimulus=stimulus))
    name = str(public.column("sample_id")[0])
    assert Samples(public).files(name) == [f"{name}.wav"]
