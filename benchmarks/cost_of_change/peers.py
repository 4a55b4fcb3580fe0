"""The same change in plain DVC, ZenML and Metaflow: a corpus, one scene more, and what each works on again."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cost_of_change.generated import write_scene
from benchmarks.orchestration.errors import NotMeasurable
from benchmarks.orchestration.subjects import DVC, QUIET, run
from benchmarks.timing import Spent, timed

CHAINS = Path(__file__).with_name("chains")


@dataclass(frozen=True)
class PeerCost:
    """What one peer did about one new scene.

    Attributes:
        name: of the contestant.
        spent: time of its whole process.
        worked_on: scenes that its steps worked on, summed over the four steps; 4 is what the change asks for.
        sees_change: whether its result knows the new scene.
    """

    name: str
    spent: Spent
    worked_on: int
    sees_change: bool


class Peers:
    """One folder with a corpus and each peer's stores in it."""

    def __init__(self, folder: Path, python: Path, scenes: int) -> None:
        if not python.exists():
            raise NotMeasurable(f"{python}: no such Python", "`make bench-cost` makes the environment of the peers.")
        self._folder, self._python = folder.resolve(), str(python)
        self._trace = self._folder / "trace"
        folder.mkdir(parents=True)
        for source in CHAINS.iterdir():
            if source.is_file():
                shutil.copy(source, folder / source.name)
        (folder / "dvc_chain.yaml").rename(folder / "dvc.yaml")
        for number in range(scenes):
            write_scene(folder / "data", number)
        self._first_runs()

    def add_one(self, number: int) -> list[PeerCost]:
        """Write one scene more, and have each peer deal with it in turn."""
        write_scene(self._folder / "data", number)
        metaflow = [self._python, "metaflow_chain.py", "--no-pylint", "resume", "--origin-run-id", self._run_id]
        return [
            self._measured("dvc repro", [*DVC, "repro"]),
            self._measured("ZenML, cached", [self._python, "zenml_chain.py"]),
            self._measured("ZenML, told of the data", [self._python, "zenml_chain.py", str(number)]),
            self._measured("Metaflow resume", metaflow),
            self._measured("Metaflow resume start", [*metaflow, "start"]),
        ]

    def _first_runs(self) -> None:
        run(["git", "init", "--quiet"], self._folder)
        run([*DVC, "init", "--quiet"], self._folder)
        for command in (
            [*DVC, "repro", "--quiet"],
            [self._python, "zenml_chain.py"],
            [self._python, "metaflow_chain.py", "--no-pylint", "run", "--run-id-file", "run_id"],
        ):
            run(command, self._folder, self._environment())
        self._run_id = (self._folder / "run_id").read_text(encoding="utf-8").strip()

    def _measured(self, name: str, command: Sequence[str]) -> PeerCost:
        self._trace.unlink(missing_ok=True)
        spent, _ = timed(command, self._folder, self._environment())
        lines = self._trace.read_text(encoding="utf-8").splitlines() if self._trace.exists() else []
        counts = [int(line.split()[1]) for line in lines]
        return PeerCost(name, spent, sum(counts), bool(counts))

    def _environment(self) -> Mapping[str, str]:
        folder = self._folder
        return {
            **os.environ,
            **QUIET,
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
            "COST_TRACE": str(self._trace),
            "ZENML_CONFIG_PATH": str(folder / "zenml/config"),
            "ZENML_LOCAL_STORES_PATH": str(folder / "zenml/stores"),
            "ZENML_ENABLE_REPO_INIT_WARNINGS": "false",
            "METAFLOW_HOME": str(folder / "metaflow/home"),
            "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(folder / "metaflow/store"),
            "METAFLOW_DEFAULT_DATASTORE": "local",
            "METAFLOW_DEFAULT_METADATA": "local",
        }
