"""Quicklooks of scenes: those that a check names first, then some of every sensor and split."""

import base64
from collections.abc import Sequence
from typing import Final

import pyarrow.compute as pc

from components.pages.page import Section
from components.pages.parts import Card, CardRow, Cards, ChipPicture
from components.pictures.quicklooks import LAID, mosaic, png
from components.records.schemas import CHIPS
from components.records.tables import read_table
from components.reporting.data_evidence import CutScene, DataEvidence

MOST: Final = 24
_SIDE: Final = 288  # longer side [pixel]


def quicklooks(evidence: DataEvidence) -> Section:
    """Pictures with what each scene is; a scene that failed an expectation says which."""
    failed = _failed(evidence)
    chosen = _chosen(evidence.scenes, failed)
    text = (
        f"{len(chosen)} of {len(evidence.scenes)} scenes, those that a check names first. First polarisation, laid "
        "together from its chips; black is no data or no chip. North is where the raster has it."
    )
    return Section("Quicklooks", text, (Cards("", [_card(scene, failed.get(scene.scene_id, ())) for scene in chosen]),))


def _failed(evidence: DataEvidence) -> dict[str, tuple[str, ...]]:
    """Scenes that failed an expectation, with `suite: column` of each."""
    known = {scene.scene_id for scene in evidence.scenes}
    found: dict[str, dict[str, None]] = {}
    for row in evidence.verdicts.to_pylist():
        for name in () if row["success"] else row["examples"]:
            scene = _scene_of(name, known)
            if scene:
                found.setdefault(scene, {})[f"{row['suite']}: {row['column']}"] = None
    return {scene: tuple(said) for scene, said in found.items()}


def _scene_of(name: str, known: set[str]) -> str:
    """The scene of a row's id: `SCENE`, `SCENE VV`, `SCENE-r0-c64` or `SCENE-r0-c64 3`; empty for another row."""
    for key in (name, name.partition(" ")[0], name.partition(" ")[0].rsplit("-r", 1)[0]):
        if key in known:
            return key
    return ""


def _chosen(scenes: Sequence[CutScene], failed: dict[str, tuple[str, ...]]) -> list[CutScene]:
    named = [scene for scene in scenes if scene.scene_id in failed]
    groups: dict[tuple[str, str], list[CutScene]] = {}
    for scene in scenes:
        if scene.scene_id not in failed:
            groups.setdefault((scene.sensor, scene.split), []).append(scene)
    # In turns, so that each sensor and split shows something before one of them shows a second scene.
    depth = max((len(group) for group in groups.values()), default=0)
    turns = range(min(depth, MOST))
    others = (groups[key][turn] for turn in turns for key in sorted(groups) if turn < len(groups[key]))
    return [*named, *others][:MOST]


def _card(scene: CutScene, failed: Sequence[str]) -> Card:
    table = read_table(scene.file, CHIPS, ["scene_id", *LAID])
    codes = mosaic(table.filter(pc.equal(table["scene_id"], scene.scene_id)), _SIDE)
    address = "data:image/png;base64," + base64.b64encode(png(codes)).decode("ascii")
    picture = ChipPicture(address, codes.shape[1], codes.shape[0], f"Quicklook of {scene.scene_id}")
    rows = [
        CardRow(("sensor", f"{scene.sensor}, {'+'.join(scene.polarizations)}, {scene.quantity}")),
        CardRow(("acquired", f"{scene.acquired:%Y-%m-%d %H:%M} UTC" if scene.acquired else "not known")),
        CardRow(("split", f"{scene.split}, {scene.place_id}")),
        CardRow(("chips", str(scene.chips))),
        *(CardRow(("failed", said), "bad") for said in failed),
    ]
    return Card(scene.scene_id, "simulated" if scene.simulated else "", picture, ("what", "value"), rows)
