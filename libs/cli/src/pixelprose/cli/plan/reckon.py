"""From figures to hours, bytes, requests and money; what cannot be known stays unknown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pixelprose.cli.plan.figures import STAGES, Figures

Known = float | None

_WRITES: Final = {"urls": 1, "fetched": 3, "screened": 1}
"""Writes to the store: a receipt of each URL; of an image its original, its rendition and its
claim; then the copy out of quarantine."""
_READS: Final = {"urls": 1, "fetched": 1, "screened": 1, "asked": 1}
"""Reads: whether there is a receipt; then the rendition, by each service that looks at it."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What one stage has to do. `hours` is unknown without a rate."""

    stage: str
    records: Known
    processes: float
    hours: Known


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job takes. The stages work at the same time, so the slowest decides."""

    urls: int
    counts: dict[str, Known]
    stages: tuple[StagePlan, ...]
    terabytes: dict[str, Known]
    requests: dict[str, Known]
    money: dict[str, Known]
    unknown: tuple[str, ...]

    @property
    def hours(self) -> Known:
        """The slowest stage's hours; unknown if any stage's are."""
        found = [stage.hours for stage in self.stages]
        return None if None in found else max(hours for hours in found if hours is not None)

    @property
    def slowest(self) -> str | None:
        """The stage that decides, of those that are known."""
        known = [stage for stage in self.stages if stage.hours is not None]
        return max(known, key=lambda stage: stage.hours or 0.0).stage if known else None


def reckon(urls: int, figures: Figures) -> Plan:
    """Return the plan for so many URLs; `unknown` names the figures that it lacks."""
    return _Reckoning(urls, figures).plan()


class _Reckoning:
    def __init__(self, urls: int, figures: Figures) -> None:
        self._urls = urls
        self._figures = figures
        self._lacking: dict[str, None] = {}

    def plan(self) -> Plan:
        counts = self._counts()
        stages = tuple(self._stages(counts))
        terabytes = self._terabytes(counts)
        requests = self._requests(counts)
        money = self._money(stages, terabytes, requests)
        return Plan(
            self._urls, counts, stages, terabytes, requests, money, unknown=tuple(self._lacking)
        )

    def _value(self, name: str) -> Known:
        figure = self._figures.get(name)
        if figure is None:
            self._lacking[name] = None
            return None
        return figure.value

    def _counts(self) -> dict[str, Known]:
        counts: dict[str, Known] = {"urls": float(self._urls)}
        last: Known = float(self._urls)
        for name in ("fetched", "screened", "asked", "captioned"):
            last = _times(last, self._value(f"share.{name}"))
            counts[name] = last
        return counts

    def _stages(self, counts: dict[str, Known]) -> Iterator[StagePlan]:
        for stage, what in zip(STAGES, ("urls", "fetched", "screened", "asked"), strict=True):
            processes = self._value(f"processes.{stage}") or 0.0
            rate = _times(self._value(f"rate.{stage}"), processes)
            records = counts[what]
            seconds = None if rate is None or records is None or rate <= 0 else records / rate
            yield StagePlan(stage, records, processes, _times(seconds, 1 / 3600))

    def _terabytes(self, counts: dict[str, Known]) -> dict[str, Known]:
        original, rendition = self._value("bytes.original"), self._value("bytes.rendition")
        rejected = None
        if counts["captioned"] is not None:
            rejected = self._urls - counts["captioned"]
        rows = _sum(
            _times(counts["screened"], self._value("bytes.image_row")),
            _times(counts["captioned"], self._value("bytes.caption_row")),
            _times(rejected, self._value("bytes.rejection_row")),
        )
        found = {
            "fetched from the web": _times(counts["fetched"], original),
            "in quarantine, if all at once": _times(counts["fetched"], _sum(original, rendition)),
            "images that stay": _times(counts["screened"], rendition),
            "tables": rows,
        }
        return {name: _times(size, 1e-12) for name, size in found.items()}

    def _requests(self, counts: dict[str, Known]) -> dict[str, Known]:
        redirects = self._value("redirects")
        return {
            "to the web": None if redirects is None else self._urls * (1 + redirects),
            "writes to the store": _weighted(counts, _WRITES),
            "reads of the store": _weighted(counts, _READS),
        }

    def _money(
        self,
        stages: tuple[StagePlan, ...],
        terabytes: dict[str, Known],
        requests: dict[str, Known],
    ) -> dict[str, Known]:
        gpus = [_times(s.hours, s.processes) for s in stages if s.stage == "captioner"]
        others = [_times(s.hours, s.processes) for s in stages if s.stage != "captioner"]
        kept = _sum(terabytes["images that stay"], terabytes["tables"])
        millions = {name: _times(count, 1e-6) for name, count in requests.items()}
        return {
            "GPUs": _times(_sum(*gpus), self._value("price.gpu_hour")),
            "other processes": _times(_sum(*others), self._value("price.process_hour")),
            "fetching": _times(terabytes["fetched from the web"], self._value("price.tb_in")),
            "writes": _times(millions["writes to the store"], self._value("price.million_writes")),
            "reads": _times(millions["reads of the store"], self._value("price.million_reads")),
            "storage, a month": _times(kept, self._value("price.tb_month")),
        }


def _times(one: Known, other: Known) -> Known:
    return None if one is None or other is None else one * other


def _sum(*parts: Known) -> Known:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None


def _weighted(counts: dict[str, Known], weights: dict[str, int]) -> Known:
    return _sum(*(_times(counts[name], weight) for name, weight in weights.items()))
