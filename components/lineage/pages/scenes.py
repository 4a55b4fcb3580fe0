"""The scenes of a record on a page: a map, counts by sensor and split, and every scene, folded by sensor and place."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from components.lineage.pages.footprints import footprints_of, raster_md5, sensor_of
from components.lineage.record import Scene
from components.pages.maps import footprint_map
from components.pages.page import Part, Section
from components.pages.parts import Branch, Heat, Tree

SPLITS: Final = ("train", "val", "test")
FEW: Final = 40  # rows that stand in one fold; what is more is folded by place
MANY_AT_A_PLACE: Final = 8  # scenes of one sensor at one place, on average, for which places are folds
_COLUMNS: Final = ("scene", "acquired", "chips", "md5 of its backscatter")
_WITH_PLACE: Final = ("place", "split", *_COLUMNS)


def scenes_section(scenes: Sequence[Scene], title: str, text: str) -> Section:
    """Map, table of counts and folded list; usable at ten thousand scenes."""
    footprints = footprints_of(scenes)
    parts: list[Part] = []
    if footprints:
        alt = f"Map of {len(footprints)} scenes: {_said(scenes)}."
        parts.append(footprint_map(footprints, alt))
    parts += [_counts(scenes), Tree("Every scene with the md5 of its backscatter, by sensor and place", tree(scenes))]
    return Section(title, text, parts, "scenes")


def sensor_anchors(scenes: Sequence[Scene]) -> dict[str, str]:
    """The anchor of each sensor's fold; the sensors of most scenes first."""
    counts = Counter(sensor_of(scene) for scene in scenes)
    return {name: f"sensor-{rank}" for rank, name in enumerate(sorted(counts, key=lambda name: (-counts[name], name)))}


def tree(scenes: Sequence[Scene]) -> list[Branch]:
    """One fold for each sensor."""
    by_sensor: dict[str, list[Scene]] = defaultdict(list)
    for scene in scenes:
        by_sensor[sensor_of(scene)].append(scene)
    return [_sensor(name, by_sensor[name], anchor) for name, anchor in sensor_anchors(scenes).items()]


def _sensor(name: str, scenes: Sequence[Scene], anchor: str) -> Branch:
    polarizations = sorted({name for scene in scenes for name in scene.polarizations})
    note = f"{_said(scenes)}, {sum(scene.chips for scene in scenes)} chips, {'+'.join(polarizations)}"
    if len(scenes) <= FEW:
        return Branch(name, note, anchor, _WITH_PLACE, _rows_with_place(scenes))
    places = len({scene.place_id for scene in scenes})
    # A fold for each of many places with a scene or two would be more fold than scene.
    folds = _places(scenes) if len(scenes) >= MANY_AT_A_PLACE * places else _ranges(scenes)
    return Branch(name, note, anchor, branches=_grouped(list(folds)))


def _ranges(scenes: Sequence[Scene]) -> Iterator[Branch]:
    ordered = _ordered(scenes)
    for start in range(0, len(ordered), FEW):
        part = ordered[start : start + FEW]
        yield Branch(part[0].place_id, f"and on: {_number(part)}", "", _WITH_PLACE, _rows_with_place(part))


def _rows_with_place(scenes: Sequence[Scene]) -> list[tuple[str, str, str, str, int, str]]:
    return [(scene.place_id, scene.split, *_row(scene)) for scene in _ordered(scenes)]


def _places(scenes: Sequence[Scene]) -> Iterator[Branch]:
    by_place: dict[str, list[Scene]] = defaultdict(list)
    for scene in scenes:
        by_place[scene.place_id].append(scene)
    for place in sorted(by_place):
        found = _ordered(by_place[place])
        note = f"{found[0].split}: {_number(found)}, {sum(scene.chips for scene in found)} chips"
        yield Branch(place, note, "", _COLUMNS, [_row(scene) for scene in found])


def _grouped(folds: Sequence[Branch]) -> list[Branch]:
    """Folds in groups where they are more than a person looks through."""
    if len(folds) <= FEW:
        return list(folds)
    groups = [folds[start : start + FEW] for start in range(0, len(folds), FEW)]
    return [
        Branch(f"{group[0].title} to {group[-1].title}", f"{len(group)} places", branches=group) for group in groups
    ]


def _counts(scenes: Sequence[Scene]) -> Heat:
    splits = [*SPLITS, *sorted({scene.split for scene in scenes} - set(SPLITS))]
    counted = Counter((sensor_of(scene), scene.split) for scene in scenes)
    most = max(counted.values(), default=1)
    rows = [(sensor, [_cell(counted[sensor, split], most) for split in splits]) for sensor in sensor_anchors(scenes)]
    return Heat("Scenes by sensor and split", "sensor", splits, rows)


def _cell(count: int, most: int) -> tuple[str, float | None]:
    return (str(count), count / most) if count else ("", None)


def _row(scene: Scene) -> tuple[str, str, int, str]:
    return scene.scene_id, scene.datetime, scene.chips, raster_md5(scene)


def _ordered(scenes: Sequence[Scene]) -> list[Scene]:
    return sorted(scenes, key=lambda scene: (scene.place_id, scene.datetime, scene.scene_id))


def _number(scenes: Sequence[Scene]) -> str:
    return f"{len(scenes)} scene{'' if len(scenes) == 1 else 's'}"


def _said(scenes: Sequence[Scene]) -> str:
    places = len({scene.place_id for scene in scenes})
    return f"{_number(scenes)} at {places} place{'' if places == 1 else 's'}"
