"""Run the captioner: `python -m pixelprose.captioner`."""

from typing import NoReturn

from pixelprose.captioner.app import build
from pixelprose.captioner.settings import CaptionerSettings
from pixelprose.host import run_service


def main() -> NoReturn:
    """Run until told to stop."""
    run_service("captioner", CaptionerSettings, build)


if __name__ == "__main__":
    main()
