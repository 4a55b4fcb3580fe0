"""The page of a comparison: what has drifted, how sure that is, and what it looks like."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from components.monitoring import plots
from components.monitoring.findings import MEANINGS, Finding
from components.monitoring.watching import Watched
from components.pages.files import write_page
from components.pages.maps import Footprint, footprint_map
from components.pages.page import Front, Section, render_page
from components.pages.parts import CardRow, Notice, Picture, Table

_COLUMNS = ("test", "sensor", "polarisation", "baseline [scenes]", "new [scenes]", "shift", "p", "corrected p", "")


def write_drift_page(watched: Watched, subtitle: str, set_aside: Sequence[tuple[str, str]], page: Path) -> None:
    """Write one static, offline HTML page about a comparison, atomically.

    Args:
        watched: what was compared.
        subtitle: which folders, in words.
        set_aside: file and reason of each scene that could not be read.
        page: file to write.
    """
    write_page(page, render_page(_front(watched, subtitle), list(_sections(watched, set_aside))))


def _front(watched: Watched, subtitle: str) -> Front:
    drift = watched.drift
    said = tuple(CardRow((line,), "doubt") for line in drift.in_words())
    notice = (
        Notice("Drift", f"{len(said)} found", "bad", "These differ from the scenes that made the version:", said)
        if drift.is_found
        else Notice("Drift", "none found", "good", "Nothing differs from the scenes that made the version.")
    )
    scenes = len(watched.comparison.scenes.observations)
    compared = f"{scenes} new scenes" if scenes else f"answers about {_answered(watched)} new scenes"
    text = (
        f"{compared} were compared in {len(drift.findings)} tests, whose units are scenes. Where nothing has drifted, "
        f"any finding at all has a chance of at most {100 * drift.level:g} %."
    )
    return Front(f"Drift from {watched.version.name}", subtitle, text=text, parts=(notice,))


def _sections(watched: Watched, set_aside: Sequence[tuple[str, str]]) -> Iterator[Section]:
    drift, comparison = watched.drift, watched.comparison
    rows = [_row(found, drift.level) for found in drift.findings]
    meanings = Table("What each test means", ("test", "a difference means"), list(MEANINGS.items()), "Meanings")
    text = "Shift: median of the new scenes minus that of the baseline. Corrected p: Benjamini and Hochberg."
    yield Section("Tests", text, (Table("All tests, the surest first", _COLUMNS, rows), meanings))
    if comparison.scenes.observations:
        text = "Pixels of all scenes, each scene with the same weight."
        yield Section("Backscatter", text, (plots.histograms(comparison),))
    if comparison.levels():
        text = (
            "Each point is a scene: its mean level minus what AlphaEarth and the incidence angle let expect. What "
            "lies in a scene hardly moves it; a wrong calibration moves every scene alike."
        )
        yield Section("Level on known ground", text, (plots.levels(comparison),))
    if comparison.images():
        text = (
            "Each point is a scene: the mean embedding of its chips. Scenes that the model was trained on are left out."
        )
        yield Section("Embeddings", text, (plots.embeddings(comparison),))
    if comparison.answers.new:
        text = "Answers without AlphaEarth: to the scenes of the evaluation, and to new ones."
        yield Section("Answers", text, (plots.answers(comparison),))
    if comparison.scenes.observations:
        yield Section("Where the scenes lie", "", (_map(watched),))
    yield from _left_out(watched, set_aside)


def _row(found: Finding, level: float) -> tuple[str | int, ...]:
    shift = f"{found.shift:+.2f}" if np.isfinite(found.shift) else ""
    verdict = "drift" if found.corrected <= level else ""
    what = (found.what, found.sensor, found.polarization, found.old, found.new)
    return (*what, shift, f"{found.p:.2g}", f"{found.corrected:.2g}", verdict)


def _map(watched: Watched) -> Picture:
    sides = (
        ("baseline", [known.observation for known in watched.version.baseline.scenes]),
        ("new", watched.comparison.scenes.observations),
    )
    points = [
        Footprint(scene.longitude, scene.latitude, scene.longitude, scene.latitude, "scenes", name)
        for name, scenes in sides
        for scene in scenes
        if np.isfinite(scene.longitude)
    ]
    return footprint_map(points, "Map of the scenes of the baseline and of the new ones.")


def _left_out(watched: Watched, set_aside: Sequence[tuple[str, str]]) -> Iterator[Section]:
    rows = [("not compared", line) for line in watched.drift.untested]
    rows += [(f"set aside: {file}", reason) for file, reason in set_aside]
    rows += [("part of the baseline", scene) for scene in watched.known]
    if rows:
        yield Section("What was left out", "", (Table("Not compared, and why", ("what", "why"), rows),))


def _answered(watched: Watched) -> int:
    return len({found.scene_id for found in watched.comparison.answers.new})
