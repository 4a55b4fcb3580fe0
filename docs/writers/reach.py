"""Which names a function leads to, through everything that it mentions: read from the source, nothing is run."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Name = tuple[str, str]  # module and the name in it


@dataclass
class _Module:
    """Where the names of a module come from.

    Attributes:
        defined: what stands at its top, by name.
        imported: what a name stands for elsewhere, wherever in the file it is imported; of a module, ("module", "").
    """

    defined: dict[str, ast.stmt] = field(default_factory=dict)
    imported: dict[str, Name] = field(default_factory=dict)


def reached(start: Name, modules: Mapping[str, ast.Module]) -> set[Name]:
    """Every name that `start` mentions, that those mention, and so on.

    A class stands for all of its methods, so what is reached may be more than what is ever called, and is never less
    for calls by name.
    """
    known = {name: _names(name, tree, modules) for name, tree in modules.items()}
    seen: set[Name] = set()
    waiting = [start]
    while waiting:
        module, name = waiting.pop()
        if (module, name) in seen or module not in known:
            continue
        seen.add((module, name))
        here = known[module]
        if name in here.imported:
            waiting.append(here.imported[name])
        elif name in here.defined:
            waiting += _mentioned(module, here, here.defined[name])
    return seen


def _names(name: str, tree: ast.Module, modules: Mapping[str, ast.Module]) -> _Module:
    found = _Module()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.defined[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                found.defined |= {part.id: node for part in ast.walk(target) if isinstance(part, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                where = (whole, "") if whole in modules else (node.module, alias.name)
                found.imported[alias.asname or alias.name] = where
    return found


def _mentioned(module: str, here: _Module, node: ast.AST) -> Iterator[Name]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield module, part.id
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            other, name = here.imported.get(part.value.id, ("", "?"))
            if name == "":
                yield other, part.attr
