import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from components.installation import artifact_locations, champions, prefect_database, run_store
from components.installation.artifact_locations import local_path, locations_in
from components.installation.errors import StoreInUse
from components.installation.finding import Severity
from components.installation.mending import mend
from components.installation.table_revisions import MLFLOW_MIGRATIONS, revisions
from components.registry.ledger import Ledger

VALUES = {"chain": "c", "verdict_sha256": "v", "at": "2026-11-24T00:00:00Z"}


def change(installation, *statements):
    with closing(sqlite3.connect(installation.root / "mlruns/mlflow.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def spoil(file):
    """Overwrite the pages in the middle of a database."""
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40_000] = b"\xff" * 40_000
    file.write_bytes(content)


def test_a_clone_without_a_store_is_told_that_the_first_retrain_makes_it(installation):
    (finding,) = run_store.look(installation)
    assert (finding.severity, "the first retrain makes it" in finding.message) == (Severity.INFO, True)
    assert list(artifact_locations.look(installation)) == []


def test_a_whole_store_is_counted(with_store, worst):
    finding = worst(run_store.look(with_store))
    assert finding.severity is Severity.OK
    assert finding.message.endswith("whole, 1 runs, 2 model versions")


def test_a_damaged_store_is_an_error(with_store, worst):
    spoil(with_store.root / "mlruns/mlflow.db")
    finding = worst(run_store.look(with_store))
    assert (finding.severity, "damaged" in finding.message) == (Severity.ERROR, True)
    assert ".recover" in finding.remedy


def test_a_file_that_is_no_store_is_an_error(with_store, worst):
    change(with_store, "DROP TABLE alembic_version")
    assert "no store of MLflow" in worst(run_store.look(with_store)).message


def test_tables_of_another_mlflow_are_told_from_newer_ones(with_store, worst):
    known, newest = revisions("mlflow", MLFLOW_MIGRATIONS)
    change(with_store, f"UPDATE alembic_version SET version_num = '{min(known - {newest})}'")
    older = worst(run_store.look(with_store))
    change(with_store, "UPDATE alembic_version SET version_num = 'ffffffffffff'")
    newer = worst(run_store.look(with_store))
    assert (older.severity, "fusar migrate" in older.remedy) == (Severity.WARNING, True)
    assert (newer.severity, "newer MLflow" in newer.message) == (Severity.ERROR, True)


def test_a_store_elsewhere_is_named_without_its_password_and_not_asked(installation):
    uri = "postgresql://me:hunter2@db.example/mlflow"
    (finding,) = run_store.look(replace(installation, environment={"MLFLOW_TRACKING_URI": uri}))
    assert (finding.severity, "hunter2" in finding.message) == (Severity.INFO, False)


def test_a_store_in_plain_files_is_an_error(installation, worst):
    finding = worst(run_store.look(replace(installation, environment={"MLFLOW_TRACKING_URI": "file:./mlruns"})))
    assert (finding.severity, finding.remedy) == (Severity.ERROR, "`unset MLFLOW_TRACKING_URI`")


def test_addresses_of_a_moved_store_are_found_and_rewritten_after_a_backup(with_store, worst, made_store):
    file = with_store.root / "mlruns/mlflow.db"
    before = file.read_bytes()
    finding = worst(artifact_locations.look(with_store))
    assert (finding.severity, finding.is_mendable) == (Severity.ERROR, True)
    assert f"lead to {made_store}, their files lie in {file.parent}" in finding.message
    assert file.read_bytes() == before
    assert any("artifact locations lead to" in done for done in mend(with_store))
    found = locations_in(file)
    assert (found.moved, found.foreign) == ((), ())
    assert found.inside >= 2
    (backup,) = file.parent.glob("mlflow.db.before-mend-*")
    assert locations_in(backup).old_folders == (made_store,)
    assert list(mend(with_store)) == []


def test_a_folder_with_blanks_and_percent_signs_is_found_again(with_store, tmp_path):
    old = tmp_path / "old place 100%" / "mlruns"
    change(with_store, *(
        f"UPDATE runs SET artifact_uri = replace(artifact_uri, '{uri}', '{old.as_uri()}')"
        for (uri,) in [(text.rsplit("/artifacts/", 1)[0],) for text in _uris(with_store)]
    ))  # fmt: skip
    list(mend(with_store))
    (uri,) = _uris(with_store)
    assert local_path(uri).is_dir()
    assert local_path(uri).is_relative_to(with_store.root / "mlruns")


def _uris(installation):
    with closing(sqlite3.connect(installation.root / "mlruns/mlflow.db")) as connection:
        return [text for (text,) in connection.execute("SELECT artifact_uri FROM runs")]


def test_artifacts_on_an_object_store_are_left_alone(with_store):
    list(mend(with_store))
    change(with_store, "UPDATE runs SET artifact_uri = 's3://bucket/mlruns/artifacts/x/artifacts'")
    found = locations_in(with_store.root / "mlruns/mlflow.db")
    assert (found.moved, found.foreign) == ((), ())


def test_artifacts_on_another_disk_are_a_warning_and_left_alone(with_store, worst, tmp_path):
    list(mend(with_store))
    elsewhere = (tmp_path / "other disk/artifacts/run/artifacts").as_uri()
    change(with_store, f"UPDATE runs SET artifact_uri = '{elsewhere}'")
    finding = worst(artifact_locations.look(with_store))
    assert (finding.severity, finding.is_mendable) == (Severity.WARNING, False)
    assert list(mend(with_store)) == []
    assert _uris(with_store) == [elsewhere]


def test_a_store_in_use_is_not_rewritten(with_store):
    before = _uris(with_store)
    with closing(sqlite3.connect(with_store.root / "mlruns/mlflow.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreInUse, match=r"in use .* End the retrain or `make down`"):
            list(mend(with_store))
    assert _uris(with_store) == before


def test_a_ledger_that_the_alias_follows_is_well(with_store, worst):
    Ledger(str(with_store.state / "remote")).append("fusar-gpt", (), version="1", **VALUES)
    finding = worst(champions.look(with_store))
    assert (finding.severity, finding.message) == (Severity.OK, "fusar-gpt: champion 1, ledger and alias agree")


def test_an_alias_behind_the_ledger_is_a_warning_with_the_command_that_mends_it(with_store, worst):
    Ledger(str(with_store.state / "remote")).append("fusar-gpt", (), version="2", **VALUES)
    finding = worst(champions.look(with_store))
    assert finding.severity is Severity.WARNING
    assert "`fusar promote fusar-gpt 2`" in finding.remedy


def test_an_alias_that_was_set_by_hand_is_a_warning(with_store, worst):
    assert "the ledger has no entry" in worst(champions.look(with_store)).message


def test_a_changed_ledger_entry_is_an_error(with_store, worst):
    ledger = Ledger(str(with_store.state / "remote"))
    ledger.append("fusar-gpt", (), version="2", **VALUES)
    ledger.append("fusar-gpt", ledger.entries("fusar-gpt"), version="1", **VALUES)
    first = with_store.state / "remote/ledger/fusar-gpt/1.json"
    first.write_text(first.read_text().replace('"2"', '"3"'))
    finding = worst(champions.look(with_store))
    assert (finding.severity, "was changed after entry 2" in finding.message) == (Severity.ERROR, True)


def test_a_renamed_store_is_an_error_that_names_where_it_lies_and_is_mended_there(with_store, worst):
    Ledger(str(with_store.state / "remote")).append("fusar-gpt", (), version="1", **VALUES)
    (with_store.root / "mlruns").rename(with_store.root / "kept")
    finding = worst(champions.look(with_store))
    assert (finding.severity, "moved or renamed" in finding.message) == (Severity.ERROR, True)
    assert str(with_store.root / "kept/mlflow.db") in finding.remedy
    uri = f"sqlite:///{with_store.root / 'kept/mlflow.db'}"
    renamed = replace(with_store, environment={"MLFLOW_TRACKING_URI": uri})
    list(mend(renamed))
    assert worst(champions.look(renamed)).severity is Severity.OK
    assert worst(artifact_locations.look(renamed)).severity is Severity.OK


def test_a_damaged_database_of_prefect_is_a_warning_with_what_is_lost(installation, worst):
    file = installation.state / "prefect/prefect.db"
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE flow_run (id TEXT, name TEXT)")
        connection.executemany("INSERT INTO flow_run VALUES (?, ?)", [(str(n), "x" * 500) for n in range(300)])
    assert worst(prefect_database.look(installation)).message.endswith("whole, 300 flow runs")
    spoil(file)
    finding = worst(prefect_database.look(installation))
    assert (finding.severity, "only the history of flow runs" in finding.remedy) == (Severity.WARNING, True)
