"""The page of codes is complete, and says rightly which command sets something aside under each."""

import re
from pathlib import Path

import pytest

from docs.generate import REFERENCE
from docs.writers.set_aside import scene_errors

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r"\| `(?P<code>[a-z-]+)` \| (?P<wrong>.+?) \| (?P<remedy>.+?) \| (?P<who>.+) \|")
# Found under the code by tests of each command; a walk through the source must come to the same.
KNOWN = {
    "truncated": {"add", "label", "ingest"},
    "empty-scene": {"add", "ingest"},
    "broken-item": {"add", "ingest"},
    "hostile-xml": {"add"},
    "broken-netcdf": {"add"},
    "unsafe-archive": {"add"},
    "not-fetched": {"add"},
    "broken-labels": {"label"},
    "labelled-already": {"label"},
}


@pytest.fixture(scope="module")
def rows() -> dict[str, re.Match[str]]:
    page = (REFERENCE / "set-aside.md").read_text(encoding="utf-8")
    return {row["code"]: row for row in map(ROW.fullmatch, page.splitlines()) if row}


def test_every_code_stands_on_the_page_once_with_its_remedy(rows) -> None:
    codes = [error.code for error in scene_errors(ROOT)]
    assert sorted(codes) == sorted(rows), "two errors share a code, or the page is out of date: run `make docs`"
    assert [code for code, row in rows.items() if len(row["wrong"]) < 20 or len(row["remedy"]) < 15] == []


def test_every_code_is_found_by_a_command(rows) -> None:
    who = {code: set(re.findall(r"`(\w+)`", row["who"])) for code, row in rows.items()}
    assert [code for code, commands in who.items() if not commands] == []
    assert {code: who[code] for code in KNOWN} == KNOWN
