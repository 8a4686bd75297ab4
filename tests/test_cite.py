"""Papers, licences and cards: each method and set has its paper, every licence that went in is told."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from toy_plan import ToyPlan

import whence
from whence.benchmarks.report import citations
from whence.benchmarks.report.citations import bibtex, cited, entries
from whence.cli import main
from whence.datagen.dataset import Dataset
from whence.datagen.hub import licence_fields, size_category
from whence.datagen.licences import licences_of
from whence.datagen.pipeline import generate
from whence.datagen.recipes import Record
from whence.registry import DATASETS, METHODS, TRACKS

ROOT = Path(__file__).parents[1]
WITHOUT_PAPER = {"zero", "random", "flat", "beta", "iid-rms", "iid-vote", "whence-delay", "centre-blob"}
WITHOUT_PAPER |= {"whole-picture", "random-map", "dataset-prior", "random-view", "random-rotation", "random-azimuth"}
WITHOUT_PAPER |= {name for name in METHODS if "oracle" in name}


def run(capsys, *arguments, code=0):
    """Return what a command printed; a wrong input costs one line."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as exit_:
        main([str(one) for one in arguments])
    out, err = capsys.readouterr()
    assert exit_.value.code == code, err
    assert len([line for line in err.splitlines() if line.startswith("error: ")]) == bool(code)
    return err if code else out


def keys_in(text):
    return re.findall(r"^@\w+\{(\w+),$", text, re.MULTILINE)


class Sung(ToyPlan):
    """Rows from three kinds of source."""

    @property
    def provenance(self):
        speech = {"kind": "folder", "clips": 3, "speakers_known_by": {"VCTK": 2, "unknown": 1}}
        speech["licences"] = {"CC BY 4.0": 2, "on request": 1}
        return {"engine": {"name": "toy"}, "speech": speech, "images": {"location": "/home/me/pictures"}}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    url = tmp_path_factory.mktemp("sung") / "sung.zarr"
    generate(Sung(), str(url), command="whence generate toy sung.zarr")
    return url


class TestReferences:
    """The file of entries, and what points at them."""

    def test_every_entry_is_whole(self):
        text = (ROOT / "benchmarks/report/references.bib").read_text()
        assert keys_in(text) == list(entries())
        for key, entry in entries().items():
            assert entry.count("{") == entry.count("}"), key
            assert re.search(r"^  title = \{.+\},$", entry, re.MULTILINE), key
            assert re.search(r"^  author = \{.+\},?$", entry, re.MULTILINE), key
            dated = re.search(r"^  year = \{(19|20)\d\d\},?$", entry, re.MULTILINE)
            assert dated or entry.startswith(("@software", "@misc")), key

    def test_every_entry_is_cited_for_something(self):
        several = (citations.KINDS, citations.PUBLIC_SETS, citations.ENGINES, citations.TRACKS, citations.PAPERS)
        used = {key for table in several for keys in table.values() for key in keys}
        used |= {*citations.CORPORA.values(), *citations.NAMED_IN_LICENCES.values(), "whence", "duda1998range"}
        assert used == set(entries())

    def test_tracks_and_kinds_have_their_papers(self):
        assert citations.TRACKS.keys() == TRACKS.keys()
        assert set(DATASETS) <= set(citations.KINDS)

    def test_methods_have_the_papers_that_their_summaries_name(self):
        assert citations.PAPERS.keys() | WITHOUT_PAPER == METHODS.keys()
        named = {
            name: match
            for name, one in METHODS.items()
            if (match := re.search(r"(\w+)(?: et al\.| and \w+)?(?:'s [\w ]+)? \(?((?:19|20)\d\d)\)", one.summary))
        }
        assert len(named) > 8
        for name, (who, year) in ((name, match.groups()) for name, match in named.items()):
            texts = [entries()[key] for key in citations.PAPERS[name]]
            assert any(f"year = {{{year}}}" in text and who in text for text in texts), name

    def test_the_citation_file_names_the_papers_of_every_track(self):
        found = yaml.safe_load((ROOT / "CITATION.cff").read_text())
        assert found["version"] == whence.__version__
        titles = {one["title"] for one in found["references"]}
        for key in {key for keys in citations.TRACKS.values() for key in keys} - {"senocak2019analysis"}:
            assert re.search(r"title = \{(.+)\}", entries()[key])[1] in titles
        assert all(one["authors"] and one["year"] for one in found["references"])


class TestCite:
    """What is printed for a dataset and for a run."""

    def test_a_dataset(self, data, capsys):
        text = run(capsys, "cite", data)
        assert keys_in(text) == ["whence", "yamagishi2019vctk"]
        assert f"version = {{{whence.__version__}}}" in text
        assert "%   speech: CC BY 4.0; on request\n%   images: not stated\n" in text
        assert "% images: not described: not recognised; cite it as its authors ask\n" in text
        found = json.loads(run(capsys, "cite", data, "--json"))
        assert found["licences"] == {"speech": ["CC BY 4.0", "on request"], "images": ["not stated"]}
        assert [key for work in found["works"] for key in work["keys"]] == keys_in(text)

    def test_a_run(self, tmp_path, capsys):
        source = {"kind": "espeak", "speakers_known_by": {"espeak-ng": 3}, "licences": {"no rights claimed": 3}}
        dataset = {"fingerprint": "12", "name": "tde", "recipe": {"corpus": "34"}, "sources": {"speech": source}}
        row = dict.fromkeys(("unit", "value", "ci_low", "ci_high", "n", "skill", "rank"))
        methods = ("chance", "ceiling", "gcc-phat:votes=mode", "superglue", "mine.py:Mine", "pan:map=attention")
        rows = [{"method": name, "condition": {}, "metric": "mae", **row} for name in methods]
        content = {"track": "tde", "dataset": dataset, "protocol": "paper", "rows": rows}
        (tmp_path / "results.json").write_text(json.dumps(content))
        text = run(capsys, "cite", tmp_path)
        assert keys_in(text) == [
            *("whence", "chen2022time", "allen1979image", "espeakng", "knapp1976generalized"),
            *("sarlin2020superglue", "detone2018superpoint", "senocak2019analysis", "senocak2018learning"),
        ]
        assert "% track tde\n%   chen2022time, above" in text
        assert "% method mine.py:Mine: unknown here" in text
        assert "%   weights of superglue: noncommercial research only" in text
        assert run(capsys, "cite", tmp_path / "results.json") == text

    def test_a_folder_of_unknown_speech_is_named_by_its_digest(self):
        about = {"kind": "folder", "clips": 7, "speakers_known_by": {"folder names": 7}}
        works = cited(Record("here", "tde", {"corpus": "12ab" * 16}, {"speech": about}))
        assert "% speech: folder, 7 clips, speakers by folder names, digest 12ab12ab12ab: not recognised" in bibtex(
            works, {}
        )

    def test_sealed_sets_state_the_licences_of_their_source(self):
        record = Record("here", "sealed", {"source": "tde"}, {"licences": {"speech": ["CC BY 4.0"]}})
        assert licences_of(record) == {"speech": ["CC BY 4.0"]}
        assert "chen2022time" in bibtex(cited(record), {})

    def test_wrong_input(self, tmp_path, capsys):
        assert "does not exist" in run(capsys, "cite", "memory://nothing.zarr", code=2)
        assert "holds no recipe" in run(capsys, "cite", tmp_path, code=2)


def front_matter(path):
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    return yaml.safe_load(head), body


class TestCard:
    """Cards for the Hugging Face Hub."""

    def test_a_dataset(self, data, tmp_path, capsys):
        run(capsys, "card", data, "--out", tmp_path / "README.md")
        fields, body = front_matter(tmp_path / "README.md")
        assert fields["license"] == "other"
        assert fields["license_details"] == "CC BY 4.0; on request; unknown"
        assert fields["size_categories"] == ["n<1K"]
        assert fields["configs"] == [{"config_name": "toy", "data_files": "sung.zarr/**"}]
        assert fields["dataset_info"]["splits"] == [{"name": "test", "num_examples": 11}]
        size = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
        assert fields["dataset_info"]["dataset_size"] == size
        assert {"whence", "sound-localization", "toy"} <= set(fields["tags"])
        for text in (Dataset(str(data)).fingerprint, "whence generate toy sung.zarr", "- images: not stated", "@misc"):
            assert text in body
        assert "/home/me" not in body

    def test_a_checkpoint(self, tmp_path, capsys):
        weights = ROOT / "models/weights/salvati.safetensors"
        run(capsys, "card", weights, "--out", tmp_path / "README.md")
        fields, body = front_matter(tmp_path / "README.md")
        shipped = (ROOT / "models/weights/salvati.md").read_text()
        fingerprint = re.search(r"fingerprint (\w+)", shipped)[1]
        assert fingerprint in body
        assert "CMU ARCTIC licence (free use, BSD-style)" in fields["license_details"]
        assert fields["tags"] == ["whence", "sound-localization", "salvati", "tde", "left-right"]
        last = float(shipped.strip().splitlines()[-1].split("|")[4])
        assert f"{last:.4g}" in body
        assert "@inproceedings{salvati2021time," in body

    def test_the_hub_reads_them(self, data, tmp_path, capsys):
        hub = pytest.importorskip("huggingface_hub")
        run(capsys, "card", data, "--out", tmp_path / "data.md")
        card = hub.DatasetCard.load(tmp_path / "data.md")
        assert (card.data.license, card.data.size_categories) == ("other", ["n<1K"])

    def test_wrong_input(self, data, tmp_path, capsys):
        (tmp_path / "a.md").write_text("mine")
        assert "a.md exists: choose another file, or give --overwrite" in run(
            capsys, "card", data, "--out", tmp_path / "a.md", code=2
        )
        assert (tmp_path / "a.md").read_text() == "mine"
        run(capsys, "card", data, "--out", tmp_path / "a.md", "--overwrite")
        assert "lies inside a dataset" in run(capsys, "card", data, "--out", data / "README.md", code=2)
        assert "neither a dataset" in run(capsys, "card", tmp_path / "a.md", code=2)
        (tmp_path / "a.safetensors").write_bytes(np.arange(100, dtype=np.uint8).tobytes())
        assert "not a whole safetensors file" in run(capsys, "card", tmp_path / "a.safetensors", code=2)
        assert "no such file" in run(capsys, "card", tmp_path / "none.safetensors", code=2).lower()
        assert "does not exist" in run(capsys, "card", tmp_path / "none.zarr", code=2)

    def test_licences(self):
        assert licence_fields(["CC BY 4.0 (a)", "CC BY-NC 3.0"]) == {"license": ["cc-by-4.0", "cc-by-nc-3.0"]}
        assert licence_fields(["CC BY 4.0", "unknown"])["license"] == "other"
        assert licence_fields([]) == {"license": "unknown"}
        assert licence_fields(["generated, no rights claimed"])["license_name"] == "generated"
        assert [size_category(n) for n in (1, 999, 1000, 9999, 10_000, 10**12)] == [
            *("n<1K", "n<1K", "1K<n<10K", "1K<n<10K", "10K<n<100K", "n>1T")
        ]
