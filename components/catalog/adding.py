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
from components.catalog.items import FOLDERS, combine, describe, is_georeferenced
from components.catalog.known_rasters import KnownRasters
from components.catalog.products import NAMES, PRODUCTS, converted
from components.catalog.products.product import Facts, Write
from components.catalog.sources import companions
from components.rasters.calibration import check_bands
from components.rasters.errors import MissingAsset, SameScene, SceneError
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
class _Candidate:
    """A scene of a product, before anyone looked at its pixels.

    Attributes:
        source: the file or folder of the person.
        name: what the product calls the scene; its companions lie beside the source under this name.
        scene_id: what it will be called in data/.
        family: name of its family of converted products, or None where it is a GeoTIFF as it stands.
        write: writes it as GeoTIFF; None where it is one.
    """

    source: Path
    name: str
    scene_id: str
    family: str | None
    write: Write | None


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
    """Add the scenes of each product, or say why not; the others never notice.

    Raises:
        UnknownProduct: there is no such family.
    """
    if addition.product not in (None, *NAMES):
        raise UnknownProduct(str(addition.product), NAMES)
    known = KnownRasters(addition.data)
    for source in sources:
        try:
            candidates = _candidates(source, addition)
        except SceneError as error:
            yield Outcome(source, "set aside", error=error)
            continue
        for candidate in candidates:
            yield _outcome(candidate, addition, known)


def _candidates(source: Path, addition: Addition) -> list[_Candidate]:
    """The scenes of a product: one of a GeoTIFF; of a product that is converted, as many as its family says."""
    if not source.exists():
        raise NoSuchFile(source)
    families = converted(addition.product)
    family = next((one for one in families if one.name == addition.product or one.matches(source)), None)
    given = addition.given.scene_id
    if family is None:
        return [_Candidate(source, source.stem, source.stem if given is None else given, None, None)]
    # Of several scenes under one given name, each keeps the ending that tells them apart.
    return [
        _Candidate(source, name, name if given is None else given + name.removeprefix(source.stem), family.name, write)
        for name, write in family.scenes(source).items()
    ]


def _outcome(candidate: _Candidate, addition: Addition, known: KnownRasters) -> Outcome:
    shutil.rmtree(addition.staging, ignore_errors=True)
    try:
        return _add(candidate, addition, known)
    except SceneError as error:
        return Outcome(candidate.source, "set aside", candidate.scene_id, error=error)
    finally:
        shutil.rmtree(addition.staging, ignore_errors=True)


def _add(candidate: _Candidate, addition: Addition, known: KnownRasters) -> Outcome:
    source, scene_id = candidate.source, candidate.scene_id
    if not _ID.fullmatch(scene_id):
        raise UnusableName(source, scene_id)
    if candidate.write is None and not source.is_file():
        raise NoSuchFile(source)
    path = source if candidate.write is None else addition.staging / f"scenes/{scene_id}.tif"
    stated = None if candidate.write is None else candidate.write(path)
    has_place = is_georeferenced(stated or {}, addition.given)
    with open_raster(path, has_place) as raster:
        product, stated = _stated(raster, candidate.family, stated, addition.product)
        files = _files(raster, candidate, combine(raster, product, stated, addition.given), addition)
    if _is_there(files, source, addition.data):
        return Outcome(source, "unchanged", scene_id, product)
    if other := known.scene_of(path, scene_id):
        raise SameScene(source, other)
    _stage(files, addition.staging)
    chips = addition.check(addition.staging / files.item_file, addition.staging)
    # The item comes last: a kill on the way leaves a raster that nothing names, and the same command goes on.
    for name in (*files.sources, files.item_file):
        target = addition.data / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(addition.staging / name, target)
    known.add(scene_id)
    return Outcome(source, "added", scene_id, product, chips)


def _stated(raster: Raster, family: str | None, stated: Facts | None, asked: str | None) -> tuple[str, Facts]:
    """Name of the family and what the product states; of a GeoTIFF as it stands both are in the raster."""
    if family is not None and stated is not None:
        return family, stated
    product = next(p for p in PRODUCTS if (p.name == asked if asked is not None else p.matches(raster)))
    return product.name, product.facts(raster)


def _files(raster: Raster, candidate: _Candidate, facts: Facts, addition: Addition) -> _Files:
    scene_id = candidate.scene_id
    check_bands(raster, facts["sar:polarizations"], facts["fusar:scale"])
    beside = companions(candidate.source, candidate.name, addition.assets)
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
    for name, source in files.sources.items():
        target = staging / name
        if target == source:  # a converted product is written where it is tried
            continue
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
