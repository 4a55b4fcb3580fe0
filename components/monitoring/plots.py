"""Plots of a comparison: backscatter, levels on known ground, embeddings, answers; old scenes and new ones."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from components.monitoring.answers import QUESTIONS, SceneAnswers
from components.monitoring.comparing import Comparison, Key, Samples
from components.monitoring.observing import CODES, SceneObservation, levels_of
from components.pages.graph import cut
from components.pages.parts import Picture
from components.pages.plots import COLOURS, Look, legend, picture, small_multiples

Floats = npt.NDArray[np.float64]
OLD, NEW = COLOURS[0], COLOURS[3]
_MOST_ANSWERS: Final = 10


def histograms(comparison: Comparison) -> Picture:
    """Share of pixels by backscatter, one panel for each sensor and polarisation of the new scenes."""
    sides = (
        _summed([known.observation for known in comparison.baseline.scenes]),
        _summed(comparison.scenes.observations),
    )
    keys = sorted(sides[1])

    def draw_panel(axes: Axes, key: Key) -> None:
        for counts, label, colour in ((sides[0].get(key), "baseline", OLD), (sides[1][key], "new", NEW)):
            if counts is not None:
                values = levels_of(np.arange(1.0, CODES), key[0])
                shares = counts[1:] / max(counts[1:].sum(), 1)
                axes.plot(values, shares, label=label, color=colour, linewidth=1.3)
                axes.fill_between(values, shares, color=colour, alpha=0.15, linewidth=0)
        axes.set(xlabel="code" if key[0].endswith("amplitude") else "backscatter [dB]", ylim=(0, None), yticks=[])

    alt = "Share of pixels by backscatter, baseline beside new scenes, for each sensor and polarisation."
    return picture(lambda look: _panels(keys, draw_panel, look), alt)


def levels(comparison: Comparison) -> Picture:
    """Level of each scene beyond what its ground lets expect, one panel for each sensor and polarisation."""
    samples = comparison.levels()

    def draw_panel(axes: Axes, key: Key) -> None:
        for row, (values, colour) in enumerate(zip(samples[key], (OLD, NEW), strict=True)):
            # Spread over the row by the golden ratio: no randomness, and no two neighbours hide each other.
            heights = row + 0.6 * ((np.arange(len(values)) * 0.618) % 1.0 - 0.5)
            marker = "o" if row == 0 else "^"
            axes.scatter(values, heights, s=18, color=colour, marker=marker, alpha=0.7, linewidths=0)
            axes.plot([np.median(values)] * 2, [row - 0.42, row + 0.42], color=colour, linewidth=2.2)
        axes.axvline(0, linewidth=0.8, linestyle=":", color="#888888")
        axes.set(xlabel="level on this ground [dB]", yticks=[0, 1], yticklabels=["baseline", "new"], ylim=(-0.6, 1.6))

    alt = "Level of each scene beyond what AlphaEarth and the incidence angle let expect; lines are medians."
    return picture(lambda look: _panels(sorted(samples), draw_panel, look), alt)


def embeddings(comparison: Comparison) -> Picture:
    """Mean embeddings of scenes in the plane of the baseline's two main directions, one panel for each sensor."""
    samples = comparison.images()

    def draw_panel(axes: Axes, key: Key) -> None:
        for points, label, colour, marker in zip(
            _plane(samples[key[0]]), ("baseline", "new"), (OLD, NEW), ("o", "^"), strict=True
        ):
            axes.scatter(
                points[:, 0], points[:, 1], s=26, color=colour, marker=marker, label=label, alpha=0.75, linewidths=0
            )
        axes.set(xticks=[], yticks=[], xlabel="first direction", ylabel="second direction")

    alt = "Mean FUSAR-KLIP embedding of each scene in the two main directions of the baseline, by sensor."
    return picture(lambda look: _panels([(sensor, "") for sensor in samples], draw_panel, look), alt)


def answers(comparison: Comparison) -> Picture:
    """Shares of the answers to each question, baseline beside new scenes."""
    questions = [name for name in QUESTIONS if any(found.question == name for found in comparison.answers.new)]

    def draw_panel(axes: Axes, key: Key) -> None:
        old, new = (_shares(side, key[0]) for side in (comparison.answers.old, comparison.answers.new))
        names = sorted({*old, *new}, key=lambda name: (-max(old.get(name, 0), new.get(name, 0)), name))[:_MOST_ANSWERS]
        rows = np.arange(len(names))
        for offset, shares, label, colour in ((-0.2, old, "baseline", OLD), (0.2, new, "new", NEW)):
            axes.barh(rows + offset, [100 * shares.get(name, 0.0) for name in names], 0.36, label=label, color=colour)
        axes.set_yticks(rows, [cut(name, 18) for name in names])
        for text in axes.get_yticklabels():
            text.set_parse_math(False)
        axes.invert_yaxis()
        axes.set(xlabel="share of the chips [%]")

    alt = "How often FUSAR-GPT gives which answer, baseline beside new scenes."
    return picture(lambda look: _panels([(name, "") for name in questions], draw_panel, look), alt)


def _panels(keys: Sequence[Key], draw: Any, look: Look) -> Figure:
    figure, grid = small_multiples([" ".join(key).strip() for key in keys], look)
    for axes, key in zip(grid, keys, strict=True):
        draw(axes, key)
    if keys:
        legend(grid[0], loc="upper right")
    return figure


def _summed(scenes: Sequence[SceneObservation]) -> dict[Key, Floats]:
    found: dict[Key, Floats] = {}
    for scene in scenes:
        for name, plane in scene.planes.items():
            key = (scene.sensor, name)
            # Each scene weighs the same, as in the tests.
            shares = plane.histogram / max(int(plane.histogram[1:].sum()), 1)
            found[key] = found.get(key, np.zeros(CODES)) + shares
    return found


def _plane(samples: Samples) -> tuple[Floats, Floats]:
    """Points (N, 2) and (M, 2) in the two main directions of the old scenes."""
    old, new = samples
    middle = old.mean(axis=0)
    _, _, directions = np.linalg.svd(old - middle, full_matrices=False)
    axes = np.zeros((2, old.shape[1]))
    axes[: len(directions[:2])] = directions[:2]
    return (old - middle) @ axes.T, (new - middle) @ axes.T


def _shares(side: Sequence[SceneAnswers], question: str) -> Mapping[str, float]:
    counts: dict[str, int] = {}
    for found in side:
        if found.question == question:
            for answer, count in found.counts.items():
                counts[answer] = counts.get(answer, 0) + count
    total = sum(counts.values())
    return {answer: count / total for answer, count in counts.items()}
