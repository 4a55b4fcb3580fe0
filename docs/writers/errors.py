"""Page of the errors that a person can mend: when each is raised, and what its message looks like."""

import ast
import importlib
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from components.contract.errors import FusarError
from docs.writers.markdown import block, page, prose, sentence

PACKAGES = ("components", "flows", "cli")
HEAD = """Every error that a person can mend is a `FusarError`: its message names the file or field, what is wrong
with which value, and what to do. A command prints that message on stderr and exits with 1; anything else is our
own mistake and keeps its traceback. Below, `<name>` stands for what the message fills in."""


def errors_page(root: Path) -> str:
    """By package, every error with its occasion and the form of its message."""
    sections: dict[str, list[str]] = {}
    for error in all_errors(root):
        package = error.__module__.removesuffix(".errors")
        sections.setdefault(package, []).append(_section(error))
    return page("Errors", HEAD, {package: "\n\n".join(parts) for package, parts in sections.items()})


def all_errors(root: Path) -> list[type[FusarError]]:
    """FusarError's subclasses by module and place in it; only the modules that define one are imported."""
    modules = parsed(root)
    bases = _bases(modules)
    found = []
    for module, tree in modules.items():
        names = [node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.bases]
        wanted = [name for name in names if _is_error(name, bases)]
        if wanted:
            home = importlib.import_module(module)
            found += [getattr(home, name) for name in wanted]
    return found


def message_of(error: type[FusarError]) -> str:
    """What an error says, with `<name>` for each value that it is given; empty for a base class."""
    if error.__init__ is FusarError.__init__ and error.__str__ is FusarError.__str__:
        return ""
    names = _details(error)
    made = (
        error(Path("<file>"), *(blank(Anything, name) for name in names))
        if names is not None
        else error(*_arguments(error.__init__))
    )
    try:
        return str(made)
    except NotImplementedError:  # the base of the errors about scenes leaves its words to them
        return ""


class _Named:
    """Shown as `<name>` in whatever format a message asks for."""

    name: str

    def __format__(self, spec: str) -> str:
        return f"<{self.name}>"

    def __str__(self) -> str:
        return f"<{self.name}>"

    __repr__ = __str__


class Number(_Named, int):
    """Stands for a number."""


class Anything(_Named, dict[str, str]):
    """Stands for a text, a number or a mapping of one entry: what a scene's error was given is not typed."""


def blank(kind: type[Any], name: str) -> Any:
    """A value of this kind that is shown as its name."""
    value = kind({f"<{name}>": "VALUE"}) if kind is Anything else kind(9)
    value.name = name
    return value


def _section(error: type[FusarError]) -> str:
    about = prose(sentence(error.__doc__ or ""))
    kind = f" Code: `{code}`." if (code := getattr(error, "code", "")) else ""
    message = message_of(error)
    return "\n\n".join([f"### {error.__name__}", about + kind, *([block(message)] if message else [])])


def _details(error: type[FusarError]) -> list[str] | None:
    """Names that a SceneError's `problem` gives to its details; None for another kind of error."""
    problem = inspect.getattr_static(error, "problem", None)
    if not isinstance(problem, property) or "problem" not in vars(error):
        return None
    tree = ast.parse(textwrap.dedent(inspect.getsource(problem.fget)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.value) == "self.details":
            target = node.targets[0]
            return [ast.unparse(one) for one in target.elts] if isinstance(target, ast.Tuple) else [ast.unparse(target)]
    return []


def _arguments(function: Any) -> list[Any]:
    hints = get_type_hints(function)
    names = [name for name in inspect.signature(function).parameters if name not in ("self", "args", "kwargs")]
    return [_stand_in(name, hints[name]) for name in names]


def _stand_in(name: str, kind: Any) -> Any:
    """A value of a type that is shown as the argument's name."""
    if kind in (int, float):
        return blank(Number, name)
    if get_origin(kind) is tuple:
        return tuple(_stand_in(name, one) for one in get_args(kind) if one is not Ellipsis)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{field.name: _stand_in(field.name, hints[field.name]) for field in fields(kind)})
    return Path(f"<{name}>") if kind is Path else f"<{name}>"


def parsed(root: Path) -> Mapping[str, ast.Module]:
    """Every module by its dotted name, a package by its own."""
    files = sorted(file for package in PACKAGES for file in (root / package).rglob("*.py"))
    dotted = {".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file for file in files}
    return {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in dotted.items() if "__" not in name}


def _bases(modules: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """Names of the bases of every class, by its own name."""
    bases: dict[str, set[str]] = {}
    for tree in modules.values():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(ast.unparse(base).split(".")[-1] for base in node.bases)
    return bases


def _is_error(name: str, bases: Mapping[str, set[str]]) -> bool:
    parents = bases.get(name, set())
    return "FusarError" in parents or any(_is_error(parent, bases) for parent in parents)
