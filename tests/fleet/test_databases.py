"""Our code on PostgreSQL and S3: runs, registered versions, promotion and the ledger."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from tests.components.registry import made
from tests.fleet.databases import Postgres
from tests.fleet.machines import free_port, this_machine, wait_for
from tests.fleet.object_store import BUCKET, ObjectStore
from tests.small_house import dvc

pytestmark = pytest.mark.slow


@pytest.fixture
def mlflow(postgres: Postgres, s3: ObjectStore, tmp_path: Path) -> Iterator[str]:
    """MLflow's server with its tables in PostgreSQL and its files in the bucket."""
    port = free_port()
    files = f"s3://{BUCKET}/mlflow"
    stored = ("--backend-store-uri", postgres.mlflow, "--serve-artifacts", "--artifacts-destination", files)
    listen = ("--host", "127.0.0.1", "--port", str(port), "--workers", "1")
    more = {**s3.variables, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with this_machine(tmp_path / "mlflow-server") as machine:
        machine.start("mlflow", sys.executable, "-P", "-m", "mlflow", "server", *stored, *listen, **more)
        wait_for(lambda: machine.answers(f"http://127.0.0.1:{port}/health"), "MLflow's server")
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def house(mlflow: str, s3: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> made.MadeHouse:
    for name, value in {**s3.variables, "MLFLOW_TRACKING_URI": mlflow}.items():
        monkeypatch.setenv(name, value)
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    house = made.build(tmp_path)
    dvc(house.root, "remote", "add", "--quiet", "--default", "fleet", f"s3://{BUCKET}/made")
    dvc(house.root, "push", "--quiet", "data.dvc")
    house.prepare()
    return house


def test_versions_are_registered_and_promoted_on_postgresql_and_s3(house: made.MadeHouse, postgres: Postgres) -> None:
    from components.lineage.journal import journal_url
    from components.lineage.versions import open_registry
    from components.registry.ledger import Ledger
    from components.registry.policy import parse_policy
    from components.registry.promotion import Promoter
    from components.registry.registration import register
    from components.revisions.home import Home

    registered = register(house.retrain())
    promoter = Promoter(Home(house.root), parse_policy(made.POLICY.encode(), "test"))
    for version in registered:
        assert promoter.promote(version.model, version.version).state == "champion"
    client = open_registry(house.root)
    ledger = Ledger(journal_url(house.root))
    for model in ("fusar-klip", "fusar-gpt"):
        champion = client.get_model_version_by_alias(model, "champion")
        assert [written.entry.version for written in ledger.entries(model)] == [str(champion.version)]
        assert ledger.faults(model) == ()
    again = register(house.retrain())
    assert [version.is_new for version in again] == [False, False]
    # Nothing fell back to a file: the repository has no store of its own, and the tables are in the database.
    assert not (house.root / "mlruns/mlflow.db").exists()
    assert not (house.root / ".fusar/remote/ledger").exists()
    ask = ("psql", "-h", postgres.address, "-p", str(postgres.port), "-U", "fusar", "-d", "mlflow", "-Atc")
    counted = subprocess.run([*ask, "SELECT count(*) FROM model_versions"], capture_output=True, text=True, check=True)
    assert int(counted.stdout) == len(registered)
