"""The chip of a served request: a PNG in the request itself, or a PNG or GeoTIFF in the folder that is served."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image
from pyproj.exceptions import ProjError

from components.geography.footprints import locate
from components.inference.errors import BadRequest
from components.inference.files import served_file
from components.inference.requests import decoded, is_given, text_of
from components.rasters.calibration import Scale, check_bands, read_codes
from components.rasters.errors import SceneError, UnusableCRS
from components.rasters.opening import Raster, open_raster

MAX_SIDE: Final = 1024  # of the largest chip that ingest cuts [pixel]
POLARIZATIONS: Final = ("VV", "VH", "HH", "HV")
_PNG, _GEOTIFF = (".png",), (".tif", ".tiff")
_PLANES: Final = {"L": 1, "LA": 2}

UInt8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Chip:
    """What a request says of its chip.

    Attributes:
        codes: backscatter codes of components.records.backscatter, (P, H, W) uint8; 0 is nodata.
        polarizations: names of the P planes.
        spacing_m: ground sample distance of a GeoTIFF's own grid [m]; None for a PNG, which has no grid.
    """

    codes: UInt8
    polarizations: tuple[str, ...]
    spacing_m: float | None


def read_chip(row: Mapping[str, Any], folder: Path | None) -> Chip:
    """The chip that a row of a request gives in `image` or names in `path`.

    Args:
        row: `polarizations` names the planes, "VV" or "VV,VH". `image` is a PNG in base64, mode L (one polarization)
            or LA (two), each pixel a backscatter code. `path` is a file in the served folder: such a PNG, or a GeoTIFF
            with one band for each polarization and in `scale` what its samples are: linear, decibel or amplitude.
        folder: whose files `path` may name, resolved; None where no folder is served.

    Raises:
        BadRequest: a column is missing or does not hold what it should, or the chip has no valid pixel.
    """
    if is_given(row, "image") == is_given(row, "path"):
        raise BadRequest("image", "give exactly one of 'image' and 'path' in each row")
    polarizations = _polarizations(row)
    column = "image" if is_given(row, "image") else "path"
    file = None if column == "image" else served_file(text_of(row, "path"), folder)
    if file is not None and file.suffix.lower() in _GEOTIFF:
        chip = _read_geotiff(file, polarizations, _scale(row))
    elif is_given(row, "scale"):
        raise BadRequest("scale", "belongs to a GeoTIFF in 'path'; the pixels of a PNG are backscatter codes already")
    elif file is None:
        chip = Chip(_png_codes(io.BytesIO(decoded(row, "image")), column), polarizations, None)
    elif file.suffix.lower() in _PNG:
        with file.open("rb") as stream:
            chip = Chip(_png_codes(stream, column), polarizations, None)
    else:
        raise BadRequest("path", f"ends with {file.suffix!r}; give a .png or .tif file")
    if len(chip.codes) != len(polarizations):
        raise BadRequest("polarizations", f"names {len(polarizations)} planes, but the chip has {len(chip.codes)}")
    if not chip.codes.any():
        raise BadRequest(column, "holds no valid pixel: every one is nodata")
    return chip


def encode_chip(codes: UInt8) -> str:
    """The column `image` for backscatter codes of one or two planes, (P, H, W)."""
    image = Image.fromarray(codes[0]) if len(codes) == 1 else Image.fromarray(codes.transpose(1, 2, 0), "LA")
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _polarizations(row: Mapping[str, Any]) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text_of(row, "polarizations").split(","))
    unknown = [name for name in names if name not in POLARIZATIONS]
    if unknown or len(set(names)) != len(names):
        raise BadRequest(
            "polarizations", f"is {row['polarizations']!r}; join distinct ones of VV, VH, HH, HV by commas"
        )
    return names


def _scale(row: Mapping[str, Any]) -> Scale:
    # Digital numbers need offsets, for which a request has no column.
    known: Scale | None = {name: name for name in get_args(Scale) if name != "dn"}.get(str(row.get("scale")))
    if known is None:
        raise BadRequest("scale", "must say what the samples of a GeoTIFF are: linear, decibel or amplitude")
    return known


def _png_codes(stream: IO[bytes], column: str) -> UInt8:
    try:
        with Image.open(stream, formats=("PNG",)) as image:
            if image.mode not in _PLANES:
                raise BadRequest(column, f"is a PNG of mode {image.mode}; send L (one polarization) or LA (two)")
            _check_side(column, image.height, image.width)
            pixels = np.asarray(image, dtype=np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        # Pillow's own words name objects and addresses of this process.
        raise BadRequest(column, "is no PNG, or a damaged one") from error
    return pixels[np.newaxis] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


def _check_side(column: str, height: int, width: int) -> None:
    if max(height, width) > MAX_SIDE:
        raise BadRequest(column, f"has {height} x {width} pixels; send a chip with sides up to {MAX_SIDE}")


def _read_geotiff(path: Path, polarizations: Sequence[str], scale: Scale) -> Chip:
    try:
        with open_raster(path) as raster:
            _check_side("path", raster.height, raster.width)
            if raster.bands != len(polarizations):
                problem = f"names {len(polarizations)} bands, but the GeoTIFF has {raster.bands}"
                raise BadRequest("polarizations", problem)
            check_bands(raster, polarizations, scale)
            return Chip(read_codes(raster, scale), tuple(polarizations), _spacing_m(raster))
    except SceneError as error:
        raise BadRequest("path", f"cannot be used: {error.problem}") from error


def _spacing_m(raster: Raster) -> float:
    try:
        return float(locate(raster.crs, raster.affine, 0, 0, (raster.height, raster.width)).spacing_m[0])
    except (ProjError, ValueError) as error:
        raise UnusableCRS(raster.path, raster.crs[:40]) from error
