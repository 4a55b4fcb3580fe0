"""Bringing scenes into data/: each is described, tried as ingestion would read it, and only then moved in."""

import filecmp
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from dvc_objects.fs.system import reflink

from components.catalog.errors import NameTaken, NoSuchFile, UnknownProduct, UnusableName
from components.catalog.given import Given
from components.catalog.items import FOLDERS, combine, describe
from components.catalog.products import PRODUCTS
from components.catalog.products.product import Product
from components.catalog.sources import companions
from components.rasters.calibration import check_bands
from components.rasters.errors import MissingAsset, SceneError
from components.rasters.opening import Raster, open_raster

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Check = Callable[[Path, Path], int]


@dataclass(frozen=True)
class Addition:
    """How scenes are added.

    Attributes:
        data: the data folder.
        staging: a folder on the same disk where a scene is put together; emptied for each.
        check: reads an item as ingestion does, given its file and the data folder above it: how many chips it gives.
        given: what the person says.
        product: the family that every file is, or None to recognise it.
        assets: companions that were asked for by name.
    """

    data: Path
    staging: Path
    check: Check
    given: Given
    product: str | None = None
    assets: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of one file; `error` says why it was set aside."""

    source: Path
    kind: Literal["added", "unchanged", "set aside"]
    scene_id: str = ""
    product: str = ""
    chips: int = 0
    error: SceneError | None = None

    def reason(self, staging: Path) -> str:
        """The file, the code of its fault, and what to do; a fault in one of its companions names that file."""
        if self.error is None:
            return ""
        path = self.error.path
        inside = path.relative_to(staging).as_posix() if path.is_relative_to(staging) else str(path)
        whose = "" if path == self.source or inside.startswith(("items/", "scenes/")) else f"{inside}: "
        return f"{self.source}: {self.error.code}: {whose}{self.error.problem}"


@dataclass(frozen=True)
class _Files:
    """The item of a scene and its files: path below data/ to where each comes from."""

    scene_id: str
    item: bytes
    sources: Mapping[str, Path]

    @property
    def item_file(self) -> str:
        """Path of the item below data/."""
        return f"items/{self.scene_id}.json"


def add_scenes(sources: Sequence[Path], addition: Addition) -> Iterator[Outcome]:
    """Add each file as a scene, or say why not; the others never notice.

    Raises:
        UnknownProduct: there is no such family.
    """
    if addition.product not in (None, *(product.name for product in PRODUCTS)):
        raise UnknownProduct(str(addition.product), tuple(product.name for product in PRODUCTS))
    for source in sources:
        try:
            yield _add(source, addition)
        except SceneError as error:
            yield Outcome(source, "set aside", error=error)
        finally:
            shutil.rmtree(addition.staging, ignore_errors=True)


def _add(source: Path, addition: Addition) -> Outcome:
    if not source.is_file():
        raise NoSuchFile(source)
    with open_raster(source) as raster:
        product = _product(raster, addition.product)
        files = _files(raster, product, addition)
    if _is_there(files, source, addition.data):
        return Outcome(source, "unchanged", files.scene_id, product.name)
    _stage(files, addition.staging)
    chips = addition.check(addition.staging / files.item_file, addition.staging)
    # The item comes last: a kill on the way leaves a raster that nothing names, and the same command goes on.
    for name in (*files.sources, files.item_file):
        target = addition.data / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(addition.staging / name, target)
    return Outcome(source, "added", files.scene_id, product.name, chips)


def _product(raster: Raster, asked: str | None) -> Product:
    return next(p for p in PRODUCTS if (p.name == asked if asked is not None else p.matches(raster)))


def _files(raster: Raster, product: Product, addition: Addition) -> _Files:
    scene_id = raster.path.stem if addition.given.scene_id is None else addition.given.scene_id
    if not _ID.fullmatch(scene_id):
        raise UnusableName(raster.path, scene_id)
    facts = combine(raster, product, addition.given)
    check_bands(raster, facts["sar:polarizations"], facts["fusar:scale"])
    beside = companions(raster.path, addition.assets)
    sources = {f"scenes/{scene_id}.tif": raster.path}
    for name, path in beside.items():
        if not path.is_file():
            raise MissingAsset(path)
        sources[f"{FOLDERS[name]}/{scene_id}.{'geojson' if name == 'objects' else 'tif'}"] = path
    assets = {name: addition.given.assets.get(name, {}) for name in beside}
    return _Files(scene_id, describe(raster, scene_id, facts, assets), sources)


def _is_there(files: _Files, source: Path, data: Path) -> bool:
    """Whether data/ holds this very scene.

    Raises:
        NameTaken: it holds something else under one of its names.
    """
    item = data / files.item_file
    for name, path in files.sources.items():
        target = data / name
        if target.exists() and not filecmp.cmp(path, target, shallow=False):
            raise NameTaken(source, files.scene_id, name)
    if item.exists() and item.read_bytes() != files.item:
        raise NameTaken(source, files.scene_id, files.item_file)
    return item.exists() and all((data / name).exists() for name in files.sources)


def _stage(files: _Files, staging: Path) -> None:
    shutil.rmtree(staging, ignore_errors=True)
    for name, source in files.sources.items():
        target = staging / name
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(source, target)
    item = staging / files.item_file
    item.parent.mkdir(parents=True, exist_ok=True)
    item.write_bytes(files.item)


def _copy(source: Path, target: Path) -> None:
    """A copy that shares its blocks where the disk can. Never a hard link: `dvc add` makes its files read-only."""
    try:
        reflink(str(source.resolve()), str(target))  # type: ignore[no-untyped-call]
    except (OSError, NotImplementedError):
        shutil.copyfile(source, target)
