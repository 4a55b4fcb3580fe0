"""WorldCereal's netCDF inputs: a time series of Sentinel-1 sigma nought as digital numbers, one scene for each date.

The variables `S1-SIGMA0-VV` and `S1-SIGMA0-VH` are read, of dimensions t, y and x. Their numbers are unsigned 16 bits,
stored as signed ones (`_Unsigned`); backscatter is 20 log10(DN) - 83 dB; 65535 is no data, which the file does not
declare. Optical bands, terrain and weather in the same file are left alone. The dates are composites of several
passes: which satellite and which orbit is nowhere said, so `platform` is asked for, and the incidence angle is unknown.

Links out of the file and data kept outside of it are refused. Run on the real file of WorldCereal's tests: 12 dates,
every pixel compared, corners within 0.1 pixel. Source: https://github.com/WorldCereal/worldcereal-classification
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from affine import Affine
from rasterio.crs import CRS

from components.catalog.errors import BrokenNetCDF, LinkedNetCDF
from components.catalog.products.band_files import POLARIZATIONS
from components.catalog.products.product import ConvertedProduct, Facts, Write
from components.catalog.products.writing import Grid, geotiff
from components.catalog.satellites import SENTINEL_1
from components.rasters.errors import InflatedRaster, MissingCRS

if TYPE_CHECKING:
    import xarray

_HDF5 = b"\x89HDF\r\n\x1a\n"
_PREFIX = "S1-SIGMA0-"
_OFFSET_DB = -83.0
_NODATA = 65535
_MOST_INFLATION = 200
_SMALL_BYTES = 64_000_000
# What h5py, h5netcdf and xarray raise for damaged files; the last comes from h5py's own C code.
_FAULTS = (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError, IndexError, EOFError, SystemError)
_STEP_TOLERANCE = 1e-3  # of a step: beyond it the pixels lie on no regular grid


def _matches(path: Path) -> bool:
    if path.suffix.lower() not in (".nc", ".nc4") or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_HDF5)) == _HDF5


def _scenes(path: Path) -> Mapping[str, Write]:
    with _opened(path) as content:
        dates = np.datetime_as_string(content["t"].values, unit="D")
        return {f"{path.stem}_{date.replace('-', '')}": partial(_convert, path, i) for i, date in enumerate(dates)}


def _convert(path: Path, index: int, target: Path) -> Facts:
    with _opened(path) as content:
        names = [one for one in POLARIZATIONS if f"{_PREFIX}{one}" in content]
        numbers = np.stack([_numbers(content[f"{_PREFIX}{one}"], index) for one in names])
        grid, time = _grid(path, content), np.datetime_as_string(content["t"].values[index], unit="s")
    with geotiff(target, grid, len(names), "uint16", _NODATA) as sink:
        sink.write(numbers)
    return {
        "datetime": f"{time}Z",
        **SENTINEL_1,
        "sar:polarizations": names,
        "fusar:quantity": "sigma0",
        "fusar:scale": "dn",
        "fusar:dn_offset_db": [_OFFSET_DB] * len(names),
        "fusar:simulated": False,
    }


def _numbers(variable: "xarray.DataArray", index: int) -> npt.NDArray[np.uint16]:
    """Digital numbers of one date, (y, x), unsigned; a declared fill value is 65535 as an undeclared one is."""
    numbers = np.ascontiguousarray(variable.isel(t=index).values).view(np.uint16)
    fill = variable.attrs.get("_FillValue")
    if fill is not None:
        numbers[numbers == np.asarray(fill).astype(variable.dtype).view(np.uint16)] = _NODATA
    return numbers


@contextmanager
def _opened(path: Path) -> "Iterator[xarray.Dataset]":
    """The file's variables, nothing read yet.

    Raises:
        BrokenNetCDF: damaged, or without what this family holds.
        LinkedNetCDF: it leads out of itself.
        InflatedRaster: it declares far more than it can hold.
    """
    import xarray

    try:
        _refuse_links(path)
        with xarray.open_dataset(path, engine="h5netcdf", mask_and_scale=False, cache=False) as content:
            _check(path, content)
            yield content
    except _FAULTS as error:
        raise BrokenNetCDF(path, f"{type(error).__name__}: {str(error)[:80]}") from error


def _refuse_links(path: Path) -> None:
    """A name in HDF5 may stand for another file, and a variable may keep its bytes in one, or be far too large.

    Raises:
        LinkedNetCDF: a link leads elsewhere, or a variable's bytes lie elsewhere.
        InflatedRaster: a variable declares far more than the file can hold.
    """
    import h5py

    most = max(_SMALL_BYTES, _MOST_INFLATION * path.stat().st_size)
    links: list[tuple[str, Any]] = []
    with h5py.File(path, "r") as file:
        # What is raised inside of the visit comes out as another error.
        file.visititems_links(lambda name, link: links.append((str(name), link)))
        for name, link in links:
            if not isinstance(link, h5py.HardLink):
                raise LinkedNetCDF(path, name)
            node = file[name]
            if isinstance(node, h5py.Dataset):
                if node.is_virtual or node.external:
                    raise LinkedNetCDF(path, name)
                if node.nbytes > most:
                    raise InflatedRaster(path, node.nbytes // path.stat().st_size, _MOST_INFLATION)


def _check(path: Path, content: "xarray.Dataset") -> None:
    names = [name for name in (f"{_PREFIX}{one}" for one in POLARIZATIONS) if name in content]
    if not names:
        raise BrokenNetCDF(path, f"no variable {_PREFIX}VV, {_PREFIX}VH, {_PREFIX}HH or {_PREFIX}HV")
    for name in names:
        variable = content[name]
        if variable.dims != ("t", "y", "x") or not _is_unsigned(variable):
            shape = ", ".join(map(str, variable.dims))
            raise BrokenNetCDF(path, f"{name} is {variable.dtype} over ({shape}), not unsigned 16 bits over (t, y, x)")
        if {"scale_factor", "add_offset"} & variable.attrs.keys():
            raise BrokenNetCDF(path, f"{name} has a scale_factor or add_offset, which WorldCereal's numbers have not")
    if content["t"].dtype.kind != "M":
        raise BrokenNetCDF(path, "t has no calendar: its unit is not such as `days since 1990-01-01`")


def _is_unsigned(variable: "xarray.DataArray") -> bool:
    is_declared = str(variable.attrs.get("_Unsigned", "")).lower() == "true"
    return variable.dtype == np.uint16 or (variable.dtype == np.int16 and is_declared)


def _grid(path: Path, content: "xarray.Dataset") -> Grid:
    """Of the pixel centres x and y and of the CRS that the variables name."""
    named = {str(content[name].attrs.get("grid_mapping", "crs")) for name in content if str(name).startswith(_PREFIX)}
    texts = [content[name].attrs.get("crs_wkt") for name in named if name in content.variables]
    if len(named) != 1 or not texts or not isinstance(texts[0], str):
        raise MissingCRS(path)
    crs = CRS.from_wkt(texts[0])  # damaged text is found out here, as the file's own fault
    (x, width_m), (y, height_m) = _axis(path, content, "x"), _axis(path, content, "y")
    affine = Affine(width_m, 0, x - width_m / 2, 0, height_m, y - height_m / 2)
    return Grid(crs.to_wkt(), affine, content.sizes["y"], content.sizes["x"])


def _axis(path: Path, content: "xarray.Dataset", name: str) -> tuple[float, float]:
    """First centre and step of an axis."""
    centres = np.asarray(content[name].values, np.float64)
    steps = np.diff(centres)
    step = float((centres[-1] - centres[0]) / len(steps)) if len(steps) else 0.0
    if not np.isfinite(step) or step == 0 or np.abs(steps - step).max() > _STEP_TOLERANCE * abs(step):
        raise BrokenNetCDF(path, f"the values of {name} are not evenly spaced")
    return float(centres[0]), step


PRODUCT = ConvertedProduct(
    name="worldcereal-netcdf",
    title="WorldCereal netCDF, sigma nought as digital numbers: variables S1-SIGMA0-VV, -VH, a scene a date",
    matches=_matches,
    scenes=_scenes,
)
