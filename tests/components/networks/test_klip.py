import json

import pytest
import torch

from components.networks.encoder_sizes import TextConfig, VisionConfig
from components.networks.errors import BadModelConfig
from components.networks.klip import Klip, KlipConfig, load_klip, save_klip
from components.networks.tokenizer import MASK_ID, PAD_ID, START_ID, UNKNOWN_ID, build_tokenizer, load_tokenizer

WORDS = ("ships", "counted", "two", "three", "$")
VISION = VisionConfig(
    patch_size=8,
    merge_size=2,
    window_size=64,
    full_attention_blocks=(0, 1),
    width=32,
    depth=2,
    heads=2,
    mlp_width=48,
    out_width=32,
)
TEXT = TextConfig(max_length=16, depth=1, fusion_depth=1, heads=2, mlp_width=48, embedding_width=24)


@pytest.fixture(scope="module")
def klip() -> Klip:
    torch.manual_seed(0)
    tokenizer = build_tokenizer(WORDS)
    return Klip(KlipConfig(vision=VISION, text=TEXT, vocabulary_size=tokenizer.vocabulary_size), tokenizer).eval()


def test_embeddings_of_images_and_texts_have_unit_length(klip):
    images = klip.embed_images(torch.randn(3, 3, 64, 64))
    texts = klip.embed_texts(["ships counted two $", "ships"])
    assert images.shape == (3, 24) and texts.shape == (2, 24)
    torch.testing.assert_close(torch.cat([images, texts]).norm(dim=1), torch.ones(5), atol=1e-5, rtol=0)


def test_padding_inside_a_row_changes_neither_the_text_nor_its_fusion(klip):
    packed = klip.tokenizer.batch(["ships counted two $"], 16)
    spread = torch.tensor([[START_ID, packed[0, 1], packed[0, 2], packed[0, 3], PAD_ID, packed[0, 4], PAD_ID]])
    words = spread[0] != PAD_ID
    image = klip.encode_images(torch.randn(1, 3, 64, 64))
    with torch.no_grad():
        text, wide = klip.encode_texts(packed), klip.encode_texts(spread)
        torch.testing.assert_close(wide[:, words], text, atol=1e-5, rtol=1e-5)
        fused, wide_fused = klip.fuse(text, packed, image), klip.fuse(wide, spread, image)
    torch.testing.assert_close(wide_fused[:, words], fused, atol=1e-5, rtol=1e-5)


def test_a_folder_gives_back_the_same_network(klip, tmp_path):
    save_klip(klip, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]
    again, tokenizer = load_klip(tmp_path)
    assert torch.equal(again.embed_texts(["ships two"]), klip.embed_texts(["ships two"]))
    assert tokenizer.word_ids("three") == klip.tokenizer.word_ids("three") and not again.training


def test_a_tokenizer_of_another_model_is_refused(klip, tmp_path):
    save_klip(klip, tmp_path)
    build_tokenizer([*WORDS, "more"]).save(tmp_path)
    with pytest.raises(BadModelConfig, match="vocabulary_size"):
        load_klip(tmp_path)


def test_a_damaged_tokenizer_names_its_file(tmp_path):
    (tmp_path / "tokenizer.json").write_text(json.dumps({"version": "1.0"}))
    with pytest.raises(BadModelConfig, match=r"tokenizer\.json"):
        load_tokenizer(tmp_path)


def test_the_same_words_give_the_same_ids_in_whatever_order():
    one, other = build_tokenizer(["b", "a", "C"]), build_tokenizer(["c", "B", "a"])
    assert one.word_ids("A b c") == other.word_ids("A b c") == [4, 5, 6]
    assert one.word_ids("nowhere") == [UNKNOWN_ID] and one.words([START_ID, 4, MASK_ID, 5, PAD_ID]) == "a b"


def test_a_text_longer_than_the_model_is_cut_at_its_length(klip):
    assert klip.tokenizer.batch(["two " * 40, "two"], 16).shape == (2, 16)


def test_the_temperature_is_held_in_its_range(klip):
    with torch.no_grad():
        klip.temperature.fill_(7.0)
    klip.clamp_temperature()
    assert float(klip.temperature.detach()) == pytest.approx(0.5)
