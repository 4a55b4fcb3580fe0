"""What `fusar data add` and the watch of STAC APIs share: a scene is tried as ingestion would read it."""

from collections.abc import Callable
from pathlib import Path


def as_ingestion_reads(root: Path) -> Callable[[Path, Path], int]:
    """How many chips ingestion would cut from a scene, by its own code with the parameters of params.yaml."""
    from components.contract.params import read_params, stage_config
    from components.ingestion.chips import chip_tables
    from components.ingestion.config import IngestConfig
    from components.ingestion.items import read_scene
    from components.ingestion.stage import STAGES

    params = root / "params.yaml"
    config = stage_config(STAGES[0], read_params(params), params)
    assert isinstance(config, IngestConfig)
    return lambda item_file, folder: sum(t.num_rows for t in chip_tables(read_scene(item_file, folder), config))
