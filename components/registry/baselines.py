"""What a version keeps of the scenes that made it, so that `fusar monitor` can compare later ones with them."""

from pathlib import Path

from components.lineage.assembly import ITEMS
from components.lineage.chips import CHIPS
from components.monitoring.baseline import write_answer_baseline, write_scene_baseline
from components.registry.models import KLIP, RegisteredModel


def write_baseline(model: RegisteredModel, checkout: Path, folder: Path) -> None:
    """Write baseline/ among a version's files: of its scenes for fusar-klip, of its answers for fusar-gpt.

    Both versions of a retrain are of the same scenes, so one of them keeps what the scenes say.
    """
    if model is KLIP:
        write_scene_baseline(checkout / CHIPS, checkout / model.kind.folder, folder)
    else:
        write_answer_baseline(checkout / ITEMS, folder)
