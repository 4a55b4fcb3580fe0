"""`fusar lineage show --html` and `fusar lineage diff` on a real registry."""

import json
from pathlib import Path

from rich.console import Console
from typer.testing import CliRunner

from cli.app import app
from cli.lineage.diff import tree_of
from components.lineage.index.answers import IndexedScene, SceneDifference
from components.registry.difference import Change, Code, Paired, VersionDifference
from components.revisions.history import ChangedFile, Commit
from tests.cli.test_lineage_and_promote import repository  # noqa: F401
from tests.components.registry.conftest import empty_store, root  # noqa: F401


def test_a_page_is_written_whole_and_the_same_again(repository: Path) -> None:  # noqa: F811
    for name in ("one.html", "two.html"):
        said = CliRunner().invoke(app, ["lineage", "show", "fusar-gpt@champion", "--html", name])
        assert said.exit_code == 0, said.output
    one, two = ((repository / name).read_bytes() for name in ("one.html", "two.html"))
    assert one == two
    for words in (b"What made fusar-gpt/1", b"md5 of scene3", b'href="#stage-0"', b"default-src"):
        assert words in one
    assert not list(repository.glob(".*.partial"))


def test_diff_pairs_the_items_and_says_what_git_does_not_know(repository: Path) -> None:  # noqa: F811
    said = CliRunner().invoke(app, ["lineage", "diff", "fusar-gpt/1", "fusar-gpt/2", "--json"])
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert (found["first"], found["second"]) == ("fusar-gpt/1", "fusar-gpt/2")
    assert found["scenes"] == {"added": [], "removed": [], "added_count": 0, "removed_count": 0}
    assert found["code"]["unknown"], "the commit of these records is none of this repository"
    (pair,) = found["paired"]
    assert (pair["task"], pair["estimate"]["n"], pair["estimate"]["places"]) == ("count", 40, 4)
    assert abs(pair["estimate"]["value"] - 0.2) < 1e-9, "36 of 40 right against 28 of 40"
    assert pair["estimate"]["low"] <= 0.2 <= pair["estimate"]["high"]


def test_hostile_names_are_text_in_the_tree_of_a_difference() -> None:
    hostile = "[bold red]x[/] [link=http://a]b[/link]"
    found = VersionDifference(
        first="fusar-gpt/1",
        second="fusar-gpt/2",
        scenes=SceneDifference((IndexedScene(hostile, {}),), (), 1, 0),
        params=(Change(hostile, "1", ""),),
        code=Code("a..b", (Commit("c" * 40, hostile),), (), (ChangedFile("M", hostile),)),
        packages=tuple(Change(f"package-{number}", "1", "2") for number in range(20)),
        metrics=(),
        paired=(Paired("count", "correct", 3, None),),
    )
    console = Console(width=200, force_terminal=False, record=True, quiet=False)
    with console.capture() as said:
        console.print(tree_of(found, everything=False))
    text = said.get()
    assert text.count(hostile) == 4
    assert f"{hostile}: 1 -> none" in text
    assert "... and 8 more (--all)" in text
    assert "count (correct): no item is shared" in text
