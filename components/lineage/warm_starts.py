"""Model folders of earlier versions that trainings of a version started from, read from what its stages were told."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from components.lineage.record import Content, StageEntry

WARM_START: Final = "warm_start"


def warm_start_of(stage: str, params: Mapping[str, Any]) -> str:
    """The md5 that a stage was told to start from; empty where it trains anew.

    Args:
        stage: its name.
        params: of the stage as a lock keeps them: by params file, then by stage.
    """
    for values in params.values():
        told = values.get(stage) if isinstance(values, Mapping) else None
        md5 = told.get(WARM_START) if isinstance(told, Mapping) else None
        if isinstance(md5, str):
            return md5
    return ""


def warm_starts(stages: Sequence[StageEntry]) -> tuple[Content, ...]:
    """The folders that stages started from, each as `warm_start/<stage>`."""
    found = ((stage.name, warm_start_of(stage.name, stage.params)) for stage in stages)
    return tuple(Content(path=f"{WARM_START}/{name}", md5=md5) for name, md5 in found if md5)
