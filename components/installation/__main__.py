"""`python -m components.installation`: the findings as plain lines, where `fusar doctor` itself does not start."""

from pathlib import Path

from components.installation.examination import examine, has_errors, installation_at


def main() -> None:
    """Print every finding; exit 1 if one is an error."""
    examined = list(examine(installation_at(Path.cwd())))
    for one in examined:
        finding = one.finding
        print(f"{finding.severity:8} {one.check:10} {finding.message}")
        if finding.remedy:
            print(f"{'':20}-> {finding.remedy}")
    raise SystemExit(1 if has_errors(examined) else 0)


if __name__ == "__main__":
    main()
