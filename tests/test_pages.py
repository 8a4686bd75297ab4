"""The pages of a board: what they say against the standing, and the exported site against the served one."""

import csv
import html
import io
import json
import math
import re
import shutil
from base64 import b64decode
from collections import defaultdict, deque
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from toy_board import example_standing, toy_card, toy_labels, toy_submission

from whence.benchmarks.display.text_table import TextTable, latex
from whence.benchmarks.scoring.results import CEILING, CHANCE
from whence.benchmarks.scoring.statistics import Interval
from whence.benchmarks.stimuli.binaural.condition import BinauralCondition
from whence.errors import InputError
from whence.leaderboard.pages.addresses import Address, file_name, live, static
from whence.leaderboard.pages.axis import Axis
from whence.leaderboard.pages.badge import render_badge
from whence.leaderboard.pages.board_page import render_board
from whence.leaderboard.pages.comparison_page import pairings, render_comparison, render_pairs
from whence.leaderboard.pages.entry_page import render_entry
from whence.leaderboard.pages.export import export_site
from whence.leaderboard.pages.index_page import render_index
from whence.leaderboard.pages.page_table import PageTable
from whence.leaderboard.pages.router import router
from whence.leaderboard.pages.site import Site
from whence.leaderboard.pages.view import BoardView, Choice, view_of
from whence.leaderboard.pages.words import verdict
from whence.leaderboard.standing.record import BoardInfo, EntryInfo, Standing, standing_from_json
from whence.leaderboard.standing.standing import standing_of
from whence.leaderboard.submission.card import Card

VOID = {"meta", "link", "img", "line", "circle", "rect", "br"}
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


class Page(HTMLParser):
    """A page: its tags, its visible text, and its tables as lists of rows of cell texts.

    `whole` are its tables with the cells that are hidden, by caption.
    """

    def __init__(self, source):
        super().__init__()
        self.source, self.tags, self.open, self.words, self.tables, self.whole = source, [], [], [], {}, {}
        self._table, self._cell, self._all, self._hidden = None, None, [], False
        self.feed(source)
        assert self.open == [], f"tags left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self._table, self._all = [], []
            self.tables[dict(attrs)["id"]] = self._table
        elif tag == "tr":
            self._table.append([])
            self._all.append([])
        elif tag in ("th", "td") and self._table is not None:
            self._cell, self._hidden = [], "hidden" in dict(attrs)
        elif tag == "caption":
            self._caption = len(self.words)

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        if tag in ("th", "td"):
            text = " ".join("".join(self._cell).split())
            self._all[-1].append(text)
            if not self._hidden:
                self._table[-1].append(text)
            self._cell = None
        elif tag == "caption":
            self.whole["".join(self.words[self._caption :])] = self._all

    def handle_data(self, data):
        if self._cell is not None and "svg" not in self.open:
            self._cell.append(data)
        self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def captioned(self):
        """The visible tables with their captions."""
        return list(zip(self.whole, self.tables.values(), strict=True))

    @property
    def headlines(self):
        """What its headlines say."""
        found = re.findall(r'<p class="headline"[^>]*>(.*?)</p>', self.source)
        return [html.unescape(one) for one in found]

    @property
    def enclosed(self):
        """The files that the page holds within its links."""
        found = [a["href"].partition(";base64,")[2] for a in self.all("a") if "download" in a]
        return [b64decode(content, validate=True) for content in found]

    @property
    def links(self):
        linking = ("a", "link", "img", "audio", "script")
        found = [a.get("href") or a.get("src") for tag, a in self.tags if tag in linking]
        return [link for link in found if link and not link.startswith(("http", "data:", "#"))]


def without_self_closing(source):
    """SVG elements that close themselves, as an HTML parser without foreign elements wants them."""
    return re.sub(r"<((?:line|circle|rect)\b[^>]*)/>", r"<\1>", source)


def read(source):
    return Page(without_self_closing(source))


@pytest.fixture(scope="session")
def standing():
    return example_standing()


@pytest.fixture(scope="session")
def small(standing):
    """The same board by one metric, over two conditions and without parts: fewer pages."""
    kept = [dict(condition) for condition in standing.conditions[:2]]
    return replace(
        standing,
        slug="small",
        conditions=kept,
        metrics=standing.metrics[:2],
        rows=[row for row in standing.rows if dict(row.condition) in kept],
        comparisons=[table for table in standing.comparisons if not table.condition or dict(table.condition) in kept],
    )


def one_condition(standing, stated):
    """A board with one condition, as that of a track whose samples are given as stored."""
    first = standing.conditions[0]
    rows = [replace(row, condition=stated) for row in standing.rows if dict(row.condition) == dict(first)]
    entries = {
        key: replace(entry, errors=[replace(entry.errors[0], condition=stated)])
        for key, entry in standing.entries.items()
    }
    return replace(
        standing,
        slug="single",
        entries=entries,
        conditions=[stated],
        rows=rows,
        overall=[replace(row, condition={}) for row in rows if row.metric == standing.metric.name],
        comparisons=[replace(table, condition=stated) for table in standing.comparisons if not table.condition],
        published=(),
    )


def empty(standing):
    """A board that nobody has submitted to."""
    bounds = [row for row in standing.rows if row.method in (CHANCE, CEILING)]
    overall = [row for row in standing.overall if row.method in (CHANCE, CEILING)]
    return replace(standing, slug="empty", rows=bounds, overall=overall, entries={}, comparisons=(), published=())


def renamed(standing, key, name, **more):
    """The board with another name on the card of `key`, past what cards allow."""
    entry = standing.entries[key]
    card = Card.model_construct(**{**toy_card("x").model_dump(), "name": name, **more})
    return replace(standing, entries={**standing.entries, key: replace(entry, card=card)})


def table_of(standing, choice=Choice(), name="table"):  # noqa: B008
    return read(render_board(standing, choice)).tables[name]


def names_in(rows):
    """The entries of a board's table in their order, whichever rank cells are spanned."""
    found = [re.search(r"\b(deaf|good|twin|bad)\b", " ".join(row[:2])) for row in rows[1:]]
    return [match.group(1) for match in found if match]


def test_a_board_shows_the_scores_of_its_standing(standing):
    rows = table_of(standing)
    assert rows[0][:5] == ["rank", "method", "MAE ms", "95 % interval", "skill %"]
    for key in standing.entries:
        truth = next(row for row in standing.overall if row.method == key)
        shown = next(row for row in rows[1:] if any(cell.startswith(key) for cell in row[:2]))
        cells = shown[-8:]
        assert cells[0] == f"{truth.value:.3f}"
        assert cells[1] == f"{truth.ci_low:.3f}–{truth.ci_high:.3f}"
        assert cells[2].replace("−", "-") == f"{round(100 * truth.skill) + 0:d}"
        singles = [
            next(r for r in standing.rows if (r.method, r.metric, dict(r.condition)) == (key, truth.metric, dict(c)))
            for c in standing.conditions
        ]
        assert cells[3:6] == [f"{row.value:.3f}" for row in singles]


def test_entries_that_noise_may_have_ordered_share_one_rank_cell(standing):
    source = render_board(standing)
    spans = [cell for cell in read(source).all("td") if "rowspan" in cell]
    assert [cell["rowspan"] for cell in spans] == ["2"]
    rows = table_of(standing)
    assert [rows[1][0], rows[3][0], rows[4][0]] == ["1 tied", "3", "4"]
    assert names_in(rows) == ["twin", "good", "deaf", "bad"]
    assert "share first rank" in read(source).text


def unranked(standing):
    """The same board where there are too few clusters for ranks."""
    rows, overall = ([replace(row, rank=None) for row in some] for some in (standing.rows, standing.overall))
    return replace(standing, slug="few", rows=rows, overall=overall, unranked="no ranks: 2 speakers cannot tell")


def test_a_board_without_ranks_says_why_and_shows_none(standing):
    few = unranked(standing)
    page = read(render_board(few))
    assert "twin has the best score, MAE 0.072 ms" in page.text
    assert "no ranks: 2 speakers cannot tell" in page.text
    assert not [cell for cell in page.all("td") if "rowspan" in cell or "strong" in cell["class"]]
    rows = table_of(few)
    assert [row[0] for row in rows[1:5]] == [""] * 4
    assert names_in(rows) == ["twin", "good", "deaf", "bad"]
    assert "tied" not in page.text
    assert "no ranks" in read(render_index([few])).text
    assert "no ranks" in read(render_entry(few, "good")).text
    assert "not ranked" in render_badge(few, "good")
    assert "None" not in page.text


def test_what_folding_hides_stands_beside_the_folded_error():
    """A method that confuses front and back: a small folded error, a large one unfolded, on the board and its page."""
    rng = np.random.default_rng(2)
    azimuth = np.where(np.arange(240) % 2, 1, -1) * rng.uniform(5, 80, 240)
    labels = replace(toy_labels().labels, truth=azimuth, groups={})
    sealed = replace(toy_labels(), track="azimuth", labels=labels, conditions=[BinauralCondition().stated()])
    flipped = np.where(np.arange(240) // 2 % 2, np.copysign(180, azimuth) - azimuth, azimuth)
    sent = {"flips": toy_submission(sealed.expectation, flipped[None], "flips")}
    board = standing_of(
        BoardInfo("turns", "Turns", "closed"), sealed, sent, {"flips": EntryInfo("us", "2026-01-01")}, "public"
    )
    keep = sealed.half == "public"
    unfolded = np.abs(np.where(flipped == azimuth, 0, 180 - 2 * np.abs(azimuth)))[keep].mean()
    heads, line, *_ = table_of(board)
    found = dict(zip(heads, line, strict=True))
    assert float(found["MAE within ±90° (folded) deg"]) == 0
    assert float(found["MAE (unfolded) deg"]) == pytest.approx(unfolded, abs=0.01)
    assert float(found["front-back confusion %"]) == pytest.approx(100 * (flipped != azimuth)[keep].mean(), abs=0.1)


def test_a_track_that_is_not_registered_any_more_keeps_its_pages(small):
    gone = replace(small, track="gone")
    assert BoardView(gone).track is None
    assert BoardView(gone).text({"snr_db": 10.0}) == "snr_db 10"
    assert "snr_db" in render_board(gone)
    assert render_entry(gone, "good")


def test_a_standing_is_indexed_once(standing):
    assert view_of(standing) is view_of(standing)
    assert view_of(replace(standing)) is not view_of(standing)
    assert view_of(replace(standing, title="Other")).standing.title == "Other"


def test_other_orders_name_the_rank_in_every_row(standing):
    by_name = table_of(standing, Choice(order="name"))
    assert names_in(by_name) == ["bad", "deaf", "good", "twin"]
    assert [row[0] for row in by_name[1:5]] == ["4", "3", "1 tied", "1 tied"]
    assert names_in(table_of(standing, Choice(order="newest"))) == ["bad", "twin", "good", "deaf"]


def test_the_fastest_come_first_and_unknown_times_last(standing):
    times = {"good": 0.004, "twin": None, "deaf": 0.001, "bad": 0.002}
    overall = [replace(row, seconds_per_sample=times.get(row.method)) for row in standing.overall]
    rows = table_of(replace(standing, overall=overall), Choice(order="fastest"))
    assert names_in(rows) == ["deaf", "bad", "good", "twin"]


def test_a_filter_shows_one_kind(standing):
    assert names_in(table_of(standing, Choice(show="baselines"))) == ["deaf"]
    assert names_in(table_of(standing, Choice(show="submissions"))) == ["twin", "good", "bad"]


def test_conditions_switch_to_their_own_scores(standing):
    view = BoardView(standing)
    assert list(view.conditions)[:4] == ["all", "snr_db-30", "snr_db-10", "snr_db--10"]
    part = view.conditions["snr_db-10_rt60_nominal-0.5"]
    truth = next(row for row in standing.rows if row.method == "good" and dict(row.condition) == dict(part))
    rows = table_of(standing, Choice("snr_db-10_rt60_nominal-0.5"))
    assert any(f"{truth.value:.3f}" in row for row in rows if any(c.startswith("good") for c in row))
    options = [option for switch in view.condition_switches(view.tidy(Choice())) for option in switch.options]
    assert {option.choice.condition for option in options} <= set(view.conditions)


@pytest.mark.parametrize("name", ["condition", "metric"])
def test_a_choice_that_is_not_there_is_refused(standing, name):
    with pytest.raises(KeyError):
        render_board(standing, Choice(**{name: "nonsense"}))


def test_chance_and_ceiling_stand_apart(standing):
    source = render_board(standing)
    kinds = [row["class"] for row in read(source).all("tr") if "class" in row]
    assert kinds.count("bound") == 2
    assert kinds.count("baseline") == 1
    assert "Bounds, measured on these samples" in source


def test_published_numbers_are_marked_and_never_ranked(standing):
    condition = next(dict(one.condition) for one in standing.published)
    name = BoardView(standing).name(condition)
    rows = table_of(standing, Choice(name), "published")
    wanted = [p for p in standing.published if p.metric == standing.metric.name and dict(p.condition) == condition]
    assert len(rows) - 1 == len(wanted)
    assert sorted(float(row[2].rstrip("*")) for row in rows[1:]) == sorted(p.value for p in wanted)
    assert all(row[2].endswith("*") for row in rows[1:]) == all(p.uncertain for p in wanted)
    assert "Salvati" not in " ".join(map(str, table_of(standing, Choice(name))))


def test_an_entry_page_shows_every_score(standing):
    page = read(render_entry(standing, "good"))
    own = [row for row in (*standing.overall, *standing.rows) if row.method == "good"]
    text = " ".join(" ".join(row) for row in page.tables["scores"])
    digits = {"ms": 3, "%": 1}
    for row in own:
        assert f"{row.value:.{digits[row.unit]}f}" in text
    assert "Ada Lovelace, Charles Babbage" in page.text
    assert "https://example.org/paper" in [a.get("href") for a in page.all("a")]
    assert all("nofollow" in a["rel"] for a in page.all("a") if a["href"].startswith("http"))


def test_histograms_hold_every_error(standing):
    page = read(render_entry(standing, "good"))
    columns = list(zip(*page.tables["errors"][1:], strict=True))[1:]
    assert [sum(map(int, column)) for column in columns] == [standing.samples] * len(standing.conditions)
    heights = [float(rect["height"].rstrip("%")) for rect in page.all("rect")]
    assert max(heights) == pytest.approx(100)


def test_worst_samples_are_left_out_where_there_are_none(standing):
    entry = standing.entries["good"]
    assert entry.worst[0] in render_entry(standing, "good")
    without = replace(standing, entries={**standing.entries, "good": replace(entry, worst=())})
    assert "Worst" not in render_entry(without, "good")


def test_a_comparison_says_in_words_what_its_interval_says(standing):
    page = read(render_comparison(standing, "good", "bad"))
    rows = page.tables["differences"][1:]
    assert {row[-1] for row in rows} == {"good is better"}
    assert "By MAE, good is better by" in page.text
    gap = standing.difference("good", "bad", {})
    assert rows[0][3] == f"{gap.value:+.3f}".replace("-", "−")
    tied = read(render_comparison(standing, "good", "twin"))
    assert "good and twin cannot be told apart" in tied.text


def test_a_comparison_turned_round_has_the_opposite_sign(standing):
    one = read(render_comparison(standing, "good", "bad")).tables["differences"]
    other = read(render_comparison(standing, "bad", "good")).tables["differences"]
    flip = str.maketrans("+−", "−+")
    assert [row[3] for row in other[1:]] == [row[3].translate(flip) for row in one[1:]]
    assert [row[1] for row in other[1:]] == [row[2] for row in one[1:]]
    assert [row[-1] for row in other] == [row[-1] for row in one]


@pytest.mark.parametrize("pair", [("good", "good"), ("good", "nobody")])
def test_a_comparison_needs_two_entries(standing, pair):
    with pytest.raises(KeyError):
        render_comparison(standing, *pair)


def test_on_a_large_board_pages_compare_what_was_compared(small, monkeypatch):
    monkeypatch.setattr("whence.leaderboard.pages.comparison_page.MOST_PAIRED", 2)
    apart = {frozenset(("good", "bad")), frozenset(("good", "deaf"))}
    tables = [
        replace(t, pairs=[pair for pair in t.pairs if {t.keys[k] for k in pair[:2]} not in apart])
        for t in small.comparisons
    ]
    large = replace(small, slug="large", comparisons=tables)
    assert small.ranked == ["twin", "good", "deaf", "bad"]
    pairs = [("twin", "good"), ("twin", "deaf"), ("twin", "bad"), ("deaf", "bad")]
    assert BoardView(large).pairs == pairs
    held = [(key, one.other.key) for key in large.entries for one in pairings(BoardView(large), key)]
    assert sorted(map(sorted, held)) == sorted(map(sorted, pairs))
    page = read(render_entry(large, "bad"))
    assert len(page.tables["others"]) == 1 + 2
    links = [link for link in page.links if link.startswith("../compare?")]
    assert links == ["../compare?a=twin&b=bad", "../compare?a=deaf&b=bad"]
    listed = read(render_pairs(large))
    assert len(listed.tables["pairs"]) == 1 + 1
    assert "the 40 best entries are all compared with each other" in listed.text


def test_entries_that_were_not_compared_have_a_page_that_says_which_were(small):
    page = read(render_comparison(replace(small, slug="large", comparisons=()), "good", "bad"))
    assert page.tables == {}
    assert "good and bad have not been compared" in page.text
    assert "every entry with the leader and with 5 neighbours above and below" in page.text
    assert "every two" not in read(render_comparison(small, "good", "bad")).text


@pytest.mark.parametrize(
    ("gap", "higher", "words"),
    [
        (Interval(-1.0, -2.0, -0.5), False, "a is better"),
        (Interval(-1.0, -2.0, -0.5), True, "b is better"),
        (Interval(1.0, 0.5, 2.0), True, "a is better"),
        (Interval(1.0, -0.5, 2.0), True, "cannot be told apart"),
        (Interval(1.0, math.nan, math.nan), True, "unknown: too few clusters for an interval"),
        (None, False, "not compared"),
    ],
)
def test_verdicts(standing, gap, higher, words):
    assert verdict(gap, replace(standing.metric, higher_is_better=higher), "a", "b") == words


def test_csv_and_json_hold_the_numbers_in_full(standing):
    site = Site([standing], live)
    address = Address("board", standing.slug, file="table.csv")
    rows = list(csv.DictReader(io.StringIO(site.content(address))))
    truth = {row.method: row for row in standing.overall}
    assert {row["entry"]: float(row["value"]) for row in rows} == {key: row.value for key, row in truth.items()}
    content = json.loads(site.content(replace(address, file="table.json")))
    assert content["fingerprint"] == standing.fingerprint
    assert [(row["entry"], row["rank"], row["ci_low"]) for row in content["rows"]] == [
        (key, truth[key].rank, truth[key].ci_low) for key in ("twin", "good", "deaf", "bad", CEILING, CHANCE)
    ]
    whole = json.loads(site.content(replace(address, file="standing.json")))
    assert standing_from_json(whole).to_json() == standing.to_json()


def test_nan_is_null_in_json_and_empty_in_csv(standing):
    overall = [replace(row, ci_low=math.nan, ci_high=math.nan, skill=math.nan) for row in standing.overall]
    site = Site([replace(standing, overall=overall)], live)
    address = Address("board", standing.slug, file="table.json")
    assert {row["ci_low"] for row in json.loads(site.content(address))["rows"]} == {None}
    assert "nan" not in site.content(replace(address, file="table.csv"))
    read(site.content(replace(address, file="")))


def test_latex_escapes_names(standing):
    site = Site([renamed(standing, "good", "50%_&#{x}~")], live)
    table = site.content(Address("board", standing.slug, file="table.tex"))
    assert r"50\%\_\&\#\{x\}" in table
    assert table.isascii()
    widths = {line.count("&") - line.count(r"\&") for line in table.splitlines() if line.endswith(r"\\")}
    assert len(widths) == 1


def test_latex_takes_no_option_from_a_name(standing):
    """`\\\\` and the rules of booktabs read a bracket or star that follows them, also on the next line."""
    hostile = replace(renamed(renamed(standing, "good", "[5cm]"), "bad", "*[9cm]"), title="50%_{of}^~ [5cm]")
    for file, kind in (("tracks.tex", "index"), ("table.tex", "board")):
        table = Site([hostile], live).content(Address(kind, standing.slug if kind == "board" else "", file=file))
        assert "[5cm]" in table
        assert not re.search(r"(\\\\|rule)\s*[\[*]", table)
        caption = re.search(r"\\caption\{(.*)\}", table)[1]
        assert not re.search(r"(?<!\\)[%_^~#&$]", caption)
    for first in ("[5cm]", "*x", " [5cm]"):
        text = latex(TextTable("", ["a", "b"], [[first, "1"], [first, "2"]]))
        assert text.count("{}" + first) == 2


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+cmd", "-2", "@x", "\uff1d1+1", "\uff0bcmd", "\uff0d2", "\uff20x", " =1", "\ufe66SUM(A1)", "\ufeff=1"],
)
def test_a_name_is_no_formula(standing, name):
    site = Site([renamed(standing, "good", name)], live)
    rows = csv.DictReader(io.StringIO(site.content(Address("board", standing.slug, file="table.csv"))))
    assert f"'{name}" in {row["method"] for row in rows}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a; \uff1d1;b", "a;' \uff1d1;b"),
        ("a\t@x", "a\t'@x"),
        ("a\n+1", "a\n'+1"),
        ("a;b-1", "a;b-1"),
    ],
)
def test_no_cell_inside_a_text_is_a_formula(words, expected):
    """Where decimals have commas, spreadsheets part the cells of a CSV file at semicolons."""
    table = PageTable("t", "", [], [], [{"method": words}])
    assert next(csv.DictReader(io.StringIO(table.written("csv"))))["method"] == expected


def test_html_in_names_is_inert(small):
    hostile = renamed(
        small,
        "good",
        HOSTILE,
        authors=HOSTILE,
        paper="javascript:alert(1)",
        code="data:text/html,x",
        description=HOSTILE,
    )
    entry = replace(
        hostile.entries["good"], team=HOSTILE, method=HOSTILE, parameters={HOSTILE: HOSTILE}, worst=[HOSTILE]
    )
    hostile = replace(hostile, title=HOSTILE, entries={**hostile.entries, "good": entry})
    app = FastAPI()
    app.include_router(router(lambda: [hostile], HOSTILE))
    with TestClient(app) as client:
        served = {url: answer.text for url, answer in served_from(client.get, "/").items()}
    site = Site([hostile], static, HOSTILE)
    exported = {static(address): site.content(address) for address in site.every_address()}
    assert check_inert(served) > 40
    assert check_inert(exported, scripts=1) == 10


def check_inert(contents, scripts=0):
    """Check that no page does what a name says; return how many say it."""
    seen = 0
    for url, content in contents.items():
        if content.startswith("<svg"):
            tags = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(content).iter()}
            assert tags == {"svg", "title", "clipPath", "rect", "g", "text"}
        elif content.startswith("<!DOCTYPE"):
            page = read(content)
            assert not {"iframe", "object", "style", "form"} & {tag for tag, _ in page.tags}, url
            assert len(page.all("script")) == scripts
            assert all(image["src"].endswith("badge.svg") for image in page.all("img"))
            assert not any(name.startswith("on") or name == "style" for _, attrs in page.tags for name in attrs)
            targets = [a.get("href") or "" for a in page.all("a") if "download" not in a]
            assert not any(target.startswith(("javascript", "data:")) for target in targets)
            seen += HOSTILE in page.text
    return seen


def test_names_that_are_alike_are_told_apart(standing):
    alike = renamed(renamed(standing, "good", "PHAT"), "twin", "\u0420\u041d\u0410\u0422")
    assert BoardView(alike).labels["good"] == "PHAT (team-a)"
    alike = renamed(renamed(standing, "good", "same"), "twin", "same")
    assert {BoardView(alike).labels[key] for key in ("good", "twin")} == {"same (team-a)", "same (team-b)"}
    alike = renamed(renamed(standing, "good", "same"), "bad", "same")
    assert {BoardView(alike).labels[key] for key in ("good", "bad")} == {"same (good)", "same (bad)"}


@pytest.fixture(scope="session")
def boards(standing, small):
    odd = {"../../x Ü/?#%": replace(small.entries["good"], key="../../x Ü/?#%")}
    rows = {"good": "../../x Ü/?#%"}
    strange = replace(
        small,
        slug="Strange & Name",
        entries={rows.get(key, key): odd.get(rows.get(key, ""), entry) for key, entry in small.entries.items()},
        rows=[replace(row, method=rows.get(row.method, row.method)) for row in small.rows],
        overall=[replace(row, method=rows.get(row.method, row.method)) for row in small.overall],
        comparisons=[replace(t, keys=[rows.get(key, key) for key in t.keys]) for t in small.comparisons],
    )
    return [small, strange, one_condition(standing, {}), empty(small)]


@pytest.fixture(scope="session")
def site(boards, tmp_path_factory):
    """The exported site, moved into a sub-folder after it was written."""
    folder = tmp_path_factory.mktemp("site")
    export_site(boards, folder / "first")
    shutil.copytree(folder / "first", folder / "a" / "sub folder" / "board")
    return folder / "a" / "sub folder" / "board"


@pytest.fixture(scope="session")
def client(boards):
    """The served pages, mounted below a prefix."""
    inner, app = FastAPI(), FastAPI()
    inner.include_router(router(lambda: boards))
    app.mount("/some/where", inner)
    with TestClient(app, raise_server_exceptions=True) as client:
        yield client


def served_from(get, start):
    """Every page and file that links lead to from `start`, by address; `get` answers addresses."""
    queue, found = deque([start]), {}
    while queue:
        url = queue.popleft()
        if url in found:
            continue
        found[url] = answer = get(url)
        assert answer.status_code == 200, url
        if answer.headers["content-type"].startswith("text/html"):
            queue += [urljoin(f"http://x{url}", link).removeprefix("http://x") for link in read(answer.text).links]
    return found


def exported_in(folder):
    """The pages of an exported site by file; every link leads to a file and a part of it, and every file is linked."""
    pages = {path.resolve(): read(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
    linked = {(folder / "index.html").resolve()}
    for path, page in pages.items():
        for link in page.links:
            assert not link.startswith("/")
            target, _, part = link.partition("#")
            file = (path.parent / target.replace("%20", " ")).resolve() if target else path
            assert file.is_file(), f"{path} links to {link}"
            assert not part or part in {a.get("id") for _, a in pages[file].tags}, f"{path} links to {link}"
            linked.add(file)
    written = {path.resolve() for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")}
    assert written == linked, "every file is reached by links"
    return pages


def check_content(served, folder):
    """Check that the pages and files `served` are in the site in `folder`: tables, headlines and files.

    Ordered and filtered tables hold rows of the whole ones.
    """
    pages = exported_in(folder)
    tables, rows = set(), defaultdict(set)
    words = " ".join(page.text for page in pages.values())
    files = {path.read_bytes() for path in folder.rglob("*") if path.suffix != ".html" and path.is_file()}
    for path, page in pages.items():
        track = track_of(path.relative_to(folder.resolve()))
        files.update(page.enclosed)
        tables |= {(track, caption, tuple(map(tuple, table))) for caption, table in page.captioned}
        for caption, table in page.whole.items():
            rows[track, caption] |= set(map(tuple, table))
    for url, answer in served.items():
        if not answer.headers["content-type"].startswith("text/html"):
            assert answer.content in files, url
            continue
        page, chosen = read(answer.text), parse_qs(urlsplit(url).query)
        assert "<script" not in answer.text
        assert all(headline in words for headline in page.headlines), url
        for caption, table in page.captioned:
            if {"order", "show"} & chosen.keys():
                assert rows[track_of(url), caption].issuperset(map(tuple, full(table))), url
            else:
                assert (track_of(url), caption, tuple(map(tuple, table))) in tables, url


def track_of(place):
    """The folder of the track that an address or file belongs to, None for none."""
    found = re.search(r"tracks/([^/?]+)", str(place))
    return found and found[1]


def full(table):
    """The rows of a table, each with the rank that it shares with the one above."""
    width, rank, found = len(table[0]), "", []
    for row in table:
        rank = row[0] if len(row) == width else rank
        found.append(row if len(row) in (1, width) else [rank, *row])
    return found


@pytest.fixture(scope="session")
def served(client):
    """Everything that the server shows."""
    return served_from(client.get, "/some/where/")


def test_an_export_has_all_that_the_server_shows(site, served):
    assert len(served) > 200
    check_content(served, site)


def without_a_number(site, folder):
    """A copy of the site in which one number of one table is another."""
    shutil.copytree(site, folder)
    page = folder / "tracks" / "small" / "snr_db-10.html"
    source = page.read_text()
    number = re.search(r'<td class="number">(0\.\d\d\d)', source)[1]
    page.write_text(source.replace(f'<td class="number">{number}', '<td class="number">9.999', 1))
    return folder


def test_an_export_with_another_number_would_be_found(site, served, tmp_path):
    some = {url: answer for url, answer in served.items() if "small?" in url}
    with pytest.raises(AssertionError, match="snr_db-10"):
        check_content(some, without_a_number(site, tmp_path / "other"))


def large_board(standing, levels_db=(30.0, 20.0, 10.0, 0.0, -10.0)):
    """Twelve entries under levels of noise in four rooms: made of the rows of the toy board."""
    names = {f"{key}{k}": key for k in range(3) for key in standing.entries}
    levels = [{"snr_db": snr} for snr in levels_db]
    rooms = [{}, *({"rt60_nominal": rt60} for rt60 in (0.1, 0.3, 0.5, 0.7))]
    model, whole = dict(standing.conditions[0]), [{**standing.conditions[0], **level} for level in levels]
    like = [row for row in standing.rows if dict(row.condition) == model]

    def copies(row):
        return [row.method] if row.method in (CHANCE, CEILING) else [n for n, key in names.items() if key == row.method]

    def copied(rows, condition):
        return [replace(row, method=name, condition=condition) for row in rows for name in copies(row)]

    entries = {name: replace(standing.entries[key], key=name, errors=(), worst=()) for name, key in names.items()}
    pairs = [(i, j, 0.1, -0.1, 0.2) for j in range(12) for i in range(j)]
    return replace(
        standing,
        conditions=whole,
        entries=entries,
        rows=[row for c in whole for room in rooms for row in copied(like, {**c, **room})],
        overall=copied(standing.overall, {}),
        comparisons=[replace(standing.comparisons[0], condition={}, keys=list(names), pairs=pairs)],
    )


def test_a_board_of_twelve_entries_is_sixty_files(standing):
    """It has over a hundred tables that rank, and was two thousand files when each order and filter was a page."""
    large = large_board(standing)
    view = BoardView(large)
    assert sum(len(view.measured(condition)) for condition in view.conditions.values()) == 101
    assert len(view.pairs) == 66
    marks = 2
    assert len(list(Site([large], static).every_address())) + marks <= 60


def test_no_two_pages_share_a_file_on_any_disk(boards, standing):
    for addresses in (static, live):
        paths = [addresses(address) for address in Site([*boards, standing], addresses).every_address()]
        assert len(paths) == len({path.lower() for path in paths})
    assert all(
        part not in ("", ".", "..") and len(part) < 200 and re.fullmatch(r"[A-Za-z0-9._-]+", part)
        for path in (static(address) for address in Site(boards, static).every_address())
        for part in path.split("/")
    )


def test_file_names_differ_where_names_do():
    names = ["a", "A", "a b", "a-b", "a--b", "../a", "Ü", "ü", "", "x" * 300, "x" * 301, "con"]
    assert len({file_name(name).lower() for name in names}) == len(names)


def test_exported_pages_have_one_script_and_link_nowhere_else(site):
    for path in site.rglob("*.html"):
        source = path.read_text(encoding="utf-8")
        (script,) = read(source).all("script")
        assert (path.parent / script.pop("src")).resolve() == (site / "board.js").resolve()
        assert script.keys() == {"defer"}
        assert re.search(r"<script[^>]*></script>", source)
        assert not re.search(r'(?:src|href)="(?:/|//|file:)', source)


def test_every_table_can_be_read_aloud(site):
    """Captions, scopes, landmarks, one first heading, no heading level skipped, no id twice."""
    for path in site.rglob("*.html"):
        page = read(path.read_text(encoding="utf-8"))
        assert len(page.all("caption")) == len(page.all("table"))
        assert all(head.get("scope") in ("col", "row", "rowgroup") for head in page.all("th"))
        assert all(len(page.all(tag)) == 1 for tag in ("main", "header", "footer", "h1", "title"))
        levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
        assert all(b - a <= 1 for a, b in pairwise(levels))
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids)), path


def test_what_is_not_there_is_404_with_a_way_back(client):
    for path in (
        "tracks/none",
        "tracks/small/entries/none",
        "tracks/small/entries/none/scores.csv",
        "tracks/small/compare?a=good",
        "tracks/small/compare?a=good&b=good",
        "tracks/small/table.exe",
        "tracks/small/other.csv",
        "tracks/small?order=sideways",
        "tracks/small?show=%00",
        "tracks/small?condition=" + "x" * 5000,
        "tracks/small?metric=__class__",
        "tracks/small/entries/..%2f..%2fetc",
        "tracks.exe",
    ):
        answer = client.get(f"/some/where/{path}")
        assert answer.status_code == 404, path
    answer = client.get("/some/where/tracks/small/entries/none")
    page = read(answer.text)
    links = {urljoin("http://x/some/where/tracks/small/entries/none", link) for link in page.links}
    assert {"http://x/some/where/", "http://x/some/where/tracks/small"} <= links
    assert "http://x/some/where/board.css" in links


def test_a_page_that_the_reader_has_is_not_sent_again(client):
    first = client.get("/some/where/tracks/small")
    again = client.get("/some/where/tracks/small", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.head("/some/where/tracks/small").status_code == 200
    kinds = {"table.csv": "text/csv", "table.json": "application/json", "badge.svg": "image/svg+xml"}
    for file, kind in kinds.items():
        assert client.get(f"/some/where/tracks/small/{file}").headers["content-type"].startswith(kind)


def test_boards_without_entries_tracks_or_conditions_render(standing, small):
    assert "Nobody has submitted yet." in render_board(empty(small))
    assert "There are no tracks here yet." in render_index([])
    assert "no entries" in render_badge(empty(small))
    single = one_condition(standing, {})
    assert BoardView(single).text({}) == "all clips"
    assert names_in(table_of(single)) == ["good", "twin", "deaf", "bad"]
    assert names_in(table_of(single, Choice(metric="root_mean_square_error")))
    sided = {key: replace(entry, errors=()) for key, entry in single.entries.items()}
    assert "Where the errors lie" not in render_entry(replace(single, entries=sided), "good")


def test_badges_are_pictures_with_words(standing):
    for key, words in (
        (None, "Toy delays: twin and good: 0.072 ms"),
        ("good", "Toy delays: rank 1 (tied) of 4: 0.075 ms"),
    ):
        root = ElementTree.fromstring(render_badge(standing, key))
        assert root.get("aria-label") == words
        assert float(root.get("width")) < 500
    with pytest.raises(KeyError):
        render_badge(standing, "nobody")


def test_an_export_replaces_an_export_and_nothing_else(small, tmp_path):
    out = tmp_path / "site"
    export_site([small], out)
    (out / ".git").mkdir()
    (out / "CNAME").write_text("board.example")
    export_site([empty(small)], out)
    assert not (out / "tracks" / "small").exists()
    assert (out / "CNAME").exists()
    assert (out / ".git").is_dir()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.tex").write_text("years")
    with pytest.raises(InputError, match="holds files that no export wrote"):
        export_site([small], tmp_path / "work")
    with pytest.raises(InputError, match="two tracks"):
        export_site([small, small], tmp_path / "twice")
    assert not (tmp_path / "twice").exists()


def test_an_export_writes_through_no_link(small, tmp_path):
    """Not through the mark by which it knows its folder, which a link does not give, nor through any page."""
    work, out = tmp_path / "work", tmp_path / "site"
    work.mkdir()
    (work / "thesis.tex").write_text("years")
    out.mkdir()
    (out / ".whence-site").symlink_to(work / "thesis.tex")
    (out / "notes").write_text("mine")
    with pytest.raises(InputError, match="holds files that no export wrote"):
        export_site([small], out)
    (out / "notes").unlink()
    export_site([small], out)
    shutil.rmtree(out / "tracks")
    for name in (".nojekyll", "board.css", "tracks"):
        (out / name).unlink(missing_ok=True)
        (out / name).symlink_to(work if name == "tracks" else work / f"new{name}")
    export_site([small], out)
    assert [(path.name, path.read_text()) for path in work.iterdir()] == [("thesis.tex", "years")]


def test_an_export_is_the_same_every_time(small, tmp_path):
    for name in ("a", "b"):
        export_site([small], tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert all((tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes() for file in files)


def test_a_bar_lies_where_its_numbers_do(standing):
    rows = {row.method: row for row in standing.overall}
    axis = Axis.between(rows[CHANCE].value, rows[CEILING].value, [row.value for row in rows.values()])
    bar = axis.bar(rows["good"].value, rows["good"].ci_low, rows["good"].ci_high)
    span = axis.high - axis.low
    assert bar.value == pytest.approx(100 * (rows["good"].value - axis.low) / span, abs=0.01)
    assert bar.high - bar.low == pytest.approx(100 * (rows["good"].ci_high - rows["good"].ci_low) / span, abs=0.02)
    assert axis.bar(rows["bad"].value, rows["bad"].ci_low, rows["bad"].ci_high).cut
    assert not bar.cut


def test_a_standing_from_json_gives_the_same_pages(standing):
    again = standing_from_json(json.loads(json.dumps(standing.to_json())))
    assert isinstance(again, Standing)
    assert render_board(again) == render_board(standing)
    assert render_entry(again, "good") == render_entry(standing, "good")


def test_the_site_of_this_repository_is_packaged():
    """Templates and styles lie beside the modules that read them."""
    folder = Path(__file__).parents[1] / "leaderboard" / "pages" / "templates"
    assert {path.suffix for path in folder.iterdir()} == {".html", ".css", ".js", ".svg"}


def test_a_board_without_entries_has_a_page():
    empty = replace(example_standing("public"), entries={}, rows=(), overall=(), comparisons=())
    assert empty.title in render_board(empty)
