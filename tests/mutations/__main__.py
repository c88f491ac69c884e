"""Print each known bug, the check that catches it, and after how many schedules."""

import json
import logging
import sys

import structlog
from tests.mutations.table import CONTROLS, MUTATIONS, SEEDS


def main() -> int:
    """0 when every bug is caught."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    missed = false_alarms = 0
    for mutation in MUTATIONS:
        found = [mutation.caught(seed=seed) for seed in SEEDS]
        missed += found.count(None)
        after = "".join(f"{one.after:>5}" if one else " MISS" for one in found)
        checks = " | ".join(sorted({one.by for one in found if one}))
        print(f"{mutation.name:<62}{after}  {checks}", flush=True)
    for control in CONTROLS:
        false_alarms += sum(control.caught(seed=seed) is not None for seed in SEEDS)
    told = {"mutations": len(MUTATIONS), "seeds": SEEDS, "missed": missed}
    print(json.dumps({**told, "false_alarms": false_alarms}))
    return int(missed + false_alarms > 0)


if __name__ == "__main__":
    sys.exit(main())
