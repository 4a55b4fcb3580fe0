"""How bright each cover is: sigma nought by cover, band, polarisation and incidence angle."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
REFERENCE_DEG = 36.0

# Sigma nought [dB] at 36 degrees, indexed by records.landcover code (the first is unknown, never drawn).
# Levels chosen by judgement, not taken from a table of measurements [inferred]: they lie near what Sentinel-1 shows
# over water (-20 dB), trees (-8 to -9), crops (-10 to -11) and towns (-5, VV), cross-polarised 5 to 8 dB lower. X-band
# is 1 dB brighter over vegetation, HH over water 1 dB below VV. Built-up is the ground between the buildings, which
# come on top as objects. Bare is dry and smooth, yet brighter than water.
SIGMA0_DB = {
    #             unknown  water  trees   crop  grass  built   bare
    ("C", "VV"): (np.nan, -21.0, -8.3, -10.8, -13.4, -6.0, -16.8),
    ("C", "VH"): (np.nan, -28.0, -13.8, -17.2, -20.2, -13.0, -24.5),
    ("C", "HH"): (np.nan, -22.0, -8.0, -10.6, -13.2, -5.0, -16.6),
    ("C", "HV"): (np.nan, -28.0, -13.6, -17.4, -20.4, -12.6, -24.5),
    ("X", "VV"): (np.nan, -18.5, -6.8, -9.4, -12.0, -4.4, -14.8),
    ("L", "HH"): (np.nan, -24.0, -7.6, -12.4, -16.0, -4.2, -19.5),
    ("L", "HV"): (np.nan, -31.0, -12.6, -20.6, -24.6, -13.0, -29.0),
}
# dB per degree of incidence: calm water falls fastest, volume scatterers hardly [inferred].
SLOPE_DB_PER_DEG = (np.nan, -0.30, -0.08, -0.11, -0.13, -0.08, -0.18)
PAVED_DB = -22.0  # aprons and runways: smooth asphalt and concrete [inferred]


def mean_sigma0_db(band: str, polarization: str, incidence_deg: float) -> FloatArray:
    """Mean sigma nought [dB] of every cover at an incidence angle, indexed by records.landcover code; (7,) float64."""
    table = np.array(SIGMA0_DB[band, polarization])
    return table + np.array(SLOPE_DB_PER_DEG) * (incidence_deg - REFERENCE_DEG)
