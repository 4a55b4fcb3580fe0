"""All suites; the stages check_chips and check_annotations run those of their name."""

from components.validation.suites import (
    balance,
    captions,
    chips,
    clauses,
    contradictions,
    labels,
    leaks,
    places,
    radiometry,
    scenes,
    sensors,
    splits,
)

SUITES = (
    scenes.SUITE,
    chips.SUITE,
    radiometry.SUITE,
    labels.SUITE,
    balance.SUITE,
    sensors.SUITE,
    splits.SUITE,
    places.SUITE,
    leaks.SUITE,
    clauses.SUITE,
    captions.SUITE,
    contradictions.SUITE,
)
