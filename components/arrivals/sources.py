"""sources.yaml: from where scenes may be fetched. No host that it does not name is ever asked."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from components.arrivals.errors import BadSources, NoSuchSource

FILE_NAME: Final = "sources.yaml"
ALPHAEARTH: Final = "alphaearth"  # a source of its own kind, beside the catalogues
Host = Annotated[str, Field(pattern=r"^(s3://[a-z0-9][a-z0-9.-]{1,62}|[A-Za-z0-9.-]+(:[0-9]{1,5})?)$")]
Polarization = Literal["VV", "VH", "HH", "HV"]


class Bounds(BaseModel):
    """Which hosts may be asked for files, and how large a file may be."""

    model_config = ConfigDict(extra="forbid")

    hosts: list[Host] = Field(
        default_factory=list, description="HOST, HOST:PORT or s3://BUCKET that files may lie on besides the API's own."
    )
    anonymous: bool = Field(default=False, description="Ask s3:// without credentials, as public buckets allow.")
    most_mib: int = Field(default=4096, ge=1, description="A larger file is set aside [MiB].")

    @property
    def address(self) -> str:
        """Whose host needs no mention; "" for none."""
        return ""


class StacSource(Bounds):
    """A STAC API whose items become scenes."""

    # Neither name, password nor token: the address stands in logs and events.
    url: str = Field(pattern=r"^https?://[^\s@?#]+$", max_length=1000, description="Address of the API's landing page.")
    collections: list[str] = Field(default_factory=list, description="Ids of the collections; none: all of them.")
    bbox: list[float] | None = Field(
        default=None, min_length=4, max_length=4, description="West, south, east, north [degree]; none: everywhere."
    )
    by: Literal["updated", "datetime"] = Field(
        default="updated", description="New is what was updated, or acquired (`datetime`), since the last look."
    )
    since: datetime | None = Field(
        default=None, description="Where the first look begins; none: nothing older is taken."
    )
    overlap_hours: float = Field(
        default=24.0,
        ge=0,
        le=24 * 366,
        description="Items whose time is up to so much older than the newest also count [h].",
    )
    asset: str = Field(
        default="backscatter", min_length=1, max_length=100, description="Key of the asset with all polarisations."
    )
    assets: dict[Polarization, Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        default_factory=dict,
        description="Key of each polarisation's asset, in the order of the bands to be; `asset` is not read then.",
    )
    tokens: str = Field(
        default="",
        pattern=r"^(https?://[^\s@?#]+)?$",
        max_length=1000,
        description="Address below which each collection has a signature for files on `hosts`; none: not signed.",
    )
    properties: dict[str, JsonValue] = Field(
        default_factory=dict, description="STAC properties that the items do not state, such as fusar:quantity."
    )
    licences: list[str] = Field(
        default_factory=list, description="Licences that are taken, as items or collections state them; none: all."
    )

    @property
    def address(self) -> str:
        """The API's own host needs no mention."""
        return self.url

    @property
    def name(self) -> str:
        """What is read, as one line: the same for the same items, whatever `since` says."""
        where = f" in {self.bbox}" if self.bbox else ""
        return f"{self.url} {','.join(sorted(self.collections)) or 'all collections'} by {self.by}{where}"


class AlphaEarthSource(Bounds):
    """Where AlphaEarth's tiles are."""

    index: str = Field(pattern=r"^(https?|s3)://[^\s@?#]+$", max_length=1000, description="Address of its GeoParquet.")
    rewrites: dict[str, str] = Field(
        default_factory=dict, description="Beginnings of addresses in the index, each with what stands for it."
    )


class Sources(BaseModel):
    """All of sources.yaml."""

    model_config = ConfigDict(extra="forbid")

    files: Bounds = Field(default_factory=Bounds, description="What `fusar data add ADDRESS` may fetch.")
    catalogues: dict[str, StacSource] = Field(default_factory=dict, description="STAC APIs by name.")
    alphaearth: AlphaEarthSource | None = Field(default=None, description="Where AlphaEarth's tiles are.")

    def catalogue(self, name: str) -> StacSource:
        """The STAC API of this name.

        Raises:
            NoSuchSource: there is none.
        """
        if name not in self.catalogues:
            raise NoSuchSource(name, tuple(self.catalogues))
        return self.catalogues[name]

    def of_alphaearth(self) -> AlphaEarthSource:
        """Where AlphaEarth's tiles are.

        Raises:
            NoSuchSource: it is not said.
        """
        if self.alphaearth is None:
            raise NoSuchSource(ALPHAEARTH, tuple(self.catalogues))
        return self.alphaearth


def read_sources(root: Path) -> Sources:
    """The content of sources.yaml; nobody may be asked where there is none.

    Raises:
        BadSources: a word in it is unknown or has a wrong value.
    """
    file = root / FILE_NAME
    try:
        return Sources.model_validate(yaml.safe_load(file.read_bytes()) or {}) if file.exists() else Sources()
    except yaml.YAMLError as error:
        raise BadSources(FILE_NAME, "no YAML") from error
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise BadSources(FILE_NAME, f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}") from error
