"""What is measured: a repository of ours in which a retrain is done, and the same graph in each peer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.orchestration.errors import NotMeasurable
from benchmarks.orchestration.measuring import Contestant

SOURCE = Path(__file__).resolve().parents[2]
CHAINS = Path(__file__).with_name("chains")
PROFILE = "tiny"
CALL = r"call ([0-9.]+) s"
OURS = (sys.executable, "-m", "cli.app")
DVC = (sys.executable, "-m", "dvc")
QUIET = {
    "DVC_NO_ANALYTICS": "1",
    "ZENML_ANALYTICS_OPT_IN": "false",
    "METAFLOW_USER": "benchmark",  # Metaflow refuses to guess the user's name where the system has none
}
NO_OP, REPRO, FLOW, ZENML, METAFLOW = (
    "fusar retrain (no-op)",
    "dvc repro (same checkout)",
    "retrain flow on a running server",
    "ZenML, all steps cached",
    "Metaflow resume",
)


@dataclass(frozen=True)
class Repository:
    """A clone of this repository in which a retrain is done.

    Attributes:
        root: its main working tree.
        commit: short id of the commit that was retrained.
    """

    root: Path
    commit: str

    @property
    def checkout(self) -> Path:
        """The worktree with everything that the retrain made."""
        return self.root / ".fusar" / "worktrees" / f"{self.commit}-{PROFILE}"


def retrained_clone(folder: Path) -> Repository:
    """Clone the newest commit of this repository into `folder` and retrain it on the tiny catalogue (minutes)."""
    run(["git", "clone", "--quiet", str(SOURCE), str(folder)], SOURCE)
    run([*OURS, "demo", "--profile", PROFILE, "--catalogue", "tiny"], folder)
    return finished_clone(folder)


def finished_clone(folder: Path) -> Repository:
    """The newest retrain in a clone that an earlier benchmark made.

    Raises:
        NotMeasurable: it holds none.
    """
    checkouts = sorted((folder / ".fusar/worktrees").glob(f"*-{PROFILE}"), key=lambda path: path.stat().st_mtime)
    if not checkouts:
        raise NotMeasurable(f"{folder}: no retrain with profile {PROFILE}", "Run `fusar demo --profile tiny` in it.")
    return Repository(folder.resolve(), checkouts[-1].name.removesuffix(f"-{PROFILE}"))


def ours(repository: Repository, prefect_api: str) -> list[Contestant]:
    """Commands of ours where nothing is stale, and DVC's own answer in the same state."""
    which = ("--profile", PROFILE, "--revision", repository.commit)
    call = (
        sys.executable,
        "-m",
        "benchmarks.orchestration.flow_call",
        str(repository.root),
        repository.commit,
        PROFILE,
    )
    server = {"PREFECT_API_URL": prefect_api}
    root = repository.root
    return [
        Contestant("python -c pass", (sys.executable, "-c", "pass"), root),
        Contestant("import prefect", (sys.executable, "-c", "import prefect"), root, environment=server),
        Contestant("import flows.retrain", (sys.executable, "-c", "import flows.retrain"), root, environment=server),
        Contestant("fusar --help", (*OURS, "--help"), root, says="retrain"),
        Contestant("fusar plan", (*OURS, "plan", *which), root, says="Nothing is stale"),
        Contestant(NO_OP, (*OURS, "retrain", *which), root, says="Nothing was stale", environment=QUIET),
        Contestant(REPRO, (*DVC, "repro"), repository.checkout, says="up to date", environment=QUIET),
        Contestant(
            FLOW, call, root, "unchanged, Completed on the server", {**QUIET, **server, "PYTHONPATH": str(SOURCE)}, CALL
        ),
    ]


def peers(folder: Path, python: Path) -> list[Contestant]:
    """The same graph in DVC alone, ZenML and Metaflow, run once, so that the next run finds everything done.

    Args:
        folder: for their stores; nothing of the user's own is touched.
        python: of the environment that holds them (benchmarks/orchestration/requirements.txt).

    Raises:
        NotMeasurable: there is no such environment.
    """
    if not python.exists():
        raise NotMeasurable(f"{python}: no such Python", "`make bench` makes the environment of the peers.")
    return [_dvc_alone(folder / "dvc"), _zenml(folder / "zenml", python), _metaflow(folder / "metaflow", python)]


def _dvc_alone(folder: Path) -> Contestant:
    folder.mkdir(parents=True)
    shutil.copy(CHAINS / "dvc_chain.yaml", folder / "dvc.yaml")
    run(["git", "init", "--quiet"], folder)
    run([*DVC, "init", "--quiet"], folder)
    run([*DVC, "repro", "--quiet"], folder)
    return Contestant("dvc repro (eight small files)", (*DVC, "repro"), folder, "up to date", QUIET)


def _zenml(folder: Path, python: Path) -> Contestant:
    stores = {"ZENML_CONFIG_PATH": str(folder / "config"), "ZENML_LOCAL_STORES_PATH": str(folder / "stores")}
    environment = {**QUIET, **stores, "ZENML_ENABLE_REPO_INIT_WARNINGS": "false"}
    command = (str(python), "zenml_chain.py")
    _copy_chain(folder, "zenml_chain.py")
    run(command, folder, environment)
    return Contestant(ZENML, command, folder, "All steps of the pipeline run were cached", environment, CALL)


def _metaflow(folder: Path, python: Path) -> Contestant:
    stores = {"METAFLOW_HOME": str(folder / "home"), "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(folder / "store")}
    environment = {**QUIET, **stores, "METAFLOW_DEFAULT_DATASTORE": "local", "METAFLOW_DEFAULT_METADATA": "local"}
    _copy_chain(folder, "metaflow_chain.py")
    chain = (str(python), "metaflow_chain.py", "--no-pylint")
    run([*chain, "run", "--run-id-file", "run_id"], folder, environment)
    run_id = (folder / "run_id").read_text(encoding="utf-8").strip()
    resume = (*chain, "resume", "--origin-run-id", run_id)
    return Contestant(METAFLOW, resume, folder, f"Chain/{run_id} cloned", environment)


def _copy_chain(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    shutil.copy(CHAINS / name, folder / name)


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run one command that prepares a measurement.

    Raises:
        NotMeasurable: it failed; what it said is shown.
    """
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **QUIET, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-2000:]
        raise NotMeasurable(f"{' '.join(command)} ended with {done.returncode}", f"It said:\n{said}")
