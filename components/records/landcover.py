"""Land cover classes: the codes that stand in land-cover rasters and in chips."""

UNKNOWN = 0
LAND_COVER = {1: "water", 2: "trees", 3: "cropland", 4: "grassland", 5: "built-up", 6: "bare"}
