"""All suites; the stages check_chips and check_annotations run those of their name."""

from components.validation.suites import captions, chips, clauses, contradictions, places, scenes, splits

SUITES = (
    chips.SUITE,
    places.SUITE,
    splits.SUITE,
    scenes.SUITE,
    clauses.SUITE,
    captions.SUITE,
    contradictions.SUITE,
)
