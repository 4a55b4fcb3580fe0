"""Page of the command line, from what `--help` itself shows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from cli.app import app
from docs.writers.markdown import block, code, page, table

HEAD = """Results go to stdout, progress and logs to stderr. Exit status: 0 done, 1 failed (a line on stderr says
what to do), 2 misused, 130 interrupted. Every command knows `--help`. [Make's targets](make.md) have a page of
their own."""


def cli_page(root: Path) -> str:
    """Every command with its help, example, arguments and options."""
    return page("Command line", HEAD, {name: _section(name, command) for name, command in commands()})


def commands(group: Any = None, prefix: str = "fusar") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name, in the order of `fusar --help`."""
    for name, command in (group or typer.main.get_command(app)).commands.items():
        full = f"{prefix} {name}"
        if hasattr(command, "commands"):
            yield from commands(command, full)
        elif not command.hidden:
            yield full, command


def parameters(command: Any) -> tuple[list[Any], list[Any]]:
    """Arguments and options of a command, without `--help`."""
    shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    kinds = {kind: [one for one in shown if one.param_type_name == kind] for kind in ("argument", "option")}
    return kinds["argument"], [one for one in kinds["option"] if one.name != "help"]


def _section(name: str, command: Any) -> str:
    arguments, options = parameters(command)
    words = [f"[{one.name.upper()}]" if not one.required else one.name.upper() for one in arguments]
    usage = " ".join([name, *words, *(["[OPTIONS]"] if options else [])])
    about, example = split_help(command.help or "")
    parts = [block(usage), about]
    if arguments:
        parts.append(table(("argument", "meaning"), [(code(one.name.upper()), _meaning(one)) for one in arguments]))
    if options:
        parts.append(table(("option", "meaning"), [(_names(one), _meaning(one)) for one in options]))
    return "\n\n".join([*parts, block(example, "sh")])


def split_help(text: str) -> tuple[str, str]:
    """What a command does, and the command lines of its `Example:`."""
    about, _, example = text.partition("Example:")
    lines = [line.strip() for line in example.strip().splitlines()]
    return " ".join(about.split()), "\n".join(line for line in lines if line)


def _names(option: Any) -> str:
    names = ", ".join(code(name) for name in [*option.opts, *option.secondary_opts])
    return names if option.is_flag else f"{names} {option.name.upper()}"


def _meaning(parameter: Any) -> str:
    help_text, default = parameter.help or "", parameter.default
    said = isinstance(default, str | int | float) and not isinstance(default, bool) and str(default) != ""
    several = (
        " May be given several times." if getattr(parameter, "multiple", False) and "several" not in help_text else ""
    )
    shown = str(default.value if hasattr(default, "value") else default)
    if not said and type(default).__name__ == "PosixPath":
        said = True
    return f"{help_text}{several}" + (f" Default: {code(shown)}." if said and not parameter.required else "")
