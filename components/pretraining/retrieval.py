"""How well a network finds the caption of a chip and the chip of a caption, among all of a split."""

import torch

from components.contract.stage import Metrics
from components.networks.klip import Klip
from components.pretraining.captions import Captions, CaptionTable, field_at
from components.pretraining.samples import Samples
from components.pretraining.screening import SCREENING_BATCH, encode_planes
from components.records.families import caption
from components.scores.retrieval import chance_at_k, hits_at_k

RANKS = (1, 5)


@torch.no_grad()
def retrieval_metrics(klip: Klip, samples: Samples, table: CaptionTable, split: str) -> Metrics:
    """Recall at 1 and 5 from image to text and from text to image, and blind chance at 5; equal texts are hits.

    Args:
        klip: in evaluation mode.
        samples: chips and their captions; an empty split gives no metric.
        table: the closed lists.
        split: its name opens the metrics' names.
    """
    if len(samples) == 0:
        return {}
    parts = torch.split(torch.arange(len(samples)), SCREENING_BATCH)
    images = torch.cat([klip.project_images(encode_planes(klip, samples.planes[rows])) for rows in parts])
    ids = table.ids(samples.captions).to(images.device)
    texts = torch.cat([klip.project_texts(klip.encode_texts(ids[rows])) for rows in parts])
    similarity = (images @ texts.T).float().cpu().numpy()
    spoken = caption_texts(samples.captions)
    metrics = {f"{split}_chance_at_5": float(chance_at_k(spoken, spoken, 5).mean())}
    for direction, scores in (("image_to_text", similarity), ("text_to_image", similarity.T)):
        for rank in RANKS:
            metrics[f"{split}_{direction}_recall_at_{rank}"] = float(hits_at_k(scores, spoken, spoken, rank).mean())
    return metrics


def caption_texts(captions: Captions) -> list[str]:
    """Captions as texts, each clause ended by `$`."""
    texts: list[str] = []
    for family, values in zip(captions.family.tolist(), captions.values.tolist(), strict=True):
        fields = [(field_at(family, k), value) for k, value in enumerate(values) if value >= 0]
        texts.append(caption((field.lead_in, list(field.values.values())[value]) for field, value in fields))
    return texts
