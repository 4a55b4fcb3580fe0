"""An item of a STAC API becomes a scene: its files are fetched and added as `fusar data add` adds them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from components.arrivals.assets import assets_of, properties_of
from components.arrivals.fetching import fetch
from components.arrivals.signatures import signature_of
from components.arrivals.sources import StacSource
from components.arrivals.stac import Arrival

if TYPE_CHECKING:
    from components.catalog.adding import Outcome


@dataclass(frozen=True)
class Destination:
    """Where scenes go.

    Attributes:
        data: data folder.
        staging: a folder on the same disk where a scene is put together.
        check: reads an item as ingestion does and says how many chips it gives.
    """

    data: Path
    staging: Path
    check: Callable[[Path, Path], int]


def bring(arrival: Arrival, source: StacSource, folder: Path, destination: Destination) -> "Outcome":
    """Fetch the files of an item into a folder, where what has come stays, and add them as a scene.

    Raises:
        RefusedItem: a file is missing, too large, not what the item says, or lies where nothing is fetched from.
        AssetUnreachable: a file does not come now; the same call goes on where this one stopped.
    """
    from components.catalog.adding import Addition, Outcome, add_scenes
    from components.catalog.bands import stack_bands
    from components.catalog.given import Given
    from components.catalog.sources import COMPANIONS
    from components.rasters.errors import SceneError

    bands = {key: f"{name}.tif" for name, key in source.assets.items()} or {source.asset: "scene.tif"}
    names = {**bands, **{key: f"scene{ending}" for key, ending in COMPANIONS.items()}}
    fetched = assets_of(arrival, source, names)
    for name, asset in fetched.items():
        fetch(asset, folder / name, source, signature_of(asset.address, arrival.collection, source))
    properties, scene = properties_of(arrival, source), folder / "scene.tif"
    if source.assets:
        files = {str(name): folder / f"{name}.tif" for name in source.assets if f"{name}.tif" in fetched}
        properties["sar:polarizations"] = list(files)
        try:
            stack_bands(files, scene)
        except SceneError as error:
            return Outcome(scene, "set aside", arrival.id, error=error)
    given = Given(arrival.id, properties, _fields(arrival))
    addition = Addition(destination.data, destination.staging, destination.check, given)
    (outcome,) = add_scenes([scene], addition)
    return outcome


def _fields(arrival: Arrival) -> dict[str, dict[str, object]]:
    """Further fields of companions, of which ingestion reads the year of an embedding."""
    described = arrival.item["assets"].get("alphaearth")
    year = described.get("fusar:year") if isinstance(described, dict) else None
    return {} if year is None else {"alphaearth": {"fusar:year": year}}
