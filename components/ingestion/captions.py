"""The caption that came with a scene, which holds for a chip only where the chip is the whole scene."""

from pathlib import Path

import pyarrow as pa
from pydantic import ValidationError

from components.ingestion.config import IngestConfig
from components.ingestion.errors import BrokenCaption, CaptionOfMore
from components.ingestion.items import Scene, first_fault
from components.rasters.errors import MissingAsset
from components.rasters.grids import Grid
from components.records.given import GivenCaption, with_given
from components.records.schemas import CHIPS


def schema_of(scene: Scene) -> pa.Schema:
    """CHIPS, with the scene's caption where it has one.

    Raises:
        MissingAsset: its file is not there.
        BrokenCaption: it is no caption.
    """
    file = scene.files.get("captions")
    return CHIPS if file is None else with_given(CHIPS, _read(file))


def check_extent(scene: Scene, grid: Grid, config: IngestConfig) -> None:
    """Refuse to say of a part of a picture what was said of the whole.

    Raises:
        CaptionOfMore: the scene has a caption and is not one chip.
    """
    size = config.chip_size
    if "captions" in scene.files and (grid.height, grid.width) != (size, size):
        raise CaptionOfMore(scene.files["captions"], grid.height, grid.width, size)


def _read(file: Path) -> GivenCaption:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise MissingAsset(file) from error
    try:
        return GivenCaption.model_validate_json(content)
    except ValidationError as error:
        raise BrokenCaption(file, first_fault(error)) from error
