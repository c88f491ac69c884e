"""`python -m pixelprose.cli.reference FOLDER`: write the pages; with --check only compare them."""

import argparse
import sys
from pathlib import Path

from pixelprose.cli.reference.pages import pages


def main(arguments: list[str] | None = None) -> int:
    """Return 0 where every page is current, or was made so."""
    parser = argparse.ArgumentParser(description="Make the reference from the code.")
    parser.add_argument("folder", type=Path, help="where the pages lie")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if one is old")
    asked = parser.parse_args(arguments)
    old = [asked.folder / name for name in pages() if _read(asked.folder / name) != pages()[name]]
    if not asked.check:
        for page in old:
            page.write_text(pages()[page.name], encoding="utf-8")
        return 0
    for page in old:
        print(f"{page} is not current; run `make reference`", file=sys.stderr)  # noqa: T201 - the answer
    return 1 if old else 0


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8") if page.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
