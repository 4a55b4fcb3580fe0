"""MLflow's store: opens, is whole, and has the tables that the installed MLflow expects."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from components.installation.finding import Finding, Installation, error, info, ok, warning
from components.installation.masking import masked
from components.installation.sqlite import damage, read_only
from components.installation.table_revisions import MLFLOW_MIGRATIONS, revisions

VARIABLE = "MLFLOW_TRACKING_URI"
SCHEME = "sqlite:///"


def look(installation: Installation) -> Iterator[Finding]:
    """Whether the store can be opened, is whole and has the right tables; a server is only named."""
    uri = installation.environment.get(VARIABLE, "")
    file = database(installation)
    if file is None:
        if urlsplit(uri).scheme in ("", "file"):
            yield error(
                f"{VARIABLE}={masked(uri)}: MLflow keeps no runs in plain files any more", f"`unset {VARIABLE}`"
            )
        else:
            yield info(f"{VARIABLE}={masked(uri)}: a store elsewhere, not asked (the doctor uses no network)")
        return
    if not file.exists():
        yield info(f"{file}: not there yet; the first retrain makes it")
        return
    yield from _whole(file)


def database(installation: Installation) -> Path | None:
    """The SQLite file of the store, by the rules of components.tracking.store; None for a store elsewhere."""
    uri = installation.environment.get(VARIABLE, "")
    if not uri:
        return installation.root / "mlruns/mlflow.db"
    return Path(uri.removeprefix(SCHEME)) if uri.startswith(SCHEME) else None


def _whole(file: Path) -> Iterator[Finding]:
    remedy = f"Bring {file.name} back from a copy, or keep what can be read: `sqlite3 {file} .recover`."
    try:
        broken = damage(file)
        if broken:
            yield error(f"{file}: damaged: {broken}", remedy)
            return
        with read_only(file) as connection:
            has = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
            runs = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
            versions = connection.execute("SELECT count(*) FROM model_versions").fetchone()[0]
    except TimeoutError:
        yield info(f"{file}: too large to be checked in passing", f"`sqlite3 {file} 'PRAGMA quick_check'`")
        return
    except (sqlite3.DatabaseError, TypeError) as failure:
        yield error(f"{file}: no store of MLflow: {failure}", "Move the file away; the next retrain makes a new store.")
        return
    yield from _schema(file, str(has))
    yield ok(f"{file}: whole, {runs} runs, {versions} model versions")


def _schema(file: Path, has: str) -> Iterator[Finding]:
    known, newest = revisions("mlflow", MLFLOW_MIGRATIONS)
    if not known or has == newest:
        return
    if has not in known:
        remedy = "`pip install -r requirements.lock`, or upgrade MLflow to the version that wrote it."
        yield error(f"{file}: made by a newer MLflow (tables {has}, this one knows {newest})", remedy)
        return
    remedy = "`fusar migrate` copies the file and upgrades it."
    yield warning(f"{file}: made by an older MLflow (tables {has}, now {newest})", remedy)
