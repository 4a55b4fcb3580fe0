"""Pages of what the registries hold: gates, tasks, annotation steps, suites of expectations, families of captions."""

import inspect
from pathlib import Path
from typing import Any

from components.annotation.steps import STEPS
from components.contract.params import read_params
from components.records.families import FAMILIES
from components.registry.policy import GATES
from components.tasks import TASKS
from components.validation.suites import SUITES
from docs.writers.markdown import code, page, prose, sentence, table
from flows.graph import STAGES

SHORT = 100  # characters of a list of values that a cell may show
GATES_HEAD = """A gate is one condition of `promotion.yaml`, where every setting is written out: none has a
default. [promotion.yaml and the ledger](promotion.md) tells what follows of a verdict, [Add a
gate](../how-to/add-a-gate.md) how to write one."""
TASKS_HEAD = """A task is a kind of question that FUSAR-GPT learns in `instruct` and is judged by in `evaluate`;
`describe` is also what it learns in `align`. A chip whose labels do not answer a question is not asked it. Scores
lie in [0, 1]; an answer that cannot be read scores 0. [Add a task](../how-to/add-a-task.md) tells how to write
one."""
STEPS_HEAD = """`annotate` writes eight clauses a chip by the hierarchical cognitive chain of thought (HCoT). Each
step sees the chip's labels, backscatter and metadata and what the steps before it found; a later one may
overrule. The fields below are those of the caption; "clause" gives the fixed words that open it."""
SUITES_HEAD = """The stages `check_chips` and `check_annotations` run these suites of Great Expectations, with the
bounds of params.yaml (here those of the laptop profile). A critical expectation that fails stops the chain and
names the rows; a warning is recorded in the lineage. The remedy stands in `verdicts.parquet`, in Data Docs and in
the error."""


def gates_page(root: Path) -> str:
    """For each gate what it asks and its settings."""
    return page("Gates", GATES_HEAD, {code(gate.name): _gate(gate) for gate in GATES})


def _gate(gate: Any) -> str:
    module = inspect.getmodule(gate.judge)
    about = f"{sentence(module.__doc__ or '')} {sentence(gate.judge.__doc__ or '')}"
    rows = [(code(key), _kind(field.annotation), str(field.description)) for key, field in _fields(gate.settings)]
    return f"{prose(about)}\n\n" + (table(("setting", "type", "meaning"), rows) if rows else "It has no settings.")


def tasks_page(root: Path) -> str:
    """For each task its questions, how an answer is scored, and its wordings."""
    return page("Tasks", TASKS_HEAD, {code(task.name): _task(task) for task in TASKS})


def _task(task: Any) -> str:
    module = inspect.getmodule(task.questions)
    wordings = [text for name, value in vars(module).items() if name.endswith("WORDING") for text in _texts(value)]
    items = [
        f"Asks: {sentence(task.questions.__doc__ or '')}",
        f"Score: {sentence(task.score.__doc__ or '')}",
        f"Words: {'; '.join(code(text) for text in wordings)}",
    ]
    return f"{prose(inspect.cleandoc(module.__doc__ or ''))}\n\n{prose(chr(10).join(f'- {item}' for item in items))}"


def steps_page(root: Path) -> str:
    """The steps in their order, then the fields and codes of every family."""
    rows = [
        (str(number), step.name, sentence(inspect.getmodule(step.think).__doc__ or "").split(": ", 1)[1])
        for number, step in enumerate(STEPS, 1)
    ]
    fields = {
        f"Fields of {family.name}": table(
            ("field", "step", "clause", "codes"),
            [
                (field.name, field.step, f"{field.lead_in} ...", ", ".join(map(code, field.values)))
                for field in family.fields
            ],
        )
        for family in FAMILIES
    }
    return page("Annotation steps", STEPS_HEAD, {"Steps": table(("", "step", "finds"), rows), **fields})


def suites_page(root: Path) -> str:
    """For each suite its rows and every expectation with severity and remedy."""
    params = read_params(root / "params.yaml")
    configs = {stage.name: stage.config.model_validate(params[stage.name]) for stage in STAGES}
    return page("Expectations", SUITES_HEAD, {code(one.name): _suite(one, configs[one.stage]) for one in SUITES})


def _suite(suite: Any, config: Any) -> str:
    module = inspect.getmodule(suite.frame)
    rows = [
        (code(_column(one)), code(one.expectation_type), _bounds(one), _severity(one), str(one.notes))
        for one in suite.expectations(config)
    ]
    about = f"{sentence(module.__doc__ or '')} Run by `{suite.stage}`. {sentence(suite.frame.__doc__ or '')}"
    return f"{prose(about)}\n\n{table(('column', 'expectation', 'bounds', 'severity', 'remedy'), rows)}"


def _column(expectation: Any) -> str:
    names = (getattr(expectation, name, None) for name in ("column", "column_A", "column_B"))
    return ", ".join(str(name) for name in names if name)


def _bounds(expectation: Any) -> str:
    low, high = (getattr(expectation, name, None) for name in ("min_value", "max_value"))
    if (values := getattr(expectation, "value_set", None)) is not None:
        shown = ", ".join(map(str, values))
        return shown if len(shown) <= SHORT else f"one of {len(values)} values"
    if regex := getattr(expectation, "regex", None):
        return code(str(regex))
    return ", ".join(f"{sign} {bound:g}" for sign, bound in ((">=", low), ("<=", high)) if bound is not None)


def _severity(expectation: Any) -> str:
    return str(getattr(expectation.severity, "value", expectation.severity))


def _fields(settings: Any) -> list[tuple[str, Any]]:
    return [(field.alias or name, field) for name, field in settings.model_fields.items()]


def _kind(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace(" | ", " or ")


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value.values())
