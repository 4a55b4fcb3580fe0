"""How QGIS draws predictions: rules for outlines and labels as QML, the form in which QGIS keeps a layer's style.

Only closed lists of ours stand in a style, never a word of a model: what it wrote is data, and is drawn as plain text.
The form is that of QGIS 3.28 and later (renderer-v2 of type RuleRenderer, labeling of type rule-based).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from components.tasks.classify import CLASSES
from components.tasks.detect import LABELS

CHIPS, BOXES = "chips", "boxes"
_HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_POLYGON = "2"
# Told apart on a dark radar image, also by people who do not see red and green (after Okabe and Ito, and Tol).
_COLOURS = (
    "240,228,66", "255,140,0", "255,110,180", "255,255,255", "165,110,255",
    "86,180,233", "0,170,80", "190,220,90", "120,230,200", "205,170,125",
)  # fmt: skip
_OTHER = "255,60,60"
_BOX_COLOURS = {"ship": "255,140,0", "plane": "240,228,66"}
_LONGEST_LABEL = 24


@dataclass(frozen=True)
class Rule:
    """Features that are drawn alike: which (a QGIS expression), as what in the legend, and how their outline looks."""

    filter: str
    label: str
    colour: str
    width_mm: float


def chip_rules(prefix: str = "") -> list[Rule]:
    """One rule for each class that the model may answer, and one for whatever else it wrote."""
    known = ", ".join(f"'{name}'" for name in CLASSES)
    rules = [
        Rule(f"{prefix}\"class\" = '{name}'", name, colour, 0.4) for name, colour in zip(CLASSES, _COLOURS, strict=True)
    ]
    return [*rules, Rule(f'{prefix}"class" NOT IN ({known})', "another answer", _OTHER, 0.4)]


def box_rules() -> list[Rule]:
    """One rule for each kind of object that is asked for, and one for whatever else stands as a label."""
    known = ", ".join(f"'{name}'" for name in LABELS.values())
    rules = [Rule(f"\"kind\" = '{name}'", name, _BOX_COLOURS[name], 0.8) for name in LABELS.values()]
    return [*rules, Rule(f"\"kind\" NOT IN ({known}, 'chip')", "another label", _OTHER, 0.8)]


def qml_of(layer: str) -> str:
    """The style of a layer of the GeoPackage: `chips` by answer, `boxes` by class with their labels."""
    return qml(chip_rules(), "") if layer == CHIPS else qml(box_rules(), "\"kind\" <> 'chip'")


def qml_of_both() -> str:
    """The style of the GeoJSON, in which chips and boxes stand in one layer."""
    return qml([*chip_rules("\"kind\" = 'chip' AND "), *box_rules()], "\"kind\" <> 'chip'")


def qml(rules: Sequence[Rule], labelled: str) -> str:
    """Outlines by rules, and the field `kind` as a label on what the expression `labelled` finds ("" for nothing)."""
    root = ET.Element(
        "qgis", version="3.28.0", styleCategories="Symbology|Labeling", labelsEnabled=str(int(bool(labelled)))
    )
    renderer = ET.SubElement(
        root, "renderer-v2", type="RuleRenderer", symbollevels="0", enableorderby="0", forceraster="0"
    )
    tree = ET.SubElement(renderer, "rules", key=_key("rules"))
    symbols = ET.SubElement(renderer, "symbols")
    for number, rule in enumerate(rules):
        ET.SubElement(tree, "rule", key=_key(rule.filter), filter=rule.filter, label=rule.label, symbol=str(number))
        _add_outline(symbols, str(number), rule)
    if labelled:
        _add_labels(root, labelled)
    ET.SubElement(root, "layerGeometryType").text = _POLYGON
    ET.indent(root, " ")
    return _HEAD + ET.tostring(root, encoding="unicode") + "\n"


def _add_outline(symbols: ET.Element, name: str, rule: Rule) -> None:
    symbol = ET.SubElement(symbols, "symbol", type="fill", name=name, alpha="1", clip_to_extent="1", force_rhr="0")
    layer = ET.SubElement(symbol, "layer", {"class": "SimpleLine", "enabled": "1", "locked": "0", "pass": "0"})
    options = ET.SubElement(layer, "Option", type="Map")
    settings = {
        "joinstyle": "miter",
        "line_color": f"{rule.colour},255",
        "line_style": "solid",
        # Only its inner half is drawn, so that neighbours with one edge in common both show.
        "draw_inside_polygon": "1",
        "line_width": str(2 * rule.width_mm),
        "line_width_unit": "MM",
    }
    for key, value in settings.items():
        ET.SubElement(options, "Option", name=key, type="QString", value=value)


def _add_labels(root: ET.Element, labelled: str) -> None:
    labeling = ET.SubElement(root, "labeling", type="rule-based")
    rules = ET.SubElement(labeling, "rules", key=_key("labels"))
    settings = ET.SubElement(ET.SubElement(rules, "rule", key=_key(labelled), filter=labelled), "settings")
    text = ET.SubElement(
        settings,
        "text-style",
        fieldName=f'left("kind", {_LONGEST_LABEL})',
        isExpression="1",
        allowHtml="0",
        fontSize="9",
        fontSizeUnit="Point",
        textColor="255,255,255,255",
    )
    ET.SubElement(text, "text-buffer", bufferDraw="1", bufferSize="0.8", bufferSizeUnits="MM", bufferColor="0,0,0,255")
    # 8: outside the polygon, so that the text does not hide what it names.
    ET.SubElement(settings, "placement", placement="8", dist="0.5", distUnits="MM")
    ET.SubElement(settings, "rendering", drawLabels="1", obstacle="1")


def _key(text: str) -> str:
    """QGIS names a rule by a UUID; the same rule has the same one in every file."""
    return f"{{{uuid.uuid5(uuid.NAMESPACE_URL, text)}}}"
