"""What the answers to a batch of questions cost, in one process and over several."""

import torch
from torch import nn

from components.finetuning.batches import Batch
from components.networks.chat import IGNORED, attention_mask
from components.networks.gpt import Gpt
from components.training.processes import Processes


def answer_loss(gpt: Gpt, batch: Batch) -> tuple[torch.Tensor, int]:
    """Cross entropy [nat]: the mean over each answer's tokens, then the mean over the answers of the batch.

    So a count of one token weighs as much as a caption of fifty; the paper's code takes the same mean at one answer a
    sample (papers/fusar-gpt.md 2.6).

    Returns:
        A scalar float32 with its gradient, and the number of answers.
    """
    device = gpt.device
    with gpt.autocast():
        hidden = gpt.network.model(
            input_ids=batch.ids.to(device),
            attention_mask=attention_mask(batch.branches).to(device),
            position_ids=batch.positions.to(device),
            mm_encoder_outputs={"image": gpt.see(batch.planes, batch.anchors)},
            use_cache=False,
        ).last_hidden_state
        is_answer = batch.labels != IGNORED
        logits = gpt.network.lm_head(hidden[is_answer.to(device)])
    losses = nn.functional.cross_entropy(logits.float(), batch.labels[is_answer].to(device), reduction="none")
    chips = torch.arange(len(batch.ids))[:, None].expand_as(batch.labels)
    answers = (chips * (int(batch.branches.max()) + 1) + batch.branches)[is_answer]
    _, answer, lengths = torch.unique(answers, return_inverse=True, return_counts=True)
    weights = (1.0 / (lengths[answer] * len(lengths))).to(device)
    return torch.dot(losses, weights), len(lengths)


class AnswerLoss(nn.Module):
    """`answer_loss` as a module over the network, so that its gradients can be averaged over processes."""

    def __init__(self, gpt: Gpt, processes: Processes) -> None:
        super().__init__()
        self.network = gpt.network
        self._gpt, self._processes = gpt, processes

    def forward(self, batch: Batch) -> torch.Tensor:
        """This process's share of the loss, a scalar [nat]: the mean over the processes is that of the whole batch."""
        loss, count = answer_loss(self._gpt, batch)
        answers = torch.tensor(float(count), device=loss.device)
        # The processes ask different numbers of questions: each weighs by its own.
        return loss * (self._processes.count * answers / self._processes.total(answers))
