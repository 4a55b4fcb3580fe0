"""Page of make's targets, from the comments that `make help` shows."""

import re
from pathlib import Path

from docs.writers.markdown import code, page, table

HEAD = """Every target makes the environment in `.venv` first where it needs one. `make help` prints this list.
`make PYTHON=python3.11 setup` chooses the interpreter."""
TARGET = re.compile(r"^([a-z][a-z.-]*):.*?## (.+)$", re.MULTILINE)


def make_page(root: Path) -> str:
    """Every target with what it does."""
    rows = [(code(f"make {name}"), text) for name, text in targets(root).items()]
    return page("Make's targets", HEAD, {"Targets": table(("target", "does"), rows)})


def targets(root: Path) -> dict[str, str]:
    """What each target does, by its name."""
    return dict(TARGET.findall((root / "Makefile").read_text(encoding="utf-8")))
