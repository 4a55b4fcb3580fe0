"""Which files a person means: files, folders and patterns, and what lies beside a scene by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from components.catalog.products.product import ConvertedProduct

# Files beside scene X.tif that belong to it.
COMPANIONS = {"land_cover": "_land_cover.tif", "objects": "_objects.geojson", "alphaearth": "_alphaearth.tif"}
_SUFFIXES = (".tif", ".tiff")


def expand(asked: Sequence[str], families: Sequence[ConvertedProduct]) -> tuple[list[Path], list[Path]]:
    """Products that paths and patterns name, sorted and each once, and the paths that name none.

    A folder that is no product itself stands for the products of `families` and every .tif and .tiff below it,
    companions of other scenes left out; a file stands for itself, or for the product that it is a part of.
    """
    found: set[Path] = set()
    missing: list[Path] = []
    for text in asked:
        path = Path(text).expanduser()
        matches = [path] if path.exists() else _matches(path)
        products = [product for match in matches for product in _products(match, families)]
        found.update(products)
        if not products:
            missing.append(path)
    return sorted(found), missing


def companions(source: Path, scene: str, asked: Mapping[str, Path]) -> dict[str, Path]:
    """Asset name to file: what lies beside a product under the name of a scene, or what was asked for instead."""
    beside = {name: source.with_name(f"{scene}{ending}") for name, ending in COMPANIONS.items()}
    return {name: path for name, path in beside.items() if path.is_file()} | dict(asked)


def _matches(pattern: Path) -> list[Path]:
    root = Path(pattern.anchor)
    try:
        return list(root.glob(str(pattern.relative_to(root))))
    except ValueError:  # no pattern, such as a**b
        return []


def _products(path: Path, families: Sequence[ConvertedProduct]) -> list[Path]:
    family = next((family for family in families if family.matches(path)), None)
    if family is not None:
        return [family.files(path)[0]]
    if not path.is_dir():
        return [path]
    found: list[Path] = []
    for child in sorted(path.iterdir()):
        if child.is_dir():
            found += [] if child.is_symlink() else _products(child, families)  # a link may lead round in a circle
        elif child.is_file() and not child.name.endswith(tuple(COMPANIONS.values())):
            is_part = child.suffix.lower() in _SUFFIXES or any(family.matches(child) for family in families)
            found += _products(child, families) if is_part else []
    return found
