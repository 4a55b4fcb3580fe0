"""What made a model version, as one record: from the git commit down to the scenes."""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

LINEAGE_FILE: Final = "lineage.json"
UNKNOWN_TIME: Final = "unknown"  # of a scene's acquisition
FROM_SCRATCH: Final = "none, trained from scratch"


class Part(BaseModel):
    """Base of the parts of a record: frozen, unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Content(Part):
    """A file or folder and the md5 of its content as DVC has it (a folder's ends in `.dir`)."""

    path: str
    md5: str


class StageEntry(Part):
    """One stage upstream, as its lock has it.

    Attributes:
        name: the stage's name in dvc.yaml.
        command: what ran.
        params: the stage's parameters as the lock keeps them.
        deps: what it read, code included.
        outs: what it wrote.
        input_key: digest of command, params and deps; names the MLflow run that made the outputs.
        mlflow_run_id: that run; empty when the outputs were made by hand.
    """

    name: str
    command: str
    params: dict[str, Any]
    deps: tuple[Content, ...]
    outs: tuple[Content, ...]
    input_key: str
    mlflow_run_id: str


class Scene(Part):
    """One acquisition that the version was made of.

    Attributes:
        chips: how many were cut from it.
        files: its rasters, labels and item in `data`.
        datetime: of its acquisition, UTC, ISO 8601; `unknown` where nobody knows.
        bounds: west, south, east, north of its chips [degree, EPSG:4326]; east is above 180 across the antimeridian;
            None in records that did not keep it, and where no place is known.
    """

    scene_id: str
    place_id: str
    split: str
    platform: str
    frequency_band: str
    polarizations: tuple[str, ...]
    datetime: str
    simulated: bool
    chips: int
    files: tuple[Content, ...]
    bounds: tuple[float, float, float, float] | None = None


class SetAside(Part):
    """A scene that could not be used, and why."""

    scene_id: str
    code: str


class Verdict(Part):
    """How one suite of expectations ended."""

    stage: str
    checks: int
    critical_failures: tuple[str, ...]
    warnings: tuple[str, ...]


class Evaluation(Part):
    """What the version is worth: every metric, and the table of the items behind them."""

    schema_version: Literal[1] = 1
    stage: StageEntry
    metrics: dict[str, float]
    items: Content
    item_rows: int


class Parent(Part):
    """A model version whose weights this version started from."""

    model: str
    version: str
    chain: str


class Retrain(Part):
    """The flow run, its MLflow run, and the commit and profile that it ran."""

    commit: str
    profile: str
    flow_run_id: str
    mlflow_run_id: str
    params_sha256: str
    requirements_sha256: str


class Lineage(Part):
    """Everything that made one model version.

    Attributes:
        schema_version: 1 keeps the scenes in lineage.json itself, 2 in scenes.parquet beside it.
        model: registered name.
        model_folder: the output that holds the weights.
        chain: digest over the lock entries of all stages upstream: equal chains are equal models.
        inputs: deps that no stage makes and that are no code: the data, the withdrawals.
        base_model: hub id and revision of pretrained weights, or FROM_SCRATCH.
        parents_needed: registered names that must stand in `parents`.
        scenes_sha256: of the bytes of scenes.parquet; empty in schema version 1.
    """

    schema_version: int = 1
    model: str
    model_folder: Content
    chain: str
    retrain: Retrain
    stages: tuple[StageEntry, ...]
    inputs: tuple[Content, ...]
    scenes: tuple[Scene, ...]
    set_aside: tuple[SetAside, ...]
    verdicts: tuple[Verdict, ...]
    evaluation: Evaluation
    base_model: str
    parents_needed: tuple[str, ...]
    parents: tuple[Parent, ...]
    simulated: bool
    scenes_sha256: str = ""


def missing_parts(lineage: Lineage) -> tuple[str, ...]:
    """Names of what a record lacks, in words; empty when the chain is complete."""
    retrain = lineage.retrain
    named = {
        "git commit": retrain.commit,
        "profile": retrain.profile,
        "digest of params.yaml": retrain.params_sha256,
        "SHA-256 of requirements.lock": retrain.requirements_sha256,
        "flow run": retrain.flow_run_id,
        "MLflow run of the retrain": retrain.mlflow_run_id,
        "base model": lineage.base_model,
        "scenes": lineage.scenes,
        "inputs": lineage.inputs,
        "validation verdicts": lineage.verdicts,
        "evaluation metrics": lineage.evaluation.metrics,
        "item-level table of the evaluation": lineage.evaluation.item_rows,
    }
    absent = [name for name, value in named.items() if not value]
    absent += [f"md5 of {content.path}" for content in _contents(lineage) if not content.md5]
    absent += [f"files of scene {scene.scene_id} in data" for scene in lineage.scenes if not _has_raster(scene)]
    known = {parent.model for parent in lineage.parents}
    absent += [f"parent version of {name}" for name in lineage.parents_needed if name not in known]
    return tuple(absent)


def made_by_hand(lineage: Lineage) -> tuple[str, ...]:
    """Names of stages whose outputs no MLflow run answers for, sorted by the chain."""
    stages = (*lineage.stages, lineage.evaluation.stage)
    return tuple(stage.name for stage in stages if not stage.mlflow_run_id)


def _contents(lineage: Lineage) -> tuple[Content, ...]:
    of_stages = [
        content for stage in (*lineage.stages, lineage.evaluation.stage) for content in (*stage.deps, *stage.outs)
    ]
    return (lineage.model_folder, *lineage.inputs, lineage.evaluation.items, *of_stages)


def _has_raster(scene: Scene) -> bool:
    return any(content.path.startswith("scenes/") and content.md5 for content in scene.files)
