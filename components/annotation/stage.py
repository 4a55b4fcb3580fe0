"""The stage annotate: eight coded clauses for every chip, with what each rests on."""

import json
from pathlib import Path
from typing import Any

from pydantic import Field

from components.annotation.annotator import annotate_chip
from components.annotation.facts import COLUMNS
from components.annotation.injection import corrupt_caption
from components.annotation.rules import Rules
from components.contract.progress import progress
from components.contract.stage import Metrics, Paths, Stage, StageConfig
from components.memo.code import code_digest
from components.memo.store import Memo, memo_here, memo_key
from components.records.families import UNKNOWN_CODE
from components.records.schemas import ANNOTATIONS, CHIPS, INJECTED
from components.records.tables import read_table, write_table

# What the memo's version of the code covers: this package and the foundations that it imports.
CODE = ("components.annotation", "components.contract", "components.memo", "components.records")


class AnnotationConfig(StageConfig):
    """Parameters of the rule-based HCoT annotator."""

    corrupt_share: float = Field(ge=0, le=1, description="Share of training captions with one wrong clause [1].")
    corrupt_seed: int = Field(ge=0, description="Decides which captions, clauses and values are wrong.")
    rules: Rules = Field(description="Bounds between the codes.")


def run_annotate(config: AnnotationConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Annotate every scene's chips; list in `injected.parquet` each clause that was made wrong on purpose."""
    folder = outputs["annotations"]
    folder.mkdir(parents=True, exist_ok=True)
    scenes = sorted(inputs["chips"].glob("*.parquet"))
    injected: list[dict[str, Any]] = []
    memo = memo_here()
    version = code_digest(CODE) if memo else ""
    for scene in progress(scenes, "annotating scenes", len(scenes)):
        target = folder / scene.name
        if memo is None:
            injected.extend(annotate_scene(scene, config, target))
        else:
            injected.extend(_remembered(memo, version, scene, config, target))
    write_table(injected, INJECTED, outputs["injected.parquet"])
    return _metrics(folder, len(injected))


def annotate_scene(scene: Path, config: AnnotationConfig, target: Path) -> list[dict[str, Any]]:
    """Write one scene's rows of ANNOTATIONS to `target` and return its rows of INJECTED."""
    rows: list[dict[str, Any]] = []
    injected: list[dict[str, Any]] = []
    for chip in read_table(scene, CHIPS, COLUMNS).to_pylist():
        clauses = annotate_chip(chip, config.rules)
        if (record := corrupt_caption(clauses, config.corrupt_share, config.corrupt_seed)) is not None:
            injected.append(record)
        rows.extend(clauses)
    write_table(rows, ANNOTATIONS, target)
    return injected


def _remembered(memo: Memo, version: str, scene: Path, config: AnnotationConfig, target: Path) -> list[dict[str, Any]]:
    """As `annotate_scene`, but a scene whose bytes, parameters and code were seen before is only copied."""
    made_of = (version, config.model_dump_json(), scene.name, scene.read_bytes())
    clauses_key, injected_key = (memo_key("annotate", part, *made_of) for part in ("clauses", "injected"))
    clauses, injected = memo.get(clauses_key), memo.get(injected_key)
    if clauses is not None and injected is not None:
        target.write_bytes(clauses)
        known: list[dict[str, Any]] = json.loads(injected)
        return known
    fresh = annotate_scene(scene, config, target)
    memo.put(clauses_key, target.read_bytes())
    memo.put(injected_key, json.dumps(fresh).encode())
    return fresh


def _metrics(folder: Path, corrupted: int) -> Metrics:
    codes = read_table(folder, ANNOTATIONS, ["family", "code"])
    unknown = codes["code"].to_pylist().count(UNKNOWN_CODE)
    families = codes["family"].to_pylist()
    return {
        "clauses": float(len(codes)),
        "unknown_share": unknown / max(len(codes), 1),
        "corrupted_captions": float(corrupted),
        **{f"captions_{name}": families.count(name) / 8 for name in sorted(set(families))},
    }


STAGES = (
    Stage(
        name="annotate",
        config=AnnotationConfig,
        run=run_annotate,
        inputs={"chips": "outputs/ingest/chips", "verdicts": "outputs/check_chips/verdicts.parquet"},
        outputs=("annotations", "injected.parquet"),
    ),
)
