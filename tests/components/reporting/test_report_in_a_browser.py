"""The report page as a browser has it: nothing leaves, nothing runs, nothing is cut off."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Demo

LARGEST_BYTES = 5_000_000
WIDTHS = (1280, 400)
EVERYTHING = "for (const fold of document.querySelectorAll('details')) fold.open = true"
# The page's own policy forbids eval, and with it Playwright's wait_for_function.
WIDTHS_OF_IMAGES = """Promise.all([...document.images].map(
    image => image.decode().then(() => image.naturalWidth, () => 0)))"""


@dataclass
class Seen:
    """What happened while a page was open."""

    page: Any
    events: list[str] = field(default_factory=list)


def opened(browser: Any, path: Path, width: int) -> Seen:
    """Open a page, and note what it asks for, complains of or pops up."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    seen = Seen(page)

    def dialog(popped: Any) -> None:
        seen.events.append(f"dialog {popped.message}")
        popped.dismiss()

    page.on("dialog", dialog)
    page.on("pageerror", lambda error: seen.events.append(f"error {error}"))
    page.on("console", lambda said: seen.events.append(f"console {said.text}") if said.type == "error" else None)
    page.on("request", lambda asked: seen.events.append(f"request {asked.url[:80]}"))
    page.goto(path.as_uri())
    seen.events = [event for event in seen.events if not event.startswith(("request file:", "request data:"))]
    return seen


def check(browser: Any, path: Path, width: int) -> Any:
    """The open page, after all that holds for every report page has been asserted."""
    seen = opened(browser, path, width)
    seen.page.evaluate(EVERYTHING)
    sizes = seen.page.evaluate(WIDTHS_OF_IMAGES)
    assert len(sizes) > 2
    assert 0 not in sizes
    assert seen.events == []
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.page.evaluate("document.scripts.length") == 0
    return seen.page


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_strings_are_shown_as_text_and_nothing_runs_or_leaves(
    browser: Any, hostile_page: Path, hostile: str, width: int
) -> None:
    page = check(browser, hostile_page, width)
    assert page.evaluate("document.querySelectorAll('[onload], [onerror], img[src=x]').length") == 0
    shown = page.evaluate("document.body.innerText")
    assert shown.count(hostile) > 30
    assert "r" * 10**5 + " end of the reason" in shown
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_demos_report_is_whole_small_and_quiet(browser: Any, demo: Demo, width: int) -> None:
    path = demo.clone.root / ".fusar/reports/tiny.html"
    assert path.stat().st_size < LARGEST_BYTES
    page = check(browser, path, width)
    shown = page.evaluate("document.querySelector('header').innerText")
    assert "Retrain report: fusar-klip/1 and fusar-gpt/1" in shown
    assert "All scenes behind this report are simulated" in shown
    assert "gates passed" in shown
    for link in page.evaluate("[...document.querySelectorAll('nav a')].map(link => link.getAttribute('href'))"):
        assert page.locator(link).count() == 1
    page.close()


def test_every_scroller_fold_and_link_is_reached_by_the_keyboard(browser: Any, hostile_page: Path) -> None:
    page = opened(browser, hostile_page, WIDTHS[0]).page
    wanted = page.evaluate("document.querySelectorAll('summary, nav a, .scroll').length")
    reached = set()
    for _ in range(wanted + 5):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
    folded = page.evaluate(
        "document.querySelectorAll('details:not([open]) .scroll, details:not([open]) summary').length"
    )
    assert len(reached) > wanted - folded
    page.close()
