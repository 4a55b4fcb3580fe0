"""torchgeo: GridGeoSampler and a DataLoader without workers. `grid_sampler.py SCENE SIZE`."""

import sys
from collections.abc import Iterator
from typing import Any

from serving import serve
from torch.utils.data import DataLoader
from torchgeo.datasets import RasterDataset, stack_samples
from torchgeo.samplers import GridGeoSampler


def main(scene: str, size: int) -> None:
    """Cut whenever told to."""

    def cut() -> Iterator[Any]:
        dataset = RasterDataset(paths=[scene])
        sampler = GridGeoSampler(dataset, size=size, stride=size)
        for batch in DataLoader(dataset, sampler=sampler, batch_size=1, num_workers=0, collate_fn=stack_samples):
            yield batch["image"].numpy()

    serve(cut)


main(sys.argv[1], int(sys.argv[2]))
