"""Whether MLflow's alias champion says what the ledger says; the ledger decides."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from components.contract.errors import FusarError
from components.installation.finding import Finding, Installation, error, info, ok, warning
from components.installation.run_store import database
from components.installation.sqlite import read_only


def look(installation: Installation) -> Iterator[Finding]:
    """Each model's champion by the ledger beside its alias."""
    from components.lineage.journal import journal_url
    from components.registry.ledger import Ledger

    url = journal_url(installation.root)
    if "://" in url and not url.startswith("file:"):
        yield info("the ledger lies on a remote store, not asked (the doctor uses no network)")
        return
    ledger, aliases = Ledger(url), _aliases(installation)
    folder = Path(url.removeprefix("file://")) / "ledger"
    models = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not models and not aliases:
        yield ok("no champion yet")
    file = database(installation)
    if models and file is not None and not file.exists():
        yield _lost(installation.root, file)
        return
    for model in sorted(models | set(aliases or ())):
        try:
            champion = ledger.champion(model)
        except FusarError as failure:
            yield error(str(failure), f"Until then {model} keeps its champion, and nothing is promoted.")
            continue
        if aliases is not None:
            yield from _compare(model, champion, aliases.get(model, ""))


def _lost(root: Path, file: Path) -> Finding:
    """The ledger names champions of a store that is not where it should be."""
    others = sorted(str(other) for other in root.glob("*/mlflow.db"))
    there = f"{others[0]} is one; " if others else ""
    remedy = (
        f"{there}move its folder back to {file.parent}, or set MLFLOW_TRACKING_URI=sqlite:///<its path> and call "
        "`fusar doctor --mend`."
    )
    return error(f"the ledger names champions, but there is no store at {file}: it was moved or renamed", remedy)


def _compare(model: str, champion: str, alias: str) -> Iterator[Finding]:
    if champion == alias:
        yield ok(f"{model}: champion {champion}, ledger and alias agree")
    elif champion:
        said = f"version {alias}" if alias else "no version"
        remedy = (
            f"A kill between ledger and alias leaves this: `fusar promote {model} {champion}` writes the alias again."
        )
        yield warning(f"{model}: the ledger names version {champion} champion, the alias {said}", remedy)
    else:
        remedy = f"The alias was set by hand: `fusar promote {model} {alias}` enters it, if its gates pass."
        yield warning(f"{model}: the alias champion is on version {alias}, the ledger has no entry", remedy)


def _aliases(installation: Installation) -> dict[str, str] | None:
    """Version of each model that carries the alias; None where the store cannot be read here."""
    file = database(installation)
    if file is None:
        return None
    if not file.exists():
        return {}
    try:
        with read_only(file) as connection:
            rows = connection.execute("SELECT name, version FROM registered_model_aliases WHERE alias = 'champion'")
            return {str(name): str(version) for name, version in rows}
    except sqlite3.DatabaseError:
        return None  # the check of the store says what is wrong with it
