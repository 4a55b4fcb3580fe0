"""What the record of a version without a manifest has an md5 of."""

from pathlib import Path, PurePosixPath

from components.lineage.errors import IncompleteLineage
from components.lineage.manifest import FileEntry, Role
from components.lineage.objects import Objects
from components.lineage.record import Content, Lineage


def entries_of_record(lineage: Lineage, objects: Objects) -> tuple[FileEntry, ...]:
    """Contents of the remote and weights among the artifacts, without sha256 and size (empty and 0).

    A folder whose listing is lost stands for itself: its files are not known without it.
    """
    tracked: list[tuple[Role, Content]] = [("input", item) for item in lineage.inputs if _is_tracked(item)]
    tracked += [("stage output", item) for stage in lineage.stages for item in stage.outs]
    files = {(role, file) for role, content in tracked for file in _files(content, objects)}
    entries = [FileEntry(role, "remote", file.path, file.md5, "", 0) for role, file in files]
    name = Path(lineage.model_folder.path).name
    for file in _files(lineage.model_folder, objects)[1:]:
        inside = PurePosixPath(file.path).relative_to(lineage.model_folder.path)
        entries.append(FileEntry("model file", "artifacts", f"artifacts/{name}/{inside}", file.md5, "", 0))
    return tuple(sorted(entries, key=lambda entry: (entry.store, entry.path)))


def _files(content: Content, objects: Objects) -> tuple[Content, ...]:
    try:
        return objects.files(content)
    except IncompleteLineage:
        return (content,)


def _is_tracked(content: Content) -> bool:
    return content.path != "withdrawn.csv"  # the one input that git keeps and not DVC
