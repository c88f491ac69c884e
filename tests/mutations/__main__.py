"""Print each known bug, the check that catches it, and after how many schedules."""

import json
import logging
import sys

import structlog
from tests.mutations.table import MUTATIONS


def main() -> int:
    """0 when every bug is caught."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    missed = 0
    for mutation in MUTATIONS:
        caught = mutation.caught()
        missed += caught is None
        told = f"{caught.after:>5}  {caught.by}" if caught else "       MISSED"
        print(f"{mutation.name:<58}{told}", flush=True)
    print(json.dumps({"mutations": len(MUTATIONS), "missed": missed}))
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
