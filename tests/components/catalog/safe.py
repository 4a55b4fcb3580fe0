"""Writes small Sentinel-1 GRD products as ESA's specification describes them, every value computable by hand."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import rasterio

NAME = "S1A_IW_GRDH_1SDV_20210401T052623_20210401T052648_037256_04638E_8152"
LINES, SAMPLES, SPACING = 160, 200, 10.0
# A descending pass near Munich: the first line is the northernmost, near range is in the east.
_NORTH, _EAST = 48.2, 11.6


def place(line: float, pixel: float) -> tuple[float, float]:
    """Longitude and latitude of the middle of a pixel: a smooth map with shear and some curvature."""
    metres_north = -line * SPACING * 0.98 - pixel * SPACING * 0.19 + 8 * np.sin(pixel / 70)
    metres_east = -pixel * SPACING * 0.98 + line * SPACING * 0.19 + 6 * np.cos(line / 50)
    return _EAST + metres_east / 74_300, _NORTH + metres_north / 111_200


def _list(name: str, values: Sequence[float]) -> str:
    return f'<{name} count="{len(values)}">{" ".join(f"{value:.6e}" for value in values)}</{name}>'


def _whole(name: str, values: Sequence[int]) -> str:
    return f'<{name} count="{len(values)}">{" ".join(map(str, values))}</{name}>'


def grid_points(lines: Sequence[int], pixels: Sequence[int], where: Callable = place) -> str:
    points = "".join(
        f"<geolocationGridPoint><azimuthTime>2021-04-01T05:26:23.794457</azimuthTime><slantRangeTime>5.3e-03"
        f"</slantRangeTime><line>{line}</line><pixel>{pixel}</pixel><latitude>{where(line, pixel)[1]:.15e}</latitude>"
        f"<longitude>{where(line, pixel)[0]:.15e}</longitude><height>5.1e+02</height><incidenceAngle>3.9e+01"
        "</incidenceAngle><elevationAngle>3.4e+01</elevationAngle></geolocationGridPoint>"
        for line in lines for pixel in pixels
    )  # fmt: skip
    return f'<geolocationGridPointList count="{len(lines) * len(pixels)}">{points}</geolocationGridPointList>'


def annotation(polarization: str, grid: str | None = None) -> str:
    grid = grid or grid_points(range(0, LINES, 53), [*range(0, SAMPLES, 40), SAMPLES - 1])
    looks = (
        "<swathProcParams><swath>{}</swath><rangeProcessing><numberOfLooks>5</numberOfLooks></rangeProcessing>"
        "<azimuthProcessing><numberOfLooks>1</numberOfLooks></azimuthProcessing></swathProcParams>"
    )
    swaths = "".join(looks.format(swath) for swath in ("IW1", "IW2", "IW3"))
    return (
        '<?xml version="1.0" encoding="UTF-8"?><product><adsHeader><missionId>S1A</missionId><productType>GRD'
        f"</productType><polarisation>{polarization}</polarisation><mode>IW</mode><swath>IW</swath><startTime>"
        "2021-04-01T05:26:23.794457</startTime><stopTime>2021-04-01T05:26:48.793373</stopTime><absoluteOrbitNumber>"
        "37256</absoluteOrbitNumber></adsHeader><generalAnnotation><productInformation><pass>Descending</pass>"
        "<projection>Ground Range</projection><radarFrequency>5.405000454334350e+09</radarFrequency>"
        "</productInformation></generalAnnotation><imageAnnotation><imageInformation><rangePixelSpacing>"
        f"1.000000e+01</rangePixelSpacing><azimuthPixelSpacing>1.000000e+01</azimuthPixelSpacing><numberOfSamples>"
        f"{SAMPLES}</numberOfSamples><numberOfLines>{LINES}</numberOfLines><incidenceAngleMidSwath>"
        "3.905371530983210e+01</incidenceAngleMidSwath></imageInformation><processingInformation>"
        f'<swathProcParamsList count="3">{swaths}</swathProcParamsList></processingInformation></imageAnnotation>'
        f"<geolocationGrid>{grid}</geolocationGrid></product>"
    )


def calibration(sigma: Callable[[float, float], float], gamma: Callable[[float, float], float],
                lines: Sequence[int] = (-20, 60, 180), pixels: Sequence[int] = (0, 80, 199)) -> str:  # fmt: skip
    vectors = "".join(
        f"<calibrationVector><azimuthTime>2021-04-01T05:26:23.794457</azimuthTime><line>{line}</line>"
        + _whole("pixel", pixels)
        + _list("sigmaNought", [sigma(line, pixel) for pixel in pixels])
        + _list("betaNought", [237.0 for _ in pixels])
        + _list("gamma", [gamma(line, pixel) for pixel in pixels])
        + _list("dn", [237.0 for _ in pixels])
        + "</calibrationVector>"
        for line in lines
    )
    return (
        "<calibration><adsHeader/><calibrationInformation><absoluteCalibrationConstant>1.0"
        "</absoluteCalibrationConstant></calibrationInformation>"
        f'<calibrationVectorList count="{len(lines)}">{vectors}</calibrationVectorList></calibration>'
    )


def noise(along_range: Callable[[float, float], float],
          azimuth: Sequence[tuple[int, int, int, int, Sequence[int], Sequence[float]]] = (),
          lines: Sequence[int] = (0, 100, 170), pixels: Sequence[int] = (0, 99, 199)) -> str:  # fmt: skip
    """Noise as processors since 2.90 write it; `azimuth`: first and last line, first and last sample, lines, LUT."""
    vectors = "".join(
        f"<noiseRangeVector><azimuthTime>2021-04-01T05:26:23.794457</azimuthTime><line>{line}</line>"
        + _whole("pixel", pixels)
        + _list("noiseRangeLut", [along_range(line, pixel) for pixel in pixels])
        + "</noiseRangeVector>"
        for line in lines
    )
    parts = "".join(
        f"<noiseAzimuthVector><swath>IW{number}</swath><firstAzimuthLine>{part[0]}</firstAzimuthLine>"
        f"<firstRangeSample>{part[2]}</firstRangeSample><lastAzimuthLine>{part[1]}</lastAzimuthLine>"
        f"<lastRangeSample>{part[3]}</lastRangeSample>"
        + _whole("line", part[4])
        + _list("noiseAzimuthLut", part[5])
        + "</noiseAzimuthVector>"
        for number, part in enumerate(azimuth, start=1)
    )
    return (
        f'<noise><adsHeader/><noiseRangeVectorList count="{len(lines)}">{vectors}</noiseRangeVectorList>'
        f'<noiseAzimuthVectorList count="{len(azimuth)}">{parts}</noiseAzimuthVectorList></noise>'
    )


def old_noise(value: float) -> str:
    """Noise as processors before 2.90 write it."""
    vectors = "".join(
        f"<noiseVector><azimuthTime>2015-04-01T05:26:23.794457</azimuthTime><line>{line}</line>"
        + _whole("pixel", (0, SAMPLES - 1))
        + _list("noiseLut", (value, value))
        + "</noiseVector>"
        for line in (0, LINES - 1)
    )
    return f'<noise><adsHeader/><noiseVectorList count="2">{vectors}</noiseVectorList></noise>'


def manifest(version: str = "003.31") -> str:
    return (
        '<xfdu:XFDU xmlns:xfdu="urn:ccsds:schema:xfdu:1" xmlns:safe="http://www.esa.int/safe/sentinel-1.0">'
        f'<metadataSection><safe:facility><safe:software name="Sentinel-1 IPF" version="{version}"/></safe:facility>'
        '<safe:relativeOrbitNumber type="start">8</safe:relativeOrbitNumber><safe:relativeOrbitNumber type="stop">8'
        "</safe:relativeOrbitNumber></metadataSection></xfdu:XFDU>"
    )


class Safe:
    """A product to be: texts by their path in the product, and numbers by polarisation; `write` puts it on the disk."""

    def __init__(self, polarizations: Sequence[str] = ("VV", "VH")) -> None:
        self.files: dict[str, str] = {"manifest.safe": manifest()}
        self.numbers: dict[str, np.ndarray] = {}
        for number, polarization in enumerate(polarizations, start=1):
            stem = self.stem(polarization, number)
            self.files[f"annotation/{stem}.xml"] = annotation(polarization)
            self.files[f"annotation/calibration/calibration-{stem}.xml"] = calibration(
                lambda line, pixel: 400 + line + pixel, lambda line, pixel: 300 + line + pixel
            )
            self.files[f"annotation/calibration/noise-{stem}.xml"] = noise(lambda line, pixel: 900.0)
            self.numbers[stem] = np.full((LINES, SAMPLES), 200 // number, np.uint16)

    @staticmethod
    def stem(polarization: str, number: int = 1) -> str:
        return f"s1a-iw-grd-{polarization.lower()}-20210401t052623-20210401t052648-037256-04638e-{number:03d}"

    def write(self, folder: Path, name: str = NAME) -> Path:
        product = folder / f"{name}.SAFE"
        for inner, text in self.files.items():
            path = product / inner
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (product / "measurement").mkdir(parents=True, exist_ok=True)
        for stem, numbers in self.numbers.items():
            file = product / f"measurement/{stem}.tiff"
            height, width = numbers.shape
            with rasterio.open(
                file, "w", driver="GTiff", count=1, height=height, width=width, dtype=numbers.dtype
            ) as sink:
                sink.write(numbers, 1)
        return product

    def zip(self, folder: Path, name: str = NAME) -> Path:
        product = self.write(folder / "unzipped", name)
        with zipfile.ZipFile(folder / f"{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(product.rglob("*")):
                archive.write(file, file.relative_to(product.parent))
        return folder / f"{name}.zip"
