"""`fusar migrate`: after an upgrade of the packages, everything that is kept is brought to their versions."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from flows.migrating import Migrated


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only say what is old; exit 1 when something is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Run MLflow's and Prefect's own migrations, make the index of lineage anew, and read the version of every journal.

    A database that is a file is copied before. What a server elsewhere keeps is migrated there.

    Example: fusar migrate --check
    """
    from components.revisions.home import find_home
    from flows.migrating import Migrated, schemas
    from flows.migrating import migrate as run_migrations

    home = find_home(Path.cwd())
    found = tuple(Migrated(schema) for schema in schemas(home)) if check else run_migrations(home)
    is_due = check and any(one.schema.is_old or one.schema.is_foreign for one in found)
    if as_json:
        typer.echo(json.dumps([_entry(one) for one in found]))
    else:
        from rich.console import Console

        Console().print(table_of(found))
        typer.echo(f"Next: fusar {'migrate' if is_due else 'doctor'}")
    if is_due:
        raise typer.Exit(1)


def _entry(one: "Migrated") -> dict[str, object]:
    schema = one.schema
    return {
        "name": schema.name,
        "place": schema.place,
        "has": schema.has,
        "needs": schema.needs,
        "is_old": schema.is_old,
        "is_newer": schema.is_foreign,
        "done": one.done,
    }


def _word(one: "Migrated") -> str:
    if one.done:
        return one.done
    return "to be upgraded" if one.schema.is_old else "written by a newer version" if one.schema.is_foreign else "ok"


def table_of(found: "Sequence[Migrated]") -> "Table":
    """What is kept, its version, the version that is needed, and what was done."""
    from rich.table import Table
    from rich.text import Text

    table = Table("what", "has", "needs", "")
    for one in found:
        cells = (one.schema.name, one.schema.has, one.schema.needs, _word(one))
        table.add_row(*(Text(cell) for cell in cells))
    return table
