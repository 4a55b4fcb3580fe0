import re
from pathlib import Path

import pytest

from docs.generate import params_page

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


def test_the_page_of_parameters_says_what_the_configs_say() -> None:
    assert (ROOT / "docs/reference/params.md").read_text(encoding="utf-8") == params_page(), "run `make docs`"


def test_the_architecture_fits_on_150_lines() -> None:
    assert len((ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_the_repository_leads_to_a_file(page: Path) -> None:
    targets = [page.parent / target for target in LINK.findall(page.read_text(encoding="utf-8"))]
    assert [str(target) for target in targets if not target.exists()] == []


def test_the_map_names_every_room() -> None:
    words = set(re.findall(r"[a-z]+", (ROOT / "docs/ARCHITECTURE.md").read_text(encoding="utf-8")))
    rooms = {path.name for path in (ROOT / "components").iterdir() if (path / "__init__.py").exists()}
    assert rooms - words == set()
