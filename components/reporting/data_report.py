"""The page about the data: where scenes lie, what they measure, what was found wrong, and on what terms they come."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from components.pages.files import write_page
from components.pages.histograms import Panel, histograms
from components.pages.maps import Footprint, footprint_map
from components.pages.page import Front, Section, render_page
from components.pages.parts import CardRow, Cell, Notice, Table, Tone
from components.pictures.histograms import CODES, NAMED, planes_of
from components.records.backscatter import FIRST_CODE_DB, STEP_DB
from components.records.schemas import CHIPS
from components.records.tables import read_table
from components.reporting.data_evidence import CutScene, DataEvidence
from components.reporting.data_quicklooks import quicklooks
from components.reporting.data_sections import checks, set_aside, tally

Floats = npt.NDArray[np.float64]
SPLITS: Final = ("train", "val", "test")
MOST_SCENES: Final = 300  # of a sensor in its histogram, evenly chosen: more change no curve that an eye can see
_AMPLITUDE: Final = "amplitude"
SIMULATED = "{simulated} of {all} scenes are simulated: what this page says of them is not what real SAR looks like."


def write_data_report(evidence: DataEvidence, subtitle: str, page: Path) -> None:
    """Write one static, offline HTML page about the data, atomically.

    Args:
        evidence: what to show.
        subtitle: whose data it is, in words.
        page: file to write.
    """
    write_page(page, render_page(_front(evidence, subtitle), list(_sections(evidence))))


def _front(evidence: DataEvidence, subtitle: str) -> Front:
    scenes = evidence.scenes
    simulated = sum(scene.simulated for scene in scenes)
    banner = SIMULATED.format(simulated=simulated, all=len(scenes)) if simulated else ""
    sensors, places = {scene.sensor for scene in scenes}, {scene.place_id for scene in scenes}
    text = (
        f"{len(scenes)} scenes by {len(sensors)} sensors at {len(places)} places, cut into "
        f"{sum(scene.chips for scene in scenes)} chips; scenes set aside: {evidence.set_aside.num_rows}."
    )
    return Front("Data report", subtitle, banner, text, (_notice(evidence),))


def _notice(evidence: DataEvidence) -> Notice:
    total, critical, others = tally(evidence)
    badge, tone = _badge(critical, others)
    points = [
        CardRow((row["severity"], row["remedy"]), "bad" if row["severity"] == "critical" else "doubt")
        for row in evidence.verdicts.to_pylist()
        if not row["success"]
    ]
    text = (
        f"{total - critical - others} of {total} expectations are met; critical failures: {critical}, "
        f"others: {others}. A critical failure stops a retrain."
    )
    return Notice("Checks", badge, tone, text, points, "What to do")


def _badge(critical: int, others: int) -> tuple[str, Tone]:
    if critical:
        return "not fit for training", "bad"
    return ("worth a look", "doubt") if others else ("passed", "good")


def _sections(evidence: DataEvidence) -> Iterator[Section]:
    yield checks(evidence)
    yield _map(evidence)
    yield _backscatter(evidence.scenes)
    yield quicklooks(evidence)
    yield _aside(evidence)
    yield _terms(evidence)


def _map(evidence: DataEvidence) -> Section:
    placed = [scene for scene in evidence.scenes if scene.bounds is not None]
    footprints = [Footprint(*scene.bounds, scene.split, scene.sensor) for scene in placed if scene.bounds is not None]
    counts = Counter((scene.sensor, scene.split) for scene in evidence.scenes)
    chips: Counter[str] = Counter()
    for scene in evidence.scenes:
        chips[scene.sensor] += scene.chips
    rows: list[Sequence[Cell]] = [
        (sensor, *(counts[sensor, split] for split in SPLITS), chips[sensor])
        for sensor in sorted({scene.sensor for scene in evidence.scenes})
    ]
    without = len(evidence.scenes) - len(placed)
    text = "Footprints by sensor (colour) and split (marker). All dates and sensors of a place stand in one split." + (
        f" {without} scenes have no place and are not on the map." if without else ""
    )
    said = ", ".join(f"{sum(scene.split == split for scene in placed)} in {split}" for split in SPLITS)
    picture = footprint_map(footprints, f"Map of {len(placed)} footprints: {said}.")
    heads = ("sensor", *(f"scenes in {split}" for split in SPLITS), "chips")
    return Section("Where the scenes lie", text, (picture, Table("Scenes by sensor and split", heads, rows)))


def _backscatter(scenes: Sequence[CutScene]) -> Section:
    groups: dict[tuple[str, str], list[CutScene]] = {}
    for scene in scenes:
        groups.setdefault((scene.sensor, scene.quantity), []).append(scene)
    panels = [panel for key in sorted(groups) for panel in _panels(key, groups[key])]
    most = max((len(group) for group in groups.values()), default=0)
    some = f" At most {MOST_SCENES} scenes of a sensor, evenly chosen, are counted." if most > MOST_SCENES else ""
    text = (
        "Share of valid pixels by backscatter, for each sensor and polarisation, one curve a split. Curves of one "
        f"sensor that lie apart mean other ground, or another calibration.{some}"
    )
    said = ", ".join(panel.title for panel in panels)
    return Section("Backscatter", text, (histograms(panels, f"Histograms of {said}."[:600]),) if panels else ())


def _panels(sensor: tuple[str, str], scenes: Sequence[CutScene]) -> Iterator[Panel]:
    name, quantity = sensor
    counted: dict[str, dict[str, Floats]] = {}
    for scene in scenes[:: -(-len(scenes) // MOST_SCENES)]:
        table = read_table(scene.file, CHIPS, list(NAMED))
        for plane in planes_of(table):
            if plane.scene_id == scene.scene_id:
                by_split = counted.setdefault(plane.polarization, {split: np.zeros(CODES) for split in SPLITS})
                by_split[scene.split] = by_split.get(scene.split, np.zeros(CODES)) + plane.counts
    codes = np.arange(1.0, CODES)
    is_amplitude = quantity == _AMPLITUDE
    values, unit = (codes, "amplitude") if is_amplitude else (FIRST_CODE_DB + (codes - 1) * STEP_DB, f"{quantity} [dB]")
    for polarization in sorted(counted):
        groups = {split: counts[1:] for split, counts in counted[polarization].items()}
        yield Panel(f"{name} {polarization}", unit, values, groups)


def _aside(evidence: DataEvidence) -> Section:
    section = set_aside(evidence)
    codes = Counter(evidence.set_aside["code"].to_pylist())
    if not codes:
        return section
    commonest = sorted(codes.items(), key=lambda pair: (-pair[1], pair[0]))
    by_code = Table("Reasons", ("code", "scenes"), commonest)
    return Section(section.title, section.text, (by_code, *section.parts))


def _terms(evidence: DataEvidence) -> Section:
    rows = [(terms.licence, terms.attribution, terms.product, count) for terms, count in sorted(evidence.terms.items())]
    text = (
        "What the items say: license and its link, attribution, sci:citation or providers, fusar:product; and "
        "the same of an asset that comes under terms of its own. What is not stated, nobody has promised."
    )
    heads = ("licence", "attribution", "product or asset", "scenes")
    return Section("Licences and attributions", text, (Table("Terms of the scenes", heads, rows),) if rows else ())
