"""Arrow schemas of what passes between stages; each carries its name and version, and what every column means."""

import json

import pyarrow as pa

_GEO = {
    "version": "1.1.0",
    "primary_column": "footprint",
    "columns": {"footprint": {"encoding": "WKB", "geometry_types": ["Polygon"]}},
}
UNPLACED = "unplaced:"  # how the place of a chip begins of which nobody knows where it lies
DESCRIPTION = "description"  # key of a schema's, and of each field's, metadata that says what it means


def _schema(
    name: str, version: int, rows: str, fields: list[pa.Field], extra: dict[str, str] | None = None
) -> pa.Schema:
    about = {"fusar.schema": name, "fusar.version": str(version), DESCRIPTION: rows}
    return pa.schema(fields, metadata={**about, **(extra or {})})


def _required(name: str, kind: pa.DataType, meaning: str) -> pa.Field:
    return pa.field(name, kind, nullable=False, metadata={DESCRIPTION: meaning})


def _optional(name: str, kind: pa.DataType, meaning: str) -> pa.Field:
    return pa.field(name, kind, metadata={DESCRIPTION: meaning})


CHIP_ID = _required("chip_id", pa.string(), "The chip: `<scene_id>-r<row>-c<col>`.")
SCENE_ID = _required("scene_id", pa.string(), "The scene: the id of its STAC item.")
PLACE_ID = _required(
    "place_id", pa.string(), "The geographic cell that decides the split; `unplaced:<group>` where no place is known."
)
SPLIT = _required("split", pa.string(), "train, val or test; all chips of a place share it.")
FAMILY = _required("family", pa.string(), "landform, ship or aircraft: decides the eight fields of the caption.")
POSITION = _required("position", pa.int8(), "Place of the field in its family [0..7].")
FIELD = _required("field", pa.string(), "Which of the family's eight fields: Terrain, Count, ...")
LEAD_IN = _required("lead_in", pa.string(), "Fixed words that open the clause.")

OBJECT = pa.struct(
    [
        _required("category", pa.string(), "ship, aircraft, bridge, building or apron."),
        _optional("length_m", pa.float32(), "Length along its axis [m]."),
        _optional("width_m", pa.float32(), "Width across its axis [m]."),
        # Axis-aligned box, clipped to the chip: 0 <= x0 < x1 <= width, rows likewise.
        _required("x0", pa.float32(), "Left edge of its box in the chip [pixel]."),
        _required("y0", pa.float32(), "Upper edge [pixel]; rows count downwards."),
        _required("x1", pa.float32(), "Right edge [pixel], exclusive."),
        _required("y1", pa.float32(), "Lower edge [pixel], exclusive."),
    ]
)

FILE = pa.struct(
    [
        _required("path", pa.string(), "Inside data/."),
        _required("md5", pa.string(), "Of its content, as DVC has it."),
    ]
)

CHIPS = _schema(
    "chips",
    2,
    "One row per chip; one file per scene: outputs/ingest/chips/<scene_id>.parquet (GeoParquet).",
    [
        CHIP_ID,
        SCENE_ID,
        PLACE_ID,
        SPLIT,
        _required("simulated", pa.bool_(), "Whether the scene was simulated."),
        _required("row", pa.int32(), "Offset of the chip's upper left corner in its scene, downwards [pixel]."),
        _required("col", pa.int32(), "The same, to the right [pixel]."),
        _required("height", pa.int32(), "Rows H of the chip [pixel]."),
        _required("width", pa.int32(), "Columns W of the chip [pixel]."),
        _optional("crs", pa.string(), "CRS of the affine, e.g. EPSG:32631; null = no place known."),
        # No list of fixed size: Parquet does not give a null one back (pyarrow 25).
        _optional("affine", pa.list_(pa.float64()), "Six: a, b, c, d, e, f from the chip's own upper left corner."),
        _optional("footprint", pa.binary(), "Outline: WKB polygon in EPSG:4326 [degree]."),
        _optional("longitude", pa.float64(), "Of the chip's centre [degree]."),
        _optional("latitude", pa.float64(), "Of the chip's centre [degree]."),
        _optional("datetime", pa.timestamp("us", tz="UTC"), "Time of acquisition, UTC; null = not known."),
        _required("platform", pa.string(), "Who acquired it, as the STAC item says."),
        _required("frequency_band", pa.string(), "C, X, ...; unknown where the item does not say."),
        _required("polarizations", pa.list_(pa.string()), "Of VV, VH, HH, HV, or unknown alone; P planes in order."),
        _required("quantity", pa.string(), "sigma0, gamma0, or amplitude (uncalibrated)."),
        _optional("spacing_m", pa.float32(), "Ground sample distance [m]; null = no place known."),
        _optional("looks", pa.float32(), "Equivalent number of looks [1]."),
        _optional("incidence_deg", pa.float32(), "Incidence angle [degree]."),
        _required("valid_share", pa.float32(), "Share of the pixels that are not nodata [0..1]."),
        _required(
            "backscatter",
            pa.binary(),
            "(P, H, W) uint8, C order: 0 nodata, code k is -40 + (k - 1) / 4 dB; an amplitude keeps its own 1..255.",
        ),
        _optional(
            "alphaearth",
            pa.binary(),
            "(G, G, 64) float32, unit length, on the merged-patch grid; null where no cell is valid.",
        ),
        _optional("alphaearth_valid", pa.binary(), "(G, G) bool bytes; a cell that is not valid holds zeros above."),
        _optional("alphaearth_year", pa.int16(), "Year of the AlphaEarth vectors."),
        _optional("land_cover", pa.binary(), "(H, W) uint8, codes of data/land_cover; null = not labelled."),
        _optional("objects", pa.list_(OBJECT), "Labelled objects; null = not labelled, empty = labelled and none."),
    ],
    {"geo": json.dumps(_GEO, sort_keys=True)},
)

SET_ASIDE = _schema(
    "set_aside",
    1,
    "One row per scene that could not be used: outputs/ingest/set_aside.parquet.",
    [
        SCENE_ID,
        _required("file", pa.string(), "The file at fault, relative to data/."),
        _required("code", pa.string(), "Kind of fault: missing-crs, truncated, ..."),
        _required("reason", pa.string(), "What is wrong and what to do, in a sentence or two."),
    ],
)

ANNOTATIONS = _schema(
    "annotations",
    1,
    "One row per clause, eight a chip; one file per scene: outputs/annotate/annotations/<scene_id>.parquet.",
    [
        CHIP_ID,
        SCENE_ID,
        PLACE_ID,
        SPLIT,
        FAMILY,
        POSITION,
        FIELD,
        _required("code", pa.string(), "The coded value, from the field's closed list."),
        LEAD_IN,
        _required("value", pa.string(), "The words that say the code."),
        _required("step", pa.string(), "The step of HCoT that decided it."),
        _required("evidence", pa.string(), "What it rests on: labels, backscatter, metadata, AlphaEarth."),
        _required("annotator", pa.string(), "Who wrote it, with its version."),
    ],
)

INJECTED = _schema(
    "injected",
    1,
    "One row per clause that is wrong on purpose, to judge SCIO by; one file per scene: outputs/annotate/injected/.",
    [
        CHIP_ID,
        FIELD,
        _required("true_code", pa.string(), "The code that the annotator had found."),
        _required("true_value", pa.string(), "Its words."),
        _required("injected_code", pa.string(), "The wrong code that stands in the annotations."),
        _required("injected_value", pa.string(), "Its words."),
    ],
)

CORPUS = _schema(
    "corpus",
    1,
    "One row per clause after SCIO's proofreading: outputs/pretrain/corpus.parquet.",
    [
        CHIP_ID,
        SCENE_ID,
        FAMILY,
        POSITION,
        FIELD,
        LEAD_IN,
        _required("original_code", pa.string(), "The code in the annotations."),
        _required("original_value", pa.string(), "Its words."),
        _required("final_code", pa.string(), "The code that the GPT learns; the original one unless rewritten."),
        _required("final_value", pa.string(), "Its words."),
        _required("status", pa.string(), "kept, rewritten, rejected (the gate refused the fill) or protected."),
        _required("suspicion", pa.float32(), "Of the first round; higher = more likely wrong."),
        _optional("score_before", pa.float32(), "Log-probability of the original value when it was judged [nat]."),
        _optional("score_after", pa.float32(), "Log-probability of the final value when it was judged [nat]."),
        _required("round", pa.int8(), "Round in which it was rewritten; 0 = never."),
    ],
)

CURVE = _schema(
    "curve",
    1,
    "One row per figure of a training: outputs/{pretrain,align,instruct}/curve.parquet.",
    [
        _required("step", pa.int32(), "Optimizer step within the phase, or within the stage."),
        _required("phase", pa.string(), "learn, proofread, reconstruct (pretrain); align; instruct."),
        _required("name", pa.string(), "loss, val_loss, ..."),
        _required("value", pa.float32(), "The figure; a loss in nat."),
    ],
)

VERDICTS = _schema(
    "verdicts",
    1,
    "One row per expectation: outputs/{check_chips,check_annotations}/verdicts.parquet.",
    [
        _required("suite", pa.string(), "The suite that it belongs to."),
        _required("expectation", pa.string(), "Type of Great Expectations."),
        _required("column", pa.string(), "Column of the suite's frame; two of them joined by a comma."),
        _required("severity", pa.string(), "critical, warning or info."),
        _required("success", pa.bool_(), "Whether it holds."),
        _required("rows", pa.int64(), "Rows of the frame that it looked at."),
        _required("unexpected", pa.int64(), "Rows that fail it."),
        _required("examples", pa.list_(pa.string()), "Ids of failing rows, at most 20."),
        _required("remedy", pa.string(), "What to do when it fails."),
    ],
)

ITEMS = _schema(
    "items",
    1,
    "One row per question asked of a model about a held-out chip: outputs/evaluate/items.parquet.",
    [
        _required("model", pa.string(), "fusar-klip or fusar-gpt."),
        _required("task", pa.string(), "What was asked: count, classify, i2t_r5, ..."),
        _required("variant", pa.string(), "AlphaEarth given: correct, shuffled, absent; none where it takes no part."),
        CHIP_ID,
        PLACE_ID,
        _required("platform", pa.string(), "Who acquired the scene."),
        FAMILY,
        _required("question", pa.string(), "The words of the question."),
        _required("truth", pa.string(), "The right answer."),
        _required("answer", pa.string(), "What the model said."),
        _required("score", pa.float32(), "How right the answer is [0..1]; 1 = right."),
        _optional("majority_score", pa.float32(), "Score of the training set's commonest answer on this item."),
    ],
)

SCENES = _schema(
    "scenes",
    1,
    "One row per scene that made a model version: scenes.parquet beside its lineage.json (GeoParquet).",
    [
        SCENE_ID,
        PLACE_ID,
        SPLIT,
        _required("platform", pa.string(), "Who acquired it, as the STAC item says."),
        _required("frequency_band", pa.string(), "C, X, ...; unknown where the item does not say."),
        _required("polarizations", pa.list_(pa.string()), "Of VV, VH, HH, HV."),
        _required("datetime", pa.string(), "Time of acquisition, UTC, ISO 8601."),
        _required("simulated", pa.bool_(), "Whether the scene was simulated."),
        _required("chips", pa.int32(), "Chips that were cut from it."),
        _required("files", pa.list_(FILE), "Its rasters, labels and item in data, by path."),
        _optional("footprint", pa.binary(), "Bounding box of its chips: WKB polygon in EPSG:4326 [degree]."),
        _required("content", pa.binary(16), "BLAKE2b of all of the above: another file or fact is another content."),
    ],
    {"geo": json.dumps(_GEO, sort_keys=True)},
)

_MODEL = _required("model", pa.string(), "The registered version that answered: fusar-gpt/3.")
_OUTLINE = _required("footprint", pa.binary(), "Outline: WKB polygon in EPSG:4326 [degree].")

PREDICTIONS = _schema(
    "predictions",
    1,
    "One row per chip that a model was asked about; one file per scene: chips/<scene_id>.parquet (GeoParquet).",
    [
        CHIP_ID,
        SCENE_ID,
        _MODEL,
        _required("row", pa.int32(), "Offset of the chip's upper left corner in its scene, downwards [pixel]."),
        _required("col", pa.int32(), "The same, to the right [pixel]."),
        _OUTLINE,
        _required("longitude", pa.float64(), "Of the chip's centre [degree]."),
        _required("latitude", pa.float64(), "Of the chip's centre [degree]."),
        _optional("datetime", pa.string(), "Time of acquisition, UTC, ISO 8601, where an item says it."),
        _required("land_cover", pa.string(), "Answer to: which land cover is most of it?"),
        _required("class", pa.string(), "Answer to: what is this chip of?"),
        _required("ships", pa.string(), "Answer to: how many ships?"),
        _required("aircraft", pa.string(), "Answer to: how many aircraft?"),
        _required("ship_boxes", pa.string(), "Answer to: where are ships? As the model wrote it."),
        _required("aircraft_boxes", pa.string(), "Answer to: where are aircraft? As the model wrote it."),
    ],
    {"geo": json.dumps(_GEO, sort_keys=True)},
)

PREDICTED_BOXES = _schema(
    "predicted_boxes",
    1,
    "One row per box that a model gave for a chip's class; one file per scene: boxes/<scene_id>.parquet (GeoParquet).",
    [
        CHIP_ID,
        SCENE_ID,
        _MODEL,
        _required("label", pa.string(), "The model's own word for what is in it."),
        _required("x0", pa.float32(), "Left edge in the chip [pixel]."),
        _required("y0", pa.float32(), "Upper edge [pixel]; rows count downwards."),
        _required("x1", pa.float32(), "Right edge [pixel], exclusive."),
        _required("y1", pa.float32(), "Lower edge [pixel], exclusive."),
        _OUTLINE,
    ],
    {"geo": json.dumps(_GEO, sort_keys=True)},
)
