import numpy as np
import pytest

from components.pages.figures import chip_address, stretch
from components.pages.graph import Node, lay_out
from components.pages.page import Front, Part, Section, render_page
from components.pages.parts import (
    Card,
    CardRow,
    Cards,
    ChipPicture,
    Heat,
    Notice,
    Picture,
    Reading,
    Readings,
    Table,
)
from components.pages.plots import curves, split_map

HOSTILE = '</style><script>alert(1)</script>"><img src=x onerror=alert(2)>![x](http://localhost/x) {{ 7777 * 7 }} $x_$'
CHIP = np.arange(64, dtype=np.uint8).reshape(8, 8)


def every_part(text: str) -> list[Part]:
    """One part of each kind in which every string is `text`."""
    chip = ChipPicture(chip_address(CHIP), 8, 8, text, [(1.0, 1.0, 4.0, 4.0)], [(2.0, 2.0, 5.0, 5.0)])
    row = CardRow((text, text, text), "bad")
    reading = Reading(text, 0.5, (0.4, 0.6), [(text, 0.1)], text, "doubt", text)
    nodes = [Node("a", 2, text, (text,)), Node("b", 2, text), Node("c", 2, text), Node("m", 3, text, (), "a")]
    return [
        Picture("data:,", "data:,", text, text),
        Table(text, (text, text), ((text, 1),), text),
        Heat(text, text, (text,), ((text, ((text, 0.5),)),)),
        Readings(text, (reading,), value_name=text),
        Cards(text, (Card(text, text, chip, (text, text, text), (row,)),)),
        Notice(text, text, "good", text, (row,), text),
        lay_out(text, text, nodes, [("a", "b"), ("b", "c"), ("a", "c"), ("c", "m")]),
    ]


def page_of(text: str) -> str:
    parts = every_part(text)
    return render_page(Front(text, text, text, text, parts), [Section(text, text, parts)])


def test_hostile_text_stays_text_wherever_it_stands() -> None:
    html = page_of(HOSTILE)
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "54439" not in html
    assert html.count("</style>") == 1
    assert html.count("&lt;script&gt;") > 70


def test_a_page_names_no_outside_address_and_forbids_scripts() -> None:
    html = page_of("plain")
    assert "http" not in html.replace("http-equiv", "")
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in html


def test_the_same_parts_give_the_same_bytes() -> None:
    assert page_of("plain") == page_of("plain")


def test_plots_are_png_data_and_the_same_bytes_twice_for_light_and_dark() -> None:
    def draw() -> list[Picture]:
        return [
            split_map({"train": [(1.0, 2.0)], "test": [], "$x$": [(3.0, 4.0)]}, np.zeros((4, 8), bool), "map"),
            curves(
                {"pretrain": {"costs $5 and $6": ([0, 1], [2.0, 1.0])}}, "curves", {"pretrain": [(0, "$a"), (1, "b$")]}
            ),
        ]

    first = draw()
    assert first == draw()
    for picture in first:
        assert picture.address.startswith("data:image/png;base64,iVBOR")
        assert picture.dark_address.startswith("data:image/png;base64,iVBOR")
        assert picture.address != picture.dark_address


def test_a_name_of_100000_characters_does_not_widen_a_plot() -> None:
    short = curves({"x": {"y": ([0, 1], [1.0, 2.0])}}, "", {})
    long = curves({"x" * 10**5: {"y" * 10**5: ([0, 1], [1.0, 2.0])}}, "", {"x" * 10**5: [(0, "z" * 10**5), (1, "z")]})
    assert len(long.address) < 3 * len(short.address)


@pytest.mark.parametrize("codes", [np.zeros((4, 4), np.uint8), np.full((4, 4), 9, np.uint8)])
def test_a_chip_without_contrast_is_still_drawn(codes: np.ndarray) -> None:
    assert np.isfinite(stretch(codes)).all()
    assert chip_address(codes).startswith("data:image/png;base64,iVBOR")


def test_a_cell_of_100000_characters_folds_itself_and_loses_none() -> None:
    html = render_page(Front("t"), [Section("s", parts=[Table("c", ("reason",), (("r" * 10**5,),))])])
    assert "<summary>" + "r" * 200 + " …</summary>" in html
    assert "r" * 10**5 in html
