"""Which files a person means: files, folders and patterns, and what lies beside a scene by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

# Files beside scene X.tif that belong to it.
COMPANIONS = {"land_cover": "_land_cover.tif", "objects": "_objects.geojson", "alphaearth": "_alphaearth.tif"}
_SUFFIXES = (".tif", ".tiff")


def expand(asked: Sequence[str]) -> tuple[list[Path], list[Path]]:
    """Rasters that paths and patterns name, sorted and each once, and the paths that name none.

    A folder stands for every .tif and .tiff below it, companions of other scenes left out; a file stands for itself.
    """
    found: set[Path] = set()
    missing: list[Path] = []
    for text in asked:
        path = Path(text).expanduser()
        matches = [path] if path.exists() else _matches(path)
        rasters = [raster for match in matches for raster in _rasters(match)]
        found.update(rasters)
        if not rasters:
            missing.append(path)
    return sorted(found), missing


def companions(scene: Path, asked: Mapping[str, Path]) -> dict[str, Path]:
    """Asset name to file: what lies beside a scene under its name, or what was asked for instead."""
    beside = {name: scene.with_name(f"{scene.stem}{ending}") for name, ending in COMPANIONS.items()}
    return {name: path for name, path in beside.items() if path.is_file()} | dict(asked)


def _matches(pattern: Path) -> list[Path]:
    root = Path(pattern.anchor)
    try:
        return list(root.glob(str(pattern.relative_to(root))))
    except ValueError:  # no pattern, such as a**b
        return []


def _rasters(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = (file for file in path.rglob("*") if file.suffix.lower() in _SUFFIXES and file.is_file())
    return [file for file in files if not file.name.endswith(tuple(COMPANIONS.values()))]
