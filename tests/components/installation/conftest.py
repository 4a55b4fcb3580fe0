"""A small real repository, whole in every respect, for each test to break one thing of."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from components.installation.finding import Finding, Installation, Severity


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    root = tmp_path / "house"
    root.mkdir()
    git(root, "init", "--quiet")
    git(root, "config", "user.name", "tests")
    git(root, "config", "user.email", "tests@localhost")
    (root / ".dvc").mkdir()
    (root / ".dvc/config").write_text("[core]\n    remote = local\n['remote \"local\"']\n    url = ../.fusar/remote\n")
    (root / ".gitignore").write_text("/.fusar/\n/mlruns/\n/.dvc/tmp/\n/.dvc/cache/\n")
    (root / "dvc.yaml").write_text("stages: {}\n")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "first")
    return Installation(root, {}, Path(sys.prefix))


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="session")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An mlruns folder with one run that logged a file and one model version."""
    import mlflow

    from components.tracking.store import experiment_id, open_store

    root = tmp_path_factory.mktemp("store")
    client = open_store(root)
    run = client.create_run(experiment_id(client, root)).info.run_id
    (root / "note.txt").write_text("kept")
    client.log_artifact(run, str(root / "note.txt"))
    mlflow.set_tracking_uri(None)
    client.create_registered_model("fusar-gpt")
    for _ in range(2):
        client.create_model_version("fusar-gpt", f"runs:/{run}/note.txt", run_id=run)
    client.set_registered_model_alias("fusar-gpt", "champion", "1")
    return root / "mlruns"


@pytest.fixture
def with_store(installation: Installation, made_store: Path) -> Installation:
    """The installation with a copy of the store, whose addresses are those of the place where it was made."""
    shutil.copytree(made_store, installation.root / "mlruns")
    return installation


Worst = Callable[[Iterable[Finding]], Finding]


@pytest.fixture
def worst() -> Worst:
    """The gravest finding of a check."""
    order = list(Severity)
    return lambda findings: max(findings, key=lambda finding: order.index(finding.severity))
