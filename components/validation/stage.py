"""The stages check_chips and check_annotations: doors that bad data does not pass."""

import sys
from typing import Annotated, Literal

from pydantic import Field

from components.contract.side import side_folder
from components.contract.stage import Metrics, Paths, Stage, StageConfig
from components.records.schemas import VERDICTS
from components.records.tables import write_table
from components.validation.errors import CriticalValidationError
from components.validation.verdicts import critical_failures

Decibels = Annotated[float, Field(ge=-60, le=30)]


class CheckChipsConfig(StageConfig):
    """Bounds of what a chip may be."""

    valid_share_min: float = Field(ge=0, le=1, description="Least share of valid pixels in a chip [1].")
    incidence_min_deg: float = Field(ge=0, le=90, description="Smallest believable incidence angle [degree].")
    incidence_max_deg: float = Field(ge=0, le=90, description="Largest believable incidence angle [degree].")
    mean_db_min: float = Field(ge=-60, le=30, description="Lowest believable mean of a calibrated chip [dB].")
    mean_db_max: float = Field(ge=-60, le=30, description="Highest believable mean of a calibrated chip [dB].")
    footprint_offset_max_m: float = Field(gt=0, description="Footprint's centroid to the chip's centre at most [m].")
    set_aside_warning_share: float = Field(ge=0, le=1, description="Share of scenes set aside that is worth a warning.")
    set_aside_critical_share: float = Field(ge=0, le=1, description="Share of scenes set aside that stops the chain.")
    scene_mean_db: dict[Literal["P", "L", "S", "C", "X", "Ku", "K", "Ka"], tuple[Decibels, Decibels]] = Field(
        description="By frequency band: lowest and highest believable mean of a scene's polarisation [dB]."
    )
    scene_spread_min_db: float = Field(
        ge=0, le=20, description="Least distance of a scene's 2nd and 98th percentile: speckle alone spreads more [dB]."
    )
    scene_offset_max_db: float = Field(
        gt=0, le=60, description="A scene's mean from the median of its sensor's scenes worth a warning [dB]."
    )
    cross_above_co_max_db: float = Field(
        ge=-20, le=20, description="VH above VV, or HV above HH, at most, in a scene's mean [dB]."
    )
    clipped_share_max: float = Field(
        ge=0, le=1, description="Share of a scene's pixels at an end of the 8-bit scale worth a warning [1]."
    )
    split_places_min: int = Field(ge=1, description="Places in each split; fewer are worth a warning.")
    labelled_share_min: float = Field(
        ge=0, le=1, description="Share of a split's chips with land cover, and with objects, worth a warning below [1]."
    )
    alphaearth_share_min: float = Field(
        ge=0, le=1, description="Share of a split's chips with AlphaEarth worth a warning below [1]."
    )
    class_share_min: float = Field(
        ge=0, le=1, description="Share of a class in the labelled training chips worth a warning below [1]."
    )
    class_distance_max: float = Field(
        ge=0, le=1, description="Distance of a class's shares in training and test worth a warning [1]."
    )
    object_valid_share_min: float = Field(
        ge=0, le=1, description="Share of valid pixels below a labelled object worth a warning below [1]."
    )
    longest_ship_m: float = Field(gt=0, description="Length of a labelled ship worth a warning [m].")
    longest_aircraft_m: float = Field(gt=0, description="Length of a labelled aircraft worth a warning [m].")
    target_contrast_min_db: float = Field(
        ge=-60, le=60, description="Median of a scene's ships or aircraft above their chips worth a warning below [dB]."
    )


class CheckAnnotationsConfig(StageConfig):
    """Bounds of what the annotations may be."""

    unknown_warning_share: float = Field(ge=0, le=1, description="Share of unknown clauses that is worth a warning.")


def run_check_chips(config: CheckChipsConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Judge all chips and the scenes set aside; see `_run` for what is written and raised."""
    return _run("check_chips", config, inputs, outputs)


def run_check_annotations(config: CheckAnnotationsConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Judge all annotations against their chips; see `_run` for what is written and raised."""
    return _run("check_annotations", config, inputs, outputs)


def _run(stage: str, config: StageConfig, inputs: Paths, outputs: Paths) -> Metrics:
    """Write the verdicts, and Data Docs into the side folder.

    Raises:
        CriticalValidationError: after both were written, naming the rows.
    """
    from components.validation.expectations import judge
    from components.validation.suites import SUITES
    from components.validation.tables import Tables

    side = side_folder()
    docs = None if side is None else side / "data_docs"
    tables = Tables(inputs)
    verdicts = judge([suite for suite in SUITES if suite.stage == stage], config, tables, docs)
    print(tables.said(), file=sys.stderr)
    write_table(verdicts, VERDICTS, outputs["verdicts.parquet"])
    if failures := critical_failures(verdicts):
        raise CriticalValidationError(stage, failures)
    failed = [verdict["severity"] for verdict in verdicts if not verdict["success"]]
    return {
        "expectations": float(len(verdicts)),
        "warnings": float(failed.count("warning")),
        "infos": float(failed.count("info")),
    }


STAGES = (
    Stage(
        name="check_chips",
        config=CheckChipsConfig,
        run=run_check_chips,
        inputs={"chips": "outputs/ingest/chips", "set_aside": "outputs/ingest/set_aside.parquet"},
        outputs=("verdicts.parquet",),
    ),
    Stage(
        name="check_annotations",
        config=CheckAnnotationsConfig,
        run=run_check_annotations,
        inputs={"chips": "outputs/ingest/chips", "annotations": "outputs/annotate/annotations"},
        outputs=("verdicts.parquet",),
    ),
)
