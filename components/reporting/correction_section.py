"""Section about SCIO: which clauses it rewrote, and whether that was right."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.pages.page import Part, Section
from components.pages.parts import Card, CardRow, Cards, Table, Tone
from components.reporting.chip_sections import chip_note, chip_picture, evenly
from components.reporting.evidence import Evidence

SHOWN = 3
RESTORED, STILL_WRONG, SPOILT = "restored", "changed, still wrong", "wrongly changed"
REFUSED, LEFT = "doubted, left by the gate", "left alone"
GROUPS: Mapping[str, tuple[Tone, str]] = {
    RESTORED: ("good", "Restored: the corrupted clause says again what it said before the injection"),
    STILL_WRONG: ("bad", "Changed, still wrong: a corrupted clause was replaced by another wrong one"),
    SPOILT: ("bad", "Wrongly changed: nobody had corrupted the clause"),
}
Clause = Mapping[str, Any]


def corrections(evidence: Evidence) -> Section:
    """SCIO's corrections with counts, good and bad ones side by side with their chips."""
    injected = {(row["chip_id"], row["field"]): row for row in evidence.injected.to_pylist()}
    counts: dict[str, list[int]] = {name: [0, 0] for name in (RESTORED, STILL_WRONG, SPOILT, REFUSED, LEFT)}
    groups: dict[str, list[tuple[Clause, Clause | None]]] = {name: [] for name in GROUPS}
    for clause in evidence.corpus.to_pylist():
        truth = injected.get((clause["chip_id"], clause["field"]))
        outcome = _outcome(clause, truth)
        counts[outcome][truth is None] += 1
        if outcome in groups:
            groups[outcome].append((clause, truth))
    rows = [(name, *(str(count) if count else "" for count in pair)) for name, pair in counts.items()]
    rows.append(("together", *(str(sum(pair[side] for pair in counts.values())) for side in (0, 1))))
    table = Table("What became of the clauses", ("outcome", "corrupted on purpose", "clean"), rows)
    restored, still, spoilt = (len(groups[name]) for name in GROUPS)
    text = (
        f"Of {len(injected)} clauses that were corrupted on purpose (no stage can see which), SCIO restored {restored} "
        f"and changed {still} to another wrong value; of the clean ones it wrongly changed {spoilt}. "
        "The corrected corpus is what FUSAR-GPT learns from."
    )
    return Section("SCIO's corrections", text, (table, *_cards(evidence, groups)))


def _outcome(clause: Clause, truth: Clause | None) -> str:
    if clause["final_code"] == clause["original_code"]:
        return REFUSED if clause["status"] == "rejected" else LEFT
    if truth is None:
        return SPOILT
    return RESTORED if clause["final_code"] == truth["true_code"] else STILL_WRONG


def _cards(evidence: Evidence, groups: Mapping[str, Sequence[tuple[Clause, Clause | None]]]) -> list[Part]:
    shown = {name: evenly(pairs, SHOWN) for name, pairs in groups.items()}
    chips = evidence.chips_with_pixels({clause["chip_id"] for pairs in shown.values() for clause, _ in pairs})
    parts: list[Part] = []
    for name, pairs in shown.items():
        tone, words = GROUPS[name]
        cards = [
            _card(chips[clause["chip_id"]], clause, truth, tone)
            for clause, truth in pairs
            if clause["chip_id"] in chips
        ]
        if cards:
            parts.append(Cards(f"{words}; {len(cards)} of {len(groups[name])}.", cards))
    return parts


def _card(chip: Mapping[str, Any], clause: Clause, truth: Clause | None, tone: Tone) -> Card:
    before_injection = clause["original_value"] if truth is None else truth["true_value"]
    rows = [
        CardRow(("annotated as", before_injection)),
        CardRow(("corrupted to", clause["original_value"] if truth is not None else "not corrupted")),
        CardRow(("after SCIO", clause["final_value"]), tone),
    ]
    return Card(chip["chip_id"], chip_note(chip), chip_picture(chip), (clause["field"], f"{clause['lead_in']} …"), rows)
