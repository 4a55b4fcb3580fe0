"""What the annotation of a Sentinel-1 image says of it: time, orbit, angles, looks, and where its pixels lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from components.catalog.errors import BrokenMetadata, UnreadLevel
from components.catalog.metadata.xml import Node, read_xml
from components.catalog.products.geocoding import ControlPoints
from components.catalog.products.product import utc
from components.catalog.satellites import SENTINEL_1

_STATES = {"Ascending": "ascending", "Descending": "descending"}


@dataclass(frozen=True)
class Annotation:
    """One polarisation as its annotation describes it.

    Attributes:
        lines: rows of the measurement.
        samples: columns of the measurement.
        spacing_m: the larger of its two pixel spacings on the ground [m].
        grid: the geolocation grid.
        facts: STAC properties that hold for all polarisations.
    """

    path: Path
    polarization: str
    lines: int
    samples: int
    spacing_m: float
    grid: ControlPoints
    facts: Mapping[str, Any]


def read_annotation(path: Path) -> Annotation:
    """Read the annotation of one polarisation.

    Raises:
        UnreadLevel: not of ground range.
        BrokenMetadata: a field is missing or wrong.
        SceneError: another fault of the file.
    """
    root = read_xml(path)
    header, image = root.child("adsHeader"), root.child("imageAnnotation/imageInformation")
    if header.text("productType") != "GRD":
        raise UnreadLevel(path, f"Sentinel-1 {header.text('productType')}", "Take the GRD product")
    spacings = image.number("rangePixelSpacing"), image.number("azimuthPixelSpacing")
    if not min(spacings) > 0:
        raise BrokenMetadata(path, f"pixel spacings {spacings} m")
    return Annotation(
        path=path,
        polarization=header.text("polarisation"),
        lines=image.integer("numberOfLines"),
        samples=image.integer("numberOfSamples"),
        spacing_m=float(round(max(spacings), 3)),
        grid=_grid(root),
        facts=_facts(root, header, image),
    )


def _grid(root: Node) -> ControlPoints:
    points = list(root.children("geolocationGrid/geolocationGridPointList/geolocationGridPoint"))
    fields = ("line", "pixel", "longitude", "latitude")
    values = np.array([[point.number(field) for field in fields] for point in points], np.float64).reshape(-1, 4)
    # The grid counts from 0 and means the middle of a pixel.
    return ControlPoints(root.path, values[:, 0] + 0.5, values[:, 1] + 0.5, values[:, 2], values[:, 3])


def _facts(root: Node, header: Node, image: Node) -> Mapping[str, Any]:
    path, start = root.path, header.text("startTime")
    product = root.child("generalAnnotation/productInformation")
    state = product.text("pass")
    if state not in _STATES:
        raise BrokenMetadata(path, f"pass {state!r} is neither Ascending nor Descending")
    return {
        "datetime": utc(path, start),
        "start_datetime": utc(path, start),
        "end_datetime": utc(path, header.text("stopTime")),
        "platform": f"sentinel-1{header.text('missionId')[-1].lower()}",
        **SENTINEL_1,
        "sar:instrument_mode": header.text("mode"),
        "sar:center_frequency": round(product.number("radarFrequency") / 1e9, 3),
        "sar:product_type": "GRD",
        "sar:pixel_spacing_range": image.number("rangePixelSpacing"),
        "sar:pixel_spacing_azimuth": image.number("azimuthPixelSpacing"),
        **_looks(root),
        "sat:orbit_state": _STATES[state],
        "sat:absolute_orbit": header.integer("absoluteOrbitNumber"),
        "view:incidence_angle": round(image.number("incidenceAngleMidSwath"), 3),
        "processing:level": "L1",
        "fusar:simulated": False,
    }


def _looks(root: Node) -> Mapping[str, Any]:
    """Looks in range and azimuth, where all swaths that were merged have the same."""
    swaths = list(root.children("imageAnnotation/processingInformation/swathProcParamsList/swathProcParams"))
    found = {}
    for field, steps in (("sar:looks_range", "rangeProcessing"), ("sar:looks_azimuth", "azimuthProcessing")):
        looks = {swath.optional_number(f"{steps}/numberOfLooks") for swath in swaths}
        value = looks.pop() if len(looks) == 1 else None
        if value is not None and value > 0:
            found[field] = int(value)
    return found
