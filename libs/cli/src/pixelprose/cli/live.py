"""A live table of counts per stage."""

from collections.abc import Iterable, Mapping

from rich.table import Table

from pixelprose.cli.counts import ServiceCounts

_STAGES = (
    "ingester",
    "safety-filter",
    "metadata-annotator.image",
    "captioner",
    "metadata-annotator.caption",
    "sink.captions",
    "sink.images",
    "sink.rejections",
    "sink.dead_letters",
)
"""The steps in the order of the flow; what is not listed comes after."""


def counts_table(services: Iterable[ServiceCounts], restarts: Mapping[str, int]) -> Table:
    """Return one row per step: what it did, and whether its process answers."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("stage", no_wrap=True, min_width=max(map(len, _STAGES)))
    for column in ("emitted", "rejected", "skipped", "dead", "restarts"):
        table.add_column(column, justify="right")
    table.add_column("state")
    lines = [
        (step, service, outcomes)
        for service in services
        for step, outcomes in (service.outcomes() or {service.name: {}}).items()
    ]
    for step, service, outcomes in sorted(lines, key=lambda line: _rank(line[0])):
        table.add_row(
            # Of several captioners each has its GPU in its name.
            service.name if service.name.startswith(f"{step}-") else step,
            *(
                _number(outcomes.get(o, 0))
                for o in ("emitted", "rejected", "skipped", "dead_letter")
            ),
            _number(restarts.get(service.name, 0)),
            "[green]ok" if service.answers else "[yellow]starting",
        )
    return table


def _rank(step: str) -> tuple[int, str]:
    # One of several processes carries its number: captioner-3 stands where captioner would.
    found = (
        at for at, stage in enumerate(_STAGES) if step == stage or step.startswith(f"{stage}-")
    )
    return (next(found, len(_STAGES)), step)


def _number(count: int) -> str:
    return f"{count:,}" if count else "[dim]0"
