"""The simulated sensors: what each measures, how finely and how noisily."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sensor:
    """One simulated SAR.

    Attributes:
        key: short name that stands in scene ids and catalogues.
        platform: STAC platform.
        band: frequency band, STAC letter.
        frequency_ghz: centre frequency [GHz].
        polarizations: in the order of the raster's bands, co-polarised first.
        spacing_m: ground sample distance [m].
        looks: equivalent number of looks, the shape of the gamma speckle.
        looks_range: nominal looks in range.
        looks_azimuth: nominal looks in azimuth.
        nesz_db: noise equivalent sigma nought [dB].
        incidence_deg: least and greatest incidence angle [degree].
        mode: STAC instrument mode.
        ship_px: least and greatest length of a ship [pixel].
        block_px: least and greatest side of a city block [pixel].
        building_px: least and greatest length of a building [pixel].
    """

    key: str
    platform: str
    band: str
    frequency_ghz: float
    polarizations: tuple[str, ...]
    spacing_m: float
    looks: float
    looks_range: int
    looks_azimuth: int
    nesz_db: float
    incidence_deg: tuple[float, float]
    mode: str
    ship_px: tuple[float, float]
    block_px: tuple[float, float]
    building_px: tuple[float, float]


# Modelled on, not copied from: Sentinel-1 IW GRDH (5x1 looks, ENL 4.4, NESZ about -27 dB), Gaofen-3 fine stripmap HH+HV
# and a commercial X-band spotlight multi-looked to 1 m. NESZ of the last two and all sizes in
# pixels: [inferred].
SENSORS = (
    Sensor(
        "c10", "sim-c10", "C", 5.405, ("VV", "VH"), 10.0, 4.4, 5, 1, -27.0, (31, 44), "IW", (5, 14), (9, 13), (4, 8)
    ),
    Sensor("c3", "sim-c3", "C", 5.4, ("HH", "HV"), 3.0, 3.6, 2, 2, -26.0, (28, 42), "FSI", (5, 15), (14, 22), (6, 13)),
    Sensor("x1", "sim-x1", "X", 9.65, ("VV",), 1.0, 3.2, 2, 2, -26.0, (28, 42), "SL", (9, 18), (34, 48), (12, 26)),
    # No catalogue of the demo holds it: the new sensor that a monitor has to notice. L-band stripmap [inferred].
    Sensor("l6", "sim-l6", "L", 1.257, ("HH", "HV"), 6.0, 4.0, 2, 2, -28.0, (28, 42), "SM", (6, 15), (11, 17), (5, 10)),
)


def sensor(key: str) -> Sensor:
    """The sensor with this short name; KeyError for any other."""
    return {known.key: known for known in SENSORS}[key]
