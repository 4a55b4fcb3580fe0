"""All stages of the graph, as their packages declare them; nothing here starts one."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from components.annotation.stage import STAGES as ANNOTATION
from components.contract.errors import FusarError
from components.contract.params import check_params
from components.contract.stage import Stage
from components.evaluation.stage import STAGES as EVALUATION
from components.finetuning.stage import STAGES as FINETUNING
from components.ingestion.stage import STAGES as INGESTION
from components.pretraining.stage import STAGES as PRETRAINING
from components.validation.stage import STAGES as VALIDATION

_CHECK_CHIPS, _CHECK_ANNOTATIONS = VALIDATION
STAGES: tuple[Stage, ...] = (
    *INGESTION,
    _CHECK_CHIPS,
    *ANNOTATION,
    _CHECK_ANNOTATIONS,
    *PRETRAINING,
    *FINETUNING,
    *EVALUATION,
)


def package_of(stage: Stage) -> str:
    """Dotted name of the package that declares a stage (`components.ingestion`)."""
    return ".".join(stage.config.__module__.split(".")[:2])


def main(arguments: Sequence[str] | None = None) -> None:
    """Check a params file of the current folder against every stage; exit 1 with one message that names all problems.

    Where there is none, print the work pool of each stage as one JSON object. A retrain starts this in the checkout:
    the stages that count are those of the commit, not those of who started it.
    """
    names = list(sys.argv[1:] if arguments is None else arguments)
    if len(names) != 1:
        print("usage: python -m flows.graph PARAMS_FILE", file=sys.stderr)
        raise SystemExit(2)
    try:
        check_params(Path(names[0]), STAGES)
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    print(json.dumps({stage.name: stage.pool for stage in STAGES}))


if __name__ == "__main__":
    main()
