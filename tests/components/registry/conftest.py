"""Stores of MLflow that cost a copy instead of its migrations (6 s)."""

import shutil
from pathlib import Path

import pytest

from components.lineage.versions import open_registry


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("empty-store")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        open_registry(root)
    return root / "mlruns/mlflow.db"


@pytest.fixture
def root(tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository's root with both models registered and no version yet."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "mlruns").mkdir()
    shutil.copy(empty_store, tmp_path / "mlruns/mlflow.db")
    client = open_registry(tmp_path)
    for name in ("fusar-gpt", "fusar-klip"):
        client.create_registered_model(name)
    return tmp_path
