"""What kind of tables and entries an installation keeps, beside what this version of the code needs."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from components.installation.masking import masked
from components.installation.table_revisions import MLFLOW_MIGRATIONS, revisions
from components.lineage import withdrawals
from components.lineage.index.index import FILE
from components.lineage.index.tables import VERSION
from components.lineage.journal import Journal, journal_url
from components.registry import approvals, ledger
from components.registry.models import MODELS
from components.revisions.home import Home
from components.tracking.store import tracking_uri

NOTHING_YET: Final = "nothing yet"
MLFLOW: Final = "MLflow's tables"
INDEX: Final = "index of lineage"
SQLITE: Final = "sqlite:///"
_NEWEST_ENTRY: Final = {ledger.FOLDER: ledger.SCHEMA, approvals.FOLDER: 1, withdrawals.FOLDER: withdrawals.SCHEMA}


@dataclass(frozen=True)
class Schema:
    """One thing that is kept, and its version.

    Attributes:
        name: what it is.
        place: file or address; without a password.
        has: its version; NOTHING_YET where it does not exist.
        needs: the version that this code writes.
        known: all versions that this code can read or upgrade.
    """

    name: str
    place: str
    has: str
    needs: str
    known: frozenset[str]

    @property
    def is_old(self) -> bool:
        """Whether it has to be upgraded before it is used."""
        return self.has not in (NOTHING_YET, self.needs) and self.has in self.known

    @property
    def is_foreign(self) -> bool:
        """Whether it was written by a newer version than this one."""
        return self.has != NOTHING_YET and self.has not in self.known


def mlflow_schema(root: Path) -> Schema | None:
    """MLflow's tables; None where a server has them."""
    uri = tracking_uri(root)
    if "://" not in uri or uri.startswith(("http://", "https://", "databricks")):
        return None
    return database_schema(MLFLOW, uri, "mlflow", MLFLOW_MIGRATIONS)


def database_schema(name: str, uri: str, package: str, folder: str) -> Schema:
    """The tables of a database beside the migrations that an installed package has in a folder of its own."""
    known, newest = revisions(package, folder)
    return Schema(name, masked(uri), revision_of(uri) or NOTHING_YET, newest, frozenset(known))


def revision_of(uri: str) -> str:
    """The revision that Alembic has written into a database; empty where there are no tables yet."""
    import sqlalchemy

    if uri.startswith(SQLITE) and not Path(uri.removeprefix(SQLITE)).exists():
        return ""  # to connect would make the file
    # Of an address such as postgresql+asyncpg://, the plain driver of that database is asked.
    url = sqlalchemy.make_url(uri)
    engine = sqlalchemy.create_engine(url.set(drivername=url.get_backend_name()))
    try:
        with engine.connect() as connection:
            row = connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version")).fetchone()
    except (sqlalchemy.exc.OperationalError, sqlalchemy.exc.ProgrammingError) as error:
        if "alembic_version" in str(error):
            return ""
        raise
    finally:
        engine.dispose()
    return str(row[0]) if row else ""


def index_schema(home: Home) -> Schema:
    """The index of lineage; of whatever version, it is only derived."""
    file, has = home.state / FILE, NOTHING_YET
    if file.exists():
        try:
            with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as connection:
                has = str(connection.execute("PRAGMA user_version").fetchone()[0])
        except sqlite3.DatabaseError:
            has = "unreadable"
    return Schema(INDEX, str(file), has, str(VERSION), frozenset({has, str(VERSION)}))


def journal_schemas(root: Path) -> Iterator[Schema]:
    """Each journal by the newest version among its entries; an entry without one is of the first.

    Raises:
        BrokenJournal: an entry was changed, or is none.
    """
    url = journal_url(root)
    per_model = [f"{folder}/{model.name}" for folder in (ledger.FOLDER, approvals.FOLDER) for model in MODELS]
    for folder in (*per_model, withdrawals.FOLDER):
        newest = _NEWEST_ENTRY[folder.partition("/")[0]]
        found = {int(line.content.get("schema_version", 1)) for line in Journal(url, folder).lines()}
        known = frozenset(str(number) for number in range(1, newest + 1))
        # Entries are never rewritten: older ones are read as they are.
        has = NOTHING_YET if not found else str(newest if max(found) <= newest else max(found))
        yield Schema(f"entries of {folder}", masked(f"{url.rstrip('/')}/{folder}"), has, str(newest), known)
