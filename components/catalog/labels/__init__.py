"""The label formats that `fusar data label` reads: one file each."""

from components.catalog.labels import chat, coco, dota, geojson, masks, voc
from components.catalog.labels.picture import Format

FORMATS: tuple[Format, ...] = (
    coco.FORMAT,
    voc.FORMAT,
    dota.FORMAT,
    geojson.FORMAT,
    masks.BY_COLOUR,
    masks.BY_COMPONENT,
    chat.FORMAT,
)
