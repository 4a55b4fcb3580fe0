"""Upgrades: MLflow's own migrations, after a copy where the database is a file; the index of lineage made anew."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from components.installation.errors import UpgradeFailed
from components.installation.schemas import INDEX, MLFLOW, SQLITE
from components.lineage.index.index import open_index
from components.lineage.versions import open_registry
from components.revisions.home import Home
from components.tracking.store import mlflow_environment, tracking_uri


def upgrade_mlflow(root: Path) -> str:
    """Run `mlflow db upgrade`; the answer says where the copy of the old database is.

    Raises:
        UpgradeFailed: MLflow could not.
    """
    uri = tracking_uri(root)
    copied = copy_of(Path(uri.removeprefix(SQLITE))) if uri.startswith(SQLITE) else None
    # MLflow takes the address as an argument only, where other users of the machine see it.
    program = "import os; from mlflow.cli import cli; cli(['db', 'upgrade', os.environ['MLFLOW_TRACKING_URI']])"
    run_upgrade(MLFLOW, [sys.executable, "-P", "-c", program], mlflow_environment(root))
    return f"upgraded; before: {copied}" if copied else "upgraded"


def rebuild_index(home: Home) -> str:
    """Read everything that the index of lineage says anew from MLflow.

    Raises:
        UpgradeFailed: MLflow could not be read.
    """
    client = open_registry(home.root)
    try:
        with open_index(home) as index:
            return f"made anew, {index.rebuild(client)} versions"
    except sqlite3.DatabaseError as error:
        raise UpgradeFailed(INDEX, str(error)) from error


def copy_of(file: Path) -> Path:
    """A copy of a SQLite database beside it, whole even where somebody writes to it."""
    copied = file.with_name(f"{file.name}.before-migrate-{time.strftime('%Y%m%dT%H%M%S')}")
    with (
        closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copied)) as target,
    ):
        source.backup(target)
    return copied


def run_upgrade(name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a migration to its end.

    Raises:
        UpgradeFailed: it ended with an error; with the last line that it said.
    """
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise UpgradeFailed(name, said[-1] if said else f"exit code {done.returncode}")
