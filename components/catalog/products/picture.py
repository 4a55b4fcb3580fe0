"""Pictures of SAR without any georeferencing: grey PNG, JPEG or BMP of 8 bits, taken for what they are.

`hrsid` is the High-Resolution SAR Images Dataset: chips such as `P0001_1200_2000_9600_10400.jpg`, cut from scenes of
Sentinel-1B, TerraSAR-X and TanDEM-X. The name says which scene and nothing else: place, time, sensor and polarisation
of a chip are unknown, and stay so. Chips of one scene (`P0001`) are one group. Run on real files. Source: Wei et al.,
HRSID, IEEE Access 8 (2020), https://doi.org/10.1109/ACCESS.2020.3005861

`picture` is any other such picture, never recognised, only by `--product picture`: whoever adds it says `fusar:group`,
platform, polarisation (or `unknown`) and time.
"""

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import rasterio
from PIL import Image, UnidentifiedImageError

from components.catalog.errors import NotAPicture
from components.catalog.products.product import ConvertedProduct, Facts, one_scene

_HRSID = re.compile(r"(?P<scene>P\d{4})(_\d+){4}")
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp")
_KINDS = ("PNG", "JPEG", "BMP")
_MOST_PIXELS = 400_000_000
_UNCALIBRATED = {
    "fusar:quantity": "amplitude",
    "fusar:scale": "amplitude",
    "fusar:georeferenced": False,
}
# Between the launch of the first of its sensors (TerraSAR-X) and the data set's publication.
_HRSID_TIMES = {"start_datetime": "2007-06-15T00:00:00Z", "end_datetime": "2020-07-01T00:00:00Z"}


def _is_hrsid(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES and _HRSID.fullmatch(path.stem) is not None


def _convert_hrsid(path: Path, target: Path) -> Facts:
    name = _HRSID.fullmatch(path.stem)
    if name is None:
        raise NotAPicture(path, "its name is not one of HRSID's, such as P0001_1200_2000_9600_10400")
    _write(_grey(path), target)
    unknown = {"platform": "unknown", "sar:polarizations": ["unknown"], **_HRSID_TIMES}
    return {**_UNCALIBRATED, **unknown, "fusar:simulated": False, "fusar:group": name["scene"]}


def _convert(path: Path, target: Path) -> Facts:
    _write(_grey(path), target)
    return _UNCALIBRATED


def _grey(path: Path) -> npt.NDArray[np.uint8]:
    """Its grey levels, (H, W); three equal channels are one.

    Raises:
        NotAPicture: another kind of file, damaged, huge, or coloured.
    """
    try:
        with Image.open(path, formats=_KINDS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise NotAPicture(path, f"it has more than {_MOST_PIXELS} pixels")
            pixels = np.asarray(image.convert("RGB") if image.mode in ("P", "CMYK") else image)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise NotAPicture(path, "it is no PNG, JPEG or BMP that can be read") from error
    grey = pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 3 else pixels
    if grey.ndim != 2 or grey.dtype != np.uint8:
        raise NotAPicture(path, f"pixels of {pixels.dtype} {pixels.shape[2:]} are not grey levels of 8 bits")
    if pixels.ndim == 3 and (pixels != grey[:, :, None]).any():
        raise NotAPicture(path, "it has colours: a mask, or a false-colour picture")
    return np.ascontiguousarray(grey)


def _write(grey: npt.NDArray[np.uint8], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    height, width = grey.shape
    with rasterio.open(
        target, "w", driver="GTiff", height=height, width=width, count=1, dtype="uint8", compress="deflate", predictor=2
    ) as sink:  # fmt: skip
        sink.write(grey, 1)


HRSID = ConvertedProduct(
    name="hrsid",
    title="HRSID's chips P0001_1200_2000_9600_10400.jpg (.png): amplitude without place, time or sensor; group P0001",
    matches=_is_hrsid,
    scenes=one_scene(_convert_hrsid),
)
PICTURE = ConvertedProduct(
    name="picture",
    title="any grey PNG, JPEG or BMP without a place, where --product says so: amplitude; asks for the rest",
    matches=lambda path: False,
    scenes=one_scene(_convert),
)
