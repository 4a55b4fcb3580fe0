from pathlib import Path

import pytest

from components.memo.code import code_digest


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in (("one/a.py", "x = 1\n"), ("one/deep/b.py", "y = 2\n"), ("two/c.py", "z = 3\n")):
        file = tmp_path / "components" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "requirements.lock").write_text("numpy==2.4.6\n")
    return tmp_path


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("components/one/deep/b.py", True),
        ("components/one/new.py", True),
        ("requirements.lock", True),
        ("components/two/c.py", False),
        ("components/one/__pycache__/a.cpython-311.pyc", False),
        ("README.md", False),
    ],
)
def test_the_version_changes_with_its_own_sources_and_libraries_alone(checkout: Path, file: str, counts: bool) -> None:
    before = code_digest(["components.one"], checkout)
    target = checkout / file
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("changed\n")
    assert (code_digest(["components.one"], checkout) != before) is counts


def test_a_file_that_moves_is_another_version(checkout: Path) -> None:
    before = code_digest(["components.one"], checkout)
    (checkout / "components/one/a.py").rename(checkout / "components/one/z.py")
    assert code_digest(["components.one"], checkout) != before


def test_the_order_of_packages_does_not_matter_and_an_unknown_one_is_a_mistake(checkout: Path) -> None:
    names = ["components.one", "components.two"]
    assert code_digest(names, checkout) == code_digest(names[::-1], checkout)
    with pytest.raises(ValueError, match=r"components\.three"):
        code_digest(["components.three"], checkout)
