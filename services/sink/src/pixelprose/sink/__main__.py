"""Run the sink: `python -m pixelprose.sink`."""

from typing import NoReturn

from pixelprose.host import run_service
from pixelprose.sink.app import build
from pixelprose.sink.settings import SinkSettings


def main() -> NoReturn:
    """Run until told to stop."""
    run_service("sink", SinkSettings, build)


if __name__ == "__main__":
    main()
