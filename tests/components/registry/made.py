"""A repository whose stages hand out prepared outputs: real git, DVC, MLflow and tiny models that nobody trained."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

from components.lineage.chain import Entries
from components.networks.chat import train_tokenizer
from components.networks.encoder_sizes import KlipConfig, TextConfig, VisionConfig
from components.networks.gpt import Gpt
from components.networks.gpt_config import GptConfig
from components.networks.klip import Klip, save_klip
from components.networks.sizes import LanguageConfig, TlmConfig
from components.networks.tokenizer import build_tokenizer
from components.records import schemas
from components.records.tables import write_table
from components.registry.registration import Finished
from components.revisions.checkout import check_out
from components.revisions.home import Home
from components.revisions.lock import read_lock
from components.tracking.keys import input_key
from components.tracking.runs import StageResult, Tracking
from tests.components.conftest import chip_row
from tests.small_house import ROOT, commit, dvc, run

SCENES = ("anvers-c3", "brest-c3", "calais-c3", "dakar-c3")
TOWER = VisionConfig(
    patch_size=8,
    merge_size=2,
    window_size=32,
    full_attention_blocks=(0,),
    width=32,
    depth=1,
    heads=2,
    mlp_width=32,
    out_width=32,
)
POLICY = """
fusar-klip:
  - {gate: lineage_complete, allow_made_by_hand: false}
  - {gate: no_critical_failure}
  - {gate: finite_weights}
fusar-gpt:
  - {gate: lineage_complete, allow_made_by_hand: false}
  - {gate: metric_floor, metric: count, floor: 0.1, baseline: count_majority, factor: 1, margin: 0.1}
  - {gate: not_worse, task: count, variant: correct, margin: 0.05, min_items: 8, draws: 500, seed: 1}
"""
GRAPH: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {  # stage: (inputs, outputs)
    "ingest": (("data", "withdrawn.csv"), ("chips", "set_aside.parquet")),
    "check_chips": (("outputs/ingest/chips", "outputs/ingest/set_aside.parquet"), ("verdicts.parquet",)),
    "annotate": (("outputs/ingest/chips", "outputs/check_chips/verdicts.parquet"), ("annotations",)),
    "check_annotations": (("outputs/ingest/chips", "outputs/annotate/annotations"), ("verdicts.parquet",)),
    "pretrain": (("outputs/ingest/chips", "outputs/check_annotations/verdicts.parquet"), ("klip", "corpus.parquet")),
    "align": (("outputs/pretrain/klip", "outputs/pretrain/corpus.parquet"), ("gpt",)),
    "instruct": (("outputs/ingest/chips", "outputs/align/gpt"), ("gpt",)),
    "evaluate": (("outputs/pretrain/klip", "outputs/instruct/gpt"), ("items.parquet", "report.json")),
}


def save_tiny_klip(folder: Path, seed: int) -> None:
    torch.manual_seed(seed)
    tokenizer = build_tokenizer(["water", "ships", "two"])
    config = KlipConfig(
        vision=TOWER,
        vocabulary_size=tokenizer.vocabulary_size,
        text=TextConfig(max_length=16, depth=1, fusion_depth=1, heads=2, mlp_width=32, embedding_width=16),
    )
    save_klip(Klip(config, tokenizer), folder)


def save_tiny_gpt(folder: Path, seed: int) -> None:
    torch.manual_seed(seed)
    language = LanguageConfig(layers=1, heads=2, kv_heads=1, mlp_width=32, rope_theta=10000.0, initial_std=0.02)
    config = GptConfig(
        format="fusar-gpt/1",
        base_model=None,
        base_revision=None,
        image_size=None,
        vision=TOWER,
        language=language,
        lora=None,
        tlm=TlmConfig(hidden=16, sigma_cells=1.0, mix="mlp_then_mix"),
    )
    Gpt(config, train_tokenizer(["how many ships are here?", "two"], 320)).save(folder)


def item(place: int, chip: str, score: float, model: str = "fusar-gpt", **changes: Any) -> dict[str, Any]:
    row = {
        "model": model,
        "task": "count" if model == "fusar-gpt" else "retrieval",
        "variant": "correct" if model == "fusar-gpt" else "none",
        "chip_id": chip,
        "place_id": f"place-{place}",
        "platform": "sim-c3",
        "family": "ship",
        "question": "How many ships are here?",
        "truth": "two ships",
        "answer": "two",
        "score": score,
        "majority_score": 0.0,
    }
    return row | changes


@dataclass
class MadeHouse:
    """The repository, and what its stages hand out."""

    root: Path
    made: Path
    seeds: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GRAPH, 1))
    warm_starts: dict[str, str] = field(default_factory=dict)

    def prepare(self, scores: float = 0.9) -> None:
        """Write what every stage hands out; `scores` is the share of right counts."""
        chips = [
            chip_row(
                chip_id=f"{scene}-r0000-c{col:04d}",
                scene_id=scene,
                place_id=f"place-{place}",
                col=col,
                backscatter=np.full((2, 64, 64), 40 + place, np.uint8).tobytes(),
            )
            for place, scene in enumerate(SCENES)
            for col in (0, 64, 128)
        ]
        for scene in SCENES:
            rows = [chip for chip in chips if chip["scene_id"] == scene]
            write_table(rows, schemas.CHIPS, self.made / f"ingest/chips/{scene}.parquet")
        aside = {"scene_id": "broken", "file": "scenes/broken.tif", "code": "truncated", "reason": "it is cut short"}
        write_table([aside], schemas.SET_ASIDE, self.made / "ingest/set_aside.parquet")
        self.verdict(success=True)
        for path in ("annotate/annotations/a.txt", "pretrain/corpus.parquet"):
            (self.made / path).parent.mkdir(parents=True, exist_ok=True)
            (self.made / path).write_text("nobody reads this here")
        save_tiny_klip(self.made / "pretrain/klip", self.seeds["pretrain"])
        save_tiny_gpt(self.made / "align/gpt", self.seeds["align"])
        save_tiny_gpt(self.made / "instruct/gpt", self.seeds["instruct"])
        items = [item(int(chip["place_id"][-1]), chip["chip_id"], scores) for chip in chips]
        items += [item(0, chips[0]["chip_id"], 1.0, model="fusar-klip")]
        write_table(items, schemas.ITEMS, self.made / "evaluate/items.parquet")
        (self.made / "evaluate/report.json").write_text(json.dumps({"simulated": True}))
        metrics = {"count": scores, "count_majority": 0.25}
        for stage in GRAPH:
            content = metrics if stage == "evaluate" else {"rows": 1.0}
            (self.made / stage).mkdir(exist_ok=True)
            (self.made / stage / "metrics.json").write_text(json.dumps(content))

    def verdict(self, success: bool) -> None:
        row = {
            "suite": "chips",
            "expectation": "valid_share is in range",
            "column": "valid_share",
            "severity": "critical",
            "success": success,
            "rows": 12,
            "unexpected": 0 if success else 3,
            "examples": [],
            "remedy": "look",
        }
        for stage in ("check_chips", "check_annotations"):
            write_table([row], schemas.VERDICTS, self.made / stage / "verdicts.parquet")

    def commit(self) -> str:
        """Write the stages' parameters as the profile and commit."""
        told = {stage: {"warm_start": md5} for stage, md5 in self.warm_starts.items()}
        params = yaml.safe_dump({stage: {"seed": seed, **told.get(stage, {})} for stage, seed in self.seeds.items()})
        (self.root / "profiles").mkdir(exist_ok=True)
        for name in ("params.yaml", "profiles/tiny.yaml"):
            (self.root / name).write_text(params)
        return commit(self.root)

    def retrain(self, record_runs: bool = True) -> Finished:
        """Run the stale stages in a checkout of HEAD and record their runs, as the flow does."""
        checkout = check_out(Home(self.root), self.commit(), "tiny")
        dvc(checkout.folder, "pull", "--quiet", "data")
        dvc(checkout.folder, "repro", "--quiet")
        tracking = Tracking(self.root)
        with tracking.retrain_run(checkout.commit, "tiny", "flow-1") as parent:
            if record_runs:
                self._record(tracking, parent, read_lock(checkout.lock))
        return Finished(checkout, self.root, "flow-1", parent)

    @staticmethod
    def _record(tracking: Tracking, parent: str, entries: Entries) -> None:
        for name, entry in entries.items():
            key = input_key(entry)
            if tracking.link_restored_stage(parent, name, key) is None:
                outs = {out["path"]: out["md5"] for out in entry["outs"]}
                stage_run = tracking.start_stage_run(parent, name, key)
                tracking.finish_stage_run(stage_run, StageResult("FINISHED", 0.1, output_md5s=outs))


def build(folder: Path) -> MadeHouse:
    """Write the repository with its data and graph, and commit it."""
    house = MadeHouse(folder / "root", folder / "made")
    root = house.root
    for name in (".gitignore", ".dvcignore", ".dvc/config", "requirements.lock"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "components", root / "components", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "promotion.yaml").write_text(POLICY)
    (root / "withdrawn.csv").write_text("")
    for scene in (*SCENES, "broken"):
        for kind, suffix in (("items", "json"), ("scenes", "tif")):
            path = root / "data" / kind / f"{scene}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{kind} of {scene}")
    run(root, "git", "init", "--quiet", "--initial-branch=main")
    dvc(root, "add", "--quiet", "data")
    dvc(root, "push", "--quiet", "data.dvc")
    stages = {
        stage: {
            "cmd": f"mkdir -p outputs && rm -rf outputs/{stage} && cp -r {house.made}/{stage} outputs/{stage}",
            "deps": [*inputs, "requirements.lock"],
            "params": [stage],
            "outs": [f"outputs/{stage}/{name}" for name in outputs],
            "metrics": [f"outputs/{stage}/metrics.json"],
        }
        for stage, (inputs, outputs) in GRAPH.items()
    }
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    return house
