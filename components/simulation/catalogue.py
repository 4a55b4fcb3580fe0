"""Which scenes a catalogue holds: literal lists in catalogues.yaml."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.simulation.errors import UnknownCatalogue

CATALOGUES_FILE = Path(__file__).with_name("catalogues.yaml")


@dataclass(frozen=True)
class SceneSpec:
    """One scene to simulate.

    Attributes:
        scene_id: `<place>-<sensor>`, with a suffix where a sensor comes more than once.
        place: name of the place.
        longitude: of the place [degree].
        latitude: of the place [degree].
        order: the how-maniest scene of its place, from 0.
        sensor: short name in components.simulation.sensors.
        theme: sea, coast, river, land or airport.
        size_px: side of the scene [pixel], a multiple of 64.
    """

    scene_id: str
    place: str
    longitude: float
    latitude: float
    order: int
    sensor: str
    theme: str
    size_px: int


def read_catalogue(name: str) -> tuple[SceneSpec, ...]:
    """Scenes of one catalogue, in the order of catalogues.yaml.

    Raises:
        UnknownCatalogue: the file has no catalogue of this name.
    """
    catalogues: dict[str, Any] = yaml.safe_load(CATALOGUES_FILE.read_text(encoding="utf-8"))
    if name not in catalogues:
        raise UnknownCatalogue(name, tuple(catalogues))
    sizes: dict[str, int] = catalogues[name]["sizes_px"]
    return tuple(
        spec for place, entry in catalogues[name]["places"].items() for spec in _scenes_of_place(place, entry, sizes)
    )


def _scenes_of_place(place: str, entry: dict[str, Any], sizes: dict[str, int]) -> list[SceneSpec]:
    longitude, latitude = entry["at"]
    first: int = entry.get("first", 0)
    specs = []
    for order, (label, theme) in enumerate(entry["scenes"].items(), start=first):
        sensor = label.split("-")[0]
        specs.append(SceneSpec(f"{place}-{label}", place, longitude, latitude, order, sensor, theme, sizes[sensor]))
    return specs
