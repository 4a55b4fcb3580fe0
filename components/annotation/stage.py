"""The stage annotate: eight coded clauses for every chip, with what each rests on."""

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from components.annotation.annotator import annotate_chip
from components.annotation.facts import COLUMNS
from components.annotation.given import COUNTS, put_given
from components.annotation.injection import corrupt_caption
from components.annotation.rules import Rules
from components.contract.progress import progress
from components.contract.stage import Metrics, Paths, Stage, StageConfig
from components.memo.code import code_digest
from components.memo.files import file_digest, keep_file, restore_file
from components.memo.store import Memo, memo_here, memo_key
from components.records.families import BY_NAME, UNKNOWN_CODE
from components.records.given import given_in
from components.records.schemas import ANNOTATIONS, CHIPS, INJECTED
from components.records.tables import read_table, write_table

# What the memo's version of the code covers: this package and the foundations that it imports.
CODE = ("components.annotation", "components.contract", "components.memo", "components.records")

_CAPTIONS = "captions_"


class AnnotationConfig(StageConfig):
    """Parameters of the rule-based HCoT annotator."""

    corrupt_share: float = Field(ge=0, le=1, description="Share of training captions with one wrong clause [1].")
    corrupt_seed: int = Field(ge=0, description="Decides which captions, clauses and values are wrong.")
    rules: Rules = Field(description="Bounds between the codes.")


def run_annotate(config: AnnotationConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Annotate every scene's chips; list in `injected/` each clause that was made wrong on purpose.

    Both outputs hold one file per scene, `injected` only for scenes that have such a clause: a new scene changes none.
    """
    folder, injected = outputs["annotations"], outputs["injected"]
    for path in (folder, injected):
        path.mkdir(parents=True, exist_ok=True)
    scenes = sorted(inputs["chips"].glob("*.parquet"))
    memo = memo_here()
    version = memo_key(code_digest(CODE), config.model_dump_json()) if memo else ""
    total: Counter[str] = Counter()
    for scene in progress(scenes, "annotating scenes", len(scenes)):
        counts, records = _remembered(memo, version, scene, config, folder / scene.name)
        total.update(counts)
        if records:
            write_table(records, INJECTED, injected / scene.name)
    print(f"chips annotated {total['anew']}, restored from the memo {total['restored']}", file=sys.stderr)
    return _metrics(total)


def annotate_scene(scene: Path, config: AnnotationConfig, target: Path) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Write one scene's rows of ANNOTATIONS to `target`.

    Returns:
        Counts (`clauses`, `unknown`, `corrupted`, `captions_<family>`; `given` and `disputed` where a caption came with
        the scene) and the scene's rows of INJECTED.
    """
    rows: list[dict[str, Any]] = []
    injected: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    chips = read_table(scene, CHIPS, COLUMNS).to_pylist()
    caption = given_in(scene)
    family = None if caption is None else BY_NAME[caption.family]
    for chip in chips:
        clauses = annotate_chip(chip, config.rules, family)
        if caption is not None:
            counts.update(put_given(clauses, caption))
        if (record := corrupt_caption(clauses, config.corrupt_share, config.corrupt_seed)) is not None:
            injected.append(record)
        counts[f"{_CAPTIONS}{clauses[0]['family']}"] += 1
        counts["unknown"] += sum(clause["code"] == UNKNOWN_CODE for clause in clauses)
        rows.extend(clauses)
    write_table(rows, ANNOTATIONS, target)
    return {**counts, "clauses": len(rows), "corrupted": len(injected)}, injected


def _remembered(
    memo: Memo | None, version: str, scene: Path, config: AnnotationConfig, target: Path
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """As `annotate_scene`, but a scene whose bytes, parameters and code were seen before is only copied."""
    key = memo_key("annotate", version, scene.name, file_digest(scene)) if memo else ""
    if memo and (notes := restore_file(memo, key, target)) is not None:
        return {**notes["counts"], "restored": _chips(notes["counts"])}, notes["injected"]
    counts, injected = annotate_scene(scene, config, target)
    if memo:
        keep_file(memo, key, target, {"counts": counts, "injected": injected})
    return {**counts, "anew": _chips(counts)}, injected


def _chips(counts: Mapping[str, int]) -> int:
    return sum(count for name, count in counts.items() if name.startswith(_CAPTIONS))


def _metrics(total: Mapping[str, int]) -> Metrics:
    # Annotated and restored captions are the same bytes, so the metrics must not tell them apart.
    clauses, families = total.get("clauses", 0), sorted(name for name in total if name.startswith(_CAPTIONS))
    return {
        "clauses": float(clauses),
        "unknown_share": total.get("unknown", 0) / max(clauses, 1),
        "corrupted_captions": float(total.get("corrupted", 0)),
        **{name: float(total[name]) for name in families},
        **{f"{name}_clauses": float(total[name]) for name in COUNTS if "given" in total},
    }


STAGES = (
    Stage(
        name="annotate",
        config=AnnotationConfig,
        run=run_annotate,
        inputs={"chips": "outputs/ingest/chips", "verdicts": "outputs/check_chips/verdicts.parquet"},
        outputs=("annotations", "injected"),
    ),
)
