"""`python -m components.reporting CHECKOUT PAGE SUBTITLE` writes the report page of a finished retrain.

Versions and verdicts come from a JSON file beside the page (`laptop.json` beside `laptop.html`), where there is one.
"""

import sys
from pathlib import Path

from components.contract.errors import FusarError
from components.reporting.report import write_report

if __name__ == "__main__":
    if len(sys.argv) != 4:
        print("usage: python -m components.reporting CHECKOUT PAGE SUBTITLE", file=sys.stderr)
        raise SystemExit(2)
    try:
        write_report(Path(sys.argv[1]), sys.argv[3], Path(sys.argv[2]))
    except FusarError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from error
