"""What can be wrong with a file that someone wants to add, or with what they say about it."""

from components.contract.errors import FusarError
from components.rasters.errors import SceneError

_MOST_EXAMPLES = 3  # more would hide the sentence that they stand in


class NoSuchFile(SceneError):
    """A path names no file, and no file matches it as a pattern."""

    code = "no-such-file"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        return "no such file, and no product, .tif or .tiff below it. Correct the path, or quote the pattern."


class MissingFields(SceneError):
    """Neither the product nor the person says what ingestion must know."""

    code = "missing-field"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        product, fields = self.details
        assert isinstance(fields, dict)
        options = " ".join(f"--set {name}={example}" for name, example in fields.items())
        how = f"for example `{options}`" if len(fields) <= _MOST_EXAMPLES else "by --set NAME=VALUE for each"
        return (
            f"read as {product}, which does not say {', '.join(fields)}. Say it {how}, or in the properties of a STAC "
            "item given as --template."
        )


class Contradiction(SceneError):
    """A product and the person say different things."""

    code = "contradiction"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        product, field, stated, given = self.details
        return (
            f"{field} is {stated!r} by the rules of {product}, but {given!r} was given. Leave it out of --set and "
            "--template, or say with --product what the file really is."
        )


class WrongField(SceneError):
    """A field holds a value that cannot be what it should be."""

    code = "wrong-field"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        field, value, needed = self.details
        return f"{field} {str(value)[:60]!r} is not {needed}. Correct it in its metadata file, --set or --template."


class UnusableName(SceneError):
    """A file's name cannot name a scene."""

    code = "unusable-name"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (name,) = self.details
        return (
            f"{str(name)[:60]!r} cannot name a scene (letters, digits, `.`, `_`, `-`; up to 100; the first a letter or "
            "digit). Name it with --set id=NAME."
        )


class NameTaken(SceneError):
    """Another scene, or the same one described otherwise, has this name already."""

    code = "name-taken"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        scene_id, file = self.details
        return (
            f"data/{file} is there already and differs. To replace scene {scene_id}, remove that file and add again; "
            "to keep both, name this one with --set id=NAME."
        )


class BrokenNetCDF(SceneError):
    """A netCDF file that is damaged, or not written as its family is."""

    code = "broken-netcdf"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (fault,) = self.details
        return f"cannot be read as WorldCereal's netCDF: {fault}. Fetch it again, or convert it to GeoTIFF."


class LinkedNetCDF(SceneError):
    """A netCDF file leads to other files."""

    code = "linked-netcdf"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (name,) = self.details
        return f"{str(name)[:60]!r} in it lies in another file: never followed. Write it whole: `nccopy IN OUT`."


class UnusableControlPoints(SceneError):
    """Ground control points that fit no polynomial, or put the scene over half the world."""

    code = "unusable-control-points"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (fault,) = self.details
        return f"its ground control points {fault}. Geocode it with the sensor's own tools (SNAP, GAMMA, ISCE)."


class UnknownProduct(FusarError):
    """--product names no product family."""

    def __init__(self, asked: str, known: tuple[str, ...]) -> None:
        super().__init__(asked, known)
        self.asked, self.known = asked, known

    def __str__(self) -> str:
        return f"--product {self.asked[:60]!r}: no such family. Take one of {', '.join(self.known)}, or leave it out."


class BadTemplate(FusarError):
    """What a person says about scenes cannot be read."""

    def __init__(self, where: str, fault: str) -> None:
        super().__init__(where, fault)
        self.where, self.fault = where, fault

    def __str__(self) -> str:
        return f"{self.where}: {self.fault}. docs/reference/data.md shows a template and lists the fields."


class OneSceneOnly(FusarError):
    """An option that belongs to one scene was given with several."""

    def __init__(self, option: str, count: int) -> None:
        super().__init__(option, count)
        self.option, self.count = option, count

    def __str__(self) -> str:
        return f"{self.option} belongs to one scene, but {self.count} files were given. Add that scene by itself."


class NothingAdded(FusarError):
    """Not one of the files could be added."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count

    def __str__(self) -> str:
        return f"nothing was added: {self.count} set aside, each with its remedy above."


class BrokenMetadata(SceneError):
    """A product's own metadata lacks what its values or place depend on, or contradicts itself."""

    code = "broken-metadata"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (fault,) = self.details
        return f"{fault}. Fetch the product again; docs/reference/products.md says what is read of it."


class HostileXML(SceneError):
    """An XML file that could make its reader fetch files or fill the memory."""

    code = "hostile-xml"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        return "declares a document type or entities, which no product does. Fetch it again from its publisher."


class UnsafeArchive(SceneError):
    """An archive or a product's folder with a member that would lie elsewhere, or is no file."""

    code = "unsafe-archive"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        member, fault = self.details
        return f"its member {str(member)[:60]!r} {fault}. Nothing was unpacked; fetch it again from its publisher."


class UnreadLevel(SceneError):
    """A product of a known family at a level, or with a calibration, that is not read."""

    code = "unread-level"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        level, what_to_take_instead = self.details
        return f"{level}, which is not read. {what_to_take_instead}."


class BrokenLabels(SceneError):
    """A file of labels is not written as its format says."""

    code = "broken-labels"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (fault,) = self.details
        return f"{fault}. Correct the file, or name the format that it is in."


class UnknownClass(SceneError):
    """Labels of a class that has no meaning here."""

    code = "unknown-class"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        names, example, known = self.details
        return (
            f"classes {names} are unknown here. Say what each is, for example --class '{example}', with one of "
            f"{known}, or with nothing behind the = to leave it out."
        )


class NoSuchScene(SceneError):
    """Labels of a picture that is no scene of data/."""

    code = "no-such-scene"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (name,) = self.details
        return f"labels {str(name)[:60]!r}, but data/items has no such scene. Add it first (`fusar data add`)."


class OtherSize(SceneError):
    """Labels on another pixel grid than the scene's."""

    code = "other-size"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        labelled, scene_id, actual = self.details
        return f"labels a picture of {labelled} pixels, but scene {scene_id} has {actual}. Take its own picture."


class LabelledAlready(SceneError):
    """A scene has other labels of this kind."""

    code = "labelled-already"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        scene_id, file = self.details
        return f"scene {scene_id} has other labels already. To replace them, remove data/{file} and label it again."


class UnknownFormat(FusarError):
    """There is no such format of labels."""

    def __init__(self, asked: str, known: tuple[str, ...]) -> None:
        super().__init__(asked, known)
        self.asked, self.known = asked, known

    def __str__(self) -> str:
        return f"{self.asked[:60]!r} is no format of labels. Take one of {', '.join(self.known)}."


class NothingLabelled(FusarError):
    """Not one scene could be labelled."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count

    def __str__(self) -> str:
        if not self.count:
            return "nothing was labelled: the labels are of no scene in data/. Add the scenes first (`fusar data add`)."
        return f"nothing was labelled: {self.count} set aside, each with its remedy above."


class NotAPicture(SceneError):
    """A file is no grey picture of SAR."""

    code = "not-a-picture"

    @property
    def problem(self) -> str:
        """What is wrong and what to do."""
        (fault,) = self.details
        return f"{fault}. Add the grey SAR picture itself; masks are labels (`fusar data label mask-colours`)."


class NoManifest(FusarError):
    """What a commit's data holds cannot be told."""

    def __init__(self, revision: str, problem: str) -> None:
        super().__init__(revision, problem)
        self.revision, self.problem = revision, problem

    def __str__(self) -> str:
        return f"Commit {self.revision}: {self.problem}. Name another one, or run `dvc fetch data.dvc` there."
