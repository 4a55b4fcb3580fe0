"""gdal_retile: a file for each chip. `retile.py SCENE SIZE FOLDER`; the program is started anew each round."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from serving import serve


def main(scene: str, size: int, folder: Path) -> None:
    """Cut whenever told to."""

    def cut() -> Iterator[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["gdal_retile.py", "-q", "-ps", str(size), str(size), "-targetDir", str(folder), scene]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        yield from sorted(folder.glob("*.tif"))

    serve(cut, gives_samples=False, written=folder)


main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
