"""The files of a Sentinel-1 product, in its folder or its archive, by the names that the product specification gives.

The manifest's own list of files is never followed: a name decides, and no file outside the product is opened.
"""

import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from components.catalog.errors import BrokenMetadata, UnreadLevel, UnsafeArchive
from components.rasters.errors import MissingAsset, TruncatedRaster

NAME = re.compile(
    r"(?P<mission>S1[A-D])_(?P<mode>IW|EW|WV|S[1-6])_(?P<kind>GRD[FHM]|SLC_|OCN_|RAW_)_\w{4}_\d{8}T\d{6}_\d{8}T\d{6}_\w+"
)
_IMAGE = re.compile(r"s1[a-d]-(?:iw|ew|s[1-6])-grd-(?P<polarization>vv|vh|hh|hv)-[0-9a-z-]+")
_WANTED = re.compile(
    r"manifest\.safe|annotation/[^/]+\.xml|annotation/calibration/(?:calibration|noise)-[^/]+\.xml"
    r"|measurement/[^/]+\.tiff?"
)
_MOST_BYTES = 20_000_000_000  # the largest product has 2 GB
_MOST_INFLATION = 200
_SMALL_BYTES = 100_000  # a member that is smaller than this when packed may shrink more


@dataclass(frozen=True)
class Image:
    """One polarisation of a product: its measurement and what belongs to it."""

    polarization: str
    measurement: Path
    annotation: Path
    calibration: Path
    noise: Path


def is_product(path: Path) -> bool:
    """Whether a path is the folder or the archive of a Sentinel-1 product, by its name."""
    name = re.sub(r"(?:\.SAFE)?(?:\.zip)?$", "", path.name)
    if NAME.fullmatch(name) is None:
        return False
    return path.name.endswith(".zip") if path.is_file() else path.name.endswith(".SAFE")


@contextmanager
def opened(path: Path, workplace: Path) -> Iterator[Path]:
    """The folder of a product; of an archive, the wanted members unpacked below `workplace` for as long as it lasts.

    Raises:
        UnreadLevel: no GRD product.
        UnsafeArchive: a member would lie outside, is no file, or unpacks beyond all measure.
        MissingAsset: no archive, or a damaged one.
    """
    name = NAME.match(path.name)
    if name is None or not name["kind"].startswith("GRD"):
        kind = "a file of another name" if name is None else f"Sentinel-1 {name['kind'].strip('_')}"
        raise UnreadLevel(path, kind, "Take the GRD product of the same acquisition")
    if path.is_dir():
        yield path
        return
    folder = workplace / "unpacked"
    try:
        yield _unpack(path, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def images(folder: Path) -> Sequence[Image]:
    """The images of a product, co-polarised first.

    Raises:
        MissingAsset: a file of one of them is not there.
        UnsafeArchive: a file is a link that leaves the folder.
        BrokenMetadata: there is no image.
    """
    found = []
    for measurement in sorted((folder / "measurement").glob("*.tif*")):
        name = _IMAGE.fullmatch(measurement.stem)
        if name is None:
            continue
        annotation = folder / "annotation" / f"{measurement.stem}.xml"
        tables = [folder / f"annotation/calibration/{kind}-{measurement.stem}.xml" for kind in ("calibration", "noise")]
        image = Image(name["polarization"].upper(), measurement, annotation, *tables)
        for file in (measurement, annotation, *tables):
            _check_inside(file, folder)
        found.append(image)
    if not found:
        raise BrokenMetadata(folder, "measurement/ holds no image s1?-*-grd-*.tiff")
    if len({image.polarization for image in found}) != len(found):
        raise BrokenMetadata(folder, "measurement/ holds two images of one polarisation")
    return sorted(found, key=lambda image: (image.polarization[0] != image.polarization[1], image.polarization))


def manifest(folder: Path) -> Path | None:
    """The manifest of a product, which states its processor; None where it is left out.

    Raises:
        UnsafeArchive: it is a link that leaves the folder.
    """
    file = folder / "manifest.safe"
    if not file.is_file():
        return None
    _check_inside(file, folder)
    return file


def _check_inside(file: Path, folder: Path) -> None:
    if not file.is_file():
        raise MissingAsset(file)
    if not file.resolve().is_relative_to(folder.resolve()):
        raise UnsafeArchive(folder, file.name, "is a link that leaves the product")


def _unpack(path: Path, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            roots = {_checked(path, member).parts[0] for member in archive.infolist()}
            if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
                raise UnsafeArchive(path, path.name, f"would unpack to more than {_MOST_BYTES} bytes")
            if len(roots) != 1:
                raise UnsafeArchive(path, ", ".join(sorted(roots)), "is not one product folder")
            (root,) = roots
            for member in archive.infolist():
                inner = PurePosixPath(member.filename).relative_to(root).as_posix()
                if member.is_dir() or not _WANTED.fullmatch(inner):
                    continue
                target = folder / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise TruncatedRaster(path) from error  # damaged, or encrypted
    return folder


def _checked(path: Path, member: zipfile.ZipInfo) -> PurePosixPath:
    """The path of a member, before anything is unpacked."""
    inner = PurePosixPath(member.filename)
    if inner.is_absolute() or ".." in inner.parts or "\\" in member.filename or ":" in member.filename:
        raise UnsafeArchive(path, member.filename, "would lie outside the product")
    if not inner.parts:
        raise UnsafeArchive(path, member.filename, "has no name")
    if not 0 <= member.header_offset < path.stat().st_size:
        raise TruncatedRaster(path)
    if stat.S_ISLNK(member.external_attr >> 16):
        raise UnsafeArchive(path, member.filename, "is a link")
    if member.file_size > _MOST_INFLATION * max(member.compress_size, _SMALL_BYTES):
        raise UnsafeArchive(path, member.filename, f"would unpack to {member.file_size} bytes")
    return inner
