"""Tutorials are programs: each runs, and prints what its page shows."""

import re
import sys
from pathlib import Path

import pytest

from docs.site.tutorials import to_markdown
from tests.conftest import Clone, Demo

TUTORIALS = Path(__file__).resolve().parent.parent / "docs/tutorials"
NEEDS_NO_MODEL, NEEDS_A_DEMO = "what_a_chip_is", ("one_scene_from_tiff_to_champion", "ask_the_champion")


def run(clone: Clone, name: str) -> str:
    """Run a tutorial as its page says; what it makes lies in outputs/, which git ignores."""
    return clone.run([sys.executable, "-m", f"docs.tutorials.{name}"]).stdout


def assert_shown(name: str, printed: str) -> None:
    """The outputs on the page stand in what was printed, in their order; `...` stands for anything."""
    page = (TUTORIALS / f"{name}.py").read_text(encoding="utf-8")
    place = 0
    for shown in re.findall(r"^# ```text\n(.*?)^# ```", page, re.S | re.M):
        lines = [line.removeprefix("#").strip() for line in shown.strip().split("\n")]
        pattern = r"\s+".join(re.escape(line).replace(r"\.\.\.", ".*?").replace(r"\ ", r"\s+") for line in lines)
        found = re.compile(pattern, re.S).search(printed, place)
        assert found, f"the page shows {shown!r}, printed after what came before was:\n{printed[place:][:1500]}"
        place = found.end()


def test_every_tutorial_is_run() -> None:
    assert {file.stem for file in TUTORIALS.glob("*.py")} == {NEEDS_NO_MODEL, *NEEDS_A_DEMO}


@pytest.mark.parametrize("name", [NEEDS_NO_MODEL, *NEEDS_A_DEMO])
def test_a_tutorial_prints_what_its_page_shows(name: str, demo: Demo) -> None:
    before = demo.clone.git("status", "--porcelain")
    assert_shown(name, run(demo.clone, name))
    assert demo.clone.git("status", "--porcelain") == before


def test_a_tutorial_becomes_a_page_of_prose_and_code() -> None:
    program = '"""Title.\n\nOpening.\n"""\n\nimport math\n\n# Some *prose*.\n\nx = 1  # kept\n# kept too\ny = math.pi\n'
    page = to_markdown(program, "name")
    assert page.startswith("# Title\n\nOpening.\n")
    assert (
        "```python\nimport math\n```\n\nSome *prose*.\n\n```python\nx = 1  # kept\n# kept too\ny = math.pi\n```" in page
    )
