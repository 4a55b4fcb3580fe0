"""From a finished checkout to versions in MLflow's registry, each with its whole lineage or not at all."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import LoggedModel
from mlflow.entities.model_registry import ModelVersion

from components.lineage.assembly import ITEMS, REPORT, Assembly
from components.lineage.errors import IncompleteLineage
from components.lineage.evaluations import EVALUATION_FILE, EVALUATION_TAG, folder_of
from components.lineage.events.telling import tell_registration
from components.lineage.heeding import refuse_family
from components.lineage.manifest import (
    EVALUATION_MANIFEST_TAG,
    MANIFEST_TAG,
    files_of,
    known_digests,
    manifest_of,
    write_manifest,
)
from components.lineage.pages.version import write_version_page
from components.lineage.record import Evaluation, Lineage, Parent, missing_parts
from components.lineage.versions import (
    CHAIN_TAG,
    VERDICT_TAG,
    find_by_chain,
    logged_model_id,
    open_registry,
    read_lineage,
    write_lineage,
)
from components.lineage.withdrawals import withdrawn
from components.registry.baselines import write_baseline
from components.registry.card import write_readme
from components.registry.costs import costs_of
from components.registry.finishing import FAILED, READY, complete, describe, finish, unregistered
from components.registry.models import MODELS, RegisteredModel
from components.registry.packaging import package
from components.registry.warm_starts import FOLDER_TAG, warm_parent
from components.revisions.checkout import PARAMS_FILE, Checkout, verify
from components.revisions.home import Home
from components.revisions.lock import LOCK_FILE, read_lock
from components.tracking.runs import Tracking


@dataclass(frozen=True)
class Finished:
    """A retrain whose stages are all up to date.

    Attributes:
        checkout: its worktree with dvc.lock and outputs.
        root: the main working tree, which holds mlruns/ and .fusar/.
        flow_run_id: of Prefect.
        mlflow_run_id: of the retrain's parent run.
    """

    checkout: Checkout
    root: Path
    flow_run_id: str
    mlflow_run_id: str


@dataclass(frozen=True)
class Registered:
    """A version of the registry.

    Attributes:
        model: registered name.
        version: its number.
        is_new: false where the same chain of work had made it before.
        is_judged: whether the gates have judged it on its newest evaluation (a kill may have come between).
        simulated: whether any of its scenes is simulated.
    """

    model: str
    version: str
    is_new: bool
    is_judged: bool
    simulated: bool


def register(finished: Finished) -> tuple[Registered, ...]:
    """Versions of both models for a finished retrain: new ones where their chains of work are new.

    Raises:
        CheckoutChanged: the checkout differs from its commit in more than params.yaml and dvc.lock.
        IncompleteLineage: a part of a model's lineage is not known.
        ChangedOutput: an output on disk is not the one that dvc.lock names.
        WithdrawnScenes: a scene of the retrain was withdrawn, whatever its own commit says.
        WithdrawnStart: a version that a training started from was made with a withdrawn scene.
    """
    home = Home(finished.root)
    verify(home, finished.checkout)
    home.state.mkdir(parents=True, exist_ok=True)
    with FileLock(home.state / "register.lock"):
        return _Registration(finished).run()


class _Registration:
    """One pass over the models of a finished retrain."""

    def __init__(self, finished: Finished) -> None:
        self.finished = finished
        self.folder = finished.checkout.folder
        self.client: MlflowClient = open_registry(finished.root)
        self.tracking = Tracking(finished.root)
        self.home = Home(finished.root)
        self.withdrawn = withdrawn(self.home)
        retrain = {
            "commit": finished.checkout.commit,
            "profile": finished.checkout.profile,
            "flow_run_id": finished.flow_run_id,
            "mlflow_run_id": finished.mlflow_run_id,
        }
        self.assembly = Assembly(self.folder, read_lock(finished.checkout.lock), retrain, self.tracking)

    def run(self) -> tuple[Registered, ...]:
        registered: list[Registered] = []
        parents: dict[str, Parent] = {}
        for model in MODELS:
            chain = self.assembly.chain_of(model.kind)
            known = find_by_chain(self.client, model.name, chain)
            if known is not None and self.withdrawn:
                name = f"{model.name}/{known.version}"
                refuse_family(self.client, name, read_lineage(self.client, known), self.withdrawn)
            wanted = [parents[name] for name in model.kind.parents if name in parents]
            version = self._make(model, wanted) if known is None else self._completed(known)
            is_judged = not self._keep_evaluation(model, version) and VERDICT_TAG in version.tags
            parents[model.name] = Parent(model=model.name, version=str(version.version), chain=chain)
            simulated = version.tags.get("fusar.simulated") == "true"
            registered.append(Registered(model.name, str(version.version), known is None, is_judged, simulated))
        return tuple(registered)

    def _make(self, model: RegisteredModel, parents: list[Parent]) -> ModelVersion:
        started_from = self.assembly.warm_start_of(model.kind)
        earlier = [warm_parent(self.client, model, started_from, self.withdrawn)] if started_from else []
        self.assembly.bring(model.kind)
        lineage = self.assembly.lineage_of(model.kind, [*parents, *earlier])
        missing = missing_parts(lineage)
        if missing:
            raise IncompleteLineage(model.name, missing)
        refuse_family(self.client, model.name, lineage, self.withdrawn)
        begun = unregistered(self.client, self.tracking.experiment_id, model.name, lineage.chain)
        version = finish(self.home, self.client, begun[0] if begun else self._log(model, lineage))
        tell_registration(self.home, lineage, str(version.version))
        return version

    def _completed(self, version: ModelVersion) -> ModelVersion:
        """A version that existed before, with what a kill had left out."""
        complete(self.home, self.client, version, self.client.get_logged_model(logged_model_id(version)))
        return self.client.get_model_version(str(version.name), str(version.version))

    def _log(self, model: RegisteredModel, lineage: Lineage) -> LoggedModel:
        """Hand all files over to MLflow; until the last is there, they do not count."""
        logged = self.client.create_logged_model(
            self.tracking.experiment_id,
            name=model.name,
            source_run_id=self.finished.mlflow_run_id,
            tags=_tags(lineage),
            model_type=model.name,
        )
        try:
            self._upload(model, lineage, logged.model_id)
        except BaseException:
            self.client.finalize_logged_model(logged.model_id, FAILED)
            raise
        return self.client.finalize_logged_model(logged.model_id, READY)

    def _upload(self, model: RegisteredModel, lineage: Lineage, model_id: str) -> None:
        with tempfile.TemporaryDirectory(prefix="fusar-register-") as scratch:
            folder = Path(scratch) / "model"
            package(model, self.folder, (model_id, self.finished.mlflow_run_id), folder)
            write_lineage(lineage, folder)
            write_version_page(lineage, folder)
            costs = costs_of(self.client, lineage)
            write_baseline(model, self.folder, folder)
            write_readme(model, lineage, self.folder / REPORT, self.tracking.experiment_id, costs, folder)
            for name in (LOCK_FILE, PARAMS_FILE):
                (folder / name).write_bytes((self.folder / name).read_bytes())
            self._put_evaluation(lineage.evaluation, folder / folder_of(lineage.evaluation))
            known = known_digests(self.client, (model.name for model in MODELS))
            digest = write_manifest(manifest_of(lineage, self.folder, folder, known), folder)
            self.client.log_model_artifacts(model_id, str(folder))
            self.client.set_logged_model_tags(model_id, {MANIFEST_TAG: digest})

    def _keep_evaluation(self, model: RegisteredModel, version: ModelVersion) -> bool:
        """Give a version that existed before its newest evaluation; true when that was another one."""
        evaluation = self.assembly.evaluation_digest()
        if version.tags.get(EVALUATION_TAG) == evaluation:
            return False
        self.assembly.bring(model.kind)
        found = self.assembly.evaluation()
        with tempfile.TemporaryDirectory(prefix="fusar-register-") as scratch:
            self._put_evaluation(found, Path(scratch))
            digest = write_manifest(files_of(Path(scratch), folder_of(found)), Path(scratch))
            self.client.log_model_artifacts(logged_model_id(version), scratch, folder_of(found))
            told = f"{evaluation}:{digest}"
            self.client.set_model_version_tag(model.name, str(version.version), EVALUATION_MANIFEST_TAG, told)
        # The tag comes last: a kill before it has all of this done again.
        version.tags[EVALUATION_TAG] = evaluation
        describe(self.client, version)
        self.client.set_model_version_tag(model.name, str(version.version), EVALUATION_TAG, evaluation)
        return True

    def _put_evaluation(self, evaluation: Evaluation, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (ITEMS, REPORT):
            (folder / Path(path).name).write_bytes((self.folder / path).read_bytes())
        (folder / EVALUATION_FILE).write_text(evaluation.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _tags(lineage: Lineage) -> dict[str, str]:
    """What a person filters by, and the two digests that the registry looks for; lineage.json has all the others."""
    places = {scene.place_id for scene in lineage.scenes}
    return {
        "fusar.profile": lineage.retrain.profile,
        "fusar.commit": lineage.retrain.commit,
        "fusar.simulated": str(lineage.simulated).lower(),
        "fusar.scenes": str(len(lineage.scenes)),
        "fusar.places": str(len(places)),
        "fusar.base_model": lineage.base_model,
        "fusar.parents": ", ".join(f"{parent.model}/{parent.version}" for parent in lineage.parents) or "none",
        FOLDER_TAG: lineage.model_folder.md5,
        CHAIN_TAG: lineage.chain,
        EVALUATION_TAG: lineage.evaluation.items.md5,
    }
