"""Report cards in submissions: what is stated is shown as the submitter's word, and nothing else gets through."""

import copy
import json
from dataclasses import replace
from pathlib import Path

import pytest
from test_pages import HOSTILE, read
from test_submission import EXPECTED, VALUES
from toy_board import example_standing, toy_submission

from whence.benchmarks.bench import bench
from whence.benchmarks.probe_physics import probe_physics
from whence.benchmarks.report.physics_card import PHYSICS
from whence.benchmarks.stimuli.stereo.condition import StereoCondition
from whence.commands.submit import submit
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.tde import plan_tde
from whence.errors import InputError
from whence.leaderboard.boards.folder.board import add_track, create_board, open_board, standings
from whence.leaderboard.pages.entry_page import entry_tables, render_entry
from whence.leaderboard.pages.view import view_of
from whence.leaderboard.sealing.seal import seal
from whence.leaderboard.standing.record import standing_from_json
from whence.leaderboard.submission.expectation import check_submission, expectation_of
from whence.leaderboard.submission.file import Submission, header_of, read_submission, write_submission
from whence.leaderboard.submission.physics import LARGEST_FILE, MOST_FINDINGS, StatedPhysics, found_physics

SWAP = {
    "check": "swap",
    "n": 240,
    "deviation": {"value": 0.01234567, "low": 0.01, "high": 0.02},
    "share": {"value": 97.5, "low": 96.0, "high": 99.0},
    "verdict": "holds",
}
UNKNOWN = {"value": None, "low": None, "high": None}
SHIFT = SWAP | {"check": "shift+4", "share": {"value": 1.0, "low": None, "high": None}, "verdict": "unmoved"}
STATED = {
    "fingerprint": "ab" * 32,
    "samples": 240,
    "cards": [{"condition": {"snr_db": 30.0, "votes": 128, "distractor": None}, "findings": [SWAP, SHIFT]}],
}
FILE = {
    "format": 1,
    "track": "tde",
    "fingerprint": "ab" * 32,
    "split": None,
    "samples": 240,
    "cluster_name": "speaker",
    "cards": [
        {
            "method": "gcc-phat",
            "version": "1",
            "condition": {"snr_db": 30.0},
            "findings": [SWAP | {"physics": HOSTILE, "note": HOSTILE, "unit": HOSTILE, "moved": 3.0}],
        }
    ],
}


def changed(content, path: str, value):
    """`content` with `value` at a `path` such as "cards.0.condition"."""
    made = copy.deepcopy(content)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = made
    for step in way:
        place = place[step]
    place[last] = value
    return made


def with_physics(stated) -> Submission:
    whole = toy_submission(EXPECTED, VALUES)
    return Submission(header_of({**whole.header.model_dump(), "physics": stated}), whole.pieces)


class TestTheFile:
    def test_a_card_is_read_back_and_a_file_without_one_has_no_key(self, tmp_path):
        write_submission(with_physics(STATED), tmp_path / "a.parquet")
        back = read_submission(tmp_path / "a.parquet", EXPECTED.answer, EXPECTED.limits)
        check_submission(back, EXPECTED)
        assert back.header.physics == StatedPhysics.model_validate(STATED)
        assert "physics" not in toy_submission(EXPECTED, VALUES).header.model_dump()

    @pytest.mark.parametrize(
        ("path", "value"),
        [
            ("cards.0.findings.0.check", HOSTILE),
            ("cards.0.findings.0.check", "swap\u202e"),
            ("cards.0.findings.0.check", "s" * 41),
            ("cards.0.findings.0.check", "../swap"),
            ("cards.0.findings.0.verdict", "best of all"),
            ("cards.0.findings.0.share", {"value": 101.0, "low": 0.0, "high": 0.0}),
            ("cards.0.findings.0.deviation", {"value": float("nan"), "low": 0.0, "high": 0.0}),
            ("cards.0.findings.0.deviation", {"value": 1e300, "low": 0.0, "high": 0.0}),
            ("cards.0.findings.0.n", -1),
            ("cards.0.findings.0.n", 10**400),
            ("cards.0.findings.0.physics", "Trust me."),
            ("cards.0.findings", [SWAP] * (MOST_FINDINGS + 1)),
            ("cards.0.findings", []),
            ("cards.0.condition", {HOSTILE: 1.0}),
            ("cards.0.condition", {f"c{k}": 1.0 for k in range(21)}),
            ("cards.0.condition", {"snr_db": "30"}),
            ("cards", STATED["cards"] * 7),
            ("cards", []),
            ("fingerprint", "ab"),
            ("samples", True),
        ],
    )
    def test_what_no_card_says_is_refused_in_one_line(self, path, value):
        with pytest.raises(InputError, match="the metadata of the submission: 'physics") as caught:
            with_physics(changed(STATED, path, value))
        assert str(caught.value).isprintable()
        assert len(str(caught.value)) < 400

    def test_the_largest_card_fits_with_a_long_method_card(self, tmp_path):
        condition = {f"setting-{k}": float(k) for k in range(6)}
        most = [{"condition": condition, "findings": [SWAP] * MOST_FINDINGS}] * 6
        whole = with_physics(changed(STATED, "cards", most))
        card = whole.header.card.model_copy(update={"description": "long" * 1000})
        header = whole.header.model_copy(update={"card": card})
        write_submission(Submission(header, whole.pieces), tmp_path / "a.parquet")
        assert read_submission(tmp_path / "a.parquet", EXPECTED.answer, EXPECTED.limits).header == header


class TestTheSubmittersSide:
    def found(self, tmp_path: Path, content, method="gcc-phat"):
        path = tmp_path / "given.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return found_physics(tmp_path, path, method, "tde")

    def test_only_numbers_leave_the_file(self, tmp_path):
        stated = self.found(tmp_path, FILE)
        text = json.dumps(stated.model_dump())
        assert HOSTILE not in text
        assert stated.cards[0].findings[0].deviation.value == 0.0123457
        assert stated.cards[0].condition == {"snr_db": 30.0}

    @pytest.mark.parametrize(
        ("content", "match"),
        [
            ("{", "is no JSON"),
            ("[" * 100_000, "is no JSON"),
            ("[]", "is no report card of format 1"),
            ({**FILE, "format": 2}, "is no report card of format 1"),
            ({**FILE, "cards": [3]}, "is no report card of format 1"),
            ({**FILE, "track": "azimuth"}, "is of the track 'azimuth': expected 'tde'"),
            ({**FILE, "samples": None}, "'samples'"),
            (changed(FILE, "cards.0.findings", 3), "'cards.0.findings'"),
            (changed(FILE, "cards.0.findings.0.share", 3), r"'cards\.0\.findings\.0\.share'"),
            (" " * (LARGEST_FILE + 1), "larger than"),
        ],
    )
    def test_wrong_files_are_refused(self, tmp_path, content, match):
        with pytest.raises(InputError, match=match) as caught:
            self.found(tmp_path, content)
        assert "\n" not in str(caught.value)

    def test_a_method_without_findings(self, tmp_path):
        with pytest.raises(InputError, match="no findings on 'gcc-fat'; did you mean 'gcc-phat'"):
            self.found(tmp_path, FILE, "gcc-fat")
        assert found_physics(tmp_path, None, "gcc-phat", "tde") is None
        (tmp_path / PHYSICS).write_text(json.dumps(FILE))
        assert found_physics(tmp_path, None, "zero", "tde") is None
        assert found_physics(tmp_path, None, "gcc-phat", "tde").samples == 240
        with pytest.raises(InputError, match="is missing"):
            found_physics(tmp_path, tmp_path / "absent.json", "zero", "tde")


def page_of(stated, phase="closed"):
    """The page of the entry "good" with this report card."""
    standing = example_standing("public", phase=phase)
    entry = replace(standing.entries["good"], physics=StatedPhysics.model_validate(stated))
    standing = replace(standing, entries={**standing.entries, "good": entry})
    again = standing_from_json(json.loads(json.dumps(standing.to_json())))
    return again, read(render_entry(again, "good"))


class TestThePage:
    @pytest.mark.parametrize("phase", ["open", "closed"])
    def test_the_card_stands_there_as_the_submitters_word(self, phase):
        standing, page = page_of(STATED, phase)
        assert "as reported by the submitter" in page.text
        rows = page.tables["physics"]
        assert rows[1][:4] == [
            "swap", "channels swapped: delay negated", "SNR (dB) 30, votes 128, distractor off", "240"
        ]  # fmt: skip
        assert rows[1][4:] == ["0.012 ms 0.010–0.020", "97.5 96.0–99.0", "holds"]
        assert rows[2][-2:] == ["1.0", "FAILS: does not move"]
        table = {one.name: one for one in entry_tables(view_of(standing), standing.entries["good"])}["physics"]
        assert "shift+4" in table.written("csv")
        assert len(json.loads(table.written("json"))["rows"]) == 2
        assert "does not move" in table.written("tex")

    def test_an_entry_without_a_card_has_no_such_part(self):
        assert "physics" not in read(render_entry(example_standing(), "good")).tables

    def test_unknown_checks_and_levels_are_shown_by_name(self):
        odd = changed(STATED, "cards.0.findings.0.check", "upside down")
        odd = changed(odd, "cards.0.condition", {"sound": 99.0, "rt60_nominal": -1.0, "check": 5.0})
        odd = changed(odd, "cards.0.findings.0.deviation", UNKNOWN)
        _, page = page_of(odd)
        row = page.tables["physics"][1]
        assert (row[0], row[1], row[4]) == ("upside down", "", "–")
        assert "99" in row[2]

    def test_a_track_that_is_not_registered_any_more_keeps_its_card(self):
        standing, _ = page_of(STATED)
        page = read(render_entry(replace(standing, track="gone"), "good"))
        assert page.tables["physics"][1][:3] == ["swap", "", "snr_db 30, votes 128, distractor off"]

    def test_standings_of_earlier_versions_still_load(self):
        content = example_standing().to_json()
        for entry in content["entries"].values():
            del entry["physics"]
        assert standing_from_json(content).entries["good"].physics is None


def test_from_the_command_to_the_board(tmp_path, speech_folder, capsys):
    """Probe a sealed set into the run folder, submit, and read the card on the board."""
    generate(plan_tde(str(speech_folder), clips=2, rt60=(0.1,)), str(tmp_path / "d.zarr"))
    seal(
        str(tmp_path / "d.zarr"),
        track="tde",
        labels_path=tmp_path / "labels.parquet",
        out=str(tmp_path / "public.zarr"),
        conditions=[StereoCondition(snr_db=20.0)],
        allow_guessable_seed=True,
    )
    public, run = str(tmp_path / "public.zarr"), tmp_path / "run"
    bench("tde", public, run, methods=["zero"], report=False)
    probe_physics("tde", public, methods=["zero"], out=run)
    add_track(create_board(tmp_path / "board", "A board"), "delays", "Delays", expectation_of(Dataset(public)))
    submit(run=run, method="zero", board=str(tmp_path / "board"))
    assert "report card of 9 checks, of which 0 hold" in " ".join(capsys.readouterr().out.split())
    (found,) = standings(open_board(tmp_path / "board"), [tmp_path / "labels.parquet"])
    (entry,) = found.entries.values()
    told = {one.check: one.verdict for one in entry.physics.cards[0].findings}
    assert (told["swap"], told["shift+4"], told["mute-both"]) == ("trivial", "unmoved", "finite")
    assert "FAILS: does not move" in read(render_entry(found, entry.key)).text
