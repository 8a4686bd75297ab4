"""Boards that are folders, the command that submits to them, and the client that submits to a server."""

import json
import os
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from toy_board import toy_card, toy_entries, toy_labels, toy_submission, toy_submissions
from typer.testing import CliRunner

from whence.benchmarks import bench as benching
from whence.benchmarks.stimuli.stereo.condition import StereoCondition
from whence.commands.leaderboard import app as leaderboard_app
from whence.commands.leaderboard import export
from whence.commands.submit import submit
from whence.datagen.dataset import Dataset
from whence.datagen.pipeline import generate
from whence.datagen.tde import plan_tde
from whence.errors import InputError
from whence.leaderboard.boards.folder.board import (
    FolderBoard,
    accept,
    add_submission,
    add_track,
    close_track,
    create_board,
    entry_key,
    open_board,
    standings,
    unconfirmed,
)
from whence.leaderboard.pages.entry_page import render_entry
from whence.leaderboard.sealing.labels_file import LIMITS, write_labels_file
from whence.leaderboard.sealing.seal import seal
from whence.leaderboard.standing.record import BoardInfo, EntryInfo
from whence.leaderboard.standing.standing import standing_of
from whence.leaderboard.submission.client import BoardClient, Receipt
from whence.leaderboard.submission.expectation import expectation_of
from whence.leaderboard.submission.file import write_submission

SEALED = toy_labels()
EXPECTED = SEALED.expectation
SUBMISSIONS = toy_submissions(SEALED)
INFO = EntryInfo("team-a", "2026-01-02T03:04:05Z")


@pytest.fixture
def board(tmp_path) -> FolderBoard:
    """A board with one track and four submissions, its labels beside it."""
    write_labels_file(tmp_path / "labels.parquet", SEALED)
    found = add_track(create_board(tmp_path / "board", "A board"), "delays", "Delays", EXPECTED, SEALED.commitment)
    entries = toy_entries(SUBMISSIONS)
    for key, one in SUBMISSIONS.items():
        path = add_submission(found, one, entries[key])
        found = accept(found, path.stem, entries[key].submitted)
    return found


def labels(board: FolderBoard) -> Path:
    return board.folder.parent / "labels.parquet"


def told(board: FolderBoard, *places: Path) -> list[dict[str, object]]:
    return [one.to_json() for one in standings(board, places)]


class TestFolder:
    """A folder is scored like anything else, and nothing in it is written over."""

    def test_standing(self, board):
        (found,) = standings(close_track(board, "delays"), [labels(board)])
        assert found.slug == "delays"
        assert found.half == "private"
        names = {entry.card.name: key for key, entry in found.entries.items()}
        assert set(names) == set(SUBMISSIONS)
        assert {found.entries[names[key]].kind for key in ("good", "twin", "bad")} == {"submission"}
        assert found.entries[names["deaf"]].kind == "baseline"
        renamed = {names[key]: one for key, one in SUBMISSIONS.items()}
        entries = {names[key]: one for key, one in toy_entries(SUBMISSIONS).items()}
        info = BoardInfo("delays", "Delays", "closed")
        expected = standing_of(info, SEALED, dict(sorted(renamed.items())), entries, "private")
        assert found.to_json() == expected.to_json()

    def test_an_update_scores_what_was_added_before_it(self, board, monkeypatch):
        for module in ("submission.expectation", "standing.standing"):
            monkeypatch.setattr(f"whence.leaderboard.{module}.HARNESS_VERSION", "2-next")
        (found,) = standings(board, [labels(board)])
        assert len(found.entries) == len(SUBMISSIONS)
        assert found.harness == "2-next"
        assert {entry.harness for entry in found.entries.values()} == {"2"}
        with pytest.raises(InputError, match="made with harness '2', this board takes '2-next'"):
            add_submission(board, toy_submission(EXPECTED, np.zeros((3, 240)) + 1e-4, "late"), INFO)

    def test_closing_shows_the_private_half_and_takes_no_more(self, board):
        closed = close_track(board, "delays")
        assert [one.half for one in standings(closed, [labels(board)])] == ["private"]
        more = toy_submission(EXPECTED, np.zeros((3, 240)) + 1e-4, "late")
        with pytest.raises(InputError, match="is closed: it takes no more"):
            add_submission(closed, more, INFO)
        with pytest.raises(InputError, match="no track 'delay': did you mean 'delays'"):
            close_track(board, "delay")

    def test_labels_are_those_that_the_host_names(self, board):
        with pytest.raises(InputError, match=r"no labels for the track 'delays'.*give them with --labels FILE$"):
            standings(board)
        with pytest.raises(InputError, match=r"absent\.parquet"):
            standings(board, [board.folder / "absent.parquet"])
        expected = told(board, labels(board))
        assert told(board, board.folder.parent) == expected
        planted = board.folder / "labels" / "delays.parquet"
        write_labels_file(planted, replace(SEALED, labels=replace(SEALED.labels, truth=-SEALED.labels.truth)))
        assert told(board, labels(board)) == expected
        with pytest.raises(InputError, match=r"those in .*labels may be anybody's, so name them"):
            standings(board)
        with pytest.raises(InputError, match="'delays' are not the ones that its dataset was sealed with"):
            standings(board, [planted])
        with pytest.raises(InputError, match="are both of one dataset: give one of them"):
            standings(board, [labels(board), planted])
        write_labels_file(planted, SEALED)
        assert told(board, planted.parent) == expected
        assert told(board, labels(board), labels(board).parent / "." / "labels.parquet") == expected

    def test_labels_are_plain_files(self, board, tmp_path, monkeypatch):
        monkeypatch.setattr("whence.leaderboard.sealing.labels_file.LIMITS", replace(LIMITS, column_bytes=2**22))
        (board.folder / "labels").mkdir()
        (board.folder / "labels" / "link.parquet").symlink_to(labels(board))
        (board.folder / "more").symlink_to(tmp_path)
        os.mkfifo(tmp_path / "pipe.parquet")
        parquet.write_table(pa.table({"x": ["secret"]}), tmp_path / "other.parquet")
        names = pa.array(["s" * 10**6] * 5, pa.string())
        bomb = {"use_dictionary": False, "compression": "zstd", "write_statistics": False}
        parquet.write_table(pa.table({"x": names}), tmp_path / "bomb.parquet", **bomb)
        (tmp_path / "text.parquet").write_text("the password is secret")
        for place, match in (
            (board.folder / "labels", "a link"),
            (board.folder / "more" / "labels.parquet", "more is a link"),
            (tmp_path / "pipe.parquet", "pipe.parquet is no regular file"),
            (Path("/dev/zero"), "zero is no regular file"),
            (tmp_path / "other.parquet", "other.parquet is no label file"),
            (tmp_path / "bomb.parquet", "decompresses to more than"),
            (tmp_path / "text.parquet", "the file is no Parquet file"),
            (tmp_path, "labels.parquet|bomb.parquet"),
        ):
            with pytest.raises(InputError, match=match) as caught:
                standings(board, [place])
            assert "secret" not in str(caught.value)
            assert str(caught.value).isprintable()
        (tmp_path / "mine.parquet").symlink_to(labels(board))
        assert standings(board, [tmp_path / "mine.parquet"])

    def test_a_team_does_not_climb_twice_under_names_that_look_alike(self, board):
        known = next(one.team for one in board.tracks[0].accepted.values())
        again = EntryInfo(known.upper(), "2026-01-02T03:04:05Z")
        path = add_submission(board, toy_submission(EXPECTED, np.full((3, 240), 1e-4), "late"), again)
        with pytest.raises(InputError, match=rf"{path.stem}\.json: the team '{known.upper()}' looks like '{known}'"):
            accept(board, path.stem)
        path.with_suffix(".json").write_text(path.with_suffix(".json").read_text().replace(again.team, known))
        assert path.stem in accept(board, path.stem).tracks[0].accepted

    def test_what_a_sender_says_counts_once_the_host_has_accepted_it(self, board):
        says = EntryInfo("The host", "1999-01-01T00:00:00Z", "baseline")
        path = add_submission(board, toy_submission(EXPECTED, np.full((3, 240), 1e-4), "late"), says)
        (found,) = standings(board, [labels(board)])
        entry = found.entries[path.stem]
        assert (entry.team, entry.submitted, entry.kind) == ("The host (unconfirmed)", "", "submission")
        assert "unknown" in render_entry(found, path.stem)
        assert [(one.stem, sender.team) for one, sender in unconfirmed(board)] == [(path.stem, "The host")]
        board = accept(board, path.stem, "2026-02-03T04:05:06Z")
        assert unconfirmed(board) == []
        entry = standings(board, [labels(board)])[0].entries[path.stem]
        assert (entry.team, entry.submitted, entry.kind) == ("The host", "2026-02-03T04:05:06Z", "baseline")
        path.with_suffix(".json").write_text('{"team": "Eve", "submitted": "1999-01-01T00:00:00Z"}')
        assert standings(board, [labels(board)])[0].entries[path.stem].team == "The host"
        with pytest.raises(InputError, match="no submission 'x'"):
            accept(board, "x")

    def test_a_file_that_came_after_closing_is_not_ranked(self, board):
        before = sorted(path.stem for path in board.submissions(board.tracks[0]))
        more = add_submission(board, toy_submission(EXPECTED, np.full((3, 240), 1e-4), "late"), INFO)
        content, sender = more.read_bytes(), more.with_suffix(".json").read_bytes()
        more.unlink()
        more.with_suffix(".json").unlink()
        closed = close_track(board, "delays")
        more.write_bytes(content)
        more.with_suffix(".json").write_bytes(sender)
        os.mkfifo(more.parent / "pipe.parquet")
        (found,) = standings(closed, [labels(board)])
        assert sorted(found.entries) == before
        assert {path.stem for path in closed.left_out(closed.tracks[0])} == {more.stem, "pipe"}
        with pytest.raises(InputError, match="closed already"):
            close_track(closed, "delays")
        first = more.parent / f"{before[0]}.parquet"
        kept = first.read_bytes()
        first.write_bytes(content)
        with pytest.raises(InputError, match="it was changed after the track was closed"):
            standings(closed, [labels(board)])
        first.unlink()
        with pytest.raises(InputError, match=f"closed with a submission '{before[0]}', which is missing"):
            standings(closed, [labels(board)])
        first.write_bytes(kept)
        assert standings(closed, [labels(board)])

    def test_no_two_submissions_share_a_page(self, board):
        path = board.submissions(board.tracks[0])[0]
        for name in (path.stem.upper(), "chance", "x\n\x1b[31m"):
            for suffix in (".parquet", ".json"):
                (path.parent / f"{name}{suffix}").write_bytes(path.with_suffix(suffix).read_bytes())
            with pytest.raises(InputError, match=f"its content makes it '{path.stem}': rename both files") as caught:
                standings(board, [labels(board)])
            assert str(caught.value).isprintable()
            for suffix in (".parquet", ".json"):
                (path.parent / f"{name}{suffix}").unlink()

    @pytest.mark.parametrize("name", ["board.json", "expectations/delays.json", "KEY.json", "KEY.parquet"])
    def test_files_of_the_folder_are_plain_and_small(self, board, tmp_path, name):
        """A link, a device, a pipe, a folder, a sparse terabyte, deep and broken JSON, another file's content."""
        key = board.submissions(board.tracks[0])[0]
        path = key.with_suffix(Path(name).suffix) if "KEY" in name else board.folder / name
        (tmp_path / "secret").write_text("secret = swordfish")

        def sparse(place):
            with place.open("wb") as stream:
                stream.truncate(10**12)

        for make in (
            lambda place: place.symlink_to(tmp_path / "secret"),
            lambda place: place.symlink_to("/dev/zero"),
            os.mkfifo,
            Path.mkdir,
            sparse,
            lambda place: place.write_text("[" * 100_000),
            lambda place: place.write_text("9" * 10_000),
            lambda place: place.write_bytes(b"\xff\xfeswordfish"),
            lambda place: place.write_text("swordfish"),
            lambda place: place.write_text("[1, null]"),
            lambda place: place.write_text('{"title": NaN, "team": {}, "sample_ids": 3}'),
        ):
            path.unlink() if not path.is_dir() else path.rmdir()
            make(path)
            with pytest.raises(InputError) as caught:
                standings(open_board(board.folder), [labels(board)])
            assert "swordfish" not in str(caught.value)
            assert str(caught.value).isprintable()
            assert len(str(caught.value)) < 600

    def test_folders_behind_links_are_refused(self, board, tmp_path):
        (board.folder / "submissions" / "delays").rename(tmp_path / "elsewhere")
        (board.folder / "submissions" / "delays").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(InputError, match="delays is a link"):
            standings(board, [labels(board)])
        with pytest.raises(InputError, match="delays is a link"):
            add_submission(board, toy_submission(EXPECTED, np.full((3, 240), 1e-4), "late"), INFO)

    def test_a_board_without_a_private_half_shows_the_whole_set_when_closed(self, tmp_path):
        sealed = replace(SEALED, half=np.full(240, "public", dtype=object))
        write_labels_file(tmp_path / "labels.parquet", sealed)
        found = add_track(create_board(tmp_path / "board", "A board"), "delays", "Delays", EXPECTED, sealed.commitment)
        add_submission(found, SUBMISSIONS["good"], INFO)
        for one, phase in ((found, "open"), (close_track(found, "delays"), "closed")):
            (shown,) = standings(one, [tmp_path / "labels.parquet"])
            assert (shown.half, shown.phase, shown.samples) == ("all", phase, 240)

    def test_an_older_board_is_read(self, board):
        """It names no commitment, has accepted nobody and was closed without a list."""
        content = json.loads((board.folder / "board.json").read_text())
        (track,) = content["tracks"]
        for name in ("commitment", "accepted"):
            del track[name]
        (board.folder / "board.json").write_text(json.dumps(content))
        assert len(standings(open_board(board.folder), [labels(board)])[0].entries) == 4
        track["phase"] = "closed"
        (board.folder / "board.json").write_text(json.dumps(content))
        with pytest.raises(InputError, match="run `whence leaderboard close` on it again"):
            standings(open_board(board.folder), [labels(board)])
        assert standings(close_track(open_board(board.folder), "delays"), [labels(board)])

    def test_the_same_submission_twice(self, board):
        before = sorted(board.folder.rglob("*"))
        with pytest.raises(InputError, match="is there already"):
            add_submission(board, SUBMISSIONS["good"], INFO)
        assert sorted(board.folder.rglob("*")) == before

    def test_what_does_not_fit_is_not_added(self, board):
        before = sorted(board.folder.rglob("*"))
        wrong = toy_submission(EXPECTED, np.full((3, 240), 0.3), "ms")
        with pytest.raises(InputError, match="look like milliseconds"):
            add_submission(board, wrong, INFO)
        with pytest.raises(InputError, match="'team': holds '<'"):
            add_submission(board, toy_submission(EXPECTED, np.zeros((3, 240)), "x"), EntryInfo("<b>", INFO.submitted))
        assert sorted(board.folder.rglob("*")) == before

    def test_a_bad_file_in_a_pull_request_is_named(self, board):
        path = board.folder / "submissions" / "delays" / "evil.parquet"
        path.write_bytes(b"PAR1 no PAR1")
        with pytest.raises(InputError, match=r"evil\.parquet: the file is no Parquet"):
            standings(board, [labels(board)])
        write_submission(SUBMISSIONS["good"], path)
        with pytest.raises(InputError, match=r"evil\.parquet: .*evil\.json is missing"):
            standings(board, [labels(board)])
        path.with_suffix(".json").write_text('{"team": "<script>", "submitted": "2026-01-02T03:04:05Z"}')
        with pytest.raises(InputError, match=r"evil\.parquet: 'team': holds '<'"):
            standings(board, [labels(board)])

    @pytest.mark.parametrize("name", [b"a\nb\x1b[31m", b"\xff\xfe", b"evil"])
    def test_a_file_that_cannot_be_ranked_does_not_close_with_a_track(self, board, name):
        """Once the track is closed, it could neither be renamed nor removed, and no export would work again."""
        good, place = board.submissions(board.tracks[0])[0], os.fsencode(board.folder / "submissions" / "delays")
        sender = Path(os.fsdecode(place + b"/" + name + b".json"))
        sender.with_suffix(".parquet").write_bytes(good.read_bytes())
        for _ in range(2):
            with pytest.raises(InputError) as caught:
                close_track(board, "delays")
            assert str(caught.value).isprintable()
            sender.write_bytes(good.with_suffix(".json").read_bytes())
        assert open_board(board.folder).tracks[0].phase == "open"

    def test_an_expectation_that_names_a_sample_twice(self, board):
        path = board.folder / "expectations" / "delays.json"
        content = json.loads(path.read_text())
        path.write_text(json.dumps(content | {"sample_ids": content["sample_ids"][:1] * 240}))
        with pytest.raises(InputError, match=r"delays\.json: 'sample_ids': names a sample twice"):
            standings(board, [labels(board)])

    def test_board_file(self, board, tmp_path):
        with pytest.raises(InputError, match=r"holds no board\.json"):
            open_board(tmp_path)
        with pytest.raises(InputError, match="holds a board already"):
            create_board(board.folder, "Again")
        with pytest.raises(InputError, match="has a track 'delays' already"):
            add_track(board, "delays", "Delays", EXPECTED)
        with pytest.raises(InputError, match="'slug'"):
            add_track(board, "../x", "Delays", EXPECTED)
        twin = replace(EXPECTED, fingerprint="12" * 32)
        for same, commitment in ((EXPECTED, None), (twin, SEALED.commitment)):
            with pytest.raises(InputError, match=r"these labels in the track 'delays' already: .*seal another set"):
                add_track(board, "again", "Delays", same, commitment)
        assert not (board.folder / "expectations" / "again.json").exists()
        (board.folder / "board.json").write_text('{"format": 1, "title": "x", "trakcs": []}')
        with pytest.raises(InputError, match="did you mean 'tracks'"):
            open_board(board.folder)

    def test_keys_are_safe_and_decided_by_the_content(self):
        keys = {entry_key(one) for one in SUBMISSIONS.values()}
        assert len(keys) == 4
        odd = toy_submission(EXPECTED, np.zeros((3, 240)), "Ünïcode: 100 %")
        assert entry_key(odd).startswith("n-code-100-")
        assert entry_key(toy_submission(EXPECTED, np.zeros((3, 240)), "日本")).startswith("entry-")


@pytest.fixture(scope="module")
def place(tmp_path_factory, speech_folder) -> Path:
    """A sealed set, a run on it, a card, and a folder board with its track."""
    folder = tmp_path_factory.mktemp("submit")
    generate(plan_tde(str(speech_folder), clips=4, rt60=(0.1,)), str(folder / "d.zarr"))
    conditions = [StereoCondition(snr_db=snr) for snr in (20.0, 0.0)]
    seal(
        str(folder / "d.zarr"),
        track="tde",
        labels_path=folder / "labels.parquet",
        out=str(folder / "public.zarr"),
        conditions=conditions,
        allow_guessable_seed=True,
    )
    benching.bench("tde", str(folder / "public.zarr"), folder / "run", methods=["gcc-phat", "zero"], report=False)
    (folder / "card.toml").write_text(
        'name = "GCC [red]PHAT[/red]"\nauthors = "Knapp and Carter"\ntraining_data = "none"\n'.replace("[/red]", "")
    )
    expectation = expectation_of(Dataset(str(folder / "public.zarr")))
    add_track(create_board(folder / "board", "A board"), "delays", "Delays", expectation)
    return folder


def run_submit(place: Path, **options) -> None:
    """Call the command with its defaults."""
    defaults = {
        "run": place / "run",
        "method": "gcc-phat",
        "board": str(place / "board"),
        "card": place / "card.toml",
        "token": None,
        "team": None,
        "baseline": False,
        "data": None,
        "wait": 5.0,
        "dry_run": False,
    }
    submit(**{**defaults, **options})


class TestCommand:
    """`whence submit`, called as the program calls it."""

    def test_dry_run_shows_all_and_sends_nothing(self, place, capsys):
        before = sorted((place / "board").rglob("*"))
        run_submit(place, dry_run=True, board="https://board.invalid")
        shown = capsys.readouterr().out
        for text in ("GCC [red]PHAT", "Knapp and Carter", "SNR 20 dB", "SNR 0 dB", "ms a sample", "nothing was sent"):
            assert text in shown
        assert shown.count("passed: ") == 5
        assert sorted((place / "board").rglob("*")) == before

    def test_to_a_folder_and_scored(self, place, capsys):
        run_submit(place)
        run_submit(place, method="zero", baseline=True, team="host")
        assert "commit both and open a pull request" in capsys.readouterr().out
        done = CliRunner().invoke(leaderboard_app, ["accept", str(place / "board")])
        assert sorted(line.split("  ")[1] for line in done.output.splitlines()) == [
            "baseline by host, as its sender says",
            "submission by Knapp and Carter, as its sender says",
        ]
        keys = [line.split("  ")[0] for line in done.output.splitlines()]
        done = CliRunner().invoke(leaderboard_app, ["accept", str(place / "board"), "--all"])
        assert sorted(line.split("  ")[1] for line in done.output.splitlines()) == [
            "baseline by host; name it, or add --baselines, if it is yours",
            "submission by Knapp and Carter: accepted",
        ]
        (left,) = unconfirmed(open_board(place / "board"))
        assert left[1].kind == "baseline"
        done = CliRunner().invoke(leaderboard_app, ["accept", str(place / "board"), "--all", "--baselines"])
        assert done.output == f"{left[0].stem}  baseline by host: accepted\n"
        assert CliRunner().invoke(leaderboard_app, ["accept", str(place / "board"), *keys]).exit_code == 0
        (found,) = standings(open_board(place / "board"), [place / "labels.parquet"])
        entries = {entry.method: entry for entry in found.entries.values()}
        assert entries["gcc-phat"].team == "Knapp and Carter"
        assert (entries["zero"].team, entries["zero"].kind) == ("host", "baseline")
        assert found.ranked[0] == entries["gcc-phat"].key

    def test_a_baseline_brings_its_card(self, place):
        run_submit(place, method="zero", card=None)
        (found,) = standings(open_board(place / "board"), [place / "labels.parquet"])
        (entry,) = (entry for entry in found.entries.values() if entry.team == "Whence (unconfirmed)")
        assert (entry.method, entry.card.name, entry.card.training_data) == ("zero", "zero", "none")

    def test_an_export_plays_from_the_data_that_it_is_given(self, place, tmp_path):
        board, labels = tmp_path / "board", [place / "labels.parquet"]
        expectation = expectation_of(Dataset(str(place / "public.zarr")))
        add_track(create_board(board, "Another"), "delays", "Delays", expectation)
        run_submit(place, board=str(board))
        close_track(open_board(board), "delays")
        export(board, tmp_path / "silent", labels)
        export(board, tmp_path / "site", labels, [str(place / "public.zarr")])
        assert list((tmp_path / "silent").rglob("*.wav")) == []
        assert len(list((tmp_path / "site").rglob("samples/*/*.wav"))) > 0
        with pytest.raises(InputError, match=r"absent\.zarr does not exist"):
            export(board, tmp_path / "no", labels, [str(place / "absent.zarr")])
        with pytest.raises(InputError, match=r"d\.zarr: the board has no track on this dataset"):
            export(board, tmp_path / "no", labels, [str(place / "d.zarr")])
        assert not (tmp_path / "no").exists()

    @pytest.mark.parametrize(
        ("options", "match"),
        [
            ({"card": None, "method": "mine.py:Mine"}, r"give --card FILE\.toml with name, authors and training_data"),
            ({"card": Path("absent.toml")}, r"absent\.toml does not exist"),
            ({"board": None}, "give --board URL or --board DIR"),
            ({"method": "gcc"}, "did you mean 'gcc-phat'"),
            ({"run": Path("absent")}, r"absent holds no run\.json: give the --out folder of a `whence bench`"),
            ({"data": "absent.zarr"}, r"absent\.zarr does not exist"),
            ({"board": "https://board.invalid"}, "give --token, or set WHENCE_TOKEN"),
            (
                {"board": "https://board.invalid", "baseline": True},
                "--team and --baseline are for boards that are folders",
            ),
            ({"board": "nowhere"}, r"nowhere holds no board\.json"),
        ],
    )
    def test_mistakes(self, place, options, match):
        with pytest.raises(InputError, match=match):
            run_submit(place, **options)

    def test_a_server_that_is_not_there(self, place):
        with pytest.raises(InputError, match=r"http://127\.0\.0\.1:9 cannot be reached"):
            run_submit(place, board="http://127.0.0.1:9", token="t")


TRACK = {"slug": "delays", "fingerprint": EXPECTED.fingerprint}


class Server:
    """A made-up server: answers by path, and what it was sent."""

    def __init__(self, **answers: httpx.Response | list[httpx.Response]) -> None:
        self.answers, self.requests = answers, []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        self.requests.append((request.method, request.url.path, request.headers, body))
        found = self.answers[request.url.path.strip("/").split("/")[1] if request.method == "GET" else "post"]
        return found.pop(0) if isinstance(found, list) else found

    def client(self, token: str = "secret") -> BoardClient:
        return BoardClient("https://board.example.org/", token, httpx.MockTransport(self))


class TestClient:
    """What is sent to a server, and what becomes of its refusals."""

    def test_the_whole_way(self, tmp_path):
        path = tmp_path / "a.parquet"
        write_submission(SUBMISSIONS["good"], path)
        states = [{"status": "queued", "ahead": 2}, {"status": "running"}, {"status": "scored", "rows": [{"n": 1}]}]
        server = Server(
            tracks=httpx.Response(200, json={"tracks": [TRACK]}),
            post=httpx.Response(202, json={"id": "abc", "status": "queued"}),
            submissions=[httpx.Response(200, json={"id": "abc", **state}) for state in states],
        )
        with server.client() as client:
            slug = client.track_of(EXPECTED.fingerprint)
            receipt = client.wait(client.submit(slug, path), patience=5, poll=0.01)
        assert receipt.status == "scored"
        assert receipt.rows == [{"n": 1}]
        verb, address, headers, body = server.requests[1]
        assert (verb, address) == ("POST", "/api/tracks/delays/submissions")
        assert body == path.read_bytes()
        assert headers["authorization"] == "Bearer secret"
        assert headers["content-length"] == str(len(body))

    def test_waiting_outlasts_a_busy_server(self):
        scored = httpx.Response(200, json={"id": "a", "status": "scored", "rows": []})
        server = Server(submissions=[httpx.Response(429), httpx.Response(503), scored])
        with server.client() as client:
            assert client.wait(Receipt("a", "queued", {}), patience=5, poll=0.01).status == "scored"

    def test_waiting_ends(self):
        server = Server(submissions=httpx.Response(200, json={"id": "a", "status": "queued"}))
        with server.client() as client:
            assert not client.wait(Receipt("a", "queued", {}), patience=0.05, poll=0.01).finished

    @pytest.mark.parametrize(
        ("answer", "match"),
        [
            (httpx.Response(401, json={"detail": "unknown"}), "token is not known to the board, .*: unknown"),
            (httpx.Response(403, json={"detail": "the phase is closed"}), "the phase is closed"),
            (httpx.Response(409, json={"detail": "sent before"}), "does not take it now: sent before"),
            (httpx.Response(413), "the file is larger than the board takes"),
            (httpx.Response(422, json={"detail": "1 of 3 is missing"}), "refused the submission: 1 of 3 is missing"),
            (httpx.Response(422, json={"detail": [{"msg": "field required"}]}), "field required"),
            (httpx.Response(429, headers={"retry-after": "60"}, json={"detail": "5 a day"}), "day; try again in 60 s"),
            (httpx.Response(429, headers={"retry-after": b"\xb2"}, content=b"x"), "too many submissions"),
            (httpx.Response(500, text="<html>oops"), "the board answered 500 Internal Server Error"),
            (httpx.Response(302, headers={"location": "https://other.example"}), "has moved to https://other.example"),
            (httpx.Response(200, text="<html>"), "answered with no JSON"),
            (httpx.Response(200, json=[]), "without an id and a status"),
            (httpx.Response(422, json={"detail": "a\x1b[31m\nb" * 200}), "refused the submission"),
        ],
    )  # fmt: skip
    def test_refusals_are_one_line(self, tmp_path, answer, match):
        path = tmp_path / "a.parquet"
        write_submission(SUBMISSIONS["good"], path)
        with Server(post=answer).client() as client, pytest.raises(InputError, match=match) as caught:
            client.submit("delays", path)
        assert str(caught.value).isprintable()
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        "content", [{}, [], {"tracks": []}, {"tracks": [1]}, {"tracks": [{"slug": "other", "fingerprint": "x"}]}]
    )
    def test_no_such_track(self, content):
        server = Server(tracks=httpx.Response(200, json=content))
        with server.client() as client, pytest.raises(InputError, match=r"no track on the dataset|list of tracks"):
            client.track_of(EXPECTED.fingerprint)

    @pytest.mark.parametrize(
        "url", ["ftp://x", "https://", "https://a:b@x.org", "https://x.org/?token=1", "https://x:y"]
    )
    def test_addresses(self, url):
        with pytest.raises(InputError, match="--board"):
            BoardClient(url)

    def test_a_token_that_is_no_header(self):
        for token in ("a\nb", "a b", "ä", ""):
            with pytest.raises(InputError, match="--token: expected letters") as caught:
                BoardClient("https://board.example.org", token or " ")
            assert "a b" not in str(caught.value)


def test_board_json_is_what_the_docs_say(board):
    content = json.loads((board.folder / "board.json").read_text())
    (track,) = content["tracks"]
    accepted = track.pop("accepted")
    assert track == {
        "slug": "delays",
        "title": "Delays",
        "fingerprint": EXPECTED.fingerprint,
        "phase": "open",
        "commitment": SEALED.commitment,
    }
    assert {tuple(sorted(one)) for one in accepted.values()} == {("kind", "sha256", "submitted", "team")}
    assert toy_card("x").name == "x"
