"""Page of the products that can be added, and of the sensors that are simulated."""

import inspect
from dataclasses import asdict
from pathlib import Path

from components.catalog.products import CONVERTED, PRODUCTS
from components.simulation.sensors import SENSORS
from docs.writers.markdown import code, page, prose, table

HEAD = """`fusar data add` tries these families in this order; `--product NAME` chooses one. Whatever sensor a
scene is of, ingestion reads it once it has a [STAC item](data.md)."""


def products_page(root: Path) -> str:
    """Each product family with what its module says, then the simulated sensors."""
    sections = {}
    for product in (*CONVERTED, *PRODUCTS):
        about = inspect.cleandoc(inspect.getmodule(product.matches).__doc__ or "")
        sections[code(product.name)] = prose(f"{product.title}.\n\n{about}")
    sensors = SENSORS.values() if isinstance(SENSORS, dict) else SENSORS
    names = [name for name in asdict(next(iter(sensors))) if not name.endswith("_px")]
    columns = [(name, *(_shown(getattr(sensor, name)) for sensor in sensors)) for name in names]
    sections["Simulated sensors"] = table(columns[0], columns[1:])
    return page("Products and sensors", HEAD, sections)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
