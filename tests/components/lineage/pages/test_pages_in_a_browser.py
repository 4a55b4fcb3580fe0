"""Pages of lineage in a browser: hostile text stays text, every click leads somewhere, 10^4 scenes stay usable."""

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from components.lineage.derived import Derived
from components.lineage.impact import Impact
from components.lineage.index.answers import IndexedPrediction, IndexedScene, IndexedVersion
from components.lineage.pages.impact import impact_page
from components.lineage.pages.version import version_page
from components.lineage.record import Content, Lineage, SetAside, Verdict
from components.registry.card import version_card, write_readme
from components.registry.costs import Cost
from components.registry.models import GPT
from tests.components.lineage.records import record, scene
from tests.components.reporting.test_report_in_a_browser import EVERYTHING, opened

LARGEST_BYTES = 3_000_000
WIDTHS = (1280, 400)
# What a renderer that knows HTML makes of a card must itself be drawn to prove that nothing in it calls out.
SHELL = "<!doctype html><link rel=icon href='data:,'><body>"


@pytest.fixture
def counter() -> Iterator[tuple[str, list[str]]]:
    """A loopback server that counts who asks it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def hostile_text(address: str) -> str:
    return (
        f"<script>fetch('{address}/script')</script><img src={address}/img onerror=alert(1)>"
        f'![x]({address}/markdown.png) [y]({address}/link)"><svg onload=alert(2)> \u202egnp.exe | end'
    )


def hostile_record(text: str) -> Lineage:
    odd = scene(text, text).model_copy(update={"split": text, "platform": text, "bounds": (3.0, 51.0, 4.0, 52.0)})
    plain = record()
    retrain = plain.retrain.model_copy(update={"profile": text, "commit": text, "flow_run_id": text})
    stage = plain.stages[0].model_copy(update={"name": text, "command": text, "params": {text: {text: text}}})
    return record(
        scenes=(odd,),
        retrain=retrain,
        stages=(stage, plain.stages[1]),
        inputs=(Content(path=text, md5=text),),
        set_aside=(SetAside(scene_id=text, code=text),),
        verdicts=(Verdict(stage=text, checks=1, critical_failures=(text,), warnings=(text,)),),
        base_model=text,
        metrics={"fusar-gpt.count": 0.5, "fusar-gpt.count.low": 0.4, "fusar-gpt.count.high": 0.6, text: 1.0},
    )


def hostile_impact(text: str) -> Impact:
    facts = hostile_record(text).scenes[0].model_dump(mode="json", exclude={"scene_id"})
    found = IndexedScene(text, facts)
    version = IndexedVersion("fusar-gpt", "1", text, text)
    part = Derived(found, ("fusar-gpt/1",), (text,), 3, ((text, text),), (text,))
    used = IndexedPrediction(text, "fusar-gpt", "1", text, {text: text})
    aliases = {"fusar-gpt/1": (text, "champion")}
    return Impact("scene", text, (part,), (version,), aliases, (used,), ((text, text),))


def check(browser: Any, path: Path, width: int, text: str) -> Any:
    seen = opened(browser, path, width)
    seen.page.evaluate(EVERYTHING)
    assert seen.page.evaluate("document.scripts.length") == 0
    assert seen.page.evaluate("document.querySelectorAll('[onload], [onerror]').length") == 0
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
    assert seen.page.evaluate("document.body.innerText").count("<script>fetch(") > 5
    assert seen.events == []
    return seen.page


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_text_is_text_on_the_page_of_a_version_and_of_an_impact(
    browser: Any,
    counter: tuple[str, list[str]],
    tmp_path: Path,
    width: int,
) -> None:
    address, asked = counter
    text = hostile_text(address)
    found = hostile_record(text)
    pages = {"version": version_page(text, found, found.evaluation), "impact": impact_page(hostile_impact(text))}
    for name, html in pages.items():
        path = tmp_path / f"{name}.html"
        path.write_text(html, encoding="utf-8")
        check(browser, path, width, text).close()
    assert asked == []


def test_hostile_text_is_text_on_a_card_as_markdown_with_html_renders_it(
    browser: Any,
    counter: tuple[str, list[str]],
    tmp_path: Path,
) -> None:
    address, asked = counter
    text = hostile_text(address)
    found = hostile_record(text)
    report = tmp_path / "none.json"
    costs = (Cost(text, 1.0, None, None, None),)
    write_readme(GPT, found, report, "1", costs, tmp_path)
    readme = (tmp_path / "README.md").read_text(encoding="utf-8").partition("\n---\n")[2]
    for card in (version_card(GPT, found, "1", report, "1", costs), readme):
        html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(card)
        path = tmp_path / "card.html"
        path.write_text(SHELL + html, encoding="utf-8")
        seen = opened(browser, path, WIDTHS[0])
        assert seen.page.evaluate("document.scripts.length") == 0
        assert seen.page.evaluate(f'document.querySelectorAll(\'[src^="{address}"], [href^="{address}"]\').length') == 0
        assert seen.events == []
        seen.page.close()
    assert asked == []
    assert (tmp_path / "places.png").read_bytes().startswith(b"\x89PNG")


def test_a_click_on_a_box_opens_what_is_behind_it(browser: Any, tmp_path: Path) -> None:
    found = record()
    path = tmp_path / "page.html"
    path.write_text(version_page("fusar-gpt/1", found, found.evaluation), encoding="utf-8")
    page = opened(browser, path, WIDTHS[0]).page
    anchors = page.evaluate("[...document.querySelectorAll('svg a')].map(link => link.getAttribute('href'))")
    assert {"#sensor-0", "#stage-0", "#stage-1", "#stage-2", "#origin", "#top"} == set(anchors)
    for anchor in anchors:
        assert page.locator(anchor).count() == 1, anchor
    page.click("svg a[href='#stage-1']")
    assert page.evaluate("document.querySelector('#stage-1').parentElement.open")
    assert page.locator("#stage-1").is_visible()
    page.close()


def test_ten_thousand_scenes_are_a_page_that_opens_at_once(browser: Any, tmp_path: Path) -> None:
    names = [f"S1A_IW_GRDH_1SDV_20240501T{number:06d}" for number in range(10_000)]
    scenes = [
        scene(name, f"N{number % 50:02d}.000E{number % 160:03d}.000").model_copy(
            update={
                "platform": f"sensor-{number % 7}",
                "split": ("train", "val", "test")[number % 3],
                "files": (Content(path=f"scenes/{name}.tif", md5=f"{number:032x}"),),
            }
        )
        for number, name in enumerate(names)
    ]
    found = record(scenes=tuple(scenes))
    path = tmp_path / "large.html"
    path.write_text(version_page("fusar-gpt/1", found, found.evaluation), encoding="utf-8")
    assert path.stat().st_size <= LARGEST_BYTES
    began = time.monotonic()
    page = opened(browser, path, WIDTHS[0]).page
    loaded_s = time.monotonic() - began
    assert loaded_s < 5, f"{loaded_s:.2f} s"
    print(f"{path.stat().st_size / 1e6:.2f} MB, open in {loaded_s:.2f} s")
    assert page.evaluate("document.body.innerHTML").count(names[-1]) == 1
    assert page.evaluate("document.documentElement.scrollHeight") < 6000, "folded"
    page.close()
