"""Run the safety filter: `python -m pixelprose.safety_filter`."""

from typing import NoReturn

from pixelprose.host import run_service
from pixelprose.safety_filter.app import build
from pixelprose.safety_filter.settings import SafetyFilterSettings


def main() -> NoReturn:
    """Run until told to stop."""
    run_service("safety-filter", SafetyFilterSettings, build)


if __name__ == "__main__":
    main()
