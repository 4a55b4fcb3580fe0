"""`fusar lineage show` and `fusar promote` on a real registry: what a person reads, and what never counts as markup."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli.app import app
from cli.lineage.show import tree_of
from components.lineage.errors import UnknownVersion
from components.registry.ledger import Ledger
from components.registry.promotion import Promoter
from components.revisions.home import Home
from tests.components.lineage.records import record, scene
from tests.components.registry.conftest import empty_store, root  # noqa: F401
from tests.components.registry.made import POLICY
from tests.components.registry.test_promotion import add_version
from tests.small_house import commit, run


@pytest.fixture
def repository(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    """A repository whose fusar-gpt/1 is champion and fusar-gpt/2 a better challenger."""
    (root / "promotion.yaml").write_text(POLICY)
    (root / ".gitignore").write_text("mlruns\n.fusar\nversion\n")
    run(root, "git", "init", "--quiet", "--initial-branch=main")
    commit(root, "policy")
    for count in (0.7, 0.9):
        Promoter(Home(root)).consider("fusar-gpt", add_version(root, count))
    monkeypatch.chdir(root)
    monkeypatch.setenv("COLUMNS", "200")
    return root


def test_promote_checks_without_writing_then_crowns_and_refuses_the_worse(repository: Path) -> None:
    ledger = Ledger(str(repository / ".fusar/remote"))
    checked = CliRunner().invoke(app, ["promote", "check", "fusar-gpt@challenger"])
    assert checked.exit_code == 0, checked.output
    assert "fusar-gpt/2 passes" in checked.output
    assert ledger.champion("fusar-gpt") == "1"
    assert "fusar-gpt/2 is the champion" in CliRunner().invoke(app, ["promote", "fusar-gpt", "2"]).output
    assert ledger.champion("fusar-gpt") == "2"
    refused = CliRunner().invoke(app, ["promote", "fusar-gpt/1", "--json"])
    assert refused.exit_code == 1
    verdict = json.loads(refused.stdout)
    assert (verdict["passed"], verdict["champion"]) == (False, "2")
    assert [gate["gate"] for gate in verdict["gates"] if not gate["outcome"]["passed"]] == ["not_worse"]


def test_an_uncommitted_policy_lets_nothing_pass(repository: Path) -> None:
    (repository / "promotion.yaml").write_text(POLICY.replace("margin: 0.05", "margin: 1.0"))
    add_version(repository, 0.5)
    assert CliRunner().invoke(app, ["promote", "check", "fusar-gpt/3"]).exit_code == 1


def test_lineage_show_tells_the_chain_down_to_the_md5_of_a_scene(repository: Path) -> None:
    shown = CliRunner().invoke(app, ["lineage", "show", "fusar-gpt@champion", "--all"])
    assert shown.exit_code == 0, shown.output
    for words in ("fusar-gpt/1 (made of simulated scenes)", "commit 000000", "parents: fusar-klip/1", "md5 of scene3"):
        assert words in shown.output
    as_json = json.loads(CliRunner().invoke(app, ["lineage", "show", "fusar-gpt", "--json"]).stdout)
    assert as_json["scenes"][0]["files"] == [{"path": "scenes/scene0.tif", "md5": "md5 of scene0"}]


def test_an_unknown_version_is_answered_with_those_that_exist(repository: Path) -> None:
    answer = CliRunner().invoke(app, ["lineage", "show", "fusar-gpt@nobody"])
    assert isinstance(answer.exception, UnknownVersion)
    assert "registered: fusar-gpt/2, fusar-gpt/1." in str(answer.exception)


def test_a_hostile_scene_id_is_text_in_the_tree() -> None:
    hostile = record(scenes=(scene("[bold red]x[/] [link=http://a]b[/link]", "place[0]"),))
    console = Console(file=StringIO(), width=200, force_terminal=False)
    console.print(tree_of("fusar-gpt/1", hostile, hostile.evaluation, everything=True))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[bold red]x[/] [link=http://a]b[/link]: simulated, sim-c3" in text
    assert "place place[0]" in text


def test_the_ledger_says_who_was_champion_when_and_why_and_a_hostile_reason_is_text(repository: Path) -> None:
    ask = CliRunner().invoke
    before = datetime.now(UTC).isoformat()
    assert "is the champion" in ask(app, ["promote", "fusar-gpt/2"]).output
    reason = "[bold red]x[/] <script>"
    back = ask(app, ["promote", "rollback", "fusar-gpt", "--reason", reason])
    assert (back.exit_code, back.output.splitlines()[0]) == (
        0,
        "fusar-gpt/1 is the champion again, instead of fusar-gpt/2.",
    )
    shown = ask(app, ["ledger", "show", "fusar-gpt"]).output
    assert f"rollback: {reason}" in shown
    assert shown.splitlines()[-1] == "Next: fusar ledger verify"
    entries = json.loads(ask(app, ["ledger", "show", "fusar-gpt", "--json"]).stdout)["fusar-gpt"]
    assert [(entry["action"], entry["version"]) for entry in entries] == [
        ("promote", "1"),
        ("promote", "2"),
        ("rollback", "1"),
    ]
    assert all(answer["passed"] for answer in entries[1]["verdict"])
    then = json.loads(ask(app, ["ledger", "show", "fusar-gpt", "--at", "2020-01-01", "--json"]).stdout)
    assert then == {"fusar-gpt": []}
    at = ask(app, ["ledger", "show", "fusar-gpt", "--at", before]).output
    assert "version 1" in at.splitlines()[0]
    assert ask(app, ["ledger", "show", "--at", "yesterday"]).exit_code == 2
    assert ask(app, ["ledger", "verify"]).exit_code == 0
    path = repository / ".fusar/remote/ledger/fusar-gpt/2.json"
    path.write_bytes(path.read_bytes().replace(b'"version": "2"', b'"version": "1"'))
    verified = ask(app, ["ledger", "verify", "fusar-gpt"])
    assert verified.exit_code == 1
    assert verified.output.startswith("edited: ")
    assert "2.json: was changed" in verified.output
