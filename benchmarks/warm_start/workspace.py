"""A folder in which the stages run by hand, each timed, without git and without a registry."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from components.simulation.simulate import simulate

ROOT: Final = Path(__file__).resolve().parents[2]
SEED: Final = 20260101  # of the simulated scenes, as `make demo` has it
DATA_STAGES: Final = {
    "ingest": "ingestion",
    "check_chips": "validation",
    "annotate": "annotation",
    "check_annotations": "validation",
}
TRAINING_STAGES: Final = {"pretrain": "pretraining", "align": "finetuning", "instruct": "finetuning"}
EVALUATION: Final = {"evaluate": "evaluation"}
# What a later training starts from: the stage that makes it, and its output.
WEIGHTS: Final = {"pretrain": ("pretrain", "klip"), "align": ("instruct", "gpt")}
Params = dict[str, Any]


class Workspace:
    """The folder, a DVC repository of its own."""

    def __init__(self, folder: Path) -> None:
        """Make it where it is not there yet."""
        from dvc.repo import Repo

        self.folder = folder.resolve()
        if not (self.folder / ".dvc").exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            Repo.init(str(self.folder), no_scm=True).close()
            (self.folder / "withdrawn.csv").write_text("md5,scene_id,reason,name,time\n", encoding="utf-8")

    def add_scenes(self, catalogue: str) -> tuple[str, ...]:
        """Simulate the scenes of a catalogue into the data; their ids."""
        return simulate(catalogue, SEED, self.folder / "data")

    def take(self, checkout: Path) -> None:
        """Copy data and outputs of a finished checkout."""
        for name in ("data", "outputs"):
            shutil.copytree(checkout / name, self.folder / name, dirs_exist_ok=True)

    def run(self, params: Params, stages: Mapping[str, str]) -> dict[str, float]:
        """Run stages with these parameters; the wall clock of each [s]."""
        (self.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "FUSAR_MEMO": str(self.folder / "memo")}
        seconds = {}
        for stage, package in stages.items():
            started = time.monotonic()
            command = [sys.executable, "-m", f"components.{package}", stage]
            subprocess.run(command, cwd=self.folder, env=environment, check=True, stdout=subprocess.DEVNULL)
            seconds[stage] = round(time.monotonic() - started, 1)
        return seconds

    def keep_weights(self) -> dict[str, str]:
        """Put the weights of now into DVC's cache; the md5 of each folder by the stage that may start from it."""
        from dvc.repo import Repo

        kept = {}
        with Repo(str(self.folder)) as repo:
            for stage, (maker, output) in WEIGHTS.items():
                copy = self.folder / "earlier" / output
                shutil.rmtree(copy, ignore_errors=True)
                shutil.copytree(self.folder / "outputs" / maker / output, copy)
                (added,) = repo.add([str(copy)])
                kept[stage] = str(added.outs[0].hash_info.value)
        return kept

    def figures(self) -> dict[str, dict[str, float]]:
        """What each training and the evaluation measured, by stage."""
        paths = {stage: self.folder / f"outputs/{stage}/metrics.json" for stage in (*TRAINING_STAGES, *EVALUATION)}
        return {stage: json.loads(path.read_text(encoding="utf-8")) for stage, path in paths.items()}
