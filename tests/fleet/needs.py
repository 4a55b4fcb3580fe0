"""What a whole fleet needs of the machine of the tests."""

import pytest

from tests.fleet import databases, object_store
from tests.fleet.network import missing_for_namespaces


def skip_without(*lacking: str) -> None:
    """Skip the test where something is missing."""
    for reason in filter(None, lacking):
        pytest.skip(reason)


def missing() -> list[str]:
    """What a whole fleet would need here."""
    for package in ("s3fs", "psycopg2", "prefect_redis"):
        pytest.importorskip(package, reason="requirements-fleet.lock is not installed")
    programs = (object_store.missing_programs(), databases.missing_postgres(), databases.missing_redis())
    return [missing_for_namespaces(), *programs]
