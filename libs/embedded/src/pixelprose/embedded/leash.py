"""Run as a program: holds one server that must not outlive the process that wanted it.

`python leash.py GRACE_SECONDS CLAIM_DESCRIPTOR COMMAND...` starts the command, writes its pid to
standard output, and ends with it. When standard input ends or the parent is gone, however it died,
the command gets SIGTERM, and SIGKILL after the grace. One way for Linux and macOS, without a
library of ours: it starts in 30 ms.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import threading
from types import FrameType

_STDERR = 2
_LOOK_AT_PARENT_SECONDS = 0.5  # in case another child of the parent holds our pipe open


def main() -> int:
    """Start, tell the pid, wait; the exit status is the server's, as a shell tells it."""
    grace_seconds, claim = float(sys.argv[1]), int(sys.argv[2])
    parent = os.getppid()
    server = subprocess.Popen(  # noqa: S603 - the command is our caller's own
        sys.argv[3:],
        stdin=subprocess.DEVNULL,
        stdout=_STDERR,
        stderr=_STDERR,
        pass_fds=(claim,),
    )

    def end(_signal: int = 0, _frame: FrameType | None = None) -> None:
        server.terminate()

    def watch() -> None:
        while os.getppid() == parent:
            readable, _, _ = select.select([0], [], [], _LOOK_AT_PARENT_SECONDS)
            if readable and not os.read(0, 1):
                break
        end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(grace_seconds)
            return
        server.kill()

    signal.signal(signal.SIGTERM, end)
    os.write(1, f"{server.pid}\n".encode())
    threading.Thread(target=watch, daemon=True).start()
    status = server.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    os._exit(main())  # the watching thread may still read
