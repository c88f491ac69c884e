"""`python -m pixelprose.demoworld site --port 0`: serve the demo world until interrupted."""

import argparse
import signal
import sys
import threading

from pixelprose.demoworld.site import Site


def main() -> int:
    """Read the command line, then serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m pixelprose.demoworld", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    site = commands.add_parser("site", help="serve scenes and trouble on 127.0.0.1")
    site.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with Site(port=arguments.port) as running:
        sys.stdout.write(f"{running.address}\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
