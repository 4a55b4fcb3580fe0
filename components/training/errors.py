"""What can go wrong between the processes of a training, or with what it left half done."""

from typing import Any

from components.contract.errors import FusarError


class TrainingError(FusarError):
    """Base of the errors of this package."""


class WrongProcesses(TrainingError):
    """The training runs in another number of processes than was asked for."""

    def __init__(self, found: int, wanted: int) -> None:
        super().__init__(found, wanted)
        self.found, self.wanted = found, wanted

    def __str__(self) -> str:
        return (
            f"processes: {self.found} started, but PET_NNODES and PET_NPROC_PER_NODE ask for {self.wanted}. "
            "Let the stage start them itself (`python -m PACKAGE STAGE`), or torchrun by the same variables."
        )


class LoneProcess(TrainingError):
    """A launcher named an address to meet at, but started one process that knows of no other."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address

    def __str__(self) -> str:
        return (
            f"processes: MASTER_ADDR is {self.address!r}, but WORLD_SIZE is not set: one process would train alone "
            "(`accelerate launch --cpu` does that). Set PET_NPROC_PER_NODE and start `python -m PACKAGE STAGE`."
        )


class Indivisible(TrainingError):
    """A batch cannot be shared out evenly."""

    def __init__(self, key: str, value: int, processes: int) -> None:
        super().__init__(key, value, processes)
        self.key, self.value, self.processes = key, value, processes

    def __str__(self) -> str:
        return f"{self.key}: {self.value} is no multiple of the {self.processes} processes. Change one of the two."


class LostProcess(TrainingError):
    """A process of the training ended, and the others with it."""

    def __init__(self, stage: str, rank: int, reason: str) -> None:
        super().__init__(stage, rank, reason)
        self.stage, self.rank, self.reason = stage, rank, reason

    def __str__(self) -> str:
        return (
            f"{self.stage}: process {self.rank} ended ({self.reason}) and the others with it. Run the stage again: "
            "it goes on from its newest checkpoint."
        )


class BadCheckpoint(TrainingError):
    """A checkpoint does not fit the training that it lies under the key of."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(place, problem)
        self.place, self.problem = place, problem

    def __str__(self) -> str:
        return f"{self.place}: is no checkpoint of this training ({self.problem}). Remove it and run the stage again."


class BadLauncher(TrainingError):
    """A launcher's variable does not say how many."""

    def __init__(self, name: str, value: str) -> None:
        super().__init__(name, value)
        self.name, self.value = name, value

    def __str__(self) -> str:
        return f"{self.name}: {self.value!r} is no whole number of 1 or more. Correct the launcher file."


class NoWarmStart(TrainingError):
    """The model folder that a training shall start from is missing, changed, or no such model."""

    def __init__(self, key: str, md5: str, problem: str) -> None:
        super().__init__(key, md5, problem)
        self.key, self.md5, self.problem = key, md5, problem

    def __str__(self) -> str:
        return (
            f"{self.key}: cannot start from {self.md5}: {self.problem}. `fusar model warm-start` writes the md5s of a "
            "registered version; null trains anew."
        )


class OtherNetwork(TrainingError):
    """The model folder that a training shall start from holds another network than the parameters make."""

    def __init__(self, key: str, md5: str, problem: str, field: str, values: tuple[Any, Any]) -> None:
        super().__init__(key, md5, problem, field, values)
        self.key, self.md5, self.problem, self.field, self.values = key, md5, problem, field, values

    def __str__(self) -> str:
        was, now = self.values
        return (
            f"{self.key}: {self.md5} holds another network: {self.problem}. Set {self.field} to {was!r} as it was "
            f"there (now {now!r}), or {self.key} to null to train anew."
        )


class MixedChipSizes(TrainingError):
    """Chips of one training set differ in size, so that they cannot share a batch."""

    def __init__(self, chip_id: str, size: tuple[int, int], expected: tuple[int, int]) -> None:
        super().__init__(chip_id, size, expected)
        self.chip_id, self.size, self.expected = chip_id, size, expected

    def __str__(self) -> str:
        return (
            f"chip {self.chip_id}: is {self.size} pixels, the others are {self.expected}. "
            "Cut all scenes with one ingest.chip_size."
        )


class NoScratchSpace(TrainingError):
    """The temporary folder has no room for the unpacked chips of a training set."""

    def __init__(self, folder: str, count: int) -> None:
        super().__init__(folder, count)
        self.folder, self.count = folder, count

    def __str__(self) -> str:
        return (
            f"{self.folder}: no room for {self.count / 1e9:.1f} GB of unpacked chips. Set TMPDIR to a folder on a "
            "fast disk that has it, and run the stage again."
        )
