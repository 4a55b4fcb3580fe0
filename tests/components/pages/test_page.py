import numpy as np
import pytest

from components.pages.figures import as_data_address, chip_sheet, confusion, curves, split_map, stretch
from components.pages.page import Section, render_page

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>![x](http://localhost/x)'


def test_hostile_text_stays_text_wherever_it_stands() -> None:
    section = Section(HOSTILE, HOSTILE, None, (HOSTILE,), ((HOSTILE, 1),))
    html = render_page(HOSTILE, HOSTILE, HOSTILE, [section])
    assert "<script" not in html
    assert "<img src=x" not in html
    assert html.count("&lt;script&gt;") == 9


def test_a_page_names_no_outside_address() -> None:
    html = render_page("t", "s", "", [Section("a", figure=as_data_address(confusion("c", ["x"], np.ones((1, 1)))))])
    assert "http" not in html.replace("http-equiv", "")
    assert "default-src 'none'" in html


def test_figures_are_png_data_and_the_same_bytes_twice() -> None:
    def draw() -> list[str]:
        chip = np.arange(64, dtype=np.uint8).reshape(8, 8)
        return [
            as_data_address(chip_sheet([(chip, [(1.0, 1.0, 4.0, 4.0)], "costs $5 and $6")])),
            as_data_address(split_map({"train": [(1.0, 2.0)], "test": []}, np.zeros((4, 8), bool))),
            as_data_address(curves({"pretrain": {"itc": ([0, 1], [2.0, 1.0])}})),
        ]

    first = draw()
    assert all(address.startswith("data:image/png;base64,iVBOR") for address in first)
    assert first == draw()


@pytest.mark.parametrize("codes", [np.zeros((4, 4), np.uint8), np.full((4, 4), 9, np.uint8)])
def test_a_chip_without_contrast_is_still_drawn(codes: np.ndarray) -> None:
    assert np.isfinite(stretch(codes)).all()
