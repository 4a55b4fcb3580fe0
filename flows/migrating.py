"""Everything that an installation keeps, brought to the versions that the installed packages need."""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from components.installation.errors import NewerSchema
from components.installation.schemas import (
    INDEX,
    MLFLOW,
    SQLITE,
    Schema,
    database_schema,
    index_schema,
    journal_schemas,
    mlflow_schema,
)
from components.installation.upgrading import copy_of, rebuild_index, run_upgrade, upgrade_mlflow
from components.revisions.home import Home
from flows.server import API_URL, CLIENT
from flows.services import owning_the_database

PREFECT: Final = "Prefect's tables"
_ADDRESSES: Final = ("PREFECT_SERVER_DATABASE_CONNECTION_URL", "PREFECT_API_DATABASE_CONNECTION_URL")
_MIGRATIONS: Final = "server/database/_migrations/versions"


@dataclass(frozen=True)
class Migrated:
    """What was found, and what was done about it; empty where nothing had to be."""

    schema: Schema
    done: str = ""


def schemas(home: Home) -> Iterator[Schema]:
    """All that is kept here; what a server elsewhere keeps is migrated there."""
    yield from (found for found in (mlflow_schema(home.root), prefect_schema(home)) if found is not None)
    yield index_schema(home)
    yield from journal_schemas(home.root)


def prefect_schema(home: Home) -> Schema | None:
    """Prefect's tables; None where a server has them."""
    uri = _prefect_address(home)
    if uri is None:
        return None
    kind = "sqlite" if uri.startswith("sqlite") else "postgresql"
    return database_schema(PREFECT, uri, "prefect", f"{_MIGRATIONS}/{kind}")


def migrate(home: Home) -> tuple[Migrated, ...]:
    """Upgrade what is old, each by its own tool; asked again at once it has nothing to do.

    Raises:
        NewerSchema: something was written by a newer version; nothing is changed then.
        DatabaseInUse: a server or a command uses the databases.
        UpgradeFailed: a tool could not upgrade its tables.
    """
    with owning_the_database(home):
        found = tuple(schemas(home))
        for schema in found:
            if schema.is_foreign:
                raise NewerSchema(schema.name, schema.place, schema.has, schema.needs)
        upgrades: dict[str, Callable[[], str]] = {
            MLFLOW: lambda: upgrade_mlflow(home.root),
            PREFECT: lambda: _upgrade_prefect(home),
            INDEX: lambda: rebuild_index(home),
        }
        return tuple(Migrated(schema, upgrades[schema.name]() if schema.is_old else "") for schema in found)


def _upgrade_prefect(home: Home) -> str:
    uri = str(_prefect_address(home))
    file = home.prefect / "prefect.db"
    copied = copy_of(file) if uri == f"{SQLITE}{file}" else None
    environment = {**CLIENT, "PREFECT_HOME": str(home.prefect)}
    run_upgrade(PREFECT, [sys.executable, "-P", "-m", "prefect", "server", "database", "upgrade", "-y"], environment)
    return f"upgraded; before: {copied}" if copied else "upgraded"


def _prefect_address(home: Home) -> str | None:
    """Of the database, as its server here reads it; None where the server is another machine's."""
    named = next((os.environ[name] for name in _ADDRESSES if os.environ.get(name)), None)
    if named is not None or os.environ.get(API_URL):
        return named
    return f"{SQLITE}{home.prefect / 'prefect.db'}"
