"""Wiring: the only place that names adapters."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

from pixelprose.checkpoints import ImageClassifier, ModelNotLoaded, find_checkpoint
from pixelprose.host import Service
from pixelprose.objectstore import OpenStore
from pixelprose.records import ImageFetched, Stage, open_ready, runner_for
from pixelprose.safety_filter.hash_list import HashLists
from pixelprose.safety_filter.hash_list_file import HashListError, check_age, read_hash_list
from pixelprose.safety_filter.policy import PolicyError, SafetyPolicy, load_policy
from pixelprose.safety_filter.settings import SafetyFilterSection, SafetyFilterSettings
from pixelprose.safety_filter.step import Screen
from pixelprose.safety_filter.store_quarantine import StoreQuarantine
from pixelprose.streamkit import Batches, ExitCode, Metrics, Stop

LoadScorer = Callable[[SafetyFilterSection], ImageClassifier]
"""Gives the model that the settings name; raises ModelNotLoaded."""


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def build(settings: SafetyFilterSettings, metrics: Metrics) -> Service:
    """The service, complete and safe, or nothing.

    Raises:
        Stop: the policy, a list, the model or the store's setup is missing or wrong.
        Unavailable: the store does not answer.
    """
    return assemble(settings, metrics, load=load_scorer)


def assemble(settings: SafetyFilterSettings, metrics: Metrics, *, load: LoadScorer) -> Service:
    """The service around the model that `load` gives; raises as `build` does."""
    made = stage(settings, load=load, opened=open_ready)
    return Service(runners=(runner_for(settings, made, metrics=metrics),), close=made.close)


def stage(settings: SafetyFilterSettings, *, load: LoadScorer, opened: OpenStore) -> Stage:
    """The step at work, with the store that `opened` gives; raises as `build` does."""
    section = settings.safety_filter
    policy, known, scorer = load_safety(section, now=now, load=load)
    closing = ExitStack()
    store = opened(settings.store, closing)
    quarantine = StoreQuarantine(store, originals=section.originals, threads=section.store_threads)
    screen = Screen(known=known, scorer=scorer, quarantine=quarantine, policy=policy, now=now)
    worker = Batches(screen, size=section.batch_size, linger_seconds=section.linger_seconds)
    closing.callback(quarantine.close)
    return Stage(service="safety-filter", reads=ImageFetched, worker=worker, close=closing.close)


def load_safety(
    section: SafetyFilterSection, *, now: Callable[[], datetime], load: LoadScorer
) -> tuple[SafetyPolicy, HashLists, ImageClassifier]:
    """Everything that screening rests on.

    Raises:
        Stop: a part of it is missing, broken, too old, or does not fit the others.
    """
    try:
        policy = load_policy(section.policy)
    except PolicyError as error:
        raise _stop(f"{error}; set safety_filter.policy to a valid policy") from error
    try:
        known = _lists(section, now=now)
    except HashListError as error:
        raise _stop(f"{error}; set safety_filter.hash_lists to valid lists") from error
    try:
        scorer = load(section)
    except ModelNotLoaded as error:
        raise _stop(f"{error}; set safety_filter.model (and revision)") from error
    try:
        policy.nsfw.check(scorer.labels)
    except PolicyError as error:
        raise _stop(
            f"safety policy {section.policy} does not fit model {section.model}: {error}; "
            "name every label of the model in it"
        ) from error
    return policy, known, scorer


def _lists(section: SafetyFilterSection, *, now: Callable[[], datetime]) -> HashLists:
    if not section.hash_lists:
        raise HashListError("no known-hash list is configured")
    read = [read_hash_list(path) for path in section.hash_lists]
    for one in read:
        check_age(one, today=now().date(), max_age_days=section.max_list_age_days)
    names = [one.name for one in read]
    if len(set(names)) < len(names):
        raise HashListError(f"two known-hash lists have the same name: {sorted(names)}")
    return HashLists(read)


def load_scorer(section: SafetyFilterSection) -> ImageClassifier:
    """The NSFW model that the settings name.

    Raises:
        ModelNotLoaded: none is named, or it can't be used.
    """
    checkpoint = find_checkpoint(
        section.model,
        revision=section.revision,
        name=section.model_name,
        local_only=section.local_only,
    )
    from pixelprose.checkpoints import classifier, networks  # noqa: PLC0415 - torch takes seconds

    networks.prepare(threads=section.threads)
    return classifier.load_classifier(checkpoint, device=section.device)


def _stop(detail: str) -> Stop:
    return Stop(ExitCode.BAD_CONFIGURATION, detail)
