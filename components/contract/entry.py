"""The command line of every stage package: `python -m components.<package> STAGE`."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from components.contract.errors import FusarError, MissingInput
from components.contract.params import read_params, stage_config
from components.contract.stage import Stage

PARAMS_FILE = Path("params.yaml")


def main(stages: Sequence[Stage], arguments: Sequence[str] | None = None) -> None:
    """Run one stage in the current folder, which is a checkout of the repository; exit 1 on bad input, 2 on misuse."""
    # Spinning OpenMP threads collapse as soon as anything else wants a core; must be set before torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    names = list(sys.argv[1:] if arguments is None else arguments)
    by_name = {stage.name: stage for stage in stages}
    if len(names) != 1 or names[0] not in by_name:
        print(f"usage: python -m PACKAGE {{{'|'.join(by_name)}}}", file=sys.stderr)
        raise SystemExit(2)
    try:
        run_here(by_name[names[0]])
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error


def run_here(stage: Stage) -> None:
    """Run a stage on the files of the current folder and write its metrics beside its outputs.

    Raises:
        MissingInput: a file that the stage reads does not exist.
        ParamsError: the stage's parameters are wrong.
    """
    config = stage_config(stage, read_params(PARAMS_FILE), PARAMS_FILE)
    inputs = {name: Path(path) for name, path in stage.inputs.items()}
    for path in inputs.values():
        if not path.exists():
            raise MissingInput(stage.name, str(path))
    outputs = {name: Path(stage.output_path(name)) for name in stage.outputs}
    for path in outputs.values():
        if path.is_dir():
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    metrics = stage.run(config, inputs, outputs)
    Path(stage.metrics_path).write_text(json.dumps(dict(metrics), indent=2, sort_keys=True) + "\n", encoding="utf-8")
