"""Chat records, JSON Lines or a JSON list, as FUSAR-GPT's manifests hold them: `image`, `question`, `answer`.

Of them those are read whose answer is the asked JSON of boxes, `[{"bbox_2d": [x1, y1, x2, y2], "label": "ship"}]`, or
the word None: there is no such target. Answers about other things (a count, a caption) are passed over. Boxes are in a
square of `coordinate_size` pixels where the record says so, which is stretched onto the picture; else in its own
pixels. They may leave the frame. Several records about one picture add up.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from components.catalog.errors import BrokenLabels
from components.catalog.labels.picture import Format, Picture, Target, box
from components.catalog.labels.reading import json_lines_of, parsed, stem_of
from components.tasks import detect


class _Record(BaseModel):
    image: str = Field(min_length=1)
    answer: Any
    coordinate_size: int | None = Field(None, gt=0, le=100_000)


def _read(path: Path, ending: str) -> Iterator[Picture]:
    found: dict[str, tuple[int | None, list[Target]]] = {}
    for where, content in json_lines_of(path):
        record = parsed(_Record, content, path, where)
        targets = _targets(record.answer)
        if targets is None:
            continue
        name = stem_of(record.image, ending)
        size, known = found.setdefault(name, (record.coordinate_size, []))
        if size != record.coordinate_size:
            raise BrokenLabels(path, f"{where}coordinate_size differs from that of another record of {name[:60]}")
        known += [target for target in targets if target not in known]
    if not found:
        raise BrokenLabels(path, "holds no answer with boxes (bbox_2d), and none that says None")
    for name, (size, known) in found.items():
        square = None if size is None else (size, size)
        yield Picture(path, name, tuple(known), square, is_scaled=square is not None)


def _targets(answer: Any) -> list[Target] | None:
    """Boxes of an answer, a text or JSON as it stands; None where it is about something else."""
    boxes = detect.parse(answer if isinstance(answer, str) else json.dumps(answer))
    return None if boxes is None else [Target(found.label, box(*found.corners)) for found in boxes]


FORMAT = Format("chat", "chat records with boxes in their answers (FUSAR-GPT)", (".jsonl", ".json"), _read)
