"""What keeps a model's lineage from being told."""

from components.contract.errors import FusarError


class LineageError(FusarError):
    """Base of the errors of lineage."""


class IncompleteLineage(LineageError):
    """A part of the chain that made a model is not known, so the model is not registered."""

    def __init__(self, subject: str, missing: tuple[str, ...]) -> None:
        super().__init__(subject, missing)
        self.subject, self.missing = subject, missing

    def __str__(self) -> str:
        lines = "\n  ".join(self.missing)
        return f"{self.subject}: lineage is incomplete. `fusar retrain` records all of it. Missing:\n  {lines}"


class ChangedOutput(LineageError):
    """A file in the checkout is not the one that dvc.lock names."""

    def __init__(self, path: str, wanted: str, found: str) -> None:
        super().__init__(path, wanted, found)
        self.path, self.wanted, self.found = path, wanted, found

    def __str__(self) -> str:
        return (
            f"{self.path}: has md5 {self.found}, but dvc.lock says {self.wanted}. "
            f"Remove it and run `dvc checkout {self.path}`, or run its stage again."
        )


class UnknownVersion(LineageError):
    """The registry holds no such model, version or alias."""

    def __init__(self, asked: str, known: tuple[str, ...]) -> None:
        super().__init__(asked, known)
        self.asked, self.known = asked, known

    def __str__(self) -> str:
        known = ", ".join(self.known) or "nothing yet: run `fusar retrain`"
        return f"{self.asked}: no such model version. Name MODEL@ALIAS, MODEL/VERSION or MODEL; registered: {known}."


class BrokenJournal(LineageError):
    """An entry of a journal beside the remote is not what the one after it says, or cannot be read."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.path, self.problem = path, problem

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}. Bring it back from a copy of the remote; nothing is decided until then."


class NumberTaken(LineageError):
    """Another process wrote the entry of a journal that this one wanted to write."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: another process wrote this entry first. Run the command again."


class UnreadableWithdrawals(LineageError):
    """A list of withdrawn scenes cannot be read, so nobody knows what may be used."""

    def __init__(self, where: str, fault: str) -> None:
        super().__init__(where, fault)
        self.where, self.fault = where, fault

    def __str__(self) -> str:
        return (
            f"{self.where}: {self.fault}. Its columns are md5,scene_id,reason,name,time; mend it and commit: nothing "
            "is registered or promoted before."
        )


class WithdrawnScenes(LineageError):
    """A retrain uses scenes that were withdrawn, so nothing of it is registered."""

    def __init__(self, subject: str, scenes: tuple[str, ...]) -> None:
        super().__init__(subject, scenes)
        self.subject, self.scenes = subject, scenes

    def __str__(self) -> str:
        lines = "\n  ".join(self.scenes)
        return (
            f"{self.subject}: made with withdrawn scenes, so it is not registered. Retrain a commit whose withdrawn.csv"
            " names them (commit yours, or merge the default branch) and whose data.dvc lists no purged file:"
            f"\n  {lines}"
        )


class WithdrawnStart(LineageError):
    """A model's training starts from a version that withdrawn scenes reached, so nothing of it is registered."""

    def __init__(self, subject: str, version: str, scenes: tuple[str, ...]) -> None:
        super().__init__(subject, version, scenes)
        self.subject, self.version, self.scenes = subject, version, scenes

    def __str__(self) -> str:
        lines = "\n  ".join(self.scenes)
        return (
            f"{self.subject}: its weights come from {self.version}, which was made with withdrawn scenes, so it is not "
            "registered. Start from another version, or train anew: `fusar model warm-start --none`. Withdrawn:"
            f"\n  {lines}"
        )


class UnknownSubject(LineageError):
    """No version was made of what was asked about, nor is it a version."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.subject = subject

    def __str__(self) -> str:
        return (
            f"{self.subject}: no registered version knows it. Name a scene by its id or the md5 of a file of it, "
            "a dataset by the md5 of data (....dir) or its .dvc file, or a version as MODEL/VERSION or MODEL@ALIAS."
        )


class FolderNotEmpty(LineageError):
    """A workspace would be written over files of somebody."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return f"{self.folder}: exists and is not an empty folder. Name one that is empty or does not exist."


class NoWorkspace(LineageError):
    """What a version was made of cannot be given back."""

    def __init__(self, version: str, reason: str) -> None:
        super().__init__(version, reason)
        self.version, self.reason = version, reason

    def __str__(self) -> str:
        return f"{self.version}: {self.reason.rstrip('.')}. `fusar lineage verify {self.version}` names what is lost."
