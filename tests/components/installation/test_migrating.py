"""Migrations for real: databases made at an older revision by the tools' own migrations, then brought to the newest."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy

from cli.app import main
from components.installation.errors import NewerSchema
from components.installation.schemas import INDEX, MLFLOW
from components.lineage.index.index import open_index
from components.lineage.journal import Journal, journal_url
from components.lineage.withdrawals import journal_of
from components.registry.ledger import Ledger
from components.revisions.home import Home
from flows.errors import DatabaseInUse
from flows.migrating import PREFECT, migrate, schemas
from flows.services import owning_the_database
from tests.components.registry.conftest import empty_store  # noqa: F401
from tests.small_house import built_house  # noqa: F401

ENTRY = {"version": "1", "chain": "c", "verdict_sha256": "v", "at": "2026-11-24T00:00:00+00:00"}


@pytest.fixture
def house(tmp_path: Path, built_house: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:  # noqa: F811
    for name in ("MLFLOW_TRACKING_URI", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    house = Path(shutil.copytree(built_house, tmp_path / "house", symlinks=True))
    shutil.copy(empty_store, house / "mlruns/mlflow.db")
    Ledger(journal_url(house)).append("fusar-gpt", (), **ENTRY)
    return house


def found(house: Path) -> dict[str, tuple[str, bool]]:
    return {one.name: (one.has, one.is_old) for one in schemas(Home(house))}


def old_store(file: Path) -> str:
    """Make MLflow's store anew at the revision before the newest, by MLflow's own migrations."""
    from alembic import command
    from alembic.script import ScriptDirectory
    from mlflow.store.db.utils import _get_alembic_config
    from mlflow.store.tracking.dbmodels.initial_models import Base

    file.unlink()
    Base.metadata.create_all(sqlalchemy.create_engine(f"sqlite:///{file}"))
    config = _get_alembic_config(f"sqlite:///{file}")
    scripts = ScriptDirectory.from_config(config)
    before = str(scripts.get_revision(scripts.get_current_head()).down_revision)
    command.upgrade(config, before)
    return before


@pytest.mark.slow
def test_old_tables_of_mlflow_and_prefect_are_copied_and_upgraded_by_their_own_tools(house, monkeypatch, capsys):
    store, home = house / "mlruns/mlflow.db", Home(house)
    before = old_store(store)
    home.prefect.mkdir(parents=True)
    command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y", "-r", "9725c1cbee35"]
    monkeypatch.setenv("PREFECT_HOME", str(home.prefect))
    subprocess.run(command, check=True, capture_output=True)
    assert found(house)[MLFLOW] == (before, True)
    assert found(house)[PREFECT] == ("9725c1cbee35", True)
    monkeypatch.chdir(house)
    with pytest.raises(SystemExit) as ended:
        main(["migrate", "--check"])
    assert ended.value.code == 1
    assert capsys.readouterr().out.splitlines()[-1] == "Next: fusar migrate"
    done = {one.schema.name: one.done for one in migrate(home)}
    for name, file in ((MLFLOW, store), (PREFECT, home.prefect / "prefect.db")):
        assert found(house)[name][1] is False
        assert done[name].startswith("upgraded; before: ")
        with closing(sqlite3.connect(Path(done[name].partition(": ")[2]))) as copy:
            (kept,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
        assert kept != found(house)[name][0] and file.exists()
    assert not any(one.done for one in migrate(home)), "asked again, nothing is to do"


def test_an_index_of_other_tables_is_made_anew(house):
    home = Home(house)
    with open_index(home):
        pass
    file = home.state / "lineage.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 1")
    assert found(house)[INDEX] == ("1", True)
    assert next(one.done for one in migrate(home) if one.schema.name == INDEX) == "made anew, 0 versions"
    assert found(house)[INDEX][1] is False


def test_what_a_newer_version_wrote_stops_everything_by_name(house):
    home, store = Home(house), house / "mlruns/mlflow.db"
    lines = journal_of(home).lines()
    journal_of(home).append(lines, {"schema_version": 7, "action": "withdraw"})
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
    content = store.read_bytes()
    with pytest.raises(NewerSchema, match="version ffffffffffff"):
        migrate(home)
    assert store.read_bytes() == content and not list(store.parent.glob("*.before-migrate-*"))
    assert found(house)["entries of withdrawals"] == ("7", False)


def test_nothing_is_migrated_under_a_server(house):
    with owning_the_database(Home(house)), pytest.raises(DatabaseInUse):
        migrate(Home(house))


def test_what_servers_keep_is_left_to_them_and_the_rest_is_read(house, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.example:5000")
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example:4200/api")
    monkeypatch.chdir(house)
    with pytest.raises(SystemExit) as ended:
        main(["migrate", "--check", "--json"])
    assert ended.value.code == 0
    names = [one["name"] for one in json.loads(capsys.readouterr().out)]
    assert MLFLOW not in names and PREFECT not in names
    assert "entries of ledger/fusar-gpt" in names


def test_entries_of_every_journal_carry_their_schema_version(house):
    written = Ledger(journal_url(house)).append("fusar-klip", (), **ENTRY)
    assert written.schema_version == 2
    line = Journal(journal_url(house), "ledger/fusar-klip").lines()[0]
    assert line.content["schema_version"] == 2
