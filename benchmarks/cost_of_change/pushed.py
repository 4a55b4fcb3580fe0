"""What a change adds to the DVC remote, in bytes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pushed:
    """Bytes of one change.

    Attributes:
        scene: the new scene's own: its files in data/ and the files that stages made of it alone.
        objects: what came into the remote, directory manifests apart.
        manifests: directory manifests, which name every file of a folder.
    """

    scene: int
    objects: int
    manifests: int


def listing(remote: Path) -> dict[str, int]:
    """Size of every object in a remote folder, by its path; journals and leases beside them left out."""
    folders = [remote / "files", remote / "runs"]
    return {str(path): path.stat().st_size for folder in folders for path in folder.rglob("*") if path.is_file()}


def pushed(before: Mapping[str, int], after: Mapping[str, int], own: Sequence[Path]) -> Pushed:
    """What is in `after` and not in `before`, beside the files that are the new scene's own."""
    new = {path: size for path, size in after.items() if path not in before}
    manifests = sum(size for path, size in new.items() if path.endswith(".dir"))
    return Pushed(sum(path.stat().st_size for path in own), sum(new.values()) - manifests, manifests)


def made_of(outputs: Path, scene_id: str) -> list[Path]:
    """The files in a checkout's outputs that were made of one scene alone."""
    folders = ("ingest/chips", "annotate/annotations", "annotate/injected")
    files = [outputs / folder / f"{scene_id}.parquet" for folder in folders]
    return [file for file in files if file.exists()]
