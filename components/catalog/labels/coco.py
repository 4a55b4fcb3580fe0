"""COCO's object detection JSON: images, annotations with `bbox` [x, y, width, height] in pixels, categories.

Boxes are taken as they stand, from the outer corner of the first pixel; outlines (`segmentation`) are not read, since a
chip keeps boxes. An image without annotations is labelled as holding none. A crowd (`iscrowd` 1) is no single object,
and its file is set aside. Source: https://cocodataset.org/#format-data
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from components.catalog.errors import BrokenLabels
from components.catalog.labels.picture import Format, Picture, Target, box
from components.catalog.labels.reading import Number, json_of, parsed, stem_of

_Extent = Annotated[float, Field(gt=0, le=1e6)]
_Id = int | str


class _Image(BaseModel):
    id: _Id
    file_name: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class _Annotation(BaseModel):
    image_id: _Id
    category_id: _Id
    bbox: tuple[Number, Number, _Extent, _Extent]
    iscrowd: Literal[0, 1] = 0


class _Category(BaseModel):
    id: _Id
    name: str


class _Content(BaseModel):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


def _read(path: Path, ending: str) -> Iterator[Picture]:
    content = parsed(_Content, json_of(path), path)
    names = {category.id: category.name for category in content.categories}
    by_image: dict[_Id, list[_Annotation]] = defaultdict(list)
    for annotation in content.annotations:
        if annotation.category_id not in names:
            raise BrokenLabels(path, f"category_id {annotation.category_id} is in no category")
        if annotation.iscrowd:
            raise BrokenLabels(path, f"image {annotation.image_id} holds a crowd (iscrowd), which nobody can count")
        by_image[annotation.image_id].append(annotation)
    if unknown := by_image.keys() - {image.id for image in content.images}:
        raise BrokenLabels(path, f"image_id {sorted(map(str, unknown))[0]} is in no image")
    for image in content.images:
        targets = tuple(
            Target(names[found.category_id], box(x, y, x + width, y + height))
            for found in by_image[image.id]
            for x, y, width, height in (found.bbox,)
        )
        yield Picture(path, stem_of(image.file_name, ending), targets, (image.height, image.width))


FORMAT = Format("coco", "COCO's JSON of images, annotations and categories", (".json",), _read)
