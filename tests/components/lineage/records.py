"""A complete record of a version, for tests that take something out of it."""

from typing import Any

from components.lineage.record import (
    FROM_SCRATCH,
    Content,
    Evaluation,
    Lineage,
    Parent,
    Retrain,
    Scene,
    StageEntry,
    Verdict,
)


def stage(name: str, mlflow_run_id: str = "run") -> StageEntry:
    return StageEntry(
        name=name,
        command=f"python -m {name}",
        params={},
        deps=(Content(path="data", md5="d.dir"),),
        outs=(Content(path=f"outputs/{name}/out", md5="o"),),
        input_key="k",
        mlflow_run_id=mlflow_run_id,
    )


def scene(scene_id: str, place_id: str) -> Scene:
    return Scene(
        scene_id=scene_id,
        place_id=place_id,
        split="test",
        platform="sim-c3",
        frequency_band="C",
        polarizations=("HH", "HV"),
        datetime="2024-05-01T00:00:00Z",
        simulated=True,
        chips=10,
        files=(Content(path=f"scenes/{scene_id}.tif", md5=f"md5 of {scene_id}"),),
    )


def record(metrics: dict[str, float] | None = None, items_md5: str = "i", **changes: Any) -> Lineage:
    """A complete record of a fusar-gpt version; `changes` replace its parts."""
    evaluation = Evaluation(
        stage=stage("evaluate"),
        metrics={"count": 0.9, "count_majority": 0.2} if metrics is None else metrics,
        items=Content(path="outputs/evaluate/items.parquet", md5=items_md5),
        item_rows=9,
    )
    parts: dict[str, Any] = {
        "model": "fusar-gpt",
        "model_folder": Content(path="outputs/instruct/gpt", md5="g.dir"),
        "chain": "c",
        "retrain": Retrain(
            commit="0" * 40,
            profile="tiny",
            flow_run_id="flow",
            mlflow_run_id="run",
            params_sha256="p",
            requirements_sha256="r",
        ),
        "stages": (stage("ingest"), stage("instruct")),
        "inputs": (Content(path="data", md5="d.dir"),),
        "scenes": tuple(scene(f"scene{place}", f"place-{place}") for place in range(4)),
        "set_aside": (),
        "verdicts": (Verdict(stage="check_chips", checks=3, critical_failures=(), warnings=()),),
        "evaluation": evaluation,
        "base_model": FROM_SCRATCH,
        "parents_needed": ("fusar-klip",),
        "parents": (Parent(model="fusar-klip", version="1", chain="k"),),
        "simulated": True,
    }
    return Lineage(**(parts | changes))
