"""What must hold after a fault, whatever it was."""

import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import psutil
from mlflow import MlflowClient

from components.revisions.lock import read_lock
from tests.small_house import ROOT, environment, run

Digests = dict[str, str]


def digests(entries: dict[str, Any]) -> Digests:
    """Of each output, its md5 by the lock."""
    return {out["path"]: out["md5"] for entry in entries.values() for out in entry["outs"]}


def kept(house: Path, profile: str = "laptop") -> Digests:
    """What the newest retrain of a profile has made."""
    return digests(read_lock(house / f".fusar/locks/{profile}.lock"))


def undisturbed(house: Path, folder: Path, profile: str = "laptop") -> Digests:
    """What plain DVC makes of the house's commit in a copy that shares nothing with it."""
    shutil.rmtree(folder, ignore_errors=True)
    ignored = shutil.ignore_patterns("worktrees", "prefect", "memo", "locks", "mlflow.db*", "files", "runs")
    shutil.copytree(house, folder, symlinks=True, ignore=ignored)
    shutil.copy(folder / f"profiles/{profile}.yaml", folder / "params.yaml")
    run(folder, sys.executable, "-m", "dvc", "repro", "--quiet", trace=folder.with_suffix(".trace"))
    return digests(read_lock(folder / "dvc.lock"))


def torn_objects(store: Path) -> list[str]:
    """Objects of a DVC cache or remote on a folder whose bytes are not those that their name says.

    A file that a killed push left unfinished (`.<random>.tmp`) has no object's name; `fusar gc` takes it.
    """
    return [
        str(path)
        for path in sorted((store / "files/md5").glob("??/[0-9a-f]*"))
        if hashlib.md5(path.read_bytes()).hexdigest() != path.parent.name + path.name.removesuffix(".dir")
    ]


def open_runs(tracking_uri: str) -> list[str]:
    """Names of the MLflow runs that still say RUNNING."""
    client = MlflowClient(tracking_uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return [run.info.run_name for run in client.search_runs(experiments, "attributes.status = 'RUNNING'")]


def stage_processes(trace: Path) -> list[str]:
    """Commands of the processes that still work for stages which write to this trace."""
    found = []
    for process in psutil.process_iter():
        try:
            is_ours = process.environ().get("SMALL_HOUSE_TRACE") == str(trace) and "DVC_STAGE" in process.environ()
            if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def client_environment(house: Path) -> dict[str, str]:
    """Variables of a person's command for this house; no server of another test among them."""
    foreign = {"PREFECT_API_URL", "PREFECT_HOME", "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "FUSAR_HOME"}
    known = {name: value for name, value in environment(house.parent / "trace").items() if name not in foreign}
    return {**known, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "PREFECT_HOME": str(house.parent / "client")} | {
        "NO_PROXY": ",".join(filter(None, (os.environ.get("NO_PROXY"), "127.0.0.1")))
    }
