"""Run the ingester: `python -m pixelprose.ingester`."""

from typing import NoReturn

from pixelprose.host import run_service
from pixelprose.ingester.app import build
from pixelprose.ingester.settings import IngesterSettings


def main() -> NoReturn:
    """Run until told to stop."""
    run_service("ingester", IngesterSettings, build)


if __name__ == "__main__":
    main()
