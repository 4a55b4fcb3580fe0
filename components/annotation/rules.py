"""The bounds that turn measured shares, lengths and decibels into the codes of a clause."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, model_validator

from components.contract.stage import StageConfig

Share = Annotated[float, Field(gt=0, lt=1)]
Metres = Annotated[float, Field(gt=0)]
Contrast = Annotated[float, Field(gt=0, le=60)]
Decibels = Annotated[float, Field(ge=-45, le=15)]


class Rules(StageConfig):
    """Bounds of the rule-based annotator; each list rises and its n bounds divide n + 1 codes."""

    main_share: Share = Field(description="Least share of the chip for one cover to name the terrain [1].")
    throughout_share: Share = Field(description="Share from which a cover lies throughout the chip [1].")
    part_share: Share = Field(description="Least share of a cover that counts as a part of the layout [1].")
    coast_share: Share = Field(description="Least share of water in a landform chip at the coast [1].")
    off_centre: Share = Field(description="Offset of the main cover's centroid that is no longer central [half sides].")
    water_shares: tuple[Share, Share, Share] = Field(description="Water: none, little, some, much [1].")
    built_shares: tuple[Share, Share, Share] = Field(description="Built-up cover: none, few, many, dense [1].")
    open_water_share: Share = Field(description="Water share from which a ship chip is open water [1].")
    harbor_share: Share = Field(description="Least share of built-up cover of a ship chip in a harbor [1].")
    shore_share: Share = Field(description="Least share of land that a ship chip's surroundings name [1].")
    apron_shares: tuple[Share, Share] = Field(
        description="Paved ground (aprons, built-up cover) around aircraft: open field, narrow, wide apron [1]."
    )
    paved_db: Decibels = Field(description="Built-up ground whose median is darker is pavement without houses [dB].")
    edge_contrasts_db: tuple[Contrast, Contrast, Contrast] = Field(
        description="Contrast between a chip's bright and dark blocks: absent, faint, clear, sharp edges [dB]."
    )
    ship_echoes_db: tuple[Contrast, Contrast] = Field(
        description="Peak of the longest ship over the chip's median: weak, clear, strong [dB]."
    )
    aircraft_echoes_db: tuple[Contrast, Contrast] = Field(
        description="Peak of the longest aircraft over the chip's median: weak, clear, strong [dB]."
    )
    sea_db: tuple[Decibels, Decibels] = Field(
        description="Median co-polarised backscatter of water: calm, rippled, rough sea [dB]."
    )
    ship_lengths_m: tuple[Metres, Metres] = Field(description="Longest ship: small, medium, large [m].")
    ship_types_m: tuple[Metres, Metres, Metres] = Field(
        description="Longest ship: boat, coaster, freighter, tanker [m]."
    )
    aircraft_lengths_m: tuple[Metres, Metres] = Field(description="Longest aircraft: small, medium, large [m].")
    aircraft_types_m: tuple[Metres, Metres] = Field(description="Longest aircraft: propeller, regional, airliner [m].")
    close_share: Share = Field(
        description="Mean distance of targets to their nearest up to which they are close [sides]."
    )
    longest_ship_m: Metres = Field(description="A longer ship label contradicts physics and is dropped [m].")
    longest_aircraft_m: Metres = Field(description="A longer aircraft label contradicts physics and is dropped [m].")

    @model_validator(mode="after")
    def _bounds_rise(self) -> "Rules":
        for name, value in self:
            if isinstance(value, tuple) and list(value) != sorted(set(value)):
                raise ValueError(f"{name}: bounds must rise, got {list(value)}")
        return self


def graded(value: float, bounds: Sequence[float], codes: Sequence[str]) -> str:
    """The code of the interval that `value` lies in; a value on a bound belongs to the higher code."""
    return codes[bisect_right(bounds, value)]
