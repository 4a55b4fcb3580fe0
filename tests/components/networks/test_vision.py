import pytest
import torch
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VisionTransformerPretrainedModel

from components.networks.errors import BadChip
from components.networks.vision import VisionConfig, VisionTower, patchify

SIZE = VisionConfig(
    patch_size=8,
    merge_size=2,
    window_size=32,
    full_attention_blocks=(1,),
    width=32,
    depth=2,
    heads=2,
    mlp_width=48,
    out_width=24,
)


@pytest.fixture(scope="module")
def tower() -> VisionTower:
    torch.manual_seed(0)
    return VisionTower(SIZE).eval()


def test_behind_the_stem_the_tower_is_qwens_own(tower):
    torch.manual_seed(1)
    plain = Qwen2_5_VisionTransformerPretrainedModel(SIZE.to_qwen()).eval()
    plain.patch_embed = tower.patch_embed
    plain.load_state_dict(tower.state_dict(), strict=True)
    patches, grid_thw = patchify(torch.randn(3, 3, 64, 64), SIZE)
    with torch.no_grad():
        expected = plain(patches, grid_thw=grid_thw).pooler_output
        assert torch.equal(tower(patches, grid_thw=grid_thw).pooler_output, expected)


def test_a_merged_token_is_a_square_of_patches_read_row_by_row():
    chips = torch.zeros(1, 3, 64, 64)
    chips[0, :, 16:32, 48:64] = 1.0  # merged patch in row 1, column 3
    patches, grid_thw = patchify(chips, SIZE)
    lit = patches.view(16, 4, -1).mean(dim=(1, 2))
    assert lit.nonzero().tolist() == [[1 * 4 + 3]] and lit[7] == 1.0
    assert grid_thw.tolist() == [[1, 8, 8]]


def test_a_chip_is_encoded_the_same_alone_and_in_a_batch(tower):
    chips = torch.randn(3, 3, 64, 64)
    with torch.no_grad():
        together, alone = tower.encode(chips), tower.encode(chips[1:2])
    assert together.shape == (3, 16, 24)
    torch.testing.assert_close(together[1:2], alone, atol=1e-5, rtol=1e-5)


def test_the_stem_is_not_linear(tower):
    patches = torch.randn(5, 3 * 8 * 8)
    with torch.no_grad():
        zero = tower.patch_embed(torch.zeros_like(patches))
        twice, once = tower.patch_embed(2 * patches) - zero, tower.patch_embed(patches) - zero
    assert not torch.allclose(twice, 2 * once, atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 2, 64, 64), (1, 3, 60, 64)])
def test_a_chip_that_does_not_fit_the_patches_is_refused(shape):
    with pytest.raises(BadChip):
        patchify(torch.zeros(shape), SIZE)
