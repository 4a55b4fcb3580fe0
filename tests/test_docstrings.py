"""The mechanical part of what a docstring must say; what it says in words is for people to judge."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.writers.errors import all_errors

ROOT = Path(__file__).resolve().parent.parent
FILES = [file for package in ("cli", "flows", "components") for file in sorted((ROOT / package).rglob("*.py"))]
ERRORS = {error.__name__ for error in all_errors(ROOT)} | {"FusarError"}
ARRAY = re.compile(r"NDArray|Tensor\b")
# A tuple of axes, a word for a shape that stays, or a suffix that the module's legend explains.
SHAPE = re.compile(r"\([^()]*[,.:][^()]*\)|\(len\(|\([A-Z0-9]+,?\)|[Ss]hape|any size|whole world|scalar")
SUFFIX = re.compile(r"_[A-Z0-9]{1,5}$")


def public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Public functions, classes and methods by their full names."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")


def raised(function: ast.AST) -> set[str]:
    """Our own errors that a function raises itself, those of functions inside it left out."""
    names: set[str] = set()
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            thrown = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            names.add(ast.unparse(thrown).split(".")[-1])
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            names |= raised(node)
    return names & ERRORS


def arrays(function: ast.FunctionDef) -> list[str]:
    """Names of array arguments, and "return"; those whose name tells the shape are left out: `rows` are indices."""
    given = [(one.arg, one.annotation) for one in (*function.args.args, *function.args.kwonlyargs)]
    named = [(name, kind) for name, kind in [*given, ("return", function.returns)] if kind is not None]
    return [
        name for name, kind in named if ARRAY.search(ast.unparse(kind)) and not SUFFIX.search(name) and name != "rows"
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_what_is_public_says_what_comes_out_what_it_raises_and_its_shapes(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    # MLflow calls load_context by its name: its docstring would only repeat MLflow's.
    faults = [] if ast.get_docstring(tree) or file.name == "__init__.py" else ["module: no docstring"]
    for name, node in public(tree.body):
        text = ast.get_docstring(node) or ""
        if not text and not name.endswith(".load_context"):
            faults.append(f"{name}: no docstring")
        if isinstance(node, ast.FunctionDef):
            faults += [f"{name}: raises {error}, which it does not say" for error in raised(node) if error not in text]
            is_named = SUFFIX.search(node.name) or any(SUFFIX.search(one.arg) for one in node.args.args)
            if arrays(node) and not is_named and not SHAPE.search(text):
                faults.append(f"{name}: no shape of {', '.join(arrays(node))}")
    assert faults == []
