"""Files that a request may name: those inside the one folder that the server's operator chose, and no others."""

import os
from pathlib import Path
from typing import Final

from components.inference.errors import BadRequest, NoServedFolder

FOLDER_VARIABLE: Final = "FUSAR_SERVE_FOLDER"


def served_folder() -> Path | None:
    """The folder that FUSAR_SERVE_FOLDER names, resolved; None where it is unset or empty: no file is served then.

    Raises:
        NoServedFolder: it names something else.
    """
    named = os.environ.get(FOLDER_VARIABLE, "")
    if not named:
        return None
    folder = Path(named).resolve()
    if not folder.is_dir():
        raise NoServedFolder(FOLDER_VARIABLE, named)
    return folder


def served_file(asked: str, folder: Path | None) -> Path:
    """The regular file that a request names, resolved.

    Args:
        asked: relative to the folder.
        folder: resolved; None where no folder is served.

    Raises:
        BadRequest: no folder is served, or the folder holds no such file. What lies outside is answered in the same
            words as what does not exist: a client learns nothing about the rest of the disk.
    """
    if folder is None:
        raise BadRequest(
            "path", f"is not answered by this server; send 'image', or start it with {FOLDER_VARIABLE} set"
        )
    absent = BadRequest("path", f"{asked[:200]!r} is no file of the served folder; give it relative to that folder")
    try:
        file = (folder / asked).resolve()  # follows links, so that one that leads out is seen
        if Path(asked).is_absolute() or not file.is_relative_to(folder) or not file.is_file():
            raise absent
    except (OSError, RuntimeError, ValueError) as error:  # too long, a loop of links before Python 3.13, a NUL byte
        raise absent from error
    return file
