"""The licence of a version, and whom its data oblige it to name."""

from collections.abc import Iterator
from typing import Final

from components.lineage.record import FROM_SCRATCH, Lineage
from components.tracking.markdown import escaped

LICENSE: Final = "Apache-2.0"
_GROUND: Final = "The ground under the simulated scenes: NASA LP DAAC MCD12C1 v006 (doi:10.5067/MODIS/MCD12C1.006)."
_ALPHAEARTH: Final = (
    "The AlphaEarth Foundations Satellite Embedding dataset is produced by Google and Google DeepMind (CC-BY 4.0)."
)


def licence_of(lineage: Lineage) -> str:
    """Licence and attributions as Markdown."""
    return " ".join((_licence(lineage), *_attributions(lineage)))


def _licence(lineage: Lineage) -> str:
    if lineage.base_model == FROM_SCRATCH:
        return f"{LICENSE}."
    return f"Our part: {LICENSE}. It starts from {escaped(lineage.base_model)}, whose licence holds too."


def _attributions(lineage: Lineage) -> Iterator[str]:
    if lineage.simulated:
        yield _GROUND
    real = (scene for scene in lineage.scenes if not scene.simulated)
    if any(file.path.startswith("alphaearth/") for scene in real for file in scene.files):
        yield _ALPHAEARTH
