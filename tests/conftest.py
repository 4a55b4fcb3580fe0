"""What all tests share: one demo of the whole chain at tiny size, in a clone of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
# The tiny models learn next to nothing: the suite's policy asks for what does not depend on quality.
POLICY = """\
fusar-klip:
  - {gate: lineage_complete, allow_made_by_hand: false}
  - {gate: no_critical_failure}
  - {gate: finite_weights}
fusar-gpt:
  - {gate: lineage_complete, allow_made_by_hand: false}
  - {gate: no_critical_failure}
  - {gate: finite_weights}
"""


@pytest.fixture(autouse=True)
def no_store_of_another_test() -> Iterator[None]:
    """MLflow keeps the newest tracking address for the whole process, and in its environment: forget it."""
    yield
    mlflow = sys.modules.get("mlflow")
    if mlflow is not None:
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri("")
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        os.environ.pop(name, None)


BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    playwright = pytest.importorskip("playwright.sync_api", reason="requirements-dev.lock is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass(frozen=True)
class Clone:
    """A clone of this repository in which commands run as a person would run them."""

    root: Path

    def fusar(self, *arguments: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run `fusar ...` with the clone's own code."""
        return self.run([sys.executable, "-m", "cli.app", *arguments], check=check)

    def git(self, *arguments: str) -> str:
        """What git prints."""
        return self.run(["git", *arguments]).stdout.strip()

    def run(self, command: Sequence[str], check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run a command in the clone; a failure shows what it said."""
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}
        # A server that other tests of this process use is none of a person's who types these commands.
        for name in ("PYTHONPATH", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "PREFECT_API_URL"):
            environment.pop(name, None)
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            pytest.fail(
                f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-4000:]}\n{done.stderr[-6000:]}"
            )
        return done


def clone_repository(folder: Path) -> Clone:
    """Clone HEAD into a folder, with the suite's policy committed on top."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    clone = Clone(folder)
    clone.git("config", "user.email", "tests@localhost")
    clone.git("config", "user.name", "tests")
    (folder / "promotion.yaml").write_text(POLICY, encoding="utf-8")
    clone.git("commit", "--quiet", "-am", "[tests] ask for nothing that depends on quality")
    return clone


@dataclass(frozen=True)
class Demo:
    """A finished `fusar demo` at tiny size."""

    clone: Clone
    said: str
    progress: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The whole chain once: simulate, eight stages, registration, promotion, report; shared by all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    folder.mkdir(exist_ok=True)
    said = folder / "said.json"
    with FileLock(folder / "lock"):
        if not said.exists():
            clone = clone_repository(folder / "clone")
            done = clone.fusar("demo", "--profile", "tiny", "--catalogue", "tiny")
            said.write_text(json.dumps([done.stdout, done.stderr]), encoding="utf-8")
    return Demo(Clone(folder / "clone"), *json.loads(said.read_text(encoding="utf-8")))


@pytest.fixture
def own_demo(demo: Demo, tmp_path: Path) -> Clone:
    """A copy of the finished demo for a test that changes it: others read the first one at the same time."""
    folder = tmp_path / "own"
    subprocess.run(["cp", "-a", str(demo.clone.root), str(folder)], check=True)  # hard links stay
    clone = Clone(folder)
    clone.fusar("doctor", "--mend", "--json", check=False)
    return clone
