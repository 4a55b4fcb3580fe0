"""Python, and whether the environment's commands lead to this repository's code."""

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from components.installation.finding import Finding, Installation, error, info, ok, warning

OLDEST, LOCKED = (3, 11), (3, 11)
COMMANDS = ("fusar", "dvc", "mlflow", "prefect")


def look(installation: Installation) -> Iterator[Finding]:
    """Version of Python, the environment, and the start lines of the commands in .venv."""
    yield _version(sys.version_info[:2])
    if sys.prefix == sys.base_prefix:
        yield info(f"{sys.prefix}: the system's Python, no environment of its own", "`make setup` makes one in .venv.")
    yield from _commands(installation.root / ".venv/bin")
    yield from _own_code(installation.root)


def _version(version: tuple[int, ...]) -> Finding:
    text = ".".join(str(part) for part in version)
    if version < OLDEST:
        return error(f"Python {text}, needed 3.11 or newer", "`rm -rf .venv && make setup PYTHON=python3.11`")
    if version != LOCKED:
        return info(
            f"Python {text}; requirements.lock was made on 3.11", "Where a package is missing, use Python 3.11."
        )
    return ok(f"Python {text} in {sys.prefix}")


def _commands(folder: Path) -> Iterator[Finding]:
    """Commands in .venv begin with the full path of its Python: a moved or renamed folder breaks each of them."""
    for name in COMMANDS:
        script = folder / name
        if not script.is_file():
            continue
        with script.open("rb") as file:
            line = os.fsdecode(file.readline()).strip()
        interpreter = Path(line.removeprefix("#!"))
        if line.startswith("#!/") and interpreter.parent != folder and "python" in interpreter.name:
            remedy = "The environment was moved: `rm -rf .venv && make setup`."
            yield error(f"{script}: starts {interpreter}, which is of another folder", remedy)
            return


def _own_code(root: Path) -> Iterator[Finding]:
    spec = importlib.util.find_spec("components")
    found = [Path(place).resolve() for place in (spec.submodule_search_locations or ())] if spec else []
    if found and root / "components" not in found:
        remedy = "Change to that folder, or run `make setup` here and call .venv/bin/fusar."
        yield warning(f"the code that runs is {found[0].parent}, the repository is {root}", remedy)
