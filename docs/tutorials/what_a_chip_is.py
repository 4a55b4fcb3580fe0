"""What a chip is.

A *scene* is one acquisition; a *chip* is a square cut from it, and everything that the models learn hangs on chips.
This page goes from a scene's file to a chip's decibels, its place on the ground and its AlphaEarth vectors, in seconds
and without a training. The scene is simulated, on the real coast of Mombasa.
"""

from datetime import datetime
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import rasterio
import shapely
from matplotlib.patches import Rectangle

from components.contract.params import read_params, stage_config
from components.ingestion.chips import chips_of
from components.ingestion.items import read_scene
from components.ingestion.stage import STAGES
from components.records.backscatter import decode_decibels
from components.records.landcover import LAND_COVER
from components.simulation.catalogue import read_catalogue
from components.simulation.scene import write_scene

# ## A scene is a raster and an item
#
# The same line of the catalogue and the same seed give the same bytes. `outputs/` is ignored by git.

FOLDER = Path("outputs/tutorial/data")
spec = next(spec for spec in read_catalogue("tiny") if spec.scene_id == "mombasa-c3")
write_scene(spec, seed=1, folder=FOLDER)

with rasterio.open(FOLDER / "scenes/mombasa-c3.tif") as raster:
    print(raster.descriptions, raster.dtypes[0], raster.shape, raster.crs)

# ```text
# ('HH', 'HV') float32 (192, 192) EPSG:32737
# ```
#
# The raster holds numbers; what they are stands in the STAC item beside it: sensor, time, polarisations, and
# whether the numbers are linear power, decibels or an uncalibrated amplitude. Nothing is guessed from a file's
# name.

scene = read_scene(FOLDER / "items/mombasa-c3.json", FOLDER)
print(scene.properties.platform, scene.properties.quantity, scene.properties.scale, sorted(scene.files))

# ```text
# sim-c3 sigma0 linear ['alphaearth', 'backscatter', 'land_cover', 'objects']
# ```
#
# ## Cutting it
#
# `ingest` does this to every scene, with the parameters of params.yaml: chips of 64 x 64 pixels, side by side.

params = Path("params.yaml")
config = stage_config(STAGES[0], read_params(params), params)
chips = chips_of(scene, config)
chip = chips[4]
print(len(chips), "chips;", chip["chip_id"], "at", chip["row"], chip["col"])

# ```text
# 9 chips; mombasa-c3-r64-c64 at 64 64
# ```
#
# ## Its backscatter
#
# One byte a pixel and polarisation: 0 is nodata, code k is -40 + (k - 1) / 4 dB. So one scale serves every sensor,
# and a chip of the sea stays dark beside one of a town. Speckle alone spreads a single pixel by several dB.

codes = np.frombuffer(chip["backscatter"], np.uint8).reshape(2, chip["height"], chip["width"])
decibels = decode_decibels(codes)
for name, band in zip(chip["polarizations"], decibels, strict=True):
    print(name, f"mean {np.nanmean(band):.1f} dB, from {np.nanmin(band):.1f} to {np.nanmax(band):.1f} dB")

# ```text
# HH mean ... dB, from ... to ... dB
# HV mean ... dB, from ... to ... dB
# ```
#
# ## Its place and time
#
# The footprint is a polygon in longitude and latitude, so a chip finds its ground again in any map. The *place* is
# the cell of a quarter degree that holds the scene: all dates of a place stand in one split, or neighbours would
# leak.

footprint = shapely.from_wkb(chip["footprint"])
print("centre", f"{chip['longitude']:.3f} E, {-chip['latitude']:.3f} S;", "pixel", f"{chip['spacing_m']:.1f} m")
print("corners", shapely.get_num_coordinates(footprint) - 1, "place", chip["place_id"], "split", chip["split"])
assert isinstance(chip["datetime"], datetime)

# ```text
# centre 39... E, 4... S; pixel 3.0 m
# corners 4 place ...
# ```
#
# ## Its AlphaEarth vectors
#
# The GPT sees a chip as a 4 x 4 grid of merged tokens; each cell of that grid has an AlphaEarth vector of 64
# numbers and length 1, read at the chip's *anchor*: longitude, latitude, year. Over open sea there is none; what is
# not valid is masked, never taken for zero.

valid = np.frombuffer(chip["alphaearth_valid"], bool).reshape(4, 4)
vectors = np.frombuffer(chip["alphaearth"], np.float32).reshape(4, 4, 64)
print("year", chip["alphaearth_year"], "valid cells", int(valid.sum()), "of 16")
print("of length", np.unique(np.linalg.norm(vectors[valid], axis=-1).round(3)))

# ```text
# year ... valid cells ... of 16
# of length [1.]
# ```
#
# ## Its labels, and a picture
#
# Land cover and objects are labels. They are null where nobody labelled, which is not the same as "none".

cover = np.frombuffer(chip["land_cover"], np.uint8)
shares = {name: round(float((cover == code).mean()), 2) for code, name in LAND_COVER.items() if (cover == code).any()}
print("land cover", shares, "objects", len(chip["objects"]))

figure, grid = plt.subplots(3, 3, figsize=(7, 7), layout="constrained")
for axes, one in zip(grid.flat, chips, strict=True):
    band = np.frombuffer(one["backscatter"], np.uint8).reshape(2, one["height"], one["width"])[0]
    axes.imshow(decode_decibels(band), cmap="gray", vmin=-30, vmax=5)
    for thing in one["objects"]:
        width, height = thing["x1"] - thing["x0"], thing["y1"] - thing["y0"]
        axes.add_patch(Rectangle((thing["x0"], thing["y0"]), width, height, fill=False, edgecolor="orange"))
    axes.set_title(one["chip_id"], fontsize=8)
    axes.set_axis_off()
figure.savefig("outputs/tutorial/chips.png", dpi=90)
print("outputs/tutorial/chips.png")

# ```text
# land cover ... objects ...
# outputs/tutorial/chips.png
# ```
#
# ![The nine chips of the scene in their order, labelled objects boxed](../images/chips.png)
#
# Every column of a chip is described in [the tables between stages](../reference/schemas.md). Next: [ask the
# champion](ask_the_champion.py) about such a chip.
