"""What the platform tells the world of: stages, registrations, promotions and predictions as OpenLineage events.

Imported where an event is due: openlineage-python takes 0.3 s to import, and a retrain without work tells nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from components.lineage.events.describing import State, Told, event, files, model
from components.lineage.events.sending import send
from components.lineage.record import Content, Lineage
from components.revisions.home import Home

RETRAIN = "retrain"


@dataclass(frozen=True)
class StageRun:
    """A run of a stage.

    Attributes:
        mlflow_run_id: of MLflow; for a restored stage, any name that is its own.
        stage: its name.
        profile: parameter set.
        commit: whose code it ran.
        flow_run_id: of the Prefect flow that started it.
        entry: of dvc.lock: cmd, params, deps and, at its end, outs.
        restored: whether its outputs were taken from the run-cache.
    """

    mlflow_run_id: str
    stage: str
    profile: str
    commit: str
    flow_run_id: str
    entry: Mapping[str, Any]
    restored: bool = False


def tell_stage(home: Home, run: StageRun, state: State, failure: str = "") -> None:
    """Tell that a stage starts, or how it ended; one whose outputs came from the run-cache is told whole."""
    told = replace(_stage(home, run), failure=failure)
    if run.restored:
        _tell_whole(home, told)
    else:
        send(home, event(home, told, state))


def tell_registration(home: Home, lineage: Lineage, version: str) -> None:
    """Tell that a model version was registered, from which weights and which evaluation."""
    retrain = lineage.retrain
    parents = tuple(model(home, parent.model, parent.version) for parent in lineage.parents)
    _tell_whole(
        home,
        Told(
            run_id=f"register {lineage.model}/{version} {lineage.chain}",
            job=f"register.{lineage.model}",
            kind="REGISTRATION",
            description=f"Registers {lineage.model} with its lineage.",
            commit=retrain.commit,
            parent=(f"{RETRAIN}.{retrain.profile}", retrain.flow_run_id),
            inputs=files(home, (lineage.model_folder, lineage.evaluation.items)) + parents,
            outputs=(model(home, lineage.model, version),),
            facts={"chain": lineage.chain, "profile": retrain.profile, "simulated": lineage.simulated},
        ),
    )


def tell_promotion(home: Home, entry: Mapping[str, Any]) -> None:
    """Tell of an entry of the ledger: the version that it made champion.

    Args:
        home: of the repository.
        entry: number, model, action, version, replaces, chain, reason and at, as the ledger has them.
    """
    name, version = str(entry["model"]), str(entry["version"])
    facts = ("number", "action", "replaces", "reason", "verdict_sha256")
    _tell_whole(
        home,
        Told(
            run_id=f"{entry['action']} {name}/{version} entry {entry['number']} of {entry['at']}",
            job=f"promote.{name}",
            kind="PROMOTION",
            description=f"Makes a version of {name} champion by an entry of the ledger.",
            inputs=(model(home, name, version),),
            outputs=(model(home, f"{name}@champion", version),),
            facts={fact: entry.get(fact, "") for fact in facts},
        ),
    )


def tell_prediction(
    home: Home, mlflow_run_id: str, version: tuple[str, str], scenes: Sequence[Content], outputs: Sequence[Content]
) -> None:
    """Tell which version (model, number) was asked about which scenes, and what it wrote."""
    _tell_whole(
        home,
        Told(
            run_id=mlflow_run_id,
            job=f"predict.{version[0]}",
            kind="PREDICTION",
            description=f"Asks {version[0]} about scenes.",
            inputs=(model(home, *version), *files(home, scenes)),
            outputs=files(home, outputs),
        ),
    )


def _tell_whole(home: Home, told: Told) -> None:
    """Something that is told when it has happened: the standard wants a start for every end."""
    for state in ("START", "COMPLETE"):
        send(home, event(home, told, state))


def _stage(home: Home, run: StageRun) -> Told:
    deps, outs = (
        [Content(path=c["path"], md5=str(c.get("md5") or "")) for c in run.entry.get(kind, ())]
        for kind in ("deps", "outs")
    )
    return Told(
        run_id=run.mlflow_run_id,
        job=f"{run.stage}.{run.profile}",
        kind="STAGE",
        description=f"Stage {run.stage} with the parameters of profile {run.profile}.",
        commit=run.commit,
        parent=(f"{RETRAIN}.{run.profile}", run.flow_run_id),
        inputs=files(home, deps),
        outputs=files(home, outs),
        facts={
            "command": str(run.entry.get("cmd", "")),
            "restored": run.restored,
            "params": run.entry.get("params", {}),
        },
    )
