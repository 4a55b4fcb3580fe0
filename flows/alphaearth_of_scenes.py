"""AlphaEarth for the scenes of data/ that have none: the part of its tiles that each covers, of the right year."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from components.arrivals.errors import AssetUnreachable, RefusedItem
from components.arrivals.sources import AlphaEarthSource

if TYPE_CHECKING:
    from components.arrivals.alphaearth.index import Chosen, TileIndex
    from components.catalog.companions import Placed
    from components.rasters.opening import Raster

_ASSET: Final = "alphaearth"
_INDEX_S: Final = 7 * 24 * 3600.0  # a new year of AlphaEarth appears once a year


@dataclass(frozen=True)
class Given:
    """What became of one scene.

    Attributes:
        scene_id: its id.
        kind: `given`, `none` where AlphaEarth has nothing here, `set aside` or `later`.
        said: the year, and which one it stands for; or why not.
    """

    scene_id: str
    kind: Literal["given", "none", "set aside", "later"]
    said: str


def give_alphaearth(data: Path, source: AlphaEarthSource, folder: Path) -> Iterator[Given]:
    """Fetch the part of AlphaEarth that each scene covers, and name it in the scene's item.

    Args:
        data: data folder.
        source: index, and hosts that hold.
        folder: one for the index and for rasters in the making.

    Raises:
        BadIndex: the index is no such table.
        RefusedItem: the index is not fetched.
        AssetUnreachable: the index does not come now.
    """
    from components.arrivals.alphaearth.index import TileIndex
    from components.catalog.companions import scenes_without

    scenes = list(scenes_without(_ASSET, data))
    if not scenes:
        return
    index = TileIndex(_fetched_index(source, folder), source.rewrites)
    for scene in scenes:
        try:
            yield _give(scene, index, source, folder)
        except RefusedItem as error:
            yield Given(scene.scene_id, "set aside", error.problem)
        except AssetUnreachable as error:
            yield Given(scene.scene_id, "later", str(error))


def _fetched_index(source: AlphaEarthSource, folder: Path) -> Path:
    from components.arrivals.assets import Asset
    from components.arrivals.fetching import fetch

    file = folder / "index.parquet"
    if file.exists() and time.time() - file.stat().st_mtime > _INDEX_S:
        file.unlink()
    fetch(Asset("AlphaEarth", source.index, None, None), file, source)
    return file


def _give(scene: "Placed", index: "TileIndex", source: AlphaEarthSource, folder: Path) -> Given:
    from components.catalog.companions import file_of, give
    from components.catalog.terms import ALPHAEARTH
    from components.geography.alphaearth import anchor_year

    wanted = anchor_year(scene.year)
    chosen = index.choose(scene.footprint, wanted)
    if chosen is None or not _write(scene, chosen, source, folder):
        return Given(scene.scene_id, "none", "AlphaEarth has nothing here")
    is_substitute = chosen.year != wanted
    substitute = {"fusar:substitute_for": wanted} if is_substitute else {}
    give(_ASSET, scene, {**ALPHAEARTH, "fusar:year": chosen.year, **substitute})
    where = file_of(_ASSET, scene).relative_to(scene.item_file.parent.parent).as_posix()
    return Given(scene.scene_id, "given", f"{chosen.year}{f' for {wanted}' if is_substitute else ''}  {where}")


def _write(scene: "Placed", chosen: "Chosen", source: AlphaEarthSource, folder: Path) -> bool:
    from components.arrivals.alphaearth.mosaic import Mosaic, grid_over
    from components.catalog.companions import file_of

    mosaic: Mosaic | None = None
    for address in chosen.addresses:
        with ExitStack() as stack:
            tile = _opened(stack, address, source)
            if mosaic is None:
                mosaic = Mosaic(grid_over(scene.footprint, tile, source.most_mib), folder)
            mosaic.paste(tile, scene.footprint)
    return mosaic is not None and mosaic.write(file_of(_ASSET, scene))


def _opened(stack: ExitStack, address: str, source: AlphaEarthSource) -> "Raster":
    from components.arrivals.ranges import ranges_of
    from components.arrivals.transports import Wanted
    from components.rasters.errors import SceneError
    from components.rasters.remote import open_remote

    name = address.rpartition("/")[2]
    content = stack.enter_context(ranges_of(Wanted(name, address), source))
    try:
        return stack.enter_context(open_remote(name, content))
    except SceneError as error:
        raise RefusedItem(name, f"{address[:200]!a}: {error.code}: {error.problem}") from error
