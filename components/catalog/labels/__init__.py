"""The label formats that `fusar data label` reads: one file each."""

from components.catalog.labels import captions, chat, coco, dota, geojson, image_folders, masks, voc
from components.catalog.labels.captioned import CaptionFormat
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
CAPTION_FORMATS: tuple[CaptionFormat, ...] = (image_folders.FORMAT, *captions.FORMATS)
