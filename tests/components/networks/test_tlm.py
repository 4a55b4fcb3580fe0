import numpy as np
import pytest
import torch

from components.networks.errors import BadChip
from components.networks.sizes import TlmConfig
from components.networks.tlm import Tlm, mixing_weights, pack_anchors

GRID, MERGE, WIDTH = (8, 8), 2, 12


def unit_grid(seed: int, side: int = 4) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(side, side, 64)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.fixture
def tlm() -> Tlm:
    torch.manual_seed(0)
    module = Tlm(TlmConfig(hidden=16, sigma_cells=1.0, mix="mlp_then_mix"), WIDTH)
    torch.nn.init.normal_(module.outer.weight)
    torch.nn.init.normal_(module.outer.bias)
    return module


def tokens(seed: int) -> torch.Tensor:
    return torch.randn(16, WIDTH, generator=torch.Generator().manual_seed(seed))


def modulate(module: Tlm, grids: list, masks: list | None = None) -> list[torch.Tensor]:
    anchors = pack_anchors(grids, masks or [None] * len(grids))
    return module([tokens(place) for place in range(len(grids))], [GRID] * len(grids), MERGE, anchors)


def naive_fields(positions: np.ndarray, valid: np.ndarray, values: np.ndarray, sigma: float) -> np.ndarray:
    """The released code's steps 2 to 5 (papers/fusar-gpt.md 2.5), loops and all, at patch centres."""
    patches = np.zeros((*GRID, values.shape[1]))
    for i in range(GRID[0]):
        for j in range(GRID[1]):
            y, x = positions[:, 0] * GRID[0] - 0.5, positions[:, 1] * GRID[1] - 0.5
            kernel = np.exp(-((i - y) ** 2 + (j - x) ** 2) / (2 * sigma**2))
            weights = kernel / (kernel.sum() + 1e-6)
            coverage = (kernel * valid).sum() / kernel.sum()
            weights = weights * valid / ((weights * valid).sum() + 1e-6)
            patches[i, j] = coverage * weights @ values
    merged = patches.reshape(GRID[0] // MERGE, MERGE, GRID[1] // MERGE, MERGE, -1).mean(axis=(1, 3))
    return merged.reshape(-1, values.shape[1])


@pytest.mark.parametrize("masked", [False, True])
def test_mixing_on_the_merged_grid_equals_the_released_code_with_loops_and_resize(masked):
    rng = np.random.default_rng(3)
    positions = rng.random((9, 2)).astype(np.float32)
    valid = rng.random(9) > 0.4 if masked else np.ones(9, dtype=bool)
    values = rng.normal(size=(9, 5)) / 10
    weights = mixing_weights(torch.from_numpy(positions), torch.from_numpy(valid), GRID, MERGE, 2.0)
    np.testing.assert_allclose(weights.numpy().T @ values, naive_fields(positions, valid, values, 2.0), atol=1e-5)


def test_weights_of_a_token_sum_to_one_when_all_anchors_are_valid_and_to_zero_when_none_is():
    positions = torch.rand(5, 2, generator=torch.Generator().manual_seed(1))
    everywhere = mixing_weights(positions, torch.ones(5, dtype=torch.bool), GRID, MERGE, 2.0)
    nowhere = mixing_weights(positions, torch.zeros(5, dtype=torch.bool), GRID, MERGE, 2.0)
    torch.testing.assert_close(everywhere.sum(dim=0), torch.ones(16))
    assert not nowhere.any()


def test_a_packed_batch_equals_batches_of_one(tlm):
    mask = np.ones((4, 4), dtype=bool)
    mask[:2] = False
    grids, masks = [unit_grid(1), None, unit_grid(2, side=3), unit_grid(3)], [None, None, None, mask]
    together = modulate(tlm, grids, masks)
    for place, (grid, valid) in enumerate(zip(grids, masks, strict=True)):
        alone = tlm([tokens(place)], [GRID], MERGE, pack_anchors([grid], [valid]))[0]
        torch.testing.assert_close(together[place], alone)


def test_a_chip_without_a_valid_anchor_gets_its_own_tensor_back(tlm):
    minus_zero = torch.full((16, WIDTH), -0.0)
    for grid, mask in ((None, None), (unit_grid(1), np.zeros((4, 4), dtype=bool))):
        assert tlm([minus_zero], [GRID], MERGE, pack_anchors([grid], [mask]))[0] is minus_zero


def test_an_untrained_modulation_changes_no_value():
    module = Tlm(TlmConfig(hidden=16, sigma_cells=1.0, mix="mlp_then_mix"), WIDTH)
    assert torch.equal(modulate(module, [unit_grid(1)])[0], tokens(0))


def test_the_order_of_anchors_changes_nothing(tlm):
    anchors = pack_anchors([unit_grid(1)], [None])
    order = torch.randperm(16, generator=torch.Generator().manual_seed(0))
    shuffled = type(anchors)(anchors.vectors[order], anchors.positions[order], anchors.valid[order], anchors.offsets)
    torch.testing.assert_close(
        tlm([tokens(0)], [GRID], MERGE, anchors)[0], tlm([tokens(0)], [GRID], MERGE, shuffled)[0]
    )


def test_a_masked_anchor_has_no_gradient_and_may_hold_anything(tlm):
    mask = np.ones((4, 4), dtype=bool)
    mask[1, 2] = False
    grid = unit_grid(1)
    grid[1, 2] = np.nan
    anchors = pack_anchors([grid], [mask])
    anchors.vectors.requires_grad_(True)
    out = tlm([tokens(0)], [GRID], MERGE, anchors)[0]
    out.square().sum().backward()
    assert torch.isfinite(out).all()
    assert not anchors.vectors.grad[6].any()
    assert anchors.vectors.grad[5].any()


def test_the_effect_of_a_single_anchor_peaks_at_its_own_cell(tlm):
    for cell in range(16):
        mask = np.zeros(16, dtype=bool)
        mask[cell] = True
        moved = (modulate(tlm, [unit_grid(1)], [mask.reshape(4, 4)])[0] - tokens(0)).norm(dim=1) / tokens(0).norm(dim=1)
        anchors = pack_anchors([unit_grid(1)], [mask.reshape(4, 4)])
        weights = mixing_weights(anchors.positions, anchors.valid, GRID, MERGE, 2.0)
        assert int(weights.sum(dim=0).argmax()) == cell
        assert moved[cell] > 0


def test_flipped_rows_of_alphaearth_give_other_tokens(tlm):
    upright, flipped = modulate(tlm, [unit_grid(1)])[0], modulate(tlm, [unit_grid(1)[::-1].copy()])[0]
    assert (upright - flipped).abs().max() > 0.1


def test_a_gamma_too_small_for_bfloat16_is_not_rounded_away():
    module = Tlm(TlmConfig(hidden=16, sigma_cells=1.0, mix="mlp_then_mix"), WIDTH)
    with torch.no_grad():
        module.outer.bias[:WIDTH] = 0.003
    x = torch.full((16, WIDTH), 1.995, dtype=torch.bfloat16)
    for is_autocast in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_autocast):
            out = module([x], [GRID], MERGE, pack_anchors([unit_grid(1)], [None]))[0]
        assert out.dtype == torch.bfloat16
        assert (out > x).all()


@pytest.mark.parametrize(
    ("grid", "mask", "problem"),
    [
        (np.zeros((4, 4, 63), np.float32), None, "64"),
        (unit_grid(1), np.ones((3, 4), bool), "mask"),
        (np.full((4, 4, 64), np.inf, np.float32), None, "finite"),
    ],
)
def test_an_alphaearth_grid_that_does_not_fit_is_refused(grid, mask, problem):
    with pytest.raises(BadChip, match=problem):
        pack_anchors([grid], [mask])
