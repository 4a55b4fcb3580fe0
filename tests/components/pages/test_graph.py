import re

from components.pages.graph import EDGE, LANES, Node, cut, lay_out

NODES = [
    Node("sensor", 0, "sim-c3", ("54 scenes",)),
    Node("data", 1, "data", ("e77e9bfd",)),
    *(Node(name, 2, name, ("out 0123abcd",)) for name in ("ingest", "check", "annotate", "pretrain")),
    Node("model", 3, "fusar-klip/1", ("champion",), "annotate"),
]
EDGES = [
    ("sensor", "data"),
    ("data", "ingest"),
    ("ingest", "check"),
    ("check", "annotate"),
    ("ingest", "annotate"),
    ("ingest", "pretrain"),
    ("annotate", "pretrain"),
    ("annotate", "model"),
    ("pretrain", "model"),
]


def test_no_two_boxes_overlap_and_all_lie_inside_the_drawing() -> None:
    graph = lay_out("", "", NODES, EDGES)
    for first in graph.boxes:
        assert first.x >= EDGE
        assert first.x + first.width <= graph.width
        assert first.y + first.height <= graph.height
        for second in graph.boxes:
            apart = first.x + first.width <= second.x or first.y + first.height <= second.y
            assert first is second or apart or second.x < first.x or second.y < first.y


def test_a_model_stands_beside_the_stage_that_made_it_and_the_evaluation_behind_it_is_dashed() -> None:
    graph = lay_out("", "", NODES, EDGES)
    places = {box.node.key: box for box in graph.boxes}
    assert places["model"].y == places["annotate"].y
    assert [is_evidence for _, _, is_evidence in graph.paths] == [False] * 8 + [True]


def test_every_path_ends_at_its_target_and_no_rail_leaves_the_drawing() -> None:
    graph = lay_out("", "", NODES, EDGES)
    places = {box.node.key: box for box in graph.boxes}
    for (path, _, _), (_, target) in zip(graph.paths, EDGES, strict=True):
        numbers = [float(number) for number in re.findall(r"[MHC ](-?\d+\.\d)", path)]
        assert all(0 <= number <= graph.width + graph.height for number in numbers)
        ends = (f"{places[target].x - 3:.1f}", f"{places[target].y - 3:.1f}")
        assert any(end in path for end in ends)


def test_a_text_is_cut_to_its_columns_wide_characters_count_twice_and_control_characters_vanish() -> None:
    assert cut("x" * 10**5, 20) == "x" * 19 + "…"
    assert cut("港" * 20, 20) == "港" * 9 + "…"
    assert cut("a\u202eb\x00c", 20) == "abc"


def test_a_box_cuts_its_lines_to_its_width() -> None:
    graph = lay_out("", "", [Node("a", 2, "t" * 999, ("l" * 999,))], [])
    assert len(graph.boxes[0].title) < LANES[2] / 6
    assert graph.boxes[0].lines[0].endswith("…")
