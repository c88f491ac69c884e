"""Peak memory of a process that commits buffers of one size.

`python -m bench.sink.memory 5000 6` measures itself: six commits of 5,000 rows.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.sink.captions import Captions, column_reader, opened
from bench.sink.meter import Figures


def memory(*, rows: int, commits: int) -> Figures:
    """Megabytes, of a process of its own: what waits, and the peak before and after commits."""
    command = [sys.executable, "-m", __name__, str(rows), str(commits)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    found: Figures = json.loads(told)
    return found


def _measured(rows: int, commits: int) -> Figures:
    captions, reader = Captions(), column_reader()
    peaks: list[float] = []
    with TemporaryDirectory() as name:
        _, guarded = opened(Path(name), "buffered")
        for start in range(0, rows * commits, rows):
            batch = captions.messages(rows, start=start)
            filled = _peak_megabytes()
            guarded.append(reader(batch).rows)
            peaks.append(_peak_megabytes())
            if start == 0:
                before, size = filled, sum(len(message.value) for message in batch)
            del batch
    return {
        "buffer_mb": size / 1024**2,
        "before_mb": before,
        "first_mb": peaks[0],
        "last_mb": peaks[-1],
    }


def _peak_megabytes() -> float:
    # Not `ru_maxrss`: a process begins with what its parent had.
    (line,) = (
        line
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    )
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(_measured(*map(int, sys.argv[1:]))))
