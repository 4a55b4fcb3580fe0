"""Every call of git in the whole program ends its options before anything that came from outside."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ENDS = {"--end-of-options", "--"}
TAKES_A_VALUE = {"-m", "-c"}
# What cannot begin with a dash, and why.
SAFE = {
    "str((place / BUNDLE).resolve())": "an absolute path",
    "point.head": "begins with refs/heads/ there",
    "key": "one of two words written there",
    "names": "a tuple that ends its options itself",
}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Each call of components.revisions.git.git, with its place."""
    for package in ("components", "flows", "cli"):
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("git", "git.git"):
                    yield f"{file.relative_to(ROOT)}:{node.lineno}", node


def loose(call: ast.Call) -> list[str]:
    """Arguments that git could take for an option: not written in the program, and nothing has ended the options."""
    found, before = [], ""
    for argument in call.args[1:]:
        if isinstance(argument, ast.Constant):
            before = str(argument.value)
            if before in ENDS:
                return found
            continue
        is_value = before in TAKES_A_VALUE
        has_prefix = isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant)
        name = ast.unparse(argument).lstrip("*")
        # Constants of a module, and options that a function has written itself.
        is_ours = name.lstrip("_").isupper() or (isinstance(argument, ast.Starred) and name == "options")
        if not (is_value or has_prefix or is_ours or name in SAFE):
            found.append(name)
        before = ""
    return found


def test_no_argument_from_outside_can_be_an_option():
    found = {place: arguments for place, call in calls() if (arguments := loose(call))}
    assert found == {}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("git(folder, 'log', revision)", ["revision"]),
        ("git(folder, 'log', f'{revision}..HEAD')", ["f'{revision}..HEAD'"]),
        ("git(folder, 'log', '--end-of-options', revision)", []),
        ("git(folder, 'log', revision, '--')", ["revision"]),
        ("git(folder, 'commit', '-m', message, name)", ["name"]),
    ],
)
def test_the_question_is_answered_as_it_should(text, names):
    (statement,) = ast.parse(text).body
    assert isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)
    assert loose(statement.value) == names
