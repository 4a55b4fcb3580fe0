"""Page of the codes under which a scene, a file or labels are set aside."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from components.rasters.errors import SceneError
from docs.writers.errors import all_errors, message_of, parsed
from docs.writers.markdown import code, page, sentence, table
from docs.writers.reach import reached

COMMANDS: Final = {
    "add": ("cli.data", "add"),
    "label": ("cli.labelling", "label"),
    "ingest": ("components.ingestion.stage", "run_ingest"),
}
HEAD = """One bad file never stops the others: it is set aside under a code, with a sentence that names what is wrong
and what to do. `add` (`fusar data add`) and `label` (`fusar data label`) say so on stderr and leave data/ as it was;
`ingest`, which every retrain runs, lists the scene in `outputs/ingest/set_aside.parquet`, and `fusar data report` shows
that list. `<name>` stands for what a message fills in; [Errors](errors.md) has each message whole."""


def set_aside_page(root: Path) -> str:
    """Every code: what is wrong, what to do, who says so."""
    modules = parsed(root)
    raised = {command: reached(start, modules) for command, start in COMMANDS.items()}
    rows = [
        (code(error.code), sentence(error.__doc__ or ""), _remedy(error), ", ".join(_who(error, raised)))
        for error in sorted(scene_errors(root), key=lambda error: error.code)
    ]
    return page("Set aside", HEAD, {"Codes": table(("code", "what is wrong", "what to do", "who says so"), rows)})


def scene_errors(root: Path) -> list[type[SceneError]]:
    """Every error that sets a scene, a file or labels aside."""
    return [error for error in all_errors(root) if issubclass(error, SceneError) and error is not SceneError]


def _who(error: type[SceneError], raised: Mapping[str, set[tuple[str, str]]]) -> list[str]:
    return [f"`{command}`" for command, names in raised.items() if (error.__module__, error.__name__) in names]


def _remedy(error: type[SceneError]) -> str:
    """A message says first what is wrong, then what to do."""
    _, _, remedy = message_of(error).partition(". ")
    return remedy
