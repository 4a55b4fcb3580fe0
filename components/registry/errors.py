"""What keeps a version from being registered or promoted."""

from components.contract.errors import FusarError


class RegistryError(FusarError):
    """Base of the errors of the registry."""


class PolicyError(RegistryError):
    """promotion.yaml is missing, has an unknown key or a value out of range."""

    def __init__(self, source: str, problems: tuple[str, ...]) -> None:
        super().__init__(source, problems)
        self.source, self.problems = source, problems

    def __str__(self) -> str:
        lines = "\n  ".join(self.problems)
        return f"{self.source}: correct the policy (docs/reference/promotion.md describes each gate):\n  {lines}"


class LostRace(RegistryError):
    """Another promotion wrote the ledger entry that this one wanted to write."""

    def __init__(self, model: str, number: int) -> None:
        super().__init__(model, number)
        self.model, self.number = model, number

    def __str__(self) -> str:
        return (
            f"{self.model}: another promotion wrote ledger entry {self.number} first, so the champion is not the one "
            f"that this version was compared with. Run `fusar promote` again."
        )


class RollbackRefused(RegistryError):
    """A version cannot become champion again."""

    def __init__(self, model: str, problem: str) -> None:
        super().__init__(model, problem)
        self.model, self.problem = model, problem

    def __str__(self) -> str:
        return f"{self.model}: {self.problem}. `fusar ledger show {self.model}` lists every champion that there was."


class LostChampion(RegistryError):
    """The ledger names a champion that the registry does not have."""

    def __init__(self, model: str, version: str) -> None:
        super().__init__(model, version)
        self.model, self.version = model, version

    def __str__(self) -> str:
        return (
            f"{self.model}/{self.version}: champion by the ledger, but MLflow has no such version. Bring MLflow's "
            f"store back, or make another one champion: `fusar promote rollback {self.model} VERSION --reason TEXT`."
        )


class ForgottenEntry(RegistryError):
    """The ledger does not have the entry that MLflow was told of: it, or one before it, was changed or removed."""

    def __init__(self, model: str, number: int, sha256: str) -> None:
        super().__init__(model, number, sha256)
        self.model, self.number, self.sha256 = model, number, sha256

    def __str__(self) -> str:
        return (
            f"ledger/{self.model}/{self.number}.json: is not there, or is not the entry that MLflow was told of "
            f"({self.sha256[:12]}). Bring the folder back from a copy of the remote; nothing is decided until then. "
            f"Who begins a new ledger on purpose first deletes the tag fusar.ledger of the model in MLflow."
        )


class UnsaidApproval(RegistryError):
    """An approval or a rejection lacks who says it or why."""

    def __init__(self, part: str, problem: str) -> None:
        super().__init__(part, problem)
        self.part, self.problem = part, problem

    def __str__(self) -> str:
        return f"{self.part} of the approval: {self.problem}."


class UnknownScene(RegistryError):
    """Neither data.dvc, data/ nor any version names the scene."""

    def __init__(self, asked: str, close: tuple[str, ...]) -> None:
        super().__init__(asked, close)
        self.asked, self.close = asked, close

    def __str__(self) -> str:
        close = f" Do you mean {' or '.join(self.close)}?" if self.close else ""
        return (
            f"scene {self.asked[:100]!r}: neither data.dvc nor data/ nor any model version has it.{close} Name its id, "
            "or the md5 of its backscatter file."
        )


class BadWithdrawal(RegistryError):
    """A withdrawal says not why, or not who."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: empty. A withdrawal is on record for good: say why it is made, and by whom."


class DoesNotServe(RegistryError):
    """A version could not be booted by `mlflow models serve`."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name, self.reason = name, reason

    def __str__(self) -> str:
        return f"{self.name}: `mlflow models serve` does not boot it: {self.reason}"
