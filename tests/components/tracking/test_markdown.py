"""What comes from outside stays text, by a renderer of its own: markdown-it with HTML and tables switched on."""

import re

import pytest
from markdown_it import MarkdownIt

from components.tracking.addresses import HERE, run_address, version_address
from components.tracking.figures import Figure, figures_table, told
from components.tracking.markdown import Markdown, code, escaped, link, table

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "https://evil.example www.evil.example",
    "a | b | c",
    "**bold** _em_ `code` ~~gone~~",
    "# heading\n\n- list\n\n| a |\n|---|",
    "\\[x](y) \\| \\<b>",
    "&lt;b&gt; &#60;b&#62;",
    "@octocat and ``` fence",
    "](http://evil.example) <!-- -->",
)


def rendered(markdown: str) -> str:
    return str(RENDERER.render(markdown))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_letter_by_letter_in_a_line_a_link_and_a_cell(text):
    shown = rendered(f"reason: {escaped(text)}")
    as_text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert shown.strip() == f"<p>reason: {as_text}</p>"
    linked = rendered(link(text, "http://127.0.0.1:5000/#/x"))
    assert linked.count("<a ") == 1 and 'href="http://127.0.0.1:5000/#/x"' in linked
    cells = re.findall(r"<td[^>]*>(.*?)</td>", rendered(table(["why", "n"], [[text, 1]])))
    assert cells == [as_text, "1"]
    assert not re.search(r"<(script|img|h1|ul|del|em|strong)\b", shown + linked)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_renderer_that_makes_links_of_bare_addresses_or_names_finds_one(text):
    """Showdown and marked do so; a backslash between keeps both from it."""
    assert not re.search(r"(?<!\\)://|www\.|(^|\s)@", escaped(text))


def test_characters_that_turn_the_direction_of_text_around_are_dropped_and_long_text_is_cut():
    assert escaped("a\u202eb\x07c\u200b") == "abc"
    assert escaped("x" * 1000, 10) == "x" * 9 + "…"


def test_the_address_of_a_link_cannot_end_it():
    shown = rendered(link("run", "http://host/a) <b>\n[x](y"))
    assert shown.count("<a ") == 1 and "<b>" not in shown and shown.count("</a></p>") == 1


def test_markdown_of_our_own_passes_and_stage_names_stay_readable():
    assert escaped(Markdown("**bold**")) == "**bold**"
    assert escaped("check_chips: data changed") == "check_chips: data changed"
    assert rendered(code("a`b\n<i>")) == "<p><code>a'b &lt;i&gt;</code></p>\n"


def test_a_page_inside_mlflow_needs_no_host_and_names_are_quoted():
    assert run_address(HERE, "1", "abc") == "#/experiments/1/runs/abc?workflowType=machine_learning"
    address = version_address("http://h:5000/", "a b/c", "2")
    assert address == "http://h:5000/#/models/a%20b%2Fc/versions/2?workflowType=machine_learning"


def test_figures_stand_with_interval_beside_the_baselines_that_they_have():
    figures = (
        Figure("gpt.count", "gpt", 0.697, 0.595, 0.775, 383, {"majority": 0.217, "absent": 0.5}, True),
        Figure("scio.clean_changed", "klip", 0.02, None, None, 5, {"before": 0.0}, False),
    )
    head, _, first, second = figures_table(figures).replace("\u00a0", "").splitlines()
    assert (
        head.replace("\\", "")
        == "| figure | value [%] | 95 % interval [%] | n | majority [%] | absent [%] | before [%] |"
    )
    assert first == "| gpt.count | 69.7 | 59.5 to 77.5 | 383 | 21.7 | 50.0 |  |"
    assert second == "| scio.clean_changed (less is better) | 2.0 |  | 5 |  |  | 0.0 |"


def test_a_stage_tells_its_main_metrics_and_leaves_out_slices_and_intervals():
    assert (
        told({"chips": 129.0, "fusar-gpt.count": 0.5, "fusar-gpt.count.low": 0.1}) == "chips 129, fusar-gpt.count 0.5"
    )
