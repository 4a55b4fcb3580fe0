"""What must hold on a fleet after a fault, whatever it was."""

from pathlib import Path

import psutil

from components.revisions.lock import read_lock
from tests.faults.aftermath import Digests, digests, stage_processes, undisturbed
from tests.fleet.fleet import Fleet
from tests.fleet.machines import wait_for

# Every object of the DVC remote whose bytes are not those that its name says.
_TORN = """
import boto3, hashlib
s3 = boto3.client("s3")
for page in s3.get_paginator("list_objects_v2").paginate(Bucket="fusar", Prefix="dvc/files/md5/"):
    for each in page["Contents"]:
        digest = hashlib.md5(s3.get_object(Bucket="fusar", Key=each["Key"])["Body"].read()).hexdigest()
        if digest != "".join(each["Key"].split("/")[-2:]).removesuffix(".dir"):
            print(each["Key"])
"""

_SHARED = """
import boto3
pages = boto3.client("s3").get_paginator("list_objects_v2").paginate(Bucket="fusar", Prefix="dvc/runs/")
print(*(each["Key"].removeprefix("dvc/runs/") for page in pages for each in page.get("Contents", ())))
"""


def made(fleet: Fleet, profile: str = "laptop") -> Digests:
    """What the newest retrain of a profile has made, by the lock on the retrain's machine."""
    return digests(read_lock(fleet["one"].folder / f".local/share/fusar/.fusar/locks/{profile}.lock"))


def all_is_well(fleet: Fleet, scratch: Path) -> None:
    """Outputs of an undisturbed run, whole objects that all machines find, nothing left open, every worker."""
    assert made(fleet) == undisturbed(fleet["desk"].folder / "house", scratch)
    assert fleet.on_desk("python", "-c", _TORN).stdout == ""
    assert not unshared(fleet)
    wait_for(lambda: not open_runs(fleet), f"the end of the runs {open_runs(fleet)}", 10)
    wait_for(lambda: not taken_slots(fleet), "the GPU's slot", 120)
    assert stage_processes(fleet["two"].home / "trace") == []
    for process in (process for name in ("one", "two") for process in fleet[name].processes):
        assert psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE, f"a worker has ended: {process.args}"


def unshared(fleet: Fleet) -> set[str]:
    """Entries of the workers' run-caches that no other machine could find."""
    folders = (fleet[name].folder / ".local/share/fusar/.dvc/cache/runs" for name in ("one", "two"))
    known = {str(file.relative_to(folder)) for folder in folders for file in folder.rglob("*") if file.is_file()}
    return known - set(fleet.on_desk("python", "-c", _SHARED).stdout.split())


def open_runs(fleet: Fleet) -> list[str]:
    """Names of the MLflow runs that still say RUNNING."""
    found = fleet.ask(f"{fleet.mlflow}/api/2.0/mlflow/experiments/search", {"max_results": 100})
    experiments = [experiment["experiment_id"] for experiment in found["experiments"]]
    content = {"experiment_ids": experiments, "filter": "attributes.status = 'RUNNING'", "max_results": 100}
    runs = fleet.ask(f"{fleet.mlflow}/api/2.0/mlflow/runs/search", content)
    return [run["info"]["run_name"] for run in runs.get("runs", ())]


def taken_slots(fleet: Fleet) -> list[str]:
    """Names of the limits of GPUs of which a slot is taken."""
    limits = fleet.ask(f"{fleet.api}/v2/concurrency_limits/filter", {})
    return [limit["name"] for limit in limits if limit["name"].startswith("gpu:") and limit["active_slots"]]
