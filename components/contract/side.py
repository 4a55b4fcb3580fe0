"""A place for what a stage shows to people but does not answer for: Data Docs, timings, pictures."""

import os
from pathlib import Path

SIDE_FOLDER = "FUSAR_SIDE_FOLDER"


def side_folder() -> Path | None:
    """Folder whose content the flow logs to MLflow, also when the stage fails; None when the stage runs by hand.

    What lies there is no output: it may hold clocks and durations, and nothing downstream reads it.
    """
    value = os.environ.get(SIDE_FOLDER)
    if not value:
        return None
    folder = Path(value)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
