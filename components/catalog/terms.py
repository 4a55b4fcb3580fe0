"""On what terms providers give their data, as they publish them: STAC's `license` and `providers`.

What a product or a person says of its own terms comes before these; where nobody says any, they stay unknown.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

# Becomes the item's link `license`: STAC asks for one where the licence is none of SPDX's, `other`.
LICENSE_URL: Final = "fusar:license_url"
TERMS: Final = frozenset({"license", LICENSE_URL, "providers", "attribution"})
_COPERNICUS: Final = "European Union, Copernicus"

# Legal notice on the use of Copernicus Sentinel data: free use, and the notice that `attributed` writes.
COPERNICUS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "license": "other",
        LICENSE_URL: "https://sentinels.copernicus.eu/documents/247904/690755/Sentinel_Data_Legal_Notice",
        "providers": [
            {"name": _COPERNICUS, "roles": ["licensor"], "url": "https://www.copernicus.eu"},
            {"name": "ESA", "roles": ["producer"], "url": "https://www.esa.int"},
        ],
    }
)
# https://huggingface.co/datasets/ibm-esa-geospatial/TerraMesh
TERRAMESH: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "license": "CC-BY-SA-4.0",
        LICENSE_URL: "https://creativecommons.org/licenses/by-sa/4.0/",
        "providers": [{"name": "TerraMesh, IBM and ESA", "roles": ["licensor", "processor"]}, *COPERNICUS["providers"]],
    }
)
# All of its data: https://help.umbra.space, Understanding the Creative Commons License.
UMBRA: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "license": "CC-BY-4.0",
        "providers": [{"name": "Umbra", "roles": ["licensor", "producer", "processor"], "url": "https://umbra.space"}],
    }
)
# Of an asset: STAC allows an asset terms of its own. https://developers.google.com/earth-engine/datasets, its dataset
# GOOGLE/SATELLITE_EMBEDDING/V1/ANNUAL.
ALPHAEARTH: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "license": "CC-BY-4.0",
        "attribution": "The AlphaEarth Foundations Satellite Embedding dataset, by Google and Google DeepMind",
    }
)


def without_overruled(stated: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """What a family states without the terms that someone who knows better says."""
    gone = (TERMS & said.keys()) | ({LICENSE_URL} if "license" in said else set())
    return {field: value for field, value in stated.items() if field not in gone}


def attributed(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts, with the notice that Copernicus asks for where its data are in them and nothing else is said; who else
    gives a licence is named before it.
    """
    providers = facts.get("providers")
    time = facts.get("datetime") or facts.get("start_datetime")
    if "attribution" in facts or not isinstance(providers, list) or not isinstance(time, str):
        return dict(facts)
    named = [provider for provider in providers if isinstance(provider, dict)]
    if not any(provider.get("name") == _COPERNICUS for provider in named):
        return dict(facts)
    others = [str(one.get("name")) for one in named if "licensor" in (one.get("roles") or ())]
    notice = f"Contains modified Copernicus Sentinel data {time[:4]}"
    return {**facts, "attribution": "; ".join([*(name for name in others if name != _COPERNICUS), notice])}
