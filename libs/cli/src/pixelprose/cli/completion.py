"""What Tab offers where values come from a checked list, each with its meaning."""

from collections.abc import Iterable, Iterator, Mapping

Candidates = Iterator[tuple[str, str]]


def dead_letter_reasons(incomplete: str) -> Candidates:
    """Reasons of dead letters; after a comma, one more."""
    from pixelprose.records import codes  # noqa: PLC0415 - only when somebody presses Tab

    return _one_more(codes().dead_letter_reasons, incomplete)


def rejection_reasons(incomplete: str) -> Candidates:
    """Reasons of rejections that may be tried again; after a comma, one more."""
    from pixelprose.records import codes  # noqa: PLC0415 - as above

    known = codes()
    every = {name: told for stage in known.reasons.values() for name, told in stage.items()}
    open_ = {name: told for name, told in every.items() if name not in known.final_reasons}
    return _one_more(open_, incomplete)


def services(incomplete: str) -> Candidates:
    """Services, and their steps."""
    from pixelprose.records import topic_list  # noqa: PLC0415 - as above

    steps = topic_list().consumers()
    return _named({*steps, *(step.split(".")[0] for step in steps)}, incomplete)


def read_topics(incomplete: str) -> Candidates:
    """Topics that somebody reads, in short."""
    from pixelprose.records import topic_list  # noqa: PLC0415 - as above

    names = (topic.name for topic in topic_list().topics if topic.consumers)
    return _named((n.removeprefix("pixelprose.").removesuffix(".v1") for n in names), incomplete)


def records(incomplete: str) -> Candidates:
    """Records, as their files are named."""
    from pixelprose.records.files import packaged  # noqa: PLC0415 - as above

    return _named(map(packaged().file_of, packaged().records), incomplete)


def tables(incomplete: str) -> Candidates:
    """Tables."""
    from pixelprose.lake import TABLES  # noqa: PLC0415 - as above

    return _named((table.name for table in TABLES), incomplete)


def presets(incomplete: str) -> Candidates:
    """Presets that come with the command."""
    from pixelprose.cli.presets import names  # noqa: PLC0415 - as above

    return _named(names(), incomplete)


def _named(names: Iterable[str], incomplete: str) -> Candidates:
    return ((name, "") for name in sorted(names) if name.startswith(incomplete))


def _one_more(known: Mapping[str, str], incomplete: str) -> Candidates:
    before, comma, last = incomplete.rpartition(",")
    taken = set(before.split(","))
    for name, told in known.items():
        if name.startswith(last) and name not in taken:
            yield f"{before}{comma}{name}", told
