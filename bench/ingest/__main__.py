"""The ingester beside img2dataset, on the same machine and the same local site.

Images per second of processor time, start-up taken out (a large run less a small one, the least of
some rounds of each): both write files; then ours as deployed, with Kafka, S3, receipts and claims.
`make bench NAME=ingest`; give names of sets to run those alone.
"""

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from bench.ingest import peer
from bench.ingest.corpus import SETS, Set, files
from bench.ingest.deployed import deployed
from bench.ingest.process import Cost, run
from bench.ingest.stages import decode_stages
from bench.ingest.web import site

WORK = Path("build/bench")
ROUNDS = 2
"""Of each run the one that took the least counts: neighbours only add."""

WARM = 6
"""A small run has a sixth of the images of a large one."""

Figures = dict[str, float]


def urls(address: str, kind: Set, mark: str, count: int) -> list[str]:
    """The addresses of that many pictures which no other mark has."""
    return [f"{address}/{kind.name}/{mark}/{number}" for number in range(count)]


def writing_files(who: str, address: str, kind: Set, mark: str, *, count: int, work: Path) -> Cost:
    """What a run of so many images of a set costs when they are written as files."""
    folder = Path(mkdtemp(dir=work))
    listed, out = folder / "urls.txt", folder / "out"
    listed.write_text("\n".join(urls(address, kind, f"{mark}-{count}", count)))
    if who == "ours":
        argv = [sys.executable, "-m", "bench.ingest.ours", str(listed), str(out)]
        env = {"PYTHONPATH": ".", "PATH": os.environ["PATH"]}
    else:
        argv, env = peer.command(listed, out)
    return run(argv, log=folder / "log", env=env)


def as_deployed(
    address: str, kinds: list[Set], *, processes: int, work: Path
) -> dict[str, Figures]:
    """Cost and stages of each set in a running service."""
    found = {}
    with deployed(Path(mkdtemp(dir=work)) / "services", processes=processes) as service:
        for kind in kinds:
            service.ingest(urls(address, kind, f"warm{processes}", kind.count // WARM))
            before = service.figures()
            cost = service.ingest(urls(address, kind, f"deployed{processes}", kind.count))
            after = service.figures()
            trips = "pixelprose_ingester_store_requests_total."
            found[kind.name] = {
                "images_per_core_second": cost.per_core,
                "images_per_second": cost.images / cost.wall_seconds,
                "memory_mb": cost.memory_bytes / 1e6,
                "decoders_share_of_core": service.decoders_share,
            } | {
                f"store.{name.removeprefix(trips)}": (after[name] - before[name]) / cost.images
                for name in after
                if name.startswith(trips)
            }
    return found


def compared(address: str, kind: Set, work: Path) -> Figures:
    """Ours and the peer in turns, both writing files."""
    sizes = (kind.count // WARM, kind.count)
    runs: dict[tuple[str, int], list[Cost]] = {}
    for number in range(ROUNDS):
        for who in ("ours", "peer"):
            for count in sizes:
                mark = f"{who}{number}"
                cost = writing_files(who, address, kind, mark, count=count, work=work)
                runs.setdefault((who, count), []).append(cost)

    def least(who: str) -> Cost:
        small, large = (min(runs[who, count], key=lambda cost: cost.cpu_seconds) for count in sizes)
        return large.beyond(small)

    ours, theirs = least("ours"), least("peer")
    print(f"{kind.name}: {1e3 / ours.per_core:.2f} ms an image, {1e3 / theirs.per_core:.2f} theirs")
    return {
        "ours": ours.per_core,
        "img2dataset": theirs.per_core,
        "ratio": ours.per_core / theirs.per_core,
        "ours_memory_mb": ours.memory_bytes / 1e6,
        "img2dataset_memory_mb": theirs.memory_bytes / 1e6,
    } | {f"decode_ms.{name}": ms for name, ms in decode_stages(files(kind)[0]).items()}


def main() -> None:
    """Measure, print a table, and as the last line one JSON object."""
    kinds = [kind for kind in SETS if not sys.argv[1:] or kind.name in sys.argv[1:]]
    peer.install()
    WORK.mkdir(parents=True, exist_ok=True)
    # What runs leave is removed after the last: for minutes ext4 looks twice at a removed file's
    # place before it makes another there, which takes up to a millisecond an image.
    with site() as address, TemporaryDirectory(dir=WORK, prefix="ingest-") as name:
        work = Path(name)
        figures = {kind.name: compared(address, kind, work) for kind in kinds}
        once = as_deployed(address, kinds, processes=1, work=work)
        twice = as_deployed(address, kinds[:1], processes=2, work=work)
    for name, found in once.items():
        figures[name] |= {f"deployed.{key}": value for key, value in found.items()}
        ratio = found["images_per_core_second"] / figures[name]["img2dataset"]
        figures[name]["deployed.ratio"] = ratio
    first = kinds[0].name
    for key in ("images_per_second", "images_per_core_second"):
        figures[first][f"two_processes.{key}"] = twice[first][key]
    for name, found in figures.items():
        print(f"\n{name}")
        for key, value in found.items():
            print(f"  {key:<40} {value:10.2f}")
    rounded = {n: {k: round(v, 3) for k, v in f.items()} for n, f in figures.items()}
    print(json.dumps(rounded))


if __name__ == "__main__":
    main()
