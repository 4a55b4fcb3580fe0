"""Sentinel-1 GRD in SAFE, folder or zip: calibrated, thermal noise removed, laid on a map. Not run on a real product.

Sources: ESA's Sentinel-1 Product Specification (S1-RS-MDA-52-7441), its calibration note (ESA-EOPG-CSCOP-TN-0002), its
note on thermal denoising (MPC-0392) and its note on masking the borders (MPC-0243).

- Backscatter is (DN^2 - noise) / A^2, linear, with A the table sigmaNought (`sentinel-1-grd`) or gamma
  (`--product sentinel-1-grd-gamma0`), bilinear between its entries. Gamma nought is that of the ellipsoid: no terrain
  is flattened. Noise is noiseRangeLut times noiseAzimuthLut, before processor 2.90 noiseLut; where the product
  states none, `fusar:noise_removed` is false.
- DN 0 is nodata. Before processor 2.90, dim borders of up to 500 columns are nodata too. A pixel at or below the noise
  becomes -50 dB: it was measured, and is dark.
- The image is laid on UTM (beyond 84 N and 80 S polar stereographic) through the geolocation grid by a thin plate
  spline, bilinear in power, at its own pixel spacing. `fusar:geocoding_residual_m` is how far, root mean square, half
  of the grid lies from where the other half puts it. The grid knows the height of the ground at its points
  alone (some 10 km apart): ground that is h metres above its neighbours there lies h / tan(incidence) towards the
  sensor, 1.2 h at 40 degrees. For hills, have the product terrain-corrected first (SNAP, pyroSAR, ASF HyP3): this
  reader does not.
- The manifest's list of files is not followed; XML with a document type, links and members that leave the product are
  refused.
"""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np

from components.catalog.errors import BrokenMetadata
from components.catalog.metadata.xml import read_xml
from components.catalog.products.geocoding import lay, plan, stated
from components.catalog.products.product import ConvertedProduct, Facts, Write
from components.catalog.products.writing import geotiff
from components.catalog.sentinel1.annotation import read_annotation
from components.catalog.sentinel1.folder import images, is_product, manifest, opened
from components.catalog.sentinel1.power import check_measurement, write_power
from components.catalog.sentinel1.tables import Quantity, read_calibration, read_noise

_LEAST_POWER = 1e-5  # -50 dB, below the darkest that chips tell apart
_BORDERS_MASKED_SINCE = (2, 90)


def _matches(path: Path) -> bool:
    return is_product(path)


def scenes(quantity: Quantity, path: Path) -> Mapping[str, Write]:
    """The scene of a product, as sigma or gamma nought."""
    return {re.sub(r"(?:\.SAFE)?(?:\.zip)?$", "", path.name): partial(_convert, quantity, path)}


def _convert(quantity: Quantity, path: Path, target: Path) -> Facts:
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened(path, target.parent) as folder:
        return _write(quantity, folder, target)


def _write(quantity: Quantity, folder: Path, target: Path) -> Facts:
    found = images(folder)
    annotations = [read_annotation(image.annotation) for image in found]
    first = annotations[0]
    for image, annotation in zip(found, annotations, strict=True):
        if annotation.polarization != image.polarization:
            raise BrokenMetadata(annotation.path, f"polarisation {annotation.polarization}, its name says otherwise")
        if (annotation.lines, annotation.samples) != (first.lines, first.samples):
            raise BrokenMetadata(annotation.path, "not of the size of the other polarisation")
        check_measurement(image, annotation)
    geocoding = plan(first.grid, (first.lines, first.samples), first.spacing_m)
    processor, relative_orbit = _manifest(folder)
    radar = target.with_name(f".{target.name}.radar")
    is_noise_known = True
    with geotiff(target, geocoding.grid, len(found), "float32", np.nan) as sink:
        for band, (image, annotation) in enumerate(zip(found, annotations, strict=True), start=1):
            noise = read_noise(image.noise, annotation.samples)
            is_noise_known = is_noise_known and noise.is_known
            tables = read_calibration(image.calibration, quantity, annotation.samples), noise
            write_power(image, annotation, tables, geocoding, radar, processor < _BORDERS_MASKED_SINCE)
            for window, power in lay(radar, geocoding):
                sink.write(np.maximum(power, np.float32(_LEAST_POWER)), band, window=window)
            radar.unlink()
    return {
        **first.facts,
        **({} if relative_orbit is None else {"sat:relative_orbit": relative_orbit}),
        "sar:polarizations": [image.polarization for image in found],
        "fusar:quantity": quantity,
        "fusar:scale": "linear",
        "fusar:noise_removed": is_noise_known,
        **stated(geocoding, "its geolocation grid"),
    }


def _manifest(folder: Path) -> tuple[tuple[int, int], int | None]:
    """Version of the processor, (0, 0) where nobody says, and the relative orbit."""
    file = manifest(folder)
    if file is None:
        return (0, 0), None
    root = read_xml(file)
    version, orbit = (0, 0), None
    for node in root.children(".//{http://www.esa.int/safe/sentinel-1.0}software"):
        words = re.fullmatch(r"0*(\d+)\.(\d+)", node.element.get("version", ""))
        if words and node.element.get("name", "") == "Sentinel-1 IPF":
            version = int(words[1]), int(words[2])
    for node in root.children(".//{http://www.esa.int/safe/sentinel-1.0}relativeOrbitNumber"):
        if node.element.get("type") == "start" and (node.element.text or "").strip().isdigit():
            orbit = int((node.element.text or "").strip())
    return version, orbit


PRODUCT = ConvertedProduct(
    name="sentinel-1-grd",
    title="Sentinel-1 GRD as sigma nought: S1A_IW_GRDH_1SDV_..._8152.SAFE, a folder or a .zip",
    matches=_matches,
    scenes=partial(scenes, "sigma0"),
)
