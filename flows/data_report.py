"""What `fusar data report` does: cut and check data/ as a retrain would, then write the page about it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from components.contract.params import read_params, stage_config
from components.contract.stage import Paths, Stage
from components.memo.store import MEMO
from components.revisions.home import Home

FOLDER = "data-report"


@dataclass(frozen=True)
class Reported:
    """What the page says, in figures.

    Attributes:
        page: the file that was written.
        scenes: that gave chips.
        critical: expectations not met that stop a retrain.
        warnings: other expectations not met.
    """

    page: Path
    scenes: int
    set_aside: int
    critical: int
    warnings: int


def write_report(home: Home, params: Path, page: Path) -> Reported:
    """Cut what lies in data/, judge it and write the page; what the memo knows of a scene is not made again.

    Args:
        home: whose data/ and withdrawn.csv are read.
        params: the parameters of the stages ingest and check_chips.
        page: file to write.

    Raises:
        FusarError: data/ holds no usable scene, or a parameter is wrong. A critical expectation is no error here.
    """
    from components.ingestion.stage import STAGES as INGESTION
    from components.reporting.data_evidence import read_data_evidence
    from components.reporting.data_report import write_data_report
    from components.reporting.data_sections import tally
    from components.validation.errors import CriticalValidationError
    from components.validation.stage import STAGES as VALIDATION

    ingest, check = INGESTION[0], next(stage for stage in VALIDATION if stage.name == "check_chips")
    folder = home.state / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    with _memo_of(home):
        cut = _run(ingest, params, {"data": home.root / "data", "withdrawn": home.root / "withdrawn.csv"}, folder)
        with suppress(CriticalValidationError):  # the page says so, and why
            _run(check, params, cut, folder)
    evidence = read_data_evidence(folder / ingest.name, folder / check.name, home.root / "data/items")
    write_data_report(evidence, f"data/ of {home.root.name}, parameters of {params.name}", page)
    _, critical, others = tally(evidence)
    return Reported(page, len(evidence.scenes), evidence.set_aside.num_rows, critical, others)


def _run(stage: Stage, params: Path, inputs: Paths, folder: Path) -> dict[str, Path]:
    """Run one stage and answer where each of its outputs lies, by its name without ending."""
    outputs = {name: folder / stage.name / name for name in stage.outputs}
    (folder / stage.name).mkdir(parents=True)
    stage.run(stage_config(stage, read_params(params), params), inputs, outputs)
    return {name.partition(".")[0]: path for name, path in outputs.items()}


@contextmanager
def _memo_of(home: Home) -> Iterator[None]:
    """The repository's memo for what runs in this process, unless the user names another one."""
    before = os.environ.get(MEMO)
    os.environ.setdefault(MEMO, str(home.memo))
    try:
        yield
    finally:
        if before is None:
            del os.environ[MEMO]
