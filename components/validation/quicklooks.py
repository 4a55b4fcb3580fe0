"""Pictures of the scenes that a check names, beside Data Docs and linked from their pages."""

import html
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from components.pictures.quicklooks import LAID, quicklook_png
from components.records.schemas import CHIPS
from components.records.tables import read_table
from components.validation.tables import Tables

FOLDER: Final = "quicklooks"
MOST: Final = 60  # pictures in all: enough to see what is wrong, whatever the number of scenes
_SIDE: Final = 384  # longer side [pixel]
_SHOWN: Final = "padding:12px 24px;display:flex;flex-wrap:wrap;gap:12px;font:14px sans-serif"


def add_quicklooks(docs: Path, verdicts: Sequence[dict[str, Any]], tables: Tables) -> None:
    """Draw the scenes that failed an expectation, and one of each sensor, and link them from every page of a result.

    Args:
        docs: folder of Data Docs; the pictures go into `quicklooks/` in it.
        verdicts: rows of VERDICTS.
        tables: what was judged.
    """
    names = _Names(tables.measured)
    failed = {
        suite: names.scenes([name for one in verdicts if one["suite"] == suite for name in one["examples"]])
        for suite in dict.fromkeys(verdict["suite"] for verdict in verdicts)
    }
    wanted = list(dict.fromkeys([*(scene for scenes in failed.values() for scene in scenes), *names.of_each_sensor()]))
    pictures = _drawn(wanted[:MOST], docs / FOLDER, tables.chips)
    for page in sorted(docs.glob("validations/**/*.html")):
        suite = page.relative_to(docs).parts[1]
        shown = {scene: pictures[scene] for scene in failed.get(suite, ()) if scene in pictures}
        others = {scene: picture for scene, picture in pictures.items() if scene not in shown}
        blocks = _block("Scenes named on this page", shown, page) + _block("Other scenes", others, page)
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("<body>", f"<body>{blocks}", 1), encoding="utf-8")


class _Names:
    """From what a message names to scenes."""

    def __init__(self, measured: pd.DataFrame) -> None:
        self._scenes = measured.drop_duplicates("scene_id")
        self._of_chip = dict(zip(measured["chip_id"], measured["scene_id"], strict=True))

    def scenes(self, ids: Sequence[str]) -> list[str]:
        """Scenes of chips, of places, or of rows whose id is one of these with a word behind it."""
        found: dict[str, None] = {}
        for name in ids:
            for key in (name, name.rpartition(" ")[0]):
                is_meant = self._scenes["place_id"].eq(key) | self._scenes["scene_id"].eq(key)
                of_key = self._scenes["scene_id"][is_meant].tolist()
                found |= dict.fromkeys([self._of_chip[key]] if key in self._of_chip else of_key)
        return list(found)

    def of_each_sensor(self) -> list[str]:
        """The first scene of each platform."""
        return sorted(self._scenes.drop_duplicates("platform")["scene_id"])


def _drawn(scenes: Sequence[str], folder: Path, chips: Path) -> dict[str, Path]:
    """Write a picture of each scene; names are numbers, since an id may be anything."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for number, scene in enumerate(scenes):
        found[scene] = folder / f"{number:03}.png"
        found[scene].write_bytes(quicklook_png(_chips_of(scene, chips), _SIDE))
    return found


def _chips_of(scene: str, chips: Path) -> pa.Table:
    own = chips / f"{scene}.parquet"
    # Ingest writes a file for each scene; one that was made by hand may hold several.
    table = read_table(own if "/" not in scene and own.is_file() else chips, CHIPS, ["scene_id", *LAID])
    return table.filter(pc.equal(table["scene_id"], scene))


def _block(title: str, pictures: dict[str, Path], page: Path) -> str:
    if not pictures:
        return ""
    figures = "".join(
        f'<figure style="margin:0"><a href="{address}"><img src="{address}" alt="Quicklook of {name}" height="160"></a>'
        f"<figcaption>{name}</figcaption></figure>"
        for address, name in (
            (html.escape(os.path.relpath(picture, page.parent)), html.escape(scene))
            for scene, picture in pictures.items()
        )
    )
    return (
        f'<section style="{_SHOWN}" aria-label="{title}"><strong style="width:100%">{title}</strong>{figures}</section>'
    )
