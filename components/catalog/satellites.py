"""What is the same for every image of a satellite, whoever processed it: stated once, for all families of products."""

from types import MappingProxyType

from components.catalog.terms import COPERNICUS

# ESA, Sentinel-1 Product Definition: the C-SAR instrument, 5.405 GHz, always looking to the right.
SENTINEL_1 = MappingProxyType(
    {
        **COPERNICUS,
        "constellation": "sentinel-1",
        "instruments": ["c-sar"],
        "sar:frequency_band": "C",
        "sar:center_frequency": 5.405,
        "sar:observation_direction": "right",
    }
)
