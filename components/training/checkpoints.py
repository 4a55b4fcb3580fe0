"""What an unfinished training needs to go on as if nothing had happened; loaded as plain tensors, never registered."""

import hashlib
import io
import os
import pickle
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch

from components.contract.stage import Paths, StageConfig
from components.memo.code import code_digest
from components.memo.errors import MemoUnreachable
from components.memo.store import Memo, memo_key
from components.training.processes import processes_here

CHECKPOINTS: Final = "FUSAR_CHECKPOINTS"
FOLDER_BY_HAND: Final = ".fusar/checkpoints"
State = dict[str, Any]


class Checkpoints(Memo):
    """The newest checkpoint of one training, under the digest of all that the training rests on.

    Each is written whole or not at all and holds its own digest (`Memo`). In a training over several processes the
    first one reads and writes; what it reads, all of them get.
    """

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url)
        self.key = key

    @property
    def place(self) -> str:
        """Where the checkpoint lies."""
        return str(self._path(self.key))

    def newest(self) -> State | None:
        """The state that was kept, or None: there is none, or it cannot be read, and then training starts anew."""
        here = processes_here()
        content = here.share_bytes(self._content() if here.is_first else None)
        if content is None:
            return None
        try:
            # Whoever can write beside the remote could put anything here: tensors and plain values, or nothing.
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError) as error:
            print(f"{self.place}: not readable ({type(error).__name__}); training starts anew", file=sys.stderr)
            return None
        return state if isinstance(state, dict) else None

    def keep(self, state: State) -> None:
        """Put a state in the place of the last one; where the store cannot be written, training goes on without."""
        if processes_here().is_first:
            content = io.BytesIO()
            torch.save(state, content)
            try:
                self.put(self.key, content.getvalue())
            except MemoUnreachable as error:
                print(f"checkpoint not kept, training goes on: {error}", file=sys.stderr)

    def _content(self) -> bytes | None:
        try:
            return self.get(self.key)
        except MemoUnreachable as error:
            print(f"no checkpoint looked for, training starts anew: {error}", file=sys.stderr)
            return None

    def clear(self) -> None:
        """Forget the training: its results stand."""
        if processes_here().is_first and self._files.exists(self.place):
            self._files.rm_file(self.place)


def checkpoints_of(stage: str, config: StageConfig, inputs: Paths, code: Sequence[str]) -> Checkpoints:
    """Where the checkpoint of this very training lies: beside the DVC remote as FUSAR_CHECKPOINTS says, or here.

    Args:
        stage: its name.
        config: all of its parameters.
        inputs: its input files and folders; their content counts, not their place or age.
        code: packages that it runs, such as `components.networks`.
    """
    here = processes_here()
    parts = [stage, config.model_dump_json(), code_digest(code), *_digests(inputs)] if here.is_first else []
    key = here.share_bytes(memo_key(*parts).encode()) or b""
    return Checkpoints(os.environ.get(CHECKPOINTS) or str(Path(FOLDER_BY_HAND).resolve()), key.decode())


def _digests(inputs: Mapping[str, Path]) -> Iterator[str]:
    """Name, path and SHA-256 of every input file, in a fixed order."""
    for name, path in sorted(inputs.items()):
        for file in sorted(item for item in [path, *path.rglob("*")] if item.is_file()):
            with file.open("rb") as content:
                yield f"{name}/{file.relative_to(path)} {hashlib.file_digest(content, 'sha256').hexdigest()}"
