"""A whole scene put to a registered FUSAR-GPT: chips cut, questions asked, answers kept with their place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from affine import Affine

from components.contract.progress import progress
from components.geography.footprints import locate
from components.inference.chips import encode_chip
from components.inference.cutting import ChipShape
from components.inference.errors import EmptyForPrediction
from components.inference.sensing import Bands
from components.rasters.calibration import check_bands
from components.rasters.grids import Grid
from components.rasters.opening import open_raster
from components.rasters.windows import affine_at
from components.scores.boxes import Box
from components.tasks import classify, count, detect, land_cover

CHIPS_AT_ONCE = 32
QUESTIONS = {
    "land_cover": land_cover.WORDING,
    "class": classify.WORDING,
    "ships": count.WORDING["ship"],
    "aircraft": count.WORDING["aircraft"],
    "ship_boxes": detect.WORDING["ship"],
    "aircraft_boxes": detect.WORDING["aircraft"],
}
# The boxes that belong to a class of chip: asking for planes on open water only invites invention.
BOXES_OF_CLASS = {"ships": "ship_boxes", "aircraft": "aircraft_boxes", "apron": "aircraft_boxes"}

Answer = Callable[[pd.DataFrame], Sequence[str]]


@dataclass(frozen=True)
class ChipPrediction:
    """What the model said about one chip.

    Attributes:
        row: offset of the chip in its scene, as `col` [pixel of the chips].
        affine: (col, row) in the chip to (x, y) in the scene's CRS.
        codes: first polarisation, uint8 (H, W), for pictures.
        answers: name of the question (see `QUESTIONS`) to the answer as the model wrote it.
    """

    row: int
    col: int
    crs: str
    affine: Affine
    codes: npt.NDArray[np.uint8]
    answers: Mapping[str, str]

    @property
    def boxes(self) -> list[Box]:
        """Boxes that the model gave for the chip's class, in chip pixels; none where it wrote no valid JSON."""
        asked = BOXES_OF_CLASS.get(self.answers["class"])
        return [] if asked is None else detect.parse(self.answers[asked]) or []


def predict_scene(
    path: Path, bands: Bands, answer: Answer, shape: ChipShape, shows_progress: bool = True
) -> list[ChipPrediction]:
    """Ask a model about every chip of a scene, row by row.

    Args:
        path: a GeoTIFF with one band for each polarisation.
        bands: polarisations in their order, and what the samples are.
        answer: `predict` of a loaded fusar-gpt model: a frame with its input columns to one answer a row.
        shape: of the chips that the model was trained on.
        shows_progress: whether it says on stderr how far it is; false for one of many scenes.

    Raises:
        SceneError: the file cannot be used.
        EmptyForPrediction: the scene is smaller than a chip or holds no valid pixel.
    """
    with open_raster(path) as raster:
        check_bands(raster, bands.polarizations, bands.scale)
        grid = shape.grid(raster, bands)
        rows, count = shape.chips(raster, bands, grid), len(shape.rows(grid))
        predictions: list[ChipPrediction] = []
        for chips in progress(rows, "predict", count) if shows_progress else rows:
            for first in range(0, len(chips), CHIPS_AT_ONCE):
                predictions += _ask(chips[first : first + CHIPS_AT_ONCE], grid, bands.polarizations, answer)
    if not predictions:
        raise EmptyForPrediction(path, shape.size)
    return predictions


def _ask(
    chips: Sequence[tuple[int, int, Any]], grid: Grid, polarizations: Sequence[str], answer: Answer
) -> list[ChipPrediction]:
    located = locate(grid.crs, grid.affine, [c[0] for c in chips], [c[1] for c in chips], chips[0][2].shape[1:])
    requests = [
        {
            "image": encode_chip(chip),
            "polarizations": ",".join(polarizations),
            "spacing_m": float(spacing_m),
            "question": question,
        }
        for (_, _, chip), spacing_m in zip(chips, located.spacing_m, strict=True)
        for question in QUESTIONS.values()
    ]
    answers = list(answer(pd.DataFrame(requests)))
    return [
        ChipPrediction(
            row=row,
            col=col,
            crs=grid.crs,
            affine=affine_at(grid.affine, row, col),
            codes=chip[0],
            answers=dict(zip(QUESTIONS, answers[i * len(QUESTIONS) :], strict=False)),
        )
        for i, (row, col, chip) in enumerate(chips)
    ]
