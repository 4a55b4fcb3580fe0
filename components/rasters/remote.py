"""A GeoTIFF of which parts come from elsewhere: opened under the same rules as one that lies here."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import rasterio
from rasterio._vsiopener import MultiByteRangeResource
from rasterio.abc import MultiByteRangeResourceContainer
from rasterio.errors import RasterioError

from components.rasters.errors import NotAGeoTIFF
from components.rasters.opening import _GDAL_SETTINGS, _TIFF_STARTS, Raster, _described


class Bytes(Protocol):
    """A file of which parts can be had, several at once."""

    size: int

    def read(self, start: int, length: int) -> bytes:
        """Bytes of the file, fewer at its end."""
        ...

    def read_many(self, wanted: Sequence[tuple[int, int]]) -> list[bytes]:
        """Several parts (start, length)."""
        ...


@contextmanager
def open_remote(name: str, content: Bytes) -> Iterator[Raster]:
    """Open a GeoTIFF for reading by parts; GDAL itself asks nobody for anything.

    Args:
        name: of the file, for messages.
        content: its parts.

    Raises:
        NotAGeoTIFF: it is of another kind.
        MissingCRS: no coordinate reference system.
        UnusableAffine: missing, singular or not finite.
    """
    path = Path(name)
    if content.read(0, 4) not in _TIFF_STARTS:
        raise NotAGeoTIFF(path)
    with rasterio.Env(**_GDAL_SETTINGS):
        try:
            dataset = rasterio.open("remote.tif", driver="GTiff", opener=_Container(content))
        except (RasterioError, UnicodeDecodeError) as error:
            raise NotAGeoTIFF(path) from error
        with dataset:
            yield _described(path, dataset)


class _File(io.RawIOBase):
    """What GDAL reads with, through rasterio."""

    def __init__(self, content: Bytes) -> None:
        super().__init__()
        self._content, self._at = content, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._content.size}[whence]
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(self._content.size - self._at, 0)
        found = self._content.read(self._at, left if size < 0 else min(size, left))
        self._at += len(found)
        return found

    def get_byte_ranges(self, offsets: Sequence[int], sizes: Sequence[int]) -> list[bytes]:
        """Parts that GDAL needs at once."""
        return self._content.read_many(list(zip(offsets, sizes, strict=True)))


class _Container:
    """A file system that holds this one file: nothing beside it is there to be found."""

    def __init__(self, content: Bytes) -> None:
        self._content = content

    def open(self, path: str, mode: str = "r", **_: Any) -> _File:
        return _File(self._content)

    def isfile(self, path: str) -> bool:
        return True

    def isdir(self, path: str) -> bool:
        return False

    def ls(self, path: str) -> list[str]:
        return []

    def mtime(self, path: str) -> int:
        return 0

    def size(self, path: str) -> int:
        return self._content.size

    def rm(self, path: str) -> None:
        """Nothing is removed."""


MultiByteRangeResource.register(_File)
MultiByteRangeResourceContainer.register(_Container)
