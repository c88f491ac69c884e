"""Wires the captioner: the only place that names adapters."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime

from pixelprose.captioner.policy import Policy, read_policy
from pixelprose.captioner.port import Captioner
from pixelprose.captioner.selection import read_selection
from pixelprose.captioner.settings import CaptionerSection, CaptionerSettings
from pixelprose.captioner.step import CaptionStep
from pixelprose.checkpoints import Checkpoint, ModelNotLoaded, find_checkpoint
from pixelprose.host import Service
from pixelprose.objectstore import OpenStore
from pixelprose.records import ImageAnnotated, Stage, open_ready, runner_for
from pixelprose.streamkit import Batches, ExitCode, Metrics, Stop

LoadCaptioner = Callable[[CaptionerSection], Captioner]


def build(settings: CaptionerSettings, metrics: Metrics) -> Service:
    """Return the service, complete, or nothing.

    Raises:
        Stop: the model, a policy, the selection or the store's setup is missing or wrong.
        Unavailable: the store does not answer.
    """
    return assemble(settings, metrics, load=load_captioner)


def assemble(settings: CaptionerSettings, metrics: Metrics, *, load: LoadCaptioner) -> Service:
    """Return the service around the model that `load` gives; raises as `build` does."""
    made = stage(settings, load=load, opened=open_ready)
    runner = runner_for(bounded(settings), made, metrics=metrics)
    return Service(runners=(runner,), close=made.close)


def stage(settings: CaptionerSettings, *, load: LoadCaptioner, opened: OpenStore) -> Stage:
    """Return the step at work, with the store that `opened` gives; raises as `build` does."""
    section = settings.captioner
    policies = load_policies(section)
    selection = read_selection(section.selection)
    captioner = load(section)
    closing = ExitStack()
    store = opened(settings.store, closing)
    step = CaptionStep(
        selection=selection,
        policies=policies,
        store=store,
        captioner=captioner,
        clock=time.monotonic,
        now=lambda: datetime.now(UTC),
    )
    worker = Batches(step, size=section.batch_size, linger_seconds=section.linger_seconds)
    return Stage(service="captioner", reads=ImageAnnotated, worker=worker, close=closing.close)


def bounded(settings: CaptionerSettings) -> CaptionerSettings:
    """Return the settings with no more in flight than `batches_in_flight`.

    The runner's own bounds suit steps of milliseconds: a thousand images would not be captioned
    within the drain deadline.
    """
    most = settings.captioner.batch_size * settings.captioner.batches_in_flight
    runner = settings.runner
    lower = {
        "max_in_flight": min(most, runner.max_in_flight),
        "max_in_flight_per_partition": min(most, runner.max_in_flight_per_partition),
    }
    return settings.model_copy(update={"runner": runner.model_copy(update=lower)})


def load_policies(section: CaptionerSection) -> tuple[Policy, ...]:
    """Return the policies, each different.

    Raises:
        Stop: one is missing or not valid, or two are the same.
    """
    policies = tuple(map(read_policy, section.policies))
    if len({policy.hash for policy in policies}) < len(policies):
        detail = "captioner.policies names the same policy twice; each gives one caption an image"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail)
    return policies


def load_captioner(section: CaptionerSection) -> Captioner:
    """Return the model, ready.

    Raises:
        Stop: it is not set, not there, or does not caption.
        Unavailable: the endpoint does not answer.
    """
    if not section.model:
        detail = "no model is set; give captioner.model a checkpoint's folder or a hub id"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail)
    if section.engine == "endpoint":
        from pixelprose.captioner.endpoint_captioner import open_endpoint  # noqa: PLC0415 - as below

        return open_endpoint(section)
    checkpoint = _found(section)
    if section.engine == "vllm":
        from pixelprose.captioner.vllm_captioner import load_vllm  # noqa: PLC0415 - an extra

        return load_vllm(checkpoint, section)
    from pixelprose.captioner.loading import load  # noqa: PLC0415 - torch takes seconds

    return load(
        checkpoint,
        device=section.device,
        dtype=section.dtype,
        threads=section.threads,
        batch_size=section.batch_size,
    )


def _found(section: CaptionerSection) -> Checkpoint:
    try:
        return find_checkpoint(
            section.model,
            revision=section.revision,
            name=section.model_name,
            local_only=section.local_only,
        )
    except ModelNotLoaded as error:
        detail = f"{error}; set captioner.model (and captioner.revision)"
        raise Stop(ExitCode.BAD_CONFIGURATION, detail) from error
