"""The repository of a stand: where a person commits and pushes, and what the fleet's git server shows of it."""

import shutil
from pathlib import Path

from tests.small_house import commit
from tests.small_house import run as run_command


def small_repository(built_house: Path, folder: Path) -> None:
    """The small house as the house of a stand: `count` asks for a GPU; profile `twin` is `laptop` by another name."""
    house = folder / "house"
    shutil.copytree(built_house, house, symlinks=True)
    shutil.move(house / ".fusar/remote", folder / "store")
    change = house / "components/counting/stage.py"
    change.write_text(change.read_text().rstrip()[:-3] + ', pool="gpu"),)\n')
    shutil.copyfile(house / "profiles/laptop.yaml", house / "profiles/twin.yaml")  # deployments list what is there
    _show(house)
    push(house)


def whole_repository(clone: Path, folder: Path) -> None:
    """The commit of a finished demo as the house of a stand, which has what its cache and its DVC remote have."""
    run_command(folder, "git", "clone", "--quiet", str(clone), "house")
    run_command(folder / "house", "git", "fetch", "--quiet", "origin", "refs/fusar/fusar-gpt/1")
    run_command(folder / "house", "git", "reset", "--quiet", "--hard", "FETCH_HEAD")
    for known in (".fusar/remote", ".dvc/cache"):  # raw data is pushed by whoever publishes; here nobody has yet
        shutil.copytree(clone / known, folder / "store", dirs_exist_ok=True)
    _show(folder / "house")
    push(folder / "house")


def _show(house: Path) -> None:
    """Make the bare repository that the stand's git server shows."""
    run_command(house.parent, "git", "init", "--quiet", "--bare", "--initial-branch=main", "published/house.git")
    run_command(house, "git", "remote", "add", "publish", str(house.parent / "published/house.git"))


def publish(house: Path, number: int) -> str:
    """A commit with parameters of its own, pushed: something has work to do, whatever was published before.

    Args:
        house: the small house.
        number: 0 to 224, each new to every stage.
    """
    longest, step, factor = parameters_of(number)
    for name in ("laptop", "twin"):
        (house / f"profiles/{name}.yaml").write_text(
            f"cut: {{longest: {longest}}}\ncount: {{step: {step}}}\ntotal: {{factor: {factor}}}\n"
        )
    return push(house)


def parameters_of(number: int) -> tuple[int, int, float]:
    """Of `cut`, `count` and `total`: no two numbers share one, or the run-cache would have what it asks for."""
    return 1 + number, 1 + number, number / 25


def push(house: Path) -> str:
    """A commit of what stands there, pushed."""
    made = commit(house)
    run_command(house, "git", "push", "--quiet", "publish", "HEAD:refs/heads/main")
    return made
