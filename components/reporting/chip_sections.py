"""Section of chips: pictures with boxes, the truth of each beside what FUSAR-GPT answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from components.pages.figures import chip_address
from components.pages.page import Section
from components.pages.parts import Card, CardRow, Cards, ChipPicture, PixelBox, Tone
from components.records.families import BY_NAME, CLAUSE_END, read_caption
from components.reporting.evidence import Evidence
from components.tasks import describe, detect

CHIPS_SHOWN = 12
ABLATED = ("shuffled", "absent")
TARGETS = ("ship", "aircraft", "bridge")
NOT_SAID = "not said"
LONGEST_ANSWER = 120
Item = Mapping[str, Any]
T = TypeVar("T")


def answers(evidence: Evidence) -> Section:
    """Test chips at even steps from the best answered to the worst, so that right and wrong answers both show."""
    items: dict[str, list[Item]] = {}
    for item in evidence.items.to_pylist():
        if item["model"] == "fusar-gpt" and item["variant"] not in ABLATED:
            items.setdefault(item["chip_id"], []).append(item)
    described = [chip for chip, asked in items.items() if any(item["task"] == describe.NAME for item in asked)]
    ranked = sorted(described or items, key=lambda chip: (-_mean_score(items[chip]), chip))
    shown = evenly(ranked, CHIPS_SHOWN)
    chips = evidence.chips_with_pixels(shown)
    texts = _texts(evidence, set(shown))
    cards = [_card(chips[chip], items[chip], texts.get(chip, ())) for chip in shown if chip in chips]
    text = (
        f"{len(cards)} of {len(ranked)} test chips, at even steps from the best answered to the worst. First "
        "polarisation, stretched for the eye. Solid boxes are labels, dashed ones are the model's. The lines below the "
        "questions are the chip's HCoT text, clause by clause."
    )
    return Section("Chips, texts and answers", text if cards else "No chip was asked about.", (Cards("", cards),))


def evenly(rows: Sequence[T], most: int) -> list[T]:
    """At most `most` of the rows at even steps, the first and the last among them."""
    places = np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(int)
    return [rows[place] for place in places]


def _mean_score(items: Sequence[Item]) -> float:
    return float(sum(item["score"] for item in items) / len(items))


def _texts(evidence: Evidence, wanted: set[str]) -> dict[str, list[Item]]:
    """Clauses of some chips by chip id, in the order of the caption."""
    clauses: dict[str, list[Item]] = {}
    names = ("chip_id", "family", "field", "lead_in", "value")
    for row in zip(*(evidence.annotations[name].to_pylist() for name in names), strict=True):
        if row[0] in wanted:
            clauses.setdefault(row[0], []).append(dict(zip(names, row, strict=True)))
    return clauses


def _card(chip: Mapping[str, Any], items: Sequence[Item], clauses: Sequence[Item]) -> Card:
    rows = [_row(item) for item in items if item["task"] != describe.NAME]
    said = next((item["answer"] for item in items if item["task"] == describe.NAME), None)
    rows += _clause_rows(clauses, said)
    found = [box for item in items if item["task"] == detect.NAME for box in detect.parse(item["answer"]) or ()]
    picture = chip_picture(chip, [(box.corners[0], box.corners[1], *box.corners[2:]) for box in found])
    note = f"{chip_note(chip)}; mean score {100 * _mean_score(items):.0f} %"
    return Card(chip["chip_id"], note, picture, ("", "truth", "answer"), rows)


def _row(item: Item) -> CardRow:
    truth, answer = item["truth"], item["answer"]
    if item["task"] == detect.NAME:
        truth, answer = _boxes_in_words(truth), _boxes_in_words(answer)
    tone: Tone = "good" if item["score"] == 1 else "doubt" if item["score"] > 0 else "bad"
    question = item["question"].partition(". Answer as JSON")[0]
    return CardRow((question, truth, shortened(answer)), tone)


def shortened(text: str) -> str:
    """The text, or its beginning where a model did not find an end."""
    return text if len(text) <= LONGEST_ANSWER else text[:LONGEST_ANSWER] + " …"


def _boxes_in_words(text: str) -> str:
    boxes = detect.parse(text)
    if boxes is None:
        return "no readable boxes"
    return f"{len(boxes)} box{'' if len(boxes) == 1 else 'es'}" if boxes else detect.NO_TARGET


def _clause_rows(clauses: Sequence[Item], said: str | None) -> list[CardRow]:
    stated = read_caption(" ".join((said or "").split()))
    rows = []
    for clause in clauses:
        code = stated.get(clause["family"], {}).get(clause["field"])
        if said is None:
            rows.append(CardRow((clause["lead_in"], clause["value"], "not asked")))
            continue
        words = BY_NAME[clause["family"]].field(clause["field"]).values[code] if code else NOT_SAID
        rows.append(CardRow((clause["lead_in"], clause["value"], words), "good" if words == clause["value"] else "bad"))
    return rows or [CardRow(("text", "", shortened(clause))) for clause in (said or "").split(CLAUSE_END)[:8] if clause]


def chip_picture(chip: Mapping[str, Any], answered: Iterable[PixelBox] = ()) -> ChipPicture:
    """A chip's first polarisation under the boxes of its labelled targets and of those that a model answered."""
    codes = np.frombuffer(chip["backscatter"], np.uint8)
    first = codes.reshape(-1, chip["height"], chip["width"])[0]
    targets = [item for item in chip["objects"] or [] if item["category"] in TARGETS]
    boxes = [(item["x0"], item["y0"], item["x1"], item["y1"]) for item in targets]
    found = tuple(answered)
    alt = f"SAR chip {chip['chip_id']} with {len(boxes)} labelled and {len(found)} answered boxes"
    return ChipPicture(chip_address(first), chip["width"], chip["height"], alt, boxes, found)


def chip_note(chip: Mapping[str, Any]) -> str:
    """Sensor, polarisation, spacing and day of a chip in one line."""
    first = (chip["polarizations"] or ["?"])[0]
    spacing = "spacing not known" if chip["spacing_m"] is None else f"{chip['spacing_m']:.3g} m"
    day = "day not known" if chip["datetime"] is None else f"{chip['datetime']:%Y-%m-%d}"
    return f"{chip['platform']}, {first}, {spacing}, {day}, {chip['split']}"
