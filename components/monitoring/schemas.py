"""Arrow schemas of a baseline's files; each carries its name and version, and what every column means."""

from typing import Final

import pyarrow as pa


def _schema(name: str, rows: str, fields: list[tuple[str, pa.DataType, bool, str]]) -> pa.Schema:
    columns = [pa.field(name, kind, nullable, {"description": meaning}) for name, kind, nullable, meaning in fields]
    return pa.schema(columns, metadata={"fusar.schema": name, "fusar.version": "1", "description": rows})


_PLANE: Final = pa.struct(
    [
        pa.field("polarization", pa.string(), False),
        pa.field("histogram", pa.list_(pa.int64(), 256), False),
        pa.field("level", pa.float64()),
        pa.field("left_over", pa.float64()),
    ]
)
SCENES: Final = _schema(
    "baseline_scenes",
    "One row per scene that made a version: baseline/scenes.parquet among the files of a fusar-klip version.",
    [
        ("scene_id", pa.string(), False, "The scene: the id of its STAC item."),
        ("sensor", pa.string(), False, "Platform, band and quantity; only scenes of one sensor are compared."),
        ("place_id", pa.string(), False, "The geographic cell that decides the split."),
        ("held_out", pa.bool_(), False, "Whether no model was trained on it."),
        ("longitude", pa.float64(), False, "Mean of its chips' centres [degree]."),
        ("latitude", pa.float64(), False, "Mean of its chips' centres [degree]."),
        ("incidence", pa.float64(), False, "(Incidence angle - 35 degree) / 5 degree; 0 where it is not known."),
        ("ground", pa.list_(pa.float64()), True, "Mean AlphaEarth of its cells (64,); null without any."),
        ("image", pa.list_(pa.float64()), True, "Mean FUSAR-KLIP embedding of some chips; null for training scenes."),
        (
            "planes",
            pa.list_(_PLANE),
            False,
            "By polarisation: pixels by code (0 nodata; k is -40 + (k - 1) / 4 dB), mean level over the cells with "
            "AlphaEarth [dB], and what is left of it when the ground below and the incidence angle are known [dB].",
        ),
    ],
)
GROUND: Final = _schema(
    "baseline_ground",
    "One row per sensor and polarisation: baseline/ground.parquet among the files of a fusar-klip version.",
    [
        ("sensor", pa.string(), False, "Platform, band and quantity."),
        ("polarization", pa.string(), False, "VV, VH, HH or HV."),
        ("coefficients", pa.list_(pa.float64(), 66), False, "Of 1, the incidence angle and 64 AlphaEarth bands [dB]."),
    ],
)
ANSWERS: Final = _schema(
    "baseline_answers",
    "One row per held-out scene, question and answer: baseline/answers.parquet among a fusar-gpt version's files.",
    [
        ("scene_id", pa.string(), False, "The scene: the id of its STAC item."),
        ("platform", pa.string(), False, "Who acquired it."),
        ("question", pa.string(), False, "land_cover or class."),
        ("answer", pa.string(), False, "What the model said, without AlphaEarth; lower case, at most 40 letters."),
        ("count", pa.int64(), False, "Chips of the scene that got this answer."),
    ],
)
