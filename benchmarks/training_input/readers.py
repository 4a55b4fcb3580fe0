"""How each contestant reads an epoch: batches of chip ids, uint8 planes (64, 2, 256, 256) and captions."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from torch.utils.data import DataLoader, Dataset

BATCH = 64
_SHUFFLE_BUFFER = 1_000
Batch = tuple[list[str], torch.Tensor, list[str]]
Reader = Callable[[Path, int, int, bool], Iterator[Batch]]


def read_planes(folder: Path, workers: int, seed: int, is_shuffled: bool) -> Iterator[Batch]:
    """Ours: any order over the whole corpus; `workers` threads unpack what nobody has asked for yet."""
    from components.training.planes import open_planes

    with pq.ParquetFile(folder / "parquet/captions.parquet") as captions_file:  # `read_table` would import more
        table = captions_file.read()
    names, captions = table["chip_id"].to_pylist(), table["caption"].to_pylist()
    planes = open_planes(folder / "parquet/chips", names, workers)
    shuffled = torch.randperm(len(names), generator=torch.Generator().manual_seed(seed))
    for rows in torch.split(shuffled if is_shuffled else torch.arange(len(names)), BATCH):
        yield [names[row] for row in rows.tolist()], planes[rows], [captions[row] for row in rows.tolist()]


def read_png(folder: Path, workers: int, seed: int, is_shuffled: bool) -> Iterator[Batch]:
    """Loose files through torch's own loader."""
    loader = DataLoader(
        _PngFiles(folder / "png"),
        BATCH,
        shuffle=is_shuffled,
        num_workers=workers,
        generator=torch.Generator().manual_seed(seed),
        collate_fn=_collate,
    )
    yield from loader


def read_webdataset(folder: Path, workers: int, seed: int, is_shuffled: bool) -> Iterator[Batch]:
    """Tar files; what it calls a shuffle is one of the shards and of a buffer of a thousand samples."""
    import webdataset

    shards = sorted(str(path) for path in (folder / "webdataset").glob("*.tar"))
    samples = webdataset.WebDataset(shards, shardshuffle=len(shards) if is_shuffled else False, seed=seed)
    if is_shuffled:
        samples = samples.shuffle(_SHUFFLE_BUFFER, seed=seed)
    batches = samples.decode().to_tuple("__key__", "npy", "txt").batched(BATCH, collation_fn=_collate)
    yield from webdataset.WebLoader(batches, batch_size=None, num_workers=workers)


def read_litdata(folder: Path, workers: int, seed: int, is_shuffled: bool) -> Iterator[Batch]:
    """Chunks; its shuffle is one of the chunks and of the samples within each."""
    import litdata

    samples = litdata.StreamingDataset(str(folder / "litdata"), shuffle=is_shuffled, seed=seed)
    yield from litdata.StreamingDataLoader(
        samples, batch_size=BATCH, num_workers=workers, shuffle=is_shuffled, collate_fn=_collate_named
    )


READERS: dict[str, Reader] = {
    "fusar": read_planes,
    "webdataset": read_webdataset,
    "litdata": read_litdata,
    "png": read_png,
}


class _PngFiles(Dataset[tuple[str, Any, str]]):
    def __init__(self, folder: Path) -> None:
        self._files = sorted(folder.glob("*.png"))

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> tuple[str, Any, str]:
        from PIL import Image

        file = self._files[index]
        with Image.open(file) as image:
            codes = np.moveaxis(np.asarray(image), -1, 0)
        return file.stem, codes, file.with_suffix(".txt").read_text()


def _collate(samples: list[tuple[str, Any, str]]) -> Batch:
    names, codes, captions = zip(*samples, strict=True)
    return list(names), torch.from_numpy(np.stack(codes)), list(captions)


def _collate_named(samples: list[dict[str, Any]]) -> Batch:
    return _collate([(sample["chip_id"], np.asarray(sample["codes"]), sample["caption"]) for sample in samples])
