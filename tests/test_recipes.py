"""Recipes travel: the same set from a dataset, its manifest, a run or a report, and one line for what is missing."""

import json
import platform
import shlex
import shutil
from functools import partial
from html import escape
from pathlib import Path

import fsspec
import gltf_rooms
import numpy as np
import pytest
import soundfile
from conftest import babble
from docs_pages import write_photograph, write_responses

import whence
from whence.cli import main
from whence.commands.typed import _word
from whence.cores import allowed_cores
from whence.datagen.brir import plan_brir
from whence.datagen.corpora import librispeech
from whence.datagen.dry_clips import open_dry_clips
from whence.datagen.hm3d_ss import plan_hm3d_ss
from whence.datagen.panning import plan_panning
from whence.datagen.panoramas import plan_panoramas
from whence.datagen.random_rooms import plan_random_rooms
from whence.datagen.recipes import Record, plan_again, read_record, sources_told
from whence.datagen.scenes.materials import MATERIALS
from whence.datagen.sounding_objects import plan_sounding_objects
from whence.datagen.talkers import plan_talkers
from whence.datagen.tde import plan_tde
from whence.digests import sha256
from whence.errors import InputError
from whence.hardware import hardware


class Answer:
    """What a command printed, and its exit code; a wrong input costs one line."""

    def __init__(self, capsys, *arguments, code=0):
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main([str(one) for one in arguments])
        self.out, self.err = capsys.readouterr()
        assert exit_.value.code == code, self.err
        errors = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == bool(code)


@pytest.fixture(scope="module")
def place(tmp_path_factory, speech_folder):
    """A folder with speech, a set `a.zarr` of it, made and benched by commands, and its run."""
    folder = tmp_path_factory.mktemp("recipes")
    shutil.copytree(speech_folder, folder / "speech")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr("whence.benchmarks.bench.write_pages", lambda run: None)  # tests/test_report.py has a page
        for line in (
            "whence generate tde a.zarr --speech speech --clips 1 --rt60 0.1 0.3 --seed 5",
            "whence bench tde a.zarr --method zero flat --out run --snr 10 clean",
        ):
            with pytest.raises(SystemExit, match="0"):
                main([*shlex.split(line)[1:], *(["--workers", "1"] if "generate" in line else [])])
    return folder


def fingerprint(folder: Path) -> str:
    """The sha256 of the manifest, whose canonical form is written here anew."""
    manifest = json.loads((folder / "manifest.json").read_text())
    return sha256(json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())


@pytest.fixture
def here(place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setattr("whence.benchmarks.bench.write_pages", lambda run: None)
    return place


class TestTheSameSet:
    """Every form of a recipe renders the same bytes."""

    def test_from_the_dataset_the_run_and_a_page(self, here, tmp_path, capsys):
        recipe = json.dumps(json.loads((here / "run/results.json").read_text())["dataset"], indent=1)
        (tmp_path / "report.html").write_text(f'<h2>a</h2><pre id="recipe">{escape(recipe)}</pre>')
        shutil.copy(here / "a.zarr/manifest.json", tmp_path / "m.json")
        wanted = fingerprint(here / "a.zarr")
        for k, form in enumerate(("a.zarr", "run", tmp_path / "report.html", tmp_path / "m.json")):
            out = tmp_path / f"{k}.zarr"
            answer = Answer(capsys, "generate", "--recipe", form, out, "--speech", "speech", "--workers", "1")
            assert fingerprint(out) == wanted
            assert "the same fingerprint" in answer.err

    def test_a_manifest_in_its_dataset_knows_where_the_speech_is(self, here):
        assert read_record("a.zarr/manifest.json").attributes["speech"]["location"] == str(here / "speech")

    def test_behind_a_url(self, here):
        files = fsspec.filesystem("memory")
        files.pipe_file("/recipes/results.json", (here / "run/results.json").read_bytes())
        assert read_record("memory://recipes/results.json").fingerprint == fingerprint(here / "a.zarr")
        with pytest.raises(InputError, match=r"memory://recipes/report\.html: cannot be read; give a dataset"):
            read_record("memory://recipes/report.html")

    def test_in_python(self, here, tmp_path):
        again = whence.generate("recipe", tmp_path / "p.zarr", recipe="run/results.json", speech="speech")
        assert again.fingerprint == fingerprint(here / "a.zarr")

    def test_an_edited_recipe_is_told(self, here, tmp_path, capsys):
        results = json.loads((here / "run/results.json").read_text())
        results["dataset"]["recipe"]["seed"] = 6
        (tmp_path / "r.json").write_text(json.dumps(results))
        out = tmp_path / "e.zarr"
        options = ("--speech", "speech", "--workers", "1")
        answer = Answer(capsys, "generate", "--recipe", tmp_path / "r.json", out, *options, code=1)
        assert "has another fingerprint" in answer.err


class TestWhatIsMissing:
    """Speech is named by kind, layout and digest; what is pointed at must have that digest."""

    def test_speech_that_is_not_here(self, here, capsys):
        digest = json.loads((here / "a.zarr/manifest.json").read_text())["recipe"]["corpus"]
        answer = Answer(capsys, "generate", "--recipe", "run", "x.zarr", code=2)
        assert f"missing the speech (folder, 7 clips, speakers by folder names, digest {digest[:12]})" in answer.err
        assert "--speech DIR" in answer.err
        assert not (here / "x.zarr").exists()

    def test_other_speech(self, here, tmp_path, capsys):
        soundfile.write(tmp_path / "a.wav", babble(2.0, np.random.default_rng(1)), 16_000)
        answer = Answer(capsys, "generate", "--recipe", "run", "x.zarr", "--speech", tmp_path, code=2)
        assert "is not the speech that the dataset was made from (folder, 7 clips" in answer.err

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            (("nowhere",), "nowhere: No such file or directory; give a dataset"),
            (("speech",), "speech holds no recipe: give a dataset"),
            (("speech/speaker0/utterance0.wav",), "utterance0.wav holds no recipe"),
            (("run", "--scenes", "speech"), "--scenes: the recipe in run/results.json has no scenes"),
            (("run", "--speech", "nowhere"), "nowhere: no such folder"),
        ],
    )
    def test_wrong_input(self, here, capsys, options, text):
        assert text in Answer(capsys, "generate", "x.zarr", "--recipe", *options, code=2).err

    @pytest.mark.parametrize(
        ("record", "text"),
        [
            ({"name": "tde", "recipe": {"corpus": "12", "clips": -1}}, "its recipe is not one of tde .clips: "),
            ({"name": "sealed", "recipe": {}}, "a sealed set was not rendered"),
            ({"name": "hm3d-ss", "recipe": {"upstream": "12"}}, "import its files again"),
        ],
    )
    def test_a_record_that_makes_no_set(self, tmp_path, record, text):
        (tmp_path / "r.json").write_text(json.dumps(record))
        with pytest.raises(InputError, match=text):
            plan_again(read_record(str(tmp_path / "r.json")), {})


def told(plan) -> Record:
    """Return the record of `plan` after it has travelled as JSON."""
    here = Record("here", plan.dataset, plan.recipe, plan.provenance)
    return read_from_json({"name": plan.dataset, "recipe": plan.recipe, "sources": sources_told(here)})


def read_from_json(record) -> Record:
    text = json.dumps(record)
    assert str(Path.home()) not in text
    found = json.loads(text)
    return Record("there", found["name"], found["recipe"], found["sources"])


class TestEveryKind:
    """A recipe that has travelled plans the same rows, without a path in it."""

    @pytest.mark.parametrize(
        "plan",
        [
            lambda: plan_tde(None, clips=2, seed=1),
            lambda: plan_talkers(None, clips=1),
            lambda: plan_random_rooms(None, train_clips=4, val_clips=2),
            lambda: plan_hm3d_ss("procedural", None, scene_count=1, examples=2),
            lambda: plan_sounding_objects(homes=1, pictures=2),
            lambda: plan_panning(homes=1, clips=1),
            lambda: open_dry_clips(None, 8, 0),
        ],
    )
    def test_made_here(self, plan):
        made = plan()
        assert plan_again(told(made), {}) == made

    def test_materials_travel_as_values(self, tmp_path):
        """Neither `verify` nor `generate --recipe` reads the file of --materials again, which may be gone or other."""
        gltf_rooms.write_room(tmp_path / "homes/room.glb", name="Mat.001")
        file = tmp_path / "m.toml"
        file.write_text('"Mat.001" = "carpet"')
        planned = partial(plan_hm3d_ss, str(tmp_path / "homes"), None, scene_count=1, examples=1, materials=str(file))
        soft, record = planned(), told(planned())
        file.write_text('"Mat.001" = "tile"')
        hard = planned()
        file.unlink()
        again = plan_again(record, {"scenes": str(tmp_path / "homes")})
        assert again.recipe == soft.recipe != hard.recipe
        assert {one.absorption for one in again.scenes.load(0).materials} == {MATERIALS["carpet"].absorption}
        with pytest.raises(InputError, match=r"--materials .*m.toml does not exist"):
            planned()

    def test_from_folders(self, speech_folder, tmp_path):
        write_responses(tmp_path / "responses")
        write_photograph(tmp_path / "photographs/hall.png", np.random.default_rng(0))
        heard = plan_brir(str(tmp_path / "responses"), str(speech_folder), clips=1)
        seen = plan_panoramas(str(tmp_path / "photographs"), pairs=2)
        places = {"responses": str(tmp_path / "responses"), "speech": str(speech_folder)}
        assert plan_again(told(heard), places).recipe == heard.recipe
        assert plan_again(told(seen), {"images": str(tmp_path / "photographs")}).recipe == seen.recipe
        with pytest.raises(InputError, match=r"missing the measured responses \(3 responses, digest .*--responses DIR"):
            plan_again(told(heard), {"speech": str(speech_folder)})
        with pytest.raises(InputError, match=r"missing the photographs \(1 photograph, digest .*--images DIR"):
            plan_again(told(seen), {})

    def test_librispeech_lies_elsewhere(self, speech_folder, tmp_path, monkeypatch):
        monkeypatch.setenv("WHENCE_CACHE", str(tmp_path / "cache"))
        subset = tmp_path / "cache/librispeech/test-clean"
        subset.mkdir(parents=True)
        soundfile.write(subset / "84-121123-0001.wav", babble(10.5, np.random.default_rng(2)), 16_000)
        assert librispeech.is_cached("test-clean")
        made = [plan_tde("librispeech", clips=1), open_dry_clips("librispeech", 8, 0)]
        shutil.move(subset, tmp_path / "moved")
        for plan in made:
            with pytest.raises(InputError, match="librispeech test-clean, 1 clip, speakers by LibriSpeech"):
                plan_again(told(plan), {})
            assert plan_again(told(plan), {"speech": str(tmp_path / "moved")}).recipe == plan.recipe


class TestHowItWasMade:
    """Datasets and results hold the commands, the versions and the machine, and no more than was typed."""

    def test_the_command_of_the_dataset(self, here):
        assert whence.open("a.zarr").attributes["command"] == (
            "whence generate tde a.zarr --speech speech --clips 1 --rt60 0.1 0.3 --seed 5"
        )

    def test_results(self, here):
        text = (here / "run/results.json").read_text()
        found = json.loads(text)
        assert found["made"]["commands"] == ["whence bench tde a.zarr --method zero flat --out run --snr 10 clean"]
        assert found["dataset"]["command"] == whence.open("a.zarr").attributes["command"]
        assert found["made"]["seed"] == 5
        assert found["made"]["software"]["whence"] == whence.__version__
        assert found["made"]["software"]["numpy"] == np.__version__
        assert found["made"]["machine"]["cores"] == allowed_cores()
        assert str(here) not in text
        assert str(Path.home()) not in text
        assert platform.node() not in text

    def test_a_command_repeats_the_run(self, here, capsys):
        before = sorted(path.name for path in (here / "run/predictions").iterdir())
        made = json.loads((here / "run/results.json").read_text())["made"]
        Answer(capsys, *shlex.split(made["commands"][0])[1:])
        assert json.loads((here / "run/results.json").read_text())["made"] == made
        assert sorted(path.name for path in (here / "run/predictions").iterdir()) == before

    def test_calls_from_python(self, here, capsys):
        run = whence.bench("tde", "a.zarr", ["zero"], {"snr_db": [10, None]}, out="py", max_samples=4)
        (command,) = run.finished.results.made["commands"]
        assert command == "whence bench tde a.zarr --method zero --out py --snr 10 off --max-samples 4"
        before = sorted((here / "py/predictions").iterdir())
        Answer(capsys, *shlex.split(command)[1:])
        assert sorted((here / "py/predictions").iterdir()) == before

        def mine(batch):
            return np.zeros(len(batch.audio))

        run = whence.bench("tde", "a.zarr", {"ours": mine}, {"snr_db": 10}, out="py", max_samples=4)
        assert run.finished.results.made["commands"] == [
            command,
            "whence.bench('tde', 'a.zarr', methods={'ours': mine}, conditions={'snr_db': 10}, out='py', max_samples=4)",
        ]

    def test_passwords_stay_out(self):
        assert _word("https://me:secret@host/a.zarr?X-Amz-Signature=1") == "https://host/a.zarr"
        assert _word("s3://bucket/what?.zarr/a b") == "s3://bucket/what?.zarr/a b"
        assert _word("what?") == "what?"

    def test_the_processor(self, tmp_path):
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc/cpuinfo").write_text("processor\t: 0\nvendor_id\t: X\nmodel name\t: Some CPU @ 2 GHz\n")
        found = hardware(tmp_path)
        assert found["processor"] == "Some CPU @ 2 GHz"
        assert found.keys() == {"processor", "cores", "memory_gib", "system"}
        assert hardware(tmp_path / "none")["processor"]
