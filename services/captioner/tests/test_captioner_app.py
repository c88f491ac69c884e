from pathlib import Path

import pytest

from pixelprose.captioner.app import bounded, build, load_captioner, load_policies
from pixelprose.captioner.documents import PACKAGED
from pixelprose.captioner.settings import CaptionerSection, CaptionerSettings
from pixelprose.host import load
from pixelprose.records import codes
from pixelprose.records.codes import check_reason
from pixelprose.streamkit import ExitCode, Metrics, Stop, Unavailable

STORE = """
store: {endpoint: "http://127.0.0.1:1", bucket: pixelprose, access_key: a, secret_key: b}
kafka: {bootstrap_servers: "127.0.0.1:1"}
"""


def _settings(tmp_path: Path, text: str = "", **environ: str) -> CaptionerSettings:
    path = tmp_path / "settings.yaml"
    path.write_text(STORE + text, "utf-8")
    return load(CaptionerSettings, file=path, environ=environ)


def test_settings_come_from_file_and_environment(tmp_path: Path) -> None:
    settings = _settings(
        tmp_path,
        "captioner: {batch_size: 8, selection: mine.yaml}",
        PIXELPROSE_CAPTIONER__MODEL="models/a",
        PIXELPROSE_CAPTIONER__POLICIES='["pixelprose", "other.yaml"]',
    )

    assert settings.captioner == CaptionerSection(
        model="models/a",
        policies=("pixelprose", "other.yaml"),
        selection="mine.yaml",
        batch_size=8,
    )


@pytest.mark.parametrize(
    "text",
    [
        "captioner: {modell: x}",
        "captioner: {batch_size: 0}",
        "captioner: {policies: []}",
        "captioner: {dtype: int8}",
        "captioner: {linger_seconds: -1}",
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Stop) as stopped:
        _settings(tmp_path, text)

    assert stopped.value.code == ExitCode.BAD_CONFIGURATION


def test_without_a_model_the_service_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"give captioner\.model") as stopped:
        build(_settings(tmp_path), Metrics())

    assert stopped.value.code == ExitCode.BAD_CONFIGURATION


@pytest.mark.parametrize("text", ["policies: [nowhere]", "selection: nowhere"])
def test_without_its_policy_or_selection_the_service_does_not_start(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(Stop, match="no policy or selection 'nowhere'"):
        build(_settings(tmp_path, f"captioner: {{model: x, {text}}}"), Metrics())


def test_no_more_is_in_flight_than_can_be_drained(tmp_path: Path) -> None:
    text = "captioner: {batch_size: 8, batches_in_flight: 4}\n"

    usual = bounded(_settings(tmp_path, text)).runner
    strict = bounded(_settings(tmp_path, f"{text}runner: {{max_in_flight: 20}}")).runner

    assert (usual.max_in_flight, usual.max_in_flight_per_partition) == (32, 32)
    assert (strict.max_in_flight, strict.max_in_flight_per_partition) == (20, 32)


def test_the_same_policy_twice_is_refused() -> None:
    same = ("pixelprose", str(PACKAGED / "pixelprose.yaml"))

    with pytest.raises(Stop, match="twice"):
        load_policies(CaptionerSection(policies=same))


def test_a_model_is_loaded_by_its_folder_under_the_name_given(llava: Path) -> None:
    captioner = load_captioner(
        CaptionerSection(model=str(llava), model_name="tiny", device="cpu", threads=1)
    )

    assert captioner.model.name == "tiny"


def test_a_store_that_does_not_answer_is_said_to_be_unavailable(
    tmp_path: Path, llava: Path
) -> None:
    settings = _settings(tmp_path, f'captioner: {{model: "{llava}", device: cpu, threads: 1}}')

    with pytest.raises(Unavailable, match="store"):
        build(settings, Metrics())


@pytest.mark.parametrize(
    "reason",
    ["not_selected", "image_missing", "empty_caption", "refused", "cut_off", "repetitive"],
)
def test_every_reason_to_reject_is_on_the_checked_list(reason: str) -> None:
    check_reason("captioner", reason)


def test_every_reason_of_a_dead_letter_is_on_the_checked_list() -> None:
    assert {"selection_failed", "broken_rendition"} <= codes().dead_letter_reasons.keys()
