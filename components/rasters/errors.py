"""What can be wrong with a scene's files: each error has a code for tables and a sentence for people."""

from pathlib import Path
from typing import ClassVar

from components.contract.errors import FusarError


class SceneError(FusarError):
    """A file of one scene cannot be used: that scene is set aside and the others go on.

    Attributes:
        code: short name of the fault, for tables.
        path: the file at fault.
    """

    code: ClassVar[str] = "scene"

    def __init__(self, path: Path, *details: object) -> None:
        super().__init__(path, *details)
        self.path = path
        self.details = details

    @property
    def problem(self) -> str:
        """What is wrong and what to do, without the path, so that it reads the same on every machine."""
        raise NotImplementedError

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


class MissingAsset(SceneError):
    """A file that an item names is not there."""

    code = "missing-asset"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        return "an item names this file, but it is missing or unreadable. Restore it (`dvc pull`) or drop the item."


class NotAGeoTIFF(SceneError):
    """The file is something else, such as a VRT, whatever its name says."""

    code = "not-a-geotiff"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        return "not a GeoTIFF inside, whatever its name says. Convert it (`gdal_translate -of GTiff`); VRT is refused."


class TruncatedRaster(SceneError):
    """The file ends before its pixels do."""

    code = "truncated"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        return "truncated or damaged: pixels that its header promises cannot be read. Fetch the file again."


class InflatedRaster(SceneError):
    """The header promises far more pixels than a file of this size can hold."""

    code = "inflated"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        ratio, limit = self.details
        return f"would unpack to {ratio} times its size; the limit is {limit}. Write it anew without compression."


class MissingCRS(SceneError):
    """The raster carries no coordinate reference system."""

    code = "missing-crs"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        return "no CRS. Set the true one (`rio edit-info --crs EPSG:32651 FILE`) or drop its item."


class PlaceKnown(SceneError):
    """The raster says where it lies, but its item says that nobody knows."""

    code = "place-known"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        return "has a CRS, though its item says fusar:georeferenced false. Take that property out of the item."


class UnusableAffine(SceneError):
    """The raster does not say where its pixels lie."""

    code = "unusable-affine"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (affine,) = self.details
        return f"affine {affine} puts no pixel on the ground. Set the true one (`rio edit-info --transform`)."


class UnusableCRS(SceneError):
    """The raster's corners have no longitude and latitude in its own CRS."""

    code = "unusable-crs"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (crs,) = self.details
        return f"its corners have no longitude and latitude in its CRS {crs}. Correct its CRS or its affine."


class UnlikelyValues(SceneError):
    """Values that are a display stretch, or linear power that is claimed to be decibels."""

    code = "unlikely-values"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        scale, what = self.details
        return (
            f"its values are {what}, which fusar:scale {scale} cannot be. Correct fusar:scale, or leave the file out."
        )


class SwappedPolarizations(SceneError):
    """A cross-polarised channel that is brighter than the co-polarised one that was sent with it."""

    code = "swapped-polarizations"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        cross, co, above_db = self.details
        return (
            f"its {cross} is {above_db} dB brighter than its {co}, which no ground is. Put sar:polarizations into the "
            "order of the bands."
        )


class SameScene(SceneError):
    """Another scene has the same pixels, whose chips would weigh twice."""

    code = "same-scene"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (other,) = self.details
        return (
            f"scene {other} has the same pixels, and chips of both would weigh twice. Keep one of the two: where this "
            f"one is right, remove data/items/{other}.json."
        )


class WrongPolarization(SceneError):
    """The raster's bands are not the polarisations that its item declares."""

    code = "wrong-polarization"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        bands, polarizations = self.details
        return f"{bands} bands, but its item declares {polarizations}. Correct sar:polarizations (in band order)."


class WrongSampleType(SceneError):
    """The raster's numbers cannot be what its item says they are."""

    code = "wrong-sample-type"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        dtype, scale, needed = self.details
        return f"samples are {dtype}, but fusar:scale {scale} needs {needed}. Correct the item or convert the raster."


class WrongScale(SceneError):
    """The raster's values cannot be on the scale that its item declares."""

    code = "wrong-scale"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        scale, share = self.details
        return f"{share} of its values are impossible for fusar:scale {scale}. Correct fusar:scale in its item."


class GridMismatch(SceneError):
    """Two rasters that must share a grid do not."""

    code = "grid-mismatch"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (field,) = self.details
        return f"its {field} differs from the backscatter's. Warp it onto that grid (`rio warp --like`)."


class EmptyScene(SceneError):
    """No pixel of the raster holds a measurement."""

    code = "empty-scene"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        return "every pixel is NaN or nodata. Fetch or process it again, or drop its item."


class TooSmall(SceneError):
    """The raster is smaller than one chip."""

    code = "smaller-than-a-chip"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        height, width, size = self.details
        return f"{height} x {width} pixels hold no chip of {size}. Lower ingest.chip_size or drop its item."


class TooCoarse(SceneError):
    """A scene whose pixels are too large for chips of the extent that was asked for."""

    code = "too-coarse"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        own_m, wanted_m = self.details
        return (
            f"its pixels are {own_m} m, more than four times the {wanted_m} m that ingest.chip_extent_m asks for. "
            "Raise that extent or drop its item."
        )
