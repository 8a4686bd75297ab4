"""The documents keep their word: every command and block of Python on every page runs (docs_pages.py says how)."""

import re

import pytest
from docs_pages import ELSEWHERE, GIVEN, NOT_RUN, PAGES, RESULTS, ROOT, TOY, blocks, prose, run_page, toy

HERE = [page for page in PAGES if page.name not in ELSEWHERE and page != RESULTS]
"""The longest page is in tests/test_docs_results.py, so that two workers share the pages."""


@pytest.mark.parametrize("page", HERE, ids=lambda page: page.stem)
def test_every_command_of_the_page_runs(page, tmp_path):
    run_page(page, tmp_path)


def test_the_tables_name_what_is_on_the_pages():
    """A command that is left out, made small or prepared for is one that a page has."""
    lines = {line for page in PAGES for block in blocks(page) for line in block.text.splitlines()}
    assert set(NOT_RUN) <= lines
    assert [pattern for pattern, _ in TOY if not any(re.match(pattern, line) for line in lines)] == []
    assert {*GIVEN, *ELSEWHERE} <= {page.name for page in PAGES}


def test_the_first_pattern_that_matches_is_the_only_one():
    lines = {line for page in PAGES for block in blocks(page) for line in block.text.splitlines()}
    assert [line for line in lines if sum(bool(re.match(pattern, line)) for pattern, _ in TOY) > 1] == []
    assert toy("whence doctor") == "whence doctor"


def test_every_block_is_of_a_kind_that_is_run_or_shown():
    kinds = {(block.language, block.file is not None) for page in PAGES for block in blocks(page)}
    shown = {("python", True), ("toml", True), ("nginx", False), ("text", False)}
    assert kinds == {("bash", False), ("python", False)} | shown
    fences = sum(page.read_text().count("```") for page in PAGES)
    assert fences == 2 * sum(len(blocks(page)) for page in PAGES) + 2 * PLAIN


PLAIN = 1
"""Blocks without a language: one table that a study prints."""


def test_scripts_stand_in_blocks_and_tests_that_are_named_exist():
    for page in [*PAGES, ROOT / "CONTRIBUTING.md"]:
        spans = re.findall(r"`([^`\n]+)`", prose(page))
        assert [span for span in spans if re.match(r"python3? ", span)] == [], page.name
        for name in re.findall(r"tests/test_\w+\.py", page.read_text()):
            assert (ROOT / name).exists(), f"{page.name} names {name}"
