"""The page of an impact: what a scene, a dataset or a version reached, static and offline."""

from collections.abc import Iterator, Sequence
from typing import Final

from components.lineage.derived import Derived
from components.lineage.impact import Impact
from components.lineage.index.answers import IndexedPrediction, IndexedScene, IndexedVersion
from components.lineage.pages.scenes import scenes_section
from components.lineage.record import Scene
from components.pages.graph import Graph, Node, lay_out
from components.pages.page import Front, Part, Section, render_page
from components.pages.parts import Branch, Table, Tree

MOST_BOXES: Final = 10
_CAPTION: Final = (
    "Click a box to see what is behind it. From the subject through what was made of it to the model versions that "
    "rest on it and the batch predictions that used it or one of them."
)


def impact_page(found: Impact) -> str:
    """HTML of what was reached; every text in it is escaped, and the same impact gives the same bytes."""
    # The same content stands in each part: versions of other outputs may rest on it.
    scenes = list({_scene(part.scene).model_dump_json(): _scene(part.scene) for part in found.derived}.values())
    sections = [Section("Graph", "", (_graph(found),), "graph")]
    if scenes:
        sections.append(scenes_section(scenes, "Scene", "Each content of it that made a version."))
        sections.append(Section("Made of it", "What the stages made of it.", (_derived(found.derived),), "derived"))
    sections += [
        Section("Model versions", "Those that started from one of them included.", (_versions(found),), "versions"),
        Section(
            "Batch predictions",
            "" if found.predictions else "None is recorded.",
            list(_predictions(found.predictions)),
            "predictions",
        ),
    ]
    if found.unread:
        table = Table("Versions whose record could not be read", ("version", "reason"), found.unread)
        sections.append(Section("Not known", "Of these nothing can be said.", (table,), "unread"))
    return render_page(_front(found), sections)


def _front(found: Impact) -> Front:
    chips = len({chip for part in found.derived for chip in part.chips})
    made = f"{chips} chips, " if found.derived else ""
    champions = [name for name, aliases in found.aliases.items() if "champion" in aliases]
    banner = f"It reached a champion: {', '.join(sorted(champions))}." if champions else ""
    text = f"It reached {made}{len(found.versions)} model versions and {len(found.predictions)} batch predictions."
    return Front(f"What {found.kind} {found.subject} reached", "", banner, text)


def _scene(indexed: IndexedScene) -> Scene:
    return Scene.model_validate({"scene_id": indexed.scene_id, **indexed.facts})


def _graph(found: Impact) -> Graph:
    nodes = [Node("subject", 0, found.subject, (found.kind,), anchor="scenes" if found.derived else "top")]
    nodes += [*_made(found.derived), *_reached(found), *_used(found.predictions)]
    known = {node.key for node in nodes}
    edges = [edge for edge in _edges(found) if known.issuperset(edge)]
    alt = f"From {found.subject} to {len(found.versions)} versions and {len(found.predictions)} batch predictions."
    return lay_out(_CAPTION, alt, nodes, edges)


def _made(derived: Sequence[Derived]) -> Iterator[Node]:
    for place, part in enumerate(derived[:MOST_BOXES]):
        lines = (f"{part.annotations} annotations", f"{len(part.corrected)} corrected")
        yield Node(f"derived {place}", 1, f"{len(part.chips)} chips", lines, anchor=_anchor(place))


def _anchor(place: int) -> str:
    return f"derived-{place}"


def _reached(found: Impact) -> Iterator[Node]:
    for version in found.versions[-MOST_BOXES:]:
        aliases = found.aliases.get(version.name, ())
        yield Node(f"version {version.name}", 2, version.name, aliases, anchor="versions")
    rest = len(found.versions[:-MOST_BOXES])
    if rest:
        yield Node("versions", 2, f"{rest} more versions", anchor="versions")


def _used(predictions: Sequence[IndexedPrediction]) -> Iterator[Node]:
    for name in sorted({f"{used.model}/{used.version}" for used in predictions})[:MOST_BOXES]:
        count = sum(1 for used in predictions if f"{used.model}/{used.version}" == name)
        yield Node(f"prediction {name}", 3, f"{count} predictions", (f"by {name}",), f"version {name}", "predictions")


def _edges(found: Impact) -> Iterator[tuple[str, str]]:
    names = {version.name for version in found.versions}
    for place, part in enumerate(found.derived):
        yield "subject", f"derived {place}"
        yield from ((f"derived {place}", f"version {name}") for name in part.versions)
    if not found.derived:
        yield from (("subject", f"version {name}") for name in sorted(names))
    for name in sorted({f"{used.model}/{used.version}" for used in found.predictions}):
        yield f"version {name}" if name in names else "subject", f"prediction {name}"


def _derived(derived: Sequence[Derived]) -> Tree:
    return Tree("By the outputs that versions share", [_part(place, part) for place, part in enumerate(derived)])


def _part(place: int, part: Derived) -> Branch:
    note = f"{len(part.chips)} chips, {part.annotations} annotations, {len(part.corrected)} corrected clauses"
    below = [
        Branch("Chips", str(len(part.chips)), "", ("chip",), [(chip,) for chip in part.chips]),
        Branch("Corrected clauses", str(len(part.corrected)), "", ("chip", "clause"), part.corrected),
    ]
    absent = [(reason,) for reason in part.absent]
    return Branch(f"In {', '.join(part.versions)}", note, _anchor(place), ("no longer there",), absent, below)


def _versions(found: Impact) -> Part:
    rows = [_version(version, found.aliases.get(version.name, ())) for version in found.versions]
    return Table("Reached versions", ("version", "aliases", "chain", "dataset"), rows)


def _version(version: IndexedVersion, aliases: Sequence[str]) -> tuple[str, str, str, str]:
    return version.name, ", ".join(aliases), version.chain, version.dataset


def _predictions(predictions: Sequence[IndexedPrediction]) -> Iterator[Part]:
    if predictions:
        rows = [
            (used.at, f"{used.model}/{used.version}", used.run_id, path, md5)
            for used in predictions
            for path, md5 in sorted(used.outputs.items())
        ]
        fold = f"{len(rows)} files of {len(predictions)} predictions"
        yield Table("What was written", ("when", "by", "MLflow run", "file", "md5"), rows, fold)
