"""One scene, from TIFF to champion.

The whole chain once, at a size that takes a few minutes: simulated scenes go in, two registered models come out, and a
model answers for every scene that made it. The tiny models learn next to nothing, by design: here you learn the path.
Run it in a fresh clone after `make setup`, in the root of the clone.
"""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import rasterio


def fusar(line: str) -> str:
    """Run one `fusar` command as you would in a terminal, and show it with what it answers."""
    print(f"\n$ fusar {line}", flush=True)
    done = subprocess.run([sys.executable, "-m", "cli.app", *shlex.split(line)], capture_output=True, text=True)
    print(done.stdout, flush=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return done.stdout


# ## Simulate, retrain, register, promote
#
# `demo` simulates a catalogue of SAR scenes and retrains the commit that you are on with the profile `tiny`. It
# works in a checkout of its own: your working tree stays as it is. If it is stopped, the same command goes on from
# there; if it has run before, it says that nothing is stale.

fusar("demo --profile tiny --catalogue tiny")

# ## Look at a scene
#
# The checkout holds the data, the outputs of every stage and their lock.

found = Path(".fusar/worktrees").glob("*-tiny/data/scenes/hamburg-c3.tif")
tiff = max(found, key=lambda file: file.stat().st_mtime)
checkout = tiff.parents[2]
with rasterio.open(tiff) as raster:
    print(tiff.name, raster.descriptions, raster.shape, raster.crs)
item = json.loads((checkout / "data/items/hamburg-c3.json").read_text(encoding="utf-8"))
print("simulated:", item["properties"]["fusar:simulated"], "scale:", item["properties"]["fusar:scale"])

# ```text
# hamburg-c3.tif ('HH', 'HV') (192, 192) EPSG:32632
# simulated: True scale: linear
# ```
#
# ## What made the model
#
# From the version through commit, profile, stages and verdicts down to the scenes, each with its md5. The same as
# JSON answers exact questions: was this very file part of it?

fusar("lineage show fusar-gpt/1")
record = json.loads(fusar("lineage show fusar-gpt/1 --json"))
made_of = [one["scene_id"] for one in record["scenes"]]
print(len(made_of), "scenes; hamburg-c3 among them:", "hamburg-c3" in made_of)

# ```text
# 16 scenes; hamburg-c3 among them: True
# ```
#
# ## What would run now
#
# Straight after the demo nothing would: all outputs follow from their inputs at the commit that made the model. The
# tiny scenes are a commit of their own, which the record names; your own HEAD pins the larger demo's scenes.

fusar(f"plan --profile tiny --revision {record['retrain']['commit']}")

# ```text
# ... at commit ... with profile tiny.
# ```
#
# ## May it go live?
#
# `promote check` holds a version against promotion.yaml and writes nothing; without `check` a version that
# passes becomes champion, in a ledger that names the one it replaces. The first version is champion already if it
# passed; the tiny one cannot reach floors that are made for the laptop profile, and then this says which gates
# refuse it.

try:
    fusar("promote check fusar-gpt/1")
except SystemExit:
    print("refused, and this is why")

# ## Ask it about the scene
#
# Layers for QGIS and a picture: [look at predictions in QGIS](../how-to/look-at-predictions-in-qgis.md).

answer = json.loads(fusar(f"predict {tiff} --model fusar-gpt/1 --out outputs/tutorial"))
print(answer["chips"], "chips asked; picture:", answer["picture"])

# ```text
# 9 chips asked; picture: outputs/tutorial/hamburg-c3.png
# ```
#
# You have gone the whole way. Next: [what a chip is](what_a_chip_is.py), then [ask the
# champion](ask_the_champion.py) in Python. The real thing, with figures that mean something, is `make demo`: the
# same command at the laptop's size.
