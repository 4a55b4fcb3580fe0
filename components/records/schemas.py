"""Arrow schemas of what passes between stages; each carries its name and version."""

import json

import pyarrow as pa

_GEO = {
    "version": "1.1.0",
    "primary_column": "footprint",
    "columns": {"footprint": {"encoding": "WKB", "geometry_types": ["Polygon"]}},
}


def _schema(name: str, version: int, fields: list[pa.Field], extra: dict[str, str] | None = None) -> pa.Schema:
    return pa.schema(fields, metadata={"fusar.schema": name, "fusar.version": str(version), **(extra or {})})


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


OBJECT = pa.struct(
    [
        _required("category", pa.string()),  # ship, aircraft, bridge, building, apron
        pa.field("length_m", pa.float32()),
        pa.field("width_m", pa.float32()),
        # Axis-aligned box in chip pixels, clipped to the chip: 0 <= x0 < x1 <= width, rows likewise.
        _required("x0", pa.float32()),
        _required("y0", pa.float32()),
        _required("x1", pa.float32()),
        _required("y1", pa.float32()),
    ]
)

CHIPS = _schema(
    "chips",
    1,
    [
        _required("chip_id", pa.string()),  # <scene_id>-r<row>-c<col>
        _required("scene_id", pa.string()),
        _required("place_id", pa.string()),  # the geographic cell that decides the split
        _required("split", pa.string()),  # train, val, test
        _required("simulated", pa.bool_()),
        _required("row", pa.int32()),  # offset of the chip in its scene [pixel]
        _required("col", pa.int32()),
        _required("height", pa.int32()),
        _required("width", pa.int32()),
        _required("crs", pa.string()),  # EPSG:32631
        _required("affine", pa.list_(pa.float64(), 6)),  # a, b, c, d, e, f of the chip's own upper left corner
        _required("footprint", pa.binary()),  # WKB polygon, EPSG:4326
        _required("longitude", pa.float64()),  # of the chip's centre [degree]
        _required("latitude", pa.float64()),
        _required("datetime", pa.timestamp("us", tz="UTC")),
        _required("platform", pa.string()),
        _required("frequency_band", pa.string()),  # C, X; "unknown" where the product does not say
        _required("polarizations", pa.list_(pa.string())),
        _required("quantity", pa.string()),  # sigma0, gamma0, amplitude (uncalibrated)
        _required("spacing_m", pa.float32()),  # ground sample distance
        pa.field("looks", pa.float32()),
        pa.field("incidence_deg", pa.float32()),
        _required("valid_share", pa.float32()),  # of pixels that are not nodata [0..1]
        # (P, H, W) uint8, C order: records.backscatter codes; for amplitude the product's own 1..255.
        _required("backscatter", pa.binary()),
        # AlphaEarth on the merged-patch grid: (G, G, 64) float32, unit length; null where no cell is valid.
        pa.field("alphaearth", pa.binary()),
        pa.field("alphaearth_valid", pa.binary()),  # (G, G) bool bytes; invalid cells hold zeros above
        pa.field("alphaearth_year", pa.int16()),
        pa.field("land_cover", pa.binary()),  # (H, W) uint8, records.landcover codes; null = not labelled
        pa.field("objects", pa.list_(OBJECT)),  # null = not labelled, empty = labelled and none
    ],
    {"geo": json.dumps(_GEO, sort_keys=True)},
)

SET_ASIDE = _schema(
    "set_aside",
    1,
    [
        _required("scene_id", pa.string()),
        _required("file", pa.string()),  # relative to data/
        _required("code", pa.string()),  # missing-crs, truncated, ...
        _required("reason", pa.string()),  # what is wrong and what to do, in one sentence
    ],
)

ANNOTATIONS = _schema(
    "annotations",
    1,
    [
        _required("chip_id", pa.string()),
        _required("scene_id", pa.string()),
        _required("place_id", pa.string()),
        _required("split", pa.string()),
        _required("family", pa.string()),  # landform, ship, aircraft
        _required("position", pa.int8()),  # 0..7, the field's place in its family
        _required("field", pa.string()),  # Terrain, Count, ...
        _required("code", pa.string()),  # the coded value, from the field's closed list
        _required("lead_in", pa.string()),  # fixed words that open the clause
        _required("value", pa.string()),  # the words that say the code
        _required("step", pa.string()),  # the HCoT step that decided it
        _required("evidence", pa.string()),  # what it rests on: labels, backscatter, metadata, AlphaEarth
        _required("annotator", pa.string()),
    ],
)

INJECTED = _schema(
    "injected",
    1,
    [
        _required("chip_id", pa.string()),
        _required("field", pa.string()),
        _required("true_code", pa.string()),
        _required("true_value", pa.string()),
        _required("injected_code", pa.string()),
        _required("injected_value", pa.string()),
    ],
)

CORPUS = _schema(
    "corpus",
    1,
    [
        _required("chip_id", pa.string()),
        _required("scene_id", pa.string()),
        _required("family", pa.string()),
        _required("position", pa.int8()),
        _required("field", pa.string()),
        _required("lead_in", pa.string()),
        _required("original_code", pa.string()),
        _required("original_value", pa.string()),
        _required("final_code", pa.string()),
        _required("final_value", pa.string()),
        _required("status", pa.string()),  # kept, rewritten, rejected (the gate refused the fill), protected
        _required("suspicion", pa.float32()),  # of the first round; higher = more likely wrong
        pa.field("score_before", pa.float32()),
        pa.field("score_after", pa.float32()),
        _required("round", pa.int8()),  # in which it was rewritten; 0 = never
    ],
)

CURVE = _schema(
    "curve",
    1,
    [
        _required("step", pa.int32()),
        _required("phase", pa.string()),  # learn, proofread, reconstruct; align; instruct
        _required("name", pa.string()),  # loss, val_loss, ...
        _required("value", pa.float32()),
    ],
)

VERDICTS = _schema(
    "verdicts",
    1,
    [
        _required("suite", pa.string()),
        _required("expectation", pa.string()),
        _required("column", pa.string()),
        _required("severity", pa.string()),  # critical, warning, info
        _required("success", pa.bool_()),
        _required("rows", pa.int64()),
        _required("unexpected", pa.int64()),
        _required("examples", pa.list_(pa.string())),  # ids of failing rows, at most 20
        _required("remedy", pa.string()),
    ],
)

ITEMS = _schema(
    "items",
    1,
    [
        _required("model", pa.string()),  # fusar-klip, fusar-gpt
        _required("task", pa.string()),
        _required("variant", pa.string()),  # alphaearth: correct, shuffled, absent; "none" where it takes no part
        _required("chip_id", pa.string()),
        _required("place_id", pa.string()),
        _required("platform", pa.string()),
        _required("family", pa.string()),
        _required("question", pa.string()),
        _required("truth", pa.string()),
        _required("answer", pa.string()),
        _required("score", pa.float32()),  # [0..1], 1 = right
        pa.field("majority_score", pa.float32()),  # score of the training set's commonest answer on this item
    ],
)
