"""What can be wrong with a revision, a profile or a checkout."""

from components.contract.errors import FusarError


class RevisionError(FusarError):
    """Base of the errors of commits and their checkouts."""


class NotARepository(RevisionError):
    """The folder belongs to no git repository."""

    def __init__(self, folder: str, answer: str) -> None:
        super().__init__(folder, answer)
        self.folder = folder
        self.answer = answer

    def __str__(self) -> str:
        return f"{self.folder}: not in a git repository ({self.answer}). Change to a clone of the repository first."


class RefusedRevision(RevisionError):
    """The revision looks like an option of git: it may come from someone else, so it is never passed on."""

    def __init__(self, revision: str) -> None:
        super().__init__(revision)
        self.revision = revision

    def __str__(self) -> str:
        return f"revision {self.revision!r}: empty or begins with '-'. Name a branch, a tag or a commit."


class UnknownRevision(RevisionError):
    """No commit has this name."""

    def __init__(self, revision: str) -> None:
        super().__init__(revision)
        self.revision = revision

    def __str__(self) -> str:
        return (
            f"revision {self.revision!r}: no such commit. `git log --oneline --all` lists what is here; fetch the rest."
        )


class UnknownProfile(RevisionError):
    """The commit holds no such set of parameters."""

    def __init__(self, profile: str, commit: str, known: tuple[str, ...]) -> None:
        super().__init__(profile, commit, known)
        self.profile = profile
        self.commit = commit
        self.known = known

    def __str__(self) -> str:
        known = ", ".join(self.known) or "none"
        return (
            f"profile {self.profile!r}: commit {self.commit[:12]} has no profiles/{self.profile}.yaml; it has: {known}."
        )


class GitFailed(RevisionError):
    """Git refused a command."""

    def __init__(self, command: str, answer: str) -> None:
        super().__init__(command, answer)
        self.command = command
        self.answer = answer

    def __str__(self) -> str:
        # Git answers in several lines, of which the first says what is wrong.
        said = "; ".join(line.strip() for line in self.answer.splitlines() if line.strip()).rstrip(".")
        return f"git {self.command}: {said}. Mend the repository (`git fsck`) or its remote, and repeat the command."


class NoFolder(RevisionError):
    """A worker's clone cannot be made where it should be."""

    def __init__(self, folder: str, problem: str) -> None:
        super().__init__(folder, problem)
        self.folder = folder
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.folder}: no folder for a clone ({self.problem}). Set FUSAR_HOME to one that can be written."


class Busy(RevisionError):
    """Another process works on the same profile."""

    def __init__(self, profile: str) -> None:
        super().__init__(profile)
        self.profile = profile

    def __str__(self) -> str:
        return f"profile {self.profile}: another process is working on it. Wait until that has ended, then repeat."


class JoinedFailed(RevisionError):
    """A retrain of the same commit was under way, and failed."""

    def __init__(self, profile: str, failure: str) -> None:
        super().__init__(profile, failure)
        self.profile = profile
        self.failure = failure

    def __str__(self) -> str:
        reason = self.failure.rstrip(".")
        return f"profile {self.profile}: a retrain of the same commit ran already and failed: {reason}. Start another."


class CheckoutChanged(RevisionError):
    """The checkout differs from its commit in more than its parameters and its lock."""

    def __init__(self, folder: str, paths: tuple[str, ...]) -> None:
        super().__init__(folder, paths)
        self.folder = folder
        self.paths = paths

    def __str__(self) -> str:
        return (
            f"{self.folder}: {', '.join(self.paths)} differ from the commit: a model made here would be of no commit. "
            f"Remove the checkout (`git worktree remove --force {self.folder}`) and retrain."
        )


class UnsafeOutput(RevisionError):
    """An output of the graph would be written outside the checkout."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: output outside the checkout or behind a symbolic link. Correct dvc.yaml or the link."


class UnreadableGraph(RevisionError):
    """DVC refuses the stage graph of the commit."""

    def __init__(self, folder: str, answer: str) -> None:
        super().__init__(folder, answer)
        self.folder = folder
        self.answer = answer

    def __str__(self) -> str:
        return (
            f"{self.folder}: DVC cannot read the stage graph: {self.answer}. "
            "Correct dvc.yaml (`make dvc.yaml` writes it) or the .dvc file."
        )


class UnknownStage(RevisionError):
    """The graph has no stage of this name."""

    def __init__(self, stage: str, known: tuple[str, ...]) -> None:
        super().__init__(stage, known)
        self.stage = stage
        self.known = known

    def __str__(self) -> str:
        return f"stage {self.stage!r}: not in the graph; the stages are {', '.join(self.known)}."


class TornLock(RevisionError):
    """A stage read something other than what the stage above it recorded."""

    def __init__(self, stage: str, path: str) -> None:
        super().__init__(stage, path)
        self.stage = stage
        self.path = path

    def __str__(self) -> str:
        return (
            f"{self.path}: stage {self.stage} read other bytes than the lock records for it: its outputs are refused. "
            "Remove the checkout (`git worktree list` names it) and retrain."
        )


class LeaseUnreachable(RevisionError):
    """The store in which machines agree who runs a stage does not answer."""

    def __init__(self, url: str, cause: str) -> None:
        super().__init__(url, cause)
        self.url = url
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.url}: no lease can be taken beside the DVC remote ({self.cause}). Mend access to it and repeat."


class NotPublished(RevisionError):
    """A worker was asked for a commit that its git remote does not show."""

    def __init__(self, commit: str, remote: str) -> None:
        super().__init__(commit, remote)
        self.commit = commit
        self.remote = remote

    def __str__(self) -> str:
        # An address may hold a name and a password.
        remote = self.remote.rsplit("@", 1)[-1]
        return f"commit {self.commit[:12]}: on no branch of {remote}, so no worker runs it. Push it to a branch first."


class RefusedCommit(RevisionError):
    """A worker would run, or write, something else than the stages of the contract."""

    def __init__(self, commit: str, path: str, problem: str) -> None:
        super().__init__(commit, path, problem)
        self.commit = commit
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"commit {self.commit[:12]}: {self.path}: {self.problem}. Workers run only what `make dvc.yaml` writes; "
            "correct the file in a new commit."
        )


class Poisoned(RevisionError):
    """An output is not what its digest, or MLflow, says."""

    def __init__(self, stage: str, path: str, problem: str) -> None:
        super().__init__(stage, path, problem)
        self.stage = stage
        self.path = path
        self.problem = problem

    def __str__(self) -> str:
        return (
            f"{self.path}: the output of stage {self.stage} is refused: {self.problem}. "
            "What was wrong is gone from the cache and the remote: the same command runs the stage anew."
        )


class NoExclusiveCreate(RevisionError):
    """Of two who create one object in this store at once, both would believe that they had."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"{self.folder}: this store overwrites what it was asked to create only where there is nothing, so two "
            "champions could be named at once. Keep the DVC remote on a server that honours conditional writes "
            "(If-None-Match), as Amazon S3, Ceph and MinIO do."
        )


class DataNotAdded(RevisionError):
    """New files could not be put into DVC's cache and remote."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.folder}: cannot be added to the data ({self.reason}). Is the DVC remote there? `fusar doctor`."
