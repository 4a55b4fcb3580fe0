"""The parameters of ingestion: what each means; params.yaml holds their values."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from components.contract.stage import StageConfig


class IngestConfig(StageConfig):
    """Parameters of the stage `ingest`."""

    chip_size: int = Field(ge=16, le=1024, multiple_of=8, description="Side of a chip [pixel].")
    chip_stride: int = Field(ge=1, le=1024, description="Distance between neighbouring chips of a scene [pixel].")
    chip_extent_m: dict[str, Annotated[float, Field(gt=0)]] = Field(
        description="Side of a chip by fusar:product or platform [m]; of others, chip_size of their own pixels."
    )
    min_valid: float = Field(ge=0, le=1, description="Least share of valid pixels in a chip [1].")
    alphaearth_grid: int = Field(
        ge=1, le=128, description="AlphaEarth vectors along a chip's side: chip size / merged patch of the encoder [1]."
    )
    min_cell_area: float = Field(
        ge=0, le=1, description="Least share of a cell's area with AlphaEarth for its vector to count [1]."
    )
    place_cell_deg: float = Field(
        ge=0.01, le=30, description="Side of the cells that name a place; all dates of a cell share a split [degree]."
    )
    split_seed: int = Field(ge=0, description="Seed of the hash that gives a place its split.")
    val_share: float = Field(ge=0, lt=1, description="Share of places for validation [1].")
    test_share: float = Field(ge=0, lt=1, description="Share of places held out for the test [1].")
    threads: int = Field(ge=1, le=256, description="Scenes cut at once where no Dask scheduler is named.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.val_share + self.test_share >= 1:
            raise ValueError("val_share + test_share must leave a share for training")
        if self.chip_size % self.alphaearth_grid:
            raise ValueError("chip_size must be a multiple of alphaearth_grid")
        return self
