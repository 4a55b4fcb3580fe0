"""What can go wrong with a backup or a restore."""

from components.contract.errors import FusarError


class BackupError(FusarError):
    """Base of the errors of backing up and restoring."""


class NotOurs(BackupError):
    """A part lies where this command does not reach it."""

    def __init__(self, part: str, place: str) -> None:
        super().__init__(part, place)
        self.part, self.place = part, place

    def __str__(self) -> str:
        remedy = "Back it up where it lies; docs/how-to/back-up-and-restore.md says how."
        return f"{self.part} at {self.place}: not a file or folder of this machine. {remedy}"


class NoPlace(BackupError):
    """A backup cannot be kept where it should be."""

    def __init__(self, folder: str, problem: str) -> None:
        super().__init__(folder, problem)
        self.folder, self.problem = folder, problem

    def __str__(self) -> str:
        return f"{self.folder}: no place for a backup ({self.problem}). Name a folder on another disk, or machine."


class NoBackup(BackupError):
    """A folder holds no whole backup, or not the one that was written."""

    def __init__(self, folder: str, problem: str) -> None:
        super().__init__(folder, problem)
        self.folder, self.problem = folder, problem

    def __str__(self) -> str:
        return f"{self.folder}: {self.problem}. Name a folder that `fusar backup` has filled to its end."


class NotEmpty(BackupError):
    """A restore goes into a folder of its own."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"{self.folder}: is not empty. Name a folder that does not exist yet; nothing is restored over anything."
