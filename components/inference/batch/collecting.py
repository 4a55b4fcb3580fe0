"""Which scenes a person means: files, folders and STAC collections, each with what its bands are."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from components.contract.errors import FusarError
from components.inference.errors import BadCollection, NothingToPredict
from components.inference.sensing import Bands, bands_from, item_properties

_RASTERS: Final = (".tif", ".tiff")
_ASSET: Final = "backscatter"  # as `fusar data add` names it; an item with one raster may name it otherwise


@dataclass(frozen=True)
class Scene:
    """A scene to ask about: its id, its GeoTIFF, what its bands are, and its time where an item says it."""

    scene_id: str
    path: Path
    bands: Bands
    datetime: str | None


@dataclass(frozen=True)
class SetAside:
    """A scene that cannot be asked about, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Collected:
    """Scenes with their bands, sorted by id, and those that were set aside."""

    scenes: tuple[Scene, ...]
    set_aside: tuple[SetAside, ...]


def collect(sources: Iterable[Path], polarizations: str, scale: str) -> Collected:
    """The scenes of files, folders of GeoTIFFs, `data` folders and STAC documents.

    Args:
        sources: a .tif; a folder with .tif files, or with `scenes/` of them; a .json that is a STAC item, a collection
            that links items, or a FeatureCollection of items. Only files below the document's folder are read.
        polarizations: "VV,VH" for all scenes, or "" to take each item's.
        scale: linear, decibel or amplitude for all, or "" to take each item's.

    Raises:
        BadCollection: a document is no STAC.
        NothingToPredict: there is no scene in them at all.
    """
    scenes: dict[str, Scene] = {}
    aside: list[SetAside] = []
    for path, properties in _candidates(sources):
        try:
            _add(scenes, _scene(path, properties, polarizations, scale))
        except FusarError as error:
            aside.append(SetAside(str(path), str(error)))
    if not scenes and not aside:
        raise NothingToPredict(tuple(map(str, sources)))
    return Collected(tuple(scenes[name] for name in sorted(scenes)), tuple(aside))


def _add(scenes: dict[str, Scene], scene: Scene) -> None:
    other = scenes.setdefault(scene.scene_id, scene)
    if other.path != scene.path:
        raise FusarError(f"{scene.path}: has the id {scene.scene_id}, as {other.path} has. Rename one of them.")


def _scene(path: Path, properties: Mapping[str, Any] | None, polarizations: str, scale: str) -> Scene:
    found = item_properties(path) if properties is None else properties
    if not path.is_file():
        raise FusarError(f"{path}: there is no such file. Give the folder or collection that holds it.")
    time = found.get("datetime")
    bands = bands_from(found, path, polarizations, scale)
    return Scene(path.stem, path.resolve(), bands, str(time) if time else None)


def _candidates(sources: Iterable[Path]) -> Iterator[tuple[Path, Mapping[str, Any] | None]]:
    """Rasters, with the properties of the item that names them, None where the one beside them is to be asked."""
    for source in sources:
        if source.is_dir():
            folder = source / "scenes" if (source / "scenes").is_dir() else source
            yield from ((path, None) for path in sorted(folder.iterdir()) if path.suffix.lower() in _RASTERS)
        elif source.suffix.lower() == ".json":
            yield from _items(source, source.resolve().parent, set())
        else:
            yield source, None


def _items(document: Path, root: Path, seen: set[Path]) -> Iterator[tuple[Path, Mapping[str, Any] | None]]:
    if document.resolve() in seen:  # catalogs may link in a circle
        return
    seen.add(document.resolve())
    content = _read(document)
    kind = content.get("type")
    if kind == "Feature":
        yield _raster(content, document, root)
    elif kind == "FeatureCollection":
        for item in content.get("features", ()):
            yield _raster(item, document, root)
    elif kind in ("Collection", "Catalog"):
        for link in content.get("links", ()):
            if link.get("rel") in ("item", "items", "child"):
                yield from _items(_below(root, document, str(link.get("href"))), root, seen)
    else:
        raise BadCollection(document, f"its type is {kind!r}")


def _raster(item: Mapping[str, Any], document: Path, root: Path) -> tuple[Path, Mapping[str, Any]]:
    try:
        assets, properties = item["assets"], item["properties"]
        asset = assets[_ASSET] if _ASSET in assets else next(iter(assets.values()))
        return _below(root, document, str(asset["href"])), properties
    except (KeyError, TypeError, StopIteration, AttributeError) as error:
        raise BadCollection(document, "an item has no assets or properties") from error


def _below(root: Path, document: Path, href: str) -> Path:
    """The file that a document names; a collection may come from someone else and leads nowhere outside of it."""
    if "://" in href or href.startswith("/vsi"):
        raise BadCollection(document, f"it names {href[:100]!r}; only files beside it are read: download them first")
    path = (document.resolve().parent / href).resolve()
    if not path.is_relative_to(root):
        raise BadCollection(document, f"it names {href[:100]!r}, which lies outside of its folder")
    return path


def _read(document: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(document.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadCollection(document, "it cannot be read as JSON") from error
    if not isinstance(content, dict):
        raise BadCollection(document, "it is no JSON object")
    return content
