"""Write the generated pages of docs/reference anew: `make docs`. tests/test_docs.py holds each to the code."""

from collections.abc import Callable
from pathlib import Path

from docs.writers import cli, environment, errors, labels, make, params, products, registries, schemas, set_aside

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs/reference"
PAGES: dict[str, Callable[[Path], str]] = {
    "cli.md": cli.cli_page,
    "make.md": make.make_page,
    "params.md": params.params_page,
    "environment.md": environment.environment_page,
    "products.md": products.products_page,
    "labels.md": labels.labels_page,
    "schemas.md": schemas.schemas_page,
    "errors.md": errors.errors_page,
    "set-aside.md": set_aside.set_aside_page,
    "gates.md": registries.gates_page,
    "tasks.md": registries.tasks_page,
    "annotation-steps.md": registries.steps_page,
    "expectations.md": registries.suites_page,
}


def main() -> None:
    """Write every page that differs from the code, and say which."""
    for name, write in PAGES.items():
        path, text = REFERENCE / name, write(ROOT)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
