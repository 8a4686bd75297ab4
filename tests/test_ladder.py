"""While a phase is open a board tells little: rounded scores, and of a team only what beats its best by a step."""

import functools
import json
import math
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from alembic import command
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select
from test_pages import read, served_from, table_of
from toy_board import example_standing, toy_entries, toy_labels, toy_submission, toy_submissions

from whence.benchmarks.questions.metrics import ACCURACY, MEAN_ABSOLUTE_ERROR_MS
from whence.benchmarks.scoring.results import CEILING, CHANCE
from whence.benchmarks.scoring.statistics import Interval
from whence.benchmarks.speed.made_up_board import SLUG, make_board, sealed_labels, submission
from whence.benchmarks.studies.label_recovery import ATTACKS, SPEAKERS, recovered
from whence.leaderboard.boards.folder.board import (
    accept,
    add_submission,
    add_track,
    close_track,
    create_board,
    standings,
)
from whence.leaderboard.boards.service import hosting
from whence.leaderboard.boards.service.app import create_app
from whence.leaderboard.boards.service.database import migrations
from whence.leaderboard.boards.service.models import StandingRow
from whence.leaderboard.boards.service.settings import read_settings
from whence.leaderboard.boards.service.worker import Worker
from whence.leaderboard.pages.addresses import Address, live, static
from whence.leaderboard.pages.board_page import UNSCORED
from whence.leaderboard.pages.router import router
from whence.leaderboard.pages.site import Site
from whence.leaderboard.pages.view import NothingHere, view_of
from whence.leaderboard.sealing.labels_file import write_labels_file
from whence.leaderboard.standing.ladder import climbed, step_of
from whence.leaderboard.standing.record import BoardInfo, EntryInfo, standing_from_json
from whence.leaderboard.standing.standing import standing_of
from whence.registry import load_track

SEALED = toy_labels()
SUBMISSIONS = toy_submissions(SEALED)
MONTH = 30 * 5
"""Submissions that a team may send in a month, at the default quota."""


@pytest.fixture(scope="module")
def exact():
    return example_standing()


@pytest.fixture(scope="module")
def standing():
    return example_standing(phase="open")


def exact_numbers(standing) -> set[str]:
    """Every score and end of an interval that a closed phase shows, to five digits, of which four tell."""
    rows = [row for row in (*standing.rows, *standing.overall) if row.method != CEILING]
    found = {f"{number:.5g}" for row in rows for number in (row.value, row.ci_low, row.ci_high, row.skill)}
    return {text for text in found if len(re.sub(r"[^0-9]", "", text).strip("0")) >= 4}


def everything(standing) -> dict[str, str]:
    """All that a server shows and that an exported site holds, also within links, by address."""
    app = FastAPI()
    app.include_router(router(lambda: [standing]))
    with TestClient(app) as client:
        served = {url: answer.text for url, answer in served_from(client.get, "/").items()}
    site = Site([standing], static)
    files = {static(address): site.content(address) for address in site.every_address()}
    for name in [name for name in files if name.endswith(".html")]:
        files |= {f"{name} {k}": content.decode() for k, content in enumerate(read(files[name]).enclosed)}
    return served | files


def numbers_in(text: str) -> set[str]:
    """Every number with a point in `text`, to five digits."""
    return {f"{float(number):.5g}" for number in re.findall(r"\d+\.\d+", text)}


class TestShown:
    def test_one_rounded_score_and_nothing_else(self, standing, exact):
        assert [metric.name for metric in standing.metrics] == ["mean_absolute_error"]
        assert (standing.rows, standing.comparisons, standing.published) == ((), (), ())
        assert all(not entry.errors and not entry.worst for entry in standing.entries.values())
        assert {row.condition == {} for row in standing.overall} == {True}
        values = {row.method: row.value for row in exact.overall}
        assert [row.method for row in standing.overall] == [CHANCE, CEILING, "deaf", "good", "twin"]
        for row in standing.overall:
            step = 0.02 if row.method in ("good", "twin") else 0.1
            assert row.value == pytest.approx(step * round(values[row.method] / step), abs=1e-12), row.method
        assert standing_from_json(json.loads(json.dumps(standing.to_json()))).to_json() == standing.to_json()

    def test_labels_that_differ_a_little_give_the_same_table(self, standing, exact):
        """So nothing in it tells a label exactly, be it a mean, an interval or the score of chance."""
        rng = np.random.default_rng(1)
        truth = SEALED.labels.truth + rng.normal(0, 1e-9, len(SEALED.labels))
        other = replace(SEALED, labels=replace(SEALED.labels, truth=truth))
        entries = toy_entries(SUBMISSIONS)
        again = standing_of(BoardInfo("toy-delays", "Toy delays"), other, SUBMISSIONS, entries, "public")
        assert replace(again, commitment=standing.commitment).to_json() == standing.to_json()
        closed = BoardInfo("toy-delays", "Toy delays", "closed")
        assert standing_of(closed, other, SUBMISSIONS, entries, "public").rows != exact.rows

    def test_no_exact_number_is_on_any_page_or_in_any_file(self, standing, exact):
        secret = exact_numbers(exact)
        assert len(secret) > 300
        names = [name for entry in exact.entries.values() for name in entry.worst]
        contents, seen = everything(standing), 0
        assert len(contents) > 60
        for address, content in contents.items():
            numbers = set() if address.endswith((".css", ".js")) else numbers_in(content)
            assert not numbers & secret, address
            assert not [name for name in names if name in content]
            seen += len(numbers)
        assert seen > 100
        closed = Site([exact], live).content(Address("board", exact.slug, file="table.csv"))
        assert numbers_in(closed) & secret

    def test_the_shown_interval_holds_the_exact_one(self, standing, exact):
        known = {row.method: row for row in exact.overall}
        for row in standing.overall:
            assert 0 <= row.ci_low <= known[row.method].ci_low <= known[row.method].ci_high <= row.ci_high

    def test_equal_scores_share_a_rank_and_nobody_leads_beyond_doubt(self, standing):
        ranks = {row.method: (row.value, row.rank) for row in standing.overall}
        assert ranks["good"][0] < ranks["deaf"][0]
        assert ranks["good"][1] == ranks["twin"][1] == 1
        assert ranks["deaf"][1] == 3
        assert ranks[CHANCE][1] is ranks[CEILING][1] is None
        assert 'strong"' not in Site([standing], live).content(Address("board", standing.slug))

    def test_skill_follows_from_what_is_shown(self, standing):
        shown = {row.method: row for row in standing.overall}
        for row in shown.values():
            chance, ceiling = shown[CHANCE].value, shown[CEILING].value
            assert row.skill == pytest.approx((row.value - chance) / (ceiling - chance))

    def test_pages_say_so(self, standing):
        page = read(Site([standing], live).content(Address("board", standing.slug)))
        assert "While the phase is open, one rounded score is shown: MAE over the public clips." in page.text
        assert "their rounded scores are MAE 0.080 ms" in page.text
        assert "Take part" in page.text
        for address in (
            Address("conditions", standing.slug),
            Address("comparison", standing.slug, ("good", "bad")),
        ):
            with pytest.raises(NothingHere):
                Site([standing], live).content(address)

    def test_a_board_of_one_condition_and_one_of_few_speakers(self):
        one = replace(SEALED, conditions=SEALED.conditions[:1])
        sent = {"deaf": toy_submission(one.expectation, np.zeros((1, 240)))}
        found = standing_of(BoardInfo("t", "T"), one, sent, {"deaf": EntryInfo("a", "2026-01-01")}, "public")
        assert "deaf" in {row.method for row in found.overall}
        assert table_of(found)[1][1].startswith("mine")
        one.labels.clusters[:] = "one"
        alone = standing_of(BoardInfo("t", "T"), one, sent, {"deaf": EntryInfo("a", "2026-01-01")}, "public")
        assert {row.rank for row in alone.overall} == {None}
        assert {row.value for row in alone.overall if row.method == "deaf"} == {0.3}


class TestSteps:
    def test_a_step_spans_the_interval_and_is_never_finer_than_the_samples_allow(self):
        assert step_of(Interval(0.3, 0.28, 0.33), 0.0, 10**6) == 0.05
        assert step_of(Interval(0.3, 0.25, 0.33), 0.0, 10**6) == 0.05
        assert step_of(Interval(0.3, 0.3, 0.3), 0.0, 100) == 0.1
        assert step_of(Interval(0.3, math.nan, math.nan), 0.0, 100) == 0.1
        assert step_of(Interval(97.0, 97.0, 97.0), 100.0, 400) == 0.5
        assert step_of(Interval(100.0, 100.0, 100.0), 100.0, 400) == 0.0

    def test_only_a_new_best_by_more_than_a_step_is_shown(self):
        teams = dict.fromkeys("abcd", "us") | {"e": "them"}
        scores = {"a": (0.31, 0.1), "b": (0.21, 0.1), "c": (0.19, 0.1), "d": (0.5, 0.1), "e": (0.44, 0.1)}
        shown = climbed(MEAN_ABSOLUTE_ERROR_MS, scores, teams)
        assert {key: rung.value for key, rung in shown.items()} == {"a": 0.3, "c": 0.2, "e": 0.4}
        higher = {key: (100 - 100 * value, 10.0) for key, (value, _) in scores.items()}
        assert list(climbed(ACCURACY, higher, teams)) == ["a", "c", "e"]


class TestTeams:
    """One team sends one thing after the other."""

    def sent(self, spreads):
        rng = np.random.default_rng(4)
        truth = np.tile(SEALED.labels.truth, (3, 1))
        values = {f"m{k}": truth + spread * rng.standard_normal(truth.shape) for k, spread in enumerate(spreads)}
        return {key: toy_submission(SEALED.expectation, one, key) for key, one in values.items()}

    def table(self, sent, teams, **info):
        entries = {key: EntryInfo(teams[k], "2026-01-01T00:00:00Z", **info) for k, key in enumerate(sent)}
        return standing_of(BoardInfo("t", "T"), SEALED, sent, entries, "public")

    def own(self, found):
        return [row.method for row in found.overall if row.method not in (CHANCE, CEILING)]

    def test_what_is_no_better_by_a_step_has_no_score_of_its_own(self):
        sent = self.sent([1e-4, 0.99e-4, 3e-4, 0.5e-4, 2e-4])
        found = self.table(sent, ["us", "us", "us", "us", "them"])
        assert self.own(found) == ["m0", "m3", "m4"]
        view = view_of(found)
        assert [entry.key for entry in view.unscored] == ["m1", "m2"]
        assert [view.score_for(found.entries[key]).method for key in sent] == ["m0", "m3", "m3", "m3", "m4"]
        page = read(Site([found], live).content(Address("board", "t")))
        assert UNSCORED in page.text
        assert "no better by a step than m3" in page.text
        entry = read(Site([found], live).content(Address("entry", "t", ("m1",))))
        assert "none of its own: no better by a step than m3" in entry.text
        assert "no score of its own" in Site([found], live).content(Address("entry", "t", ("m1",), file="badge.svg"))

    def test_what_comes_later_changes_nothing_that_is_shown(self):
        sent = self.sent([3e-4, 1e-4, 2.9e-4, 1.01e-4, 0.3e-4, 0.9e-4])
        tables = [self.table(dict(list(sent.items())[:count]), ["us"] * 6) for count in range(1, 7)]
        for earlier, later in pairwise(tables):
            values = {row.method: row.value for row in later.overall}
            assert {row.method: row.value for row in earlier.overall}.items() <= values.items()

    def test_every_baseline_of_the_host_is_shown(self):
        found = self.table(self.sent([1e-4, 1e-4, 3e-4]), ["host"] * 3, kind="baseline")
        assert self.own(found) == ["m0", "m1", "m2"]

    def test_in_a_folder_what_the_host_has_not_confirmed_waits(self, tmp_path):
        """Nobody climbs anew under another name, nor by a name that sorts before what is there."""
        write_labels_file(tmp_path / "labels.parquet", SEALED)
        board = add_track(create_board(tmp_path / "board", "B"), "t", "T", SEALED.expectation, SEALED.commitment)
        keys = []
        for k, one in enumerate(self.sent([3e-4, 1e-4, 1.01e-4, 0.2e-4]).values()):
            keys.append(add_submission(board, one, EntryInfo("us", "2026-01-01T00:00:00Z")).stem)
            if k < 3:
                board = accept(board, keys[-1], f"2026-01-0{9 - k}T00:00:00Z")
        (found,) = standings(board, [tmp_path / "labels.parquet"])
        assert self.own(found) == [keys[2]]  # the earliest by the host's date is nearly as good as the best
        assert view_of(found).why_unscored(found.entries[keys[3]]) == "the host has not confirmed it"
        assert "the host has not confirmed it" in Site([found], live).content(Address("board", "t"))
        (closed,) = standings(close_track(board, "t"), [tmp_path / "labels.parquet"])
        assert len(self.own(closed)) == 4


@pytest.fixture
def board(tmp_path):
    return make_board(tmp_path / "board", per_day=9)


@pytest.fixture
def worker(board):
    worker = Worker(read_settings(board.folder))
    yield worker
    worker.close()


def test_a_service_shows_rounded_scores_everywhere(board, worker):
    """Receipts, table, page and files; all of it at full precision once the phase is closed."""
    exact = standing_of(
        BoardInfo(SLUG, "Toy", "closed"),
        board.sealed,
        {str(seed): submission(board.sealed, seed) for seed in (5, 12, 0)},
        {str(seed): EntryInfo("team0", "2026-01-01T00:00:00Z") for seed in (5, 12, 0)},
        "public",
    )
    secret = exact_numbers(exact)
    with TestClient(create_app(read_settings(board.folder))) as client:
        sent = []
        for seed in (5, 12, 0):  # the second is as good as the first, the third is better by far
            post = f"/api/tracks/{SLUG}/submissions"
            sent.append(client.post(post, content=board.payload(seed), headers=board.key("team0")).json()["id"])
            assert worker._score()
            state = client.get(f"/api/submissions/{sent[-1]}", headers=board.key("team0")).json()
            assert (state["status"], state["rows"], state["phase"]) == ("running", [], "open")
            while worker.step():
                pass
        states = [client.get(f"/api/submissions/{one}", headers=board.key("team0")).json() for one in sent]
        assert [state["status"] for state in states] == ["scored"] * 3
        assert [[row["method"] for row in state["rows"]] for state in states] == [[sent[0]], [sent[2]], [sent[2]]]
        texts = [json.dumps(states), client.get(f"/api/tracks/{SLUG}/standing").text]
        pages = ["/", "/tracks.json", f"/tracks/{SLUG}", f"/tracks/{SLUG}/table.csv", f"/tracks/{SLUG}/standing.json"]
        pages += [f"/tracks/{SLUG}/entries/{one}{file}" for one in sent for file in ("", "/badge.svg")]
        texts += [client.get(page).text for page in pages]
        assert client.get(f"/tracks/{SLUG}/conditions").status_code == 404
        for text in texts:
            assert not numbers_in(text) & secret
        (exported,) = hosting.standings(board.folder)
        assert exported.rows == []
        hosting.close_track(board.folder, SLUG)
        while worker.step():
            pass
        state = client.get(f"/api/submissions/{sent[1]}", headers=board.key("team0")).json()
        own = {(row["metric"], str(row["condition"])): row["value"] for row in state["scores"][0]["rows"]}
        expected = {(row.metric, str(dict(row.condition))): row.value for row in exact.rows if row.method == "12"}
        assert own == expected


def test_tables_that_an_older_board_drew_of_open_phases_go(board, worker):
    while worker.step():
        pass
    count = select(func.count(StandingRow.id))
    with worker.database.engine.begin() as connection:
        config = migrations()
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
        assert connection.scalar(count) == 1
    assert hosting.initialise(board.folder, {}) is None
    with worker.database.reading() as session:
        assert session.scalar(count) == 0


@pytest.mark.parametrize("name", ATTACKS)
def test_a_month_of_adaptive_questions_tells_next_to_nothing(name, monkeypatch):
    """The best known attacks leave at least four fifths of the error of chance; half would be the limit."""
    cached = functools.cache(load_track)
    for module in ("standing", "scoring"):
        monkeypatch.setattr(f"whence.leaderboard.standing.{module}.load_track", cached)
    sealed = sealed_labels(500, speakers=SPEAKERS)
    assert recovered(name, sealed, "open", MONTH) > 0.8


def test_the_same_questions_give_exact_scores_all_labels():
    """Else the attack would prove nothing."""
    assert recovered("equations", sealed_labels(80, speakers=SPEAKERS), "closed", 30) < 1e-6
