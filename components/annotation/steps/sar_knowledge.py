"""Step 3: what the radar shows: contrast of edges, echoes and sidelobes of targets, the state of the sea."""

import numpy as np

from components.annotation.facts import ChipFacts, Target, longest
from components.annotation.findings import Finding, Findings
from components.annotation.rules import Rules, graded
from components.annotation.steps.geoscience import COVER_CODES, shore
from components.records.families import LANDFORM, SHIP

# Blocks over which speckle is averaged before edges are judged: the encoder's patch, 8 pixels.
BLOCK = 8
EDGES = ("absent", "faint", "clear", "sharp")
ECHOES = ("weak", "clear", "strong")
SEAS = ("calm_sea", "rippled_sea", "rough_sea")
# A sidelobe pixel lies in the row or column of a target's peak, outside its box, this far above the clutter [dB].
SIDELOBE_DB = 6.0


def think(chip: ChipFacts, so_far: Findings, rules: Rules) -> Findings:
    """Boundary of a landform; Feature of ships and aircraft; the sea's state, or the shore where there is one."""
    if np.isnan(chip.decibels_HW).all():
        return {}
    if chip.family is LANDFORM:
        return {"Boundary": Finding(graded(edge_contrast_db(chip), rules.edge_contrasts_db, EDGES), _basis(chip))}
    found = _feature(chip, rules)
    if chip.family is SHIP and (around := _around(chip, rules)) is not None:
        basis = f"{chip.row['quantity']} of water {chip.co_polarization}, {_geometry(chip)}"
        found["Environment"] = Finding(around, f"labels: land cover; backscatter: {basis}")
    return found


def edge_contrast_db(chip: ChipFacts) -> float:
    """Brightness between the 10th and the 90th percentile of block means [dB]: how strongly the chip's parts differ."""
    height, width = (side // BLOCK * BLOCK for side in chip.decibels_HW.shape)
    if not height or not width:
        return 0.0
    blocks = chip.decibels_HW[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    seen = np.isfinite(blocks)
    counts = seen.sum(axis=(1, 3))
    means = np.where(seen, blocks, 0.0).sum(axis=(1, 3))[counts > 0] / counts[counts > 0]
    low, high = np.percentile(means, (10, 90))
    return float(high - low)


def _feature(chip: ChipFacts, rules: Rules) -> dict[str, Finding]:
    if chip.targets is None:
        return {}
    targets = chip.named(chip.family.name)
    if not targets:
        return {"Feature": Finding("none", f"{_basis(chip)}; no sidelobes seen")}
    largest = longest(targets, chip.row["spacing_m"])
    contrast, sidelobes = echo(chip, largest)
    if contrast is None:
        return {}
    bounds = rules.ship_echoes_db if chip.family is SHIP else rules.aircraft_echoes_db
    shape = "sidelobes seen" if sidelobes else "no sidelobes seen"
    return {"Feature": Finding(graded(contrast, bounds, ECHOES), f"{_basis(chip)}; {shape}")}


def echo(chip: ChipFacts, target: Target) -> tuple[float | None, int]:
    """A target's peak over the chip's median [dB], None where it is nodata, and how many pixels its sidelobes fill."""
    levels = chip.decibels_HW
    rows = slice(int(target["y0"]), int(np.ceil(target["y1"])))
    columns = slice(int(target["x0"]), int(np.ceil(target["x1"])))
    box = levels[rows, columns]
    if not np.isfinite(box).any():
        return None, 0
    clutter = float(np.nanmedian(levels))
    row, column = np.unravel_index(int(np.nanargmax(box)), box.shape)
    along_row = np.delete(levels[rows.start + row], np.r_[columns])
    along_column = np.delete(levels[:, columns.start + column], np.r_[rows])
    sidelobes = int((np.concatenate([along_row, along_column]) > clutter + SIDELOBE_DB).sum())
    return float(np.nanmax(box)) - clutter, sidelobes


def _around(chip: ChipFacts, rules: Rules) -> str | None:
    if (shares := chip.cover_shares) is None or chip.cover_HW is None:
        return None
    if (land := shore(shares, rules)) is not None:
        return land
    water = chip.decibels_HW[chip.cover_HW == COVER_CODES["water"]]
    water = water[np.isfinite(water)]
    if not chip.is_calibrated or not water.size:
        return None  # the levels of uncalibrated amplitude say nothing about the sea
    return graded(float(np.median(water)), rules.sea_db, SEAS)


def _basis(chip: ChipFacts) -> str:
    unit = "dB" if chip.is_calibrated else "dB of amplitude"
    return f"backscatter: mean {np.nanmean(chip.decibels_HW):.1f} {unit} {chip.co_polarization}, {_geometry(chip)}"


def _geometry(chip: ChipFacts) -> str:
    incidence = chip.row["incidence_deg"]
    return "incidence not known" if incidence is None else f"incidence {incidence:.0f} deg"
