"""Ask the champion.

A registered model is an MLflow model like any other: its code and weights travel with it. This page loads one, asks
it about chips that it never saw, and looks at how it does on one slice of them. It needs a champion in this clone:
`make demo` makes one; [one scene, from TIFF to champion](one_scene_from_tiff_to_champion.py) tells how.
"""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd

from components.inference.chips import encode_chip
from components.records.schemas import CHIPS, ITEMS
from components.records.tables import read_table

# ## Load it
#
# The registry is a SQLite file in `mlruns/`. The alias `champion` names the version that the ledger made champion;
# where nothing has passed yet, take `fusar-gpt/1`.

mlflow.set_tracking_uri(f"sqlite:///{Path('mlruns/mlflow.db').resolve()}")
model = mlflow.pyfunc.load_model("models:/fusar-gpt@champion")
print([column.name for column in model.metadata.signature.inputs])

# ```text
# ['image', ...
# ```
#
# ## Ask it
#
# Chips of held-out places, as `evaluate` asked them. An image is a PNG whose pixels are backscatter codes; several
# questions about one chip cost little more than one, for the chip is encoded once.

checkouts = Path(".fusar/worktrees").glob("*/outputs/evaluate/items.parquet")
outputs = max(checkouts, key=lambda file: file.stat().st_mtime).parents[1]
held_out = [chip for chip in read_table(outputs / "ingest/chips", CHIPS).to_pylist() if chip["split"] == "test"]
chip = held_out[0]
shape = (len(chip["polarizations"]), chip["height"], chip["width"])
codes = np.frombuffer(chip["backscatter"], np.uint8).reshape(shape)

questions = ["Which class is this chip?", "What is the main land cover of this chip?", "Describe this SAR image."]
asked = {
    "image": encode_chip(codes),
    "polarizations": ",".join(chip["polarizations"]),
    "spacing_m": float(chip["spacing_m"]),
}
answers = model.predict(pd.DataFrame([asked | {"question": question} for question in questions]))
for question, answer in zip(questions, answers, strict=True):
    print(f"{question} {answer}")

# ```text
# Which class is this chip? ...
# What is the main land cover of this chip? ...
# Describe this SAR image. ...
# ```
#
# The words are those of [the tasks](../reference/tasks.md): the model learned these wordings and few others.
#
# ## Evaluate a slice
#
# `evaluate` keeps every question with its truth, its answer and its score. A mean over all chips can hide a sensor
# on which the model is no better than the commonest answer; so look at each slice beside that answer.

items = read_table(outputs / "evaluate/items.parquet", ITEMS).to_pandas()
own = items[(items["model"] == "fusar-gpt") & (items["variant"] == "correct") & (items["task"] == "land_cover")]
slices = own.groupby("platform")[["score", "majority_score"]].mean().assign(n=own.groupby("platform").size())
print(slices.round(2))

# ```text
#           score  majority_score ...
# platform...
# ```
#
# With few places a difference between two slices may be chance: the report page has the intervals over places.
# Next: [serve it over HTTP](../how-to/serve-a-champion.md), or [add a task](../how-to/add-a-task.md) of your own.
