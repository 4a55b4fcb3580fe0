"""What can be wrong with an item or with the labels that it names."""

from pathlib import Path

from components.contract.errors import FusarError
from components.rasters.errors import SceneError


class BrokenItem(SceneError):
    """A JSON file that is no usable STAC item."""

    code = "broken-item"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (fault,) = self.details
        return f"{fault}. Correct the item (docs/reference/data.md lists its fields) or remove it."


class HrefOutsideData(SceneError):
    """An item names a file that does not belong to the data."""

    code = "href-outside-data"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        asset, href = self.details
        return (
            f"href {href!r} of asset {asset} leaves data/. Copy the file into data/ and name it relative to the item."
        )


class BrokenObjects(SceneError):
    """A GeoJSON of objects that cannot be read as oriented polygons."""

    code = "broken-objects"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (fault,) = self.details
        return f"{fault}. Correct it (polygons, longitude before latitude, a known category) or drop its asset."


class BrokenCaption(SceneError):
    """A scene's caption that cannot be read."""

    code = "broken-caption"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (fault,) = self.details
        return f"{fault}. Remove it and label the scene again (`fusar data label`), or drop its asset."


class CaptionOfMore(SceneError):
    """A caption of a picture that is not cut as one chip: of the parts it says nothing."""

    code = "caption-of-more"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        height, width, size = self.details
        return (
            f"describes all of {height} x {width} pixels, but chips are {size} x {size}. Set ingest.chip_size to the "
            "pictures' size, or drop the asset captions."
        )


class UnknownLandCover(SceneError):
    """A land-cover raster with codes that have no meaning here."""

    code = "unknown-land-cover"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        codes, known = self.details
        return f"holds codes {codes}, but only {known} have a meaning. Translate its classes first."


class NotAlphaEarth(SceneError):
    """An embedding tile that is not as AlphaEarth's are."""

    code = "not-alphaearth"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        bands, dtype = self.details
        return f"{bands} bands of {dtype}, but an AlphaEarth tile has 64 of int8. Take the published tile unchanged."


class NoValidChip(SceneError):
    """A scene with measurements but without one chip that holds enough of them."""

    code = "no-valid-chip"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (min_valid,) = self.details
        return f"no chip has {min_valid:.0%} valid pixels. Lower ingest.min_valid or drop its item."


class BrokenWithdrawals(FusarError):
    """The list of withdrawn scenes cannot be read, so nobody knows what may be used."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(path, fault)
        self.path = path
        self.fault = fault

    def __str__(self) -> str:
        return (
            f"{self.path}: {self.fault}. Its columns are md5,scene_id,reason,name,time; mend it before anything is cut."
        )


class NoScenes(FusarError):
    """Nothing was cut."""

    def __init__(self, folder: Path, set_aside: int, first: str) -> None:
        super().__init__(folder, set_aside, first)
        self.folder = folder
        self.set_aside = set_aside
        self.first = first

    def __str__(self) -> str:
        if not self.set_aside:
            return (
                f"{self.folder}: holds no item that may be used. Add scenes (`fusar data add`) or `dvc pull data.dvc`."
            )
        return f"{self.folder}: all {self.set_aside} scenes were set aside; the first: {self.first}"
