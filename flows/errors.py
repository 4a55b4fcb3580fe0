"""What can stop a retrain that is no fault of its parameters."""

from components.contract.errors import FusarError


class FlowError(FusarError):
    """Base of the errors of starting and running."""


class StageFailed(FlowError):
    """A stage ended with an error, or was killed."""

    def __init__(self, stage: str, reason: str, log_file: str) -> None:
        super().__init__(stage, reason, log_file)
        self.stage = stage
        self.reason = reason
        self.log_file = log_file

    def __str__(self) -> str:
        reason = self.reason.rstrip(".")
        return f"stage {self.stage}: {reason}. All it said: {self.log_file}. The same command goes on from here."


class StepFailed(FlowError):
    """A step of the flow that is no stage ended with an error."""

    def __init__(self, step: str, reason: str, log_file: str) -> None:
        super().__init__(step, reason, log_file)
        self.step = step
        self.reason = reason
        self.log_file = log_file

    def __str__(self) -> str:
        reason = self.reason.rstrip(".")
        return f"{self.step}: {reason}. All it said: {self.log_file}. The same command repeats only this step."


class RefusedParameters(FlowError):
    """The stages of the commit refuse the profile's parameters."""

    def __init__(self, profile: str, problems: str) -> None:
        super().__init__(profile, problems)
        self.profile = profile
        self.problems = problems

    def __str__(self) -> str:
        return f"profile {self.profile}: {self.problems}"


class ServerFailed(FlowError):
    """The Prefect server did not start."""

    def __init__(self, reason: str, log_file: str) -> None:
        super().__init__(reason, log_file)
        self.reason = reason
        self.log_file = log_file

    def __str__(self) -> str:
        return f"Prefect server: {self.reason}; see {self.log_file}. Set PREFECT_API_URL to use a server of yours."


class DatabaseInUse(FlowError):
    """A second kind of server would be started on the Prefect database of the repository."""

    def __init__(self, folder: str) -> None:
        super().__init__(folder)
        self.folder = folder

    def __str__(self) -> str:
        return (
            f"{self.folder}: another process has this database. `make down` ends the services; "
            "a command that retrains has a Prefect server of its own while it runs: wait for its end, then repeat."
        )


class PortTaken(FlowError):
    """A port on which a service should listen is no port or belongs to another program."""

    def __init__(self, service: str, port: str, variable: str, problem: str) -> None:
        super().__init__(service, port, variable, problem)
        self.service = service
        self.port = port
        self.variable = variable
        self.problem = problem

    def __str__(self) -> str:
        return f"port {self.port} for {self.service}: {self.problem}. Choose another: {self.variable}=4321 make up"


class ServicesFailed(FlowError):
    """A service did not start, ended by itself, or did not end when asked."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"services: {self.reason}. {self.remedy}"


class NoServer(FlowError):
    """No Prefect server answers."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"Prefect server: {self.reason}. Start one with `make up`, or set PREFECT_API_URL to yours."


class BadDeployFile(FlowError):
    """A file that `fusar deploy` reads is wrong."""

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(file, problem)
        self.file = file
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.file}: {self.problem}"


class FileStore(FlowError):
    """Workers on other machines would look for a store on their own disk."""

    def __init__(self, store: str, location: str, server: str, remedy: str) -> None:
        super().__init__(store, location, server, remedy)
        self.store = store
        self.location = location
        self.server = server
        self.remedy = remedy

    def __str__(self) -> str:
        return (
            f"the {self.store} store {self.location} lies on this machine, and workers of {self.server} on others "
            f"would each look for it on their own disk. {self.remedy}."
        )


class Interrupted(FlowError):
    """The user, or the machine, asked the flow to stop."""

    def __str__(self) -> str:
        return "interrupted: what had finished is kept, the same command goes on from there"


class MissingAddress(FlowError):
    """A worker on a machine of its own does not know where something is."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(variable, problem)
        self.variable = variable
        self.problem = problem

    def __str__(self) -> str:
        return f"{self.variable}: {self.problem}. docs/how-to/start-a-worker-elsewhere.md names all addresses."
