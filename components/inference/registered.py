"""A model of the registry, started to answer."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pandas as pd
import yaml

from components.inference.cutting import ChipShape
from components.inference.errors import ModelFailed, RequestRefused
from components.lineage.versions import fetch, open_registry, resolve
from components.revisions.checkout import PARAMS_FILE
from components.tracking.store import mlflow_environment

_PROGRAM = Path(__file__).with_name("own_code.py")
_LAST_WORDS = 2000


@dataclass(frozen=True)
class Registered:
    """A fusar-gpt version that answers.

    Attributes:
        name: model and version, such as fusar-gpt/3.
        chips: shape of those that it was trained on.
        process: runs the version's own code.
        said: what the process prints beside its replies.
    """

    name: str
    chips: ChipShape
    process: "subprocess.Popen[str]"
    said: IO[bytes]

    def answer(self, frame: pd.DataFrame) -> Sequence[str]:
        """One answer for each row of a frame with the model's input columns.

        Raises:
            RequestRefused: the model finds a row that it cannot answer.
            ModelFailed: it could not be loaded, or ended.
        """
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            # pandas writes NaN as null: what is left out stays left out.
            self.process.stdin.write(frame.to_json(orient="split", index=False) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise ModelFailed(self.name, self._last_words())
        reply = json.loads(line)
        if "refused" in reply:
            raise RequestRefused(self.name, reply["refused"])
        return list(reply["answers"])

    def _last_words(self) -> str:
        self.process.wait()
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace")[-_LAST_WORDS:].strip().splitlines()
        return lines[-1] if lines else f"exit code {self.process.returncode}"


@contextmanager
def started(root: Path, asked: str) -> Iterator[Registered]:
    """MODEL@ALIAS or MODEL/VERSION of the registry of the repository at `root`, answering for the block.

    Raises:
        UnknownVersion: the registry has no such version.
        LineageError: the version does not say by which parameters it was made.
    """
    client = open_registry(root)
    version = resolve(client, asked)
    environment = {**os.environ, **mlflow_environment(root), "HF_HUB_OFFLINE": "1"}
    environment.pop("PYTHONPATH", None)  # may lead to a checkout's code
    with tempfile.TemporaryDirectory(prefix="fusar-predict-") as empty, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM), f"models:/{version.name}/{version.version}"],
            cwd=empty,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
        try:
            # Read while the process loads the model.
            params = yaml.safe_load(fetch(client, version, PARAMS_FILE, Path(empty)).read_text(encoding="utf-8"))
            ingest = params["ingest"]
            chips = ChipShape(ingest["chip_size"], ingest.get("chip_extent_m", {}))  # earlier versions knew no extent
            yield Registered(f"{version.name}/{version.version}", chips, process, said)
        finally:
            process.kill()
            process.communicate()
