"""Prefect's own database in the state folder; it holds flow runs, which are for looking at only."""

import sqlite3
from collections.abc import Iterator

from components.installation.finding import Finding, Installation, info, ok, warning
from components.installation.masking import masked
from components.installation.sqlite import damage, read_only

VARIABLE = "PREFECT_API_URL"


def look(installation: Installation) -> Iterator[Finding]:
    """Whether Prefect's database opens and is whole, unless a server elsewhere is in use."""
    url = installation.environment.get(VARIABLE, "")
    if url:
        yield info(f"{VARIABLE}={masked(url)}: flows run on that server, not asked (the doctor uses no network)")
    file = installation.state / "prefect/prefect.db"
    if not file.exists():
        yield info("no database yet; the first retrain makes it")
        return
    remedy = f"`rm {file}*` while nothing runs; it holds only the history of flow runs."
    try:
        broken = damage(file)
        with read_only(file) as connection:
            runs = connection.execute("SELECT count(*) FROM flow_run").fetchone()[0]
    except TimeoutError:
        yield info(f"{file}: too large to be checked in passing", f"`sqlite3 {file} 'PRAGMA quick_check'`")
        return
    except sqlite3.DatabaseError as failure:
        broken = str(failure)
    if broken:
        yield warning(f"{file}: damaged: {broken}", remedy)
    else:
        yield ok(f"{file}: whole, {runs} flow runs")
