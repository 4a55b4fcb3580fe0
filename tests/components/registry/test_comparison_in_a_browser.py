"""What a promotion shows people, as a renderer that knows HTML has it: hostile words stay words."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt

from components.lineage.versions import open_registry
from components.registry.approvals import Person
from components.registry.comparison import comparison
from components.registry.gates.gate import Outcome
from components.registry.verdicts import Judged
from components.revisions.home import Home
from tests.components.lineage.pages.test_pages_in_a_browser import SHELL, counter, hostile_text  # noqa: F401
from tests.components.registry.test_approvals import add_version, consider, policy, say
from tests.components.reporting.test_report_in_a_browser import opened


def test_hostile_words_of_gates_and_people_are_text_in_the_comparison(
    browser: Any,
    counter: tuple[str, list[str]],  # noqa: F811
    root: Path,
    tmp_path: Path,
) -> None:
    address, asked = counter
    text = hostile_text(address)
    version = add_version(root, 0.9)
    say(root, version, Person(text, False), reason=text)
    verdict = consider(root, version, policy(needed=2))
    verdict = replace(verdict, gates=(*verdict.gates, Judged(text, {}, Outcome(False, text, {}))))
    shown = comparison(Home(root), open_registry(root), verdict, "http://127.0.0.1:9")
    path = tmp_path / "comparison.html"
    path.write_text(SHELL + MarkdownIt("commonmark", {"html": True}).enable("table").render(shown), encoding="utf-8")
    seen = opened(browser, path, 1280)
    assert seen.page.evaluate("document.body.innerText").count("<script>fetch(") >= 4
    assert seen.page.evaluate("document.scripts.length") == 0
    assert seen.page.evaluate(f'document.querySelectorAll(\'[src^="{address}"], [href^="{address}"]\').length') == 0
    assert seen.events == []
    assert asked == []
