import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.revisions.home import Home
from flows.server import API_URL, prefect_server
from tests.small_house import built_house, environment  # noqa: F401


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prefect server for all tests; the flows find it as they find one of the user's own."""
    with prefect_server(Home(tmp_path_factory.mktemp("server"))) as url:
        assert os.environ[API_URL] == url
        yield url


@pytest.fixture(scope="session")
def house_with_runs(built_house: Path, server: str) -> Path:  # noqa: F811
    from components.tracking.runs import Tracking

    Tracking(built_house)  # makes MLflow's tables once for all copies
    return built_house


@pytest.fixture
def house(house_with_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the small house in which nothing has run; its stages write their names to `trace` beside it."""
    for name, value in environment(tmp_path / "trace").items():
        monkeypatch.setenv(name, value)
    return Path(shutil.copytree(house_with_runs, tmp_path / "house", symlinks=True))
