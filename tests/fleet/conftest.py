"""Stores of a fleet on the loopback address, started once for all tests that need them."""

from collections.abc import Iterator

import pytest

from tests.fleet import databases, object_store
from tests.fleet.machines import free_port, this_machine


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object_store.ObjectStore]:
    """A real S3 server with an empty bucket; its variables have to be set to use it."""
    pytest.importorskip("s3fs", reason="requirements-fleet.lock is not installed")
    if lacking := object_store.missing_programs():
        pytest.skip(lacking)
    with this_machine(tmp_path_factory.mktemp("object-store")) as machine:
        yield object_store.start(machine, free_port(), (free_port(), free_port()))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[databases.Postgres]:
    """A real PostgreSQL with an empty database for MLflow and one for Prefect."""
    pytest.importorskip("psycopg2", reason="requirements-fleet.lock is not installed")
    if lacking := databases.missing_postgres():
        pytest.skip(lacking)
    with this_machine(tmp_path_factory.mktemp("postgres")) as machine:
        yield databases.start_postgres(machine, free_port())
