"""Putting a page on disk, whole or not at all."""

from pathlib import Path


def write_page(path: Path, text: str) -> None:
    """Write the HTML of a page; a kill leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
