"""`make bench NAME=spine`: rounds of all contestants in turn, then ratios, then one JSON object."""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.spine import work
from bench.spine.cluster import Cluster
from bench.spine.measure import Flood, Trickle, flood, trickle
from bench.spine.workers import BARE, OURS, PEERS, prepare

from pixelprose.embedded import EmbeddedKafka, default_cache_dir, open_jars
from pixelprose.records import ImageAnnotated, Registry, RegistrySettings, Wire, schema_text
from pixelprose.records.examples import example
from pixelprose.records.files import packaged

ONE = (BARE, OURS, *PEERS)
TWO = "ours, 2 processes"
SOURCE = "flood"

Figures = dict[str, float | list[float]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.spine", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6.0, help="of each flood")
    parser.add_argument("--records", type=int, default=100_000, help="that a flood has at hand")
    parser.add_argument("--rate", type=int, default=300, help="of a trickle; 0: none")
    parser.add_argument("--only", nargs="*", choices=ONE, default=ONE)
    options = parser.parse_args()
    prepare()
    _write_record()
    log = work.FOLDER / "workers.log"
    floods: dict[str, list[Flood]] = defaultdict(list)
    trickles: dict[str, list[Trickle]] = defaultdict(list)
    with (
        TemporaryDirectory() as folder,
        EmbeddedKafka(Path(folder), jars=open_jars(default_cache_dir())) as kafka,
    ):
        cluster = Cluster(kafka.bootstrap_servers)
        cluster.make(SOURCE)
        cluster.fill(SOURCE, options.records)
        for number in range(options.rounds):
            _round(number, options, cluster, log, (floods, trickles))
    figures = _figures(floods, trickles)
    _table(floods, trickles, figures)
    print(json.dumps(figures))


def _write_record() -> None:
    record = example(packaged(), ImageAnnotated, "full")
    value = Wire(ImageAnnotated, Registry(RegistrySettings())).encode(record)
    work.write_record(schema_text("ImageAnnotated"), value)


def _round(
    number: int,
    options: argparse.Namespace,
    cluster: Cluster,
    log: Path,
    into: tuple[dict[str, list[Flood]], dict[str, list[Trickle]]],
) -> None:
    floods, trickles = into
    pairs = [(name, name, 1) for name in options.only]
    if OURS in options.only:
        pairs.append((TWO, OURS, 2))
    for label, name, count in pairs:
        found = flood(
            cluster,
            name,
            SOURCE,
            seconds=options.seconds,
            records=options.records,
            count=count,
            log=log,
        )
        floods[label].append(found)
        print(f"round {number + 1} {label}: {found.per_second:.0f} messages/s", flush=True)
    for name in options.only if options.rate else ():
        waited = trickle(cluster, name, per_second=options.rate, seconds=6.0, log=log)
        trickles[name].append(waited)
        print(f"round {number + 1} {name}: p99 {waited.p99_ms:.0f} ms", flush=True)


def _figures(floods: dict[str, list[Flood]], trickles: dict[str, list[Trickle]]) -> Figures:
    figures: Figures = {}
    ours = floods[OURS]
    for label, found in floods.items():
        key = label.replace(", 2 processes", "_2")
        figures[f"{key}_per_second"] = round(median(one.per_second for one in found))
        figures[f"{key}_cpu_us"] = round(median(one.cpu_us for one in found), 1)
        if label == OURS:
            continue
        over, under = (found, ours) if label == TWO else (ours, found)
        ratios = [a.per_second / b.per_second for a, b in zip(over, under, strict=False)]
        name = "scaling_1_to_2" if label == TWO else f"ours_over_{label}"
        figures[name] = round(median(ratios), 2)
        figures[f"{name}_rounds"] = [round(ratio, 2) for ratio in ratios]
    for label, waits in trickles.items():
        figures[f"{label}_p50_ms"] = round(median(one.p50_ms for one in waits))
        figures[f"{label}_p99_ms"] = round(median(one.p99_ms for one in waits))
    return figures


def _table(
    floods: dict[str, list[Flood]], trickles: dict[str, list[Trickle]], figures: Figures
) -> None:
    print(f"\n{'':20}{'messages/s':>12}{'CPU us each':>13}{'p50 ms':>8}{'p99 ms':>8}")
    for label, found in floods.items():
        waits = trickles.get(label, [])
        late = [
            f"{median(getattr(one, field) for one in waits):8.0f}" if waits else f"{'':8}"
            for field in ("p50_ms", "p99_ms")
        ]
        per_second = median(one.per_second for one in found)
        cpu = median(one.cpu_us for one in found)
        print(f"{label:20}{per_second:12,.0f}{cpu:13.0f}{''.join(late)}")
    for name, value in figures.items():
        if name.startswith(("ours_over", "scaling")) and not name.endswith("_rounds"):
            print(f"{name:24} {value:6}   by round {figures[f'{name}_rounds']}")


if __name__ == "__main__":
    main()
