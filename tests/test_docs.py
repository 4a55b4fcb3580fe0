"""Documentation is a contract: what the code has, a page describes; what a page says, the code has."""

import re
import shlex
from pathlib import Path

import pytest

from cli.promote import DEFAULT
from components.annotation.steps import STEPS
from components.catalog.products import PRODUCTS
from components.registry.policy import GATES
from components.revisions.home import Home
from components.tasks import TASKS
from components.validation.suites import SUITES
from docs.generate import PAGES, REFERENCE
from docs.writers.cli import commands, parameters, split_help
from docs.writers.errors import all_errors, message_of
from docs.writers.make import targets
from docs.writers.params import rows_of
from docs.writers.schemas import all_schemas, columns, meaning_of
from flows.graph import STAGES

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SITE = [path for path in sorted(DOCS.rglob("*.md")) if "_build" not in path.parts]
TUTORIALS = sorted((DOCS / "tutorials").glob("*.py"))
PROSE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *SITE, *TUTORIALS]
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(?:#([^)\s]+))?\)")
CODE = [path for package in ("cli", "flows", "components", "tests") for path in sorted((ROOT / package).rglob("*.py"))]
COMMANDS = dict(commands())


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def reference(name: str) -> str:
    return read(REFERENCE / name)


def named(paths: list[Path]) -> object:
    return pytest.mark.parametrize("page", paths, ids=[str(path.relative_to(ROOT)) for path in paths])


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_says_what_the_code_says(name: str) -> None:
    assert reference(name) == PAGES[name](ROOT), "run `make docs`"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_help_an_example_and_a_place_on_the_page(name: str) -> None:
    about, example = split_help(COMMANDS[name].help)
    assert about and example.startswith("fusar ")
    section = reference("cli.md").partition(f"## {name}\n")[2].partition("\n## ")[0]
    for parameter in [one for kind in parameters(COMMANDS[name]) for one in kind]:
        word = parameter.opts[0] if parameter.param_type_name == "option" else parameter.name.upper()
        assert parameter.help and f"`{word}`" in section


def test_every_parameter_says_what_it_means() -> None:
    from components.contract.params import read_params

    values = read_params(ROOT / "params.yaml")
    rows = [row for stage in STAGES for row in rows_of(stage.config, values[stage.name], "")]
    assert [key for key, _, _, meaning in rows if meaning in ("", "None")] == []


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("gates.md", [gate.name for gate in GATES]),
        ("gates.md", [field.alias or key for gate in GATES for key, field in gate.settings.model_fields.items()]),
        ("tasks.md", [task.name for task in TASKS]),
        ("annotation-steps.md", [step.name for step in STEPS]),
        ("expectations.md", [suite.name for suite in SUITES]),
        ("products.md", [product.name for product in PRODUCTS]),
    ],
)
def test_what_a_registry_holds_stands_on_its_page(page: str, names: list[str]) -> None:
    text = reference(page)
    assert [name for name in names if f"`{name}`" not in text and f"| {name} |" not in text] == []


@pytest.mark.parametrize("error", all_errors(ROOT), ids=lambda error: error.__name__)
def test_an_error_says_when_it_is_raised_and_its_message_is_on_the_page(error: type) -> None:
    assert error.__doc__
    assert f"### {error.__name__}\n" in reference("errors.md")
    assert message_of(error) in reference("errors.md")


@pytest.mark.parametrize("name", all_schemas())
def test_a_table_and_each_of_its_columns_say_what_they_mean(name: str) -> None:
    schema = all_schemas()[name]
    assert meaning_of(schema.metadata)
    assert [column for column, field in columns(schema) if not meaning_of(field.metadata)] == []


def test_every_variable_of_the_house_is_described() -> None:
    files = [*CODE, ROOT / "Makefile", *ROOT.glob("Procfile*"), *PROSE]
    found = {name for path in files if path != Path(__file__) for name in re.findall(r"\bFUSAR_[A-Z_]+\b", read(path))}
    assert sorted(name for name in found if f"`{name}`" not in reference("environment.md")) == []


def test_every_target_of_make_is_described() -> None:
    phony = re.search(r"^\.PHONY: (.+)$", read(ROOT / "Makefile"), re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == set(targets(ROOT))


def test_every_file_of_the_state_folder_is_described() -> None:
    page = reference("state.md")
    folders = {str(value.fget(Home(Path()))) for value in vars(Home).values() if isinstance(value, property)}
    joined = {
        f".fusar/{name}"
        for path in CODE
        if "tests" not in path.parts
        for name in re.findall(r'\bstate / "([\w./-]+)"', read(path))
    }
    assert sorted(name for name in folders | joined if name.rsplit("/", 1)[-1] not in page) == []


@named(PROSE)
def test_a_command_line_on_a_page_is_one_that_exists(page: Path) -> None:
    assert [line for line in command_lines(read(page)) if not exists(line)] == []


def command_lines(text: str) -> list[str]:
    """Lines of fenced blocks, and code between backticks, that begin with `fusar ` or `make `."""
    fenced = [
        line for block in re.findall(r"^[# ]*```[a-z]*\n(.*?)```", text, re.S | re.M) for line in block.split("\n")
    ]
    lines = [line.strip().lstrip("#$ ") for line in fenced] + re.findall(r"`((?:fusar|make) [^`\n]+)`", text)
    return [line for line in lines if line.startswith(("fusar ", "make "))]


def exists(line: str) -> bool:
    """Whether command, target and options of a command line exist; what stands behind `&&`, `|` or `>` is left out."""
    first = re.split(r"\s(?:&&|\||>|;)\s?", line)[0]
    words = [word for word in shlex.split(first, comments=True) if "..." not in word]
    if words[0] == "make":
        wanted = [word.rstrip(",") for word in words[1:] if "=" not in word and not word.startswith("-")]
        return set(wanted) <= set(targets(ROOT))
    name = max((name for name in COMMANDS if f"{' '.join(words)} ".startswith(f"{name} ")), key=len, default="")
    if not name and words[:2] == ["fusar", "promote"] and len(words) > 2:  # a version instead of a command
        name = f"fusar promote {DEFAULT}"
    if not name:  # a group, or --help
        return any(known.startswith(" ".join(words)) for known in COMMANDS) or words[1].startswith(("-", "NOUN"))
    known = {option for one in COMMANDS[name].params for option in [*one.opts, *one.secondary_opts]} | {"--help"}
    return {word.partition("=")[0] for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("line", ["fusar retrian", "fusar plan --profil tiny", "make dmeo", "fusar lineage shoe X"])
def test_a_command_line_that_does_not_exist_is_found(line: str) -> None:
    assert not exists(line)


@named([*PROSE, *(ROOT / name for name in ("CHANGELOG.md", "SECURITY.md"))])
def test_a_link_inside_the_repository_leads_to_a_file_and_its_heading(page: Path) -> None:
    lost = []
    for target, anchor in LINK.findall(read(page)):
        file = page.parent / target
        if not file.exists() or (anchor and anchor not in anchors(file)):
            lost.append(f"{target}#{anchor}")
    assert lost == []


def anchors(page: Path) -> set[str]:
    """Anchors of a Markdown page as a forge and MyST make them."""
    headings = re.findall(r"^#+ (.+)$", read(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@named([*SITE, *TUTORIALS])
def test_a_page_can_be_reached_from_the_home_page(page: Path) -> None:
    name = page.relative_to(DOCS).with_suffix("").as_posix()
    trees = re.findall(r"```\{toctree\}\n(.*?)```", read(DOCS / "index.md"), re.S)
    entries = {line for tree in trees for line in tree.split("\n") if line and not line.startswith(":")}
    assert name == "index" or name in entries or f"{name.rpartition('/')[0]}/*" in entries


def test_the_architecture_fits_on_150_lines() -> None:
    assert len(read(DOCS / "ARCHITECTURE.md").splitlines()) <= 150


def test_the_map_names_every_room() -> None:
    words = set(re.findall(r"[a-z]+", read(DOCS / "ARCHITECTURE.md")))
    rooms = {path.name for path in (ROOT / "components").iterdir() if (path / "__init__.py").exists()}
    assert rooms - words == set()
