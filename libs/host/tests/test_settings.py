from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from pixelprose.host import ServiceSettings, load
from pixelprose.host.settings_help import describe
from pixelprose.streamkit import ExitCode, RunnerSettings, Stop

KAFKA = {"PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS": "kafka:9092"}


class SinkSection(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(default=3, ge=1, description="how many")
    names: tuple[str, ...] = ()
    token: SecretStr | None = None


class SinkSettings(ServiceSettings):
    runner: RunnerSettings = RunnerSettings(commit_seconds=60)
    sink: SinkSection = SinkSection()


def refusal(environ: dict[str, str], file: Path | None = None) -> str:
    with pytest.raises(Stop) as stop:
        load(SinkSettings, file=file, environ=environ)
    assert stop.value.code is ExitCode.BAD_CONFIGURATION
    return str(stop.value)


def test_variables_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("kafka: {bootstrap_servers: a:1, topic_prefix: t.}\nsink: {size: 5}\n")
    environ = {"PIXELPROSE_SINK__SIZE": "7", "PIXELPROSE_SINK__NAMES": "[a, b]"}
    found = load(SinkSettings, file=file, environ=environ)
    assert (found.sink.size, found.sink.names) == (7, ("a", "b"))
    assert (found.kafka.topic_prefix, found.instance) == ("t.", "live")


def test_sections_of_other_services_are_left_to_them(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("captioner: {whatever: 1}\nstore: {bucket: b}\n")
    environ = {**KAFKA, "PIXELPROSE_INGESTER__ANY": "1", "PIXELPROSE_CACHE": "/tmp/jars"}
    assert load(SinkSettings, file=file, environ=environ).sink == SinkSection()


@pytest.mark.parametrize(
    ("variable", "hint"),
    [
        ("PIXELPROSE_SNIK__SIZE", "did you mean 'sink'?"),
        ("PIXELPROSE_SINK__SZE", "did you mean 'size'?"),
        ("PIXELPROSE_KAFKA__BOOTSTRAP_SERVER", "did you mean 'bootstrap_servers'?"),
        ("PIXELPROSE_SINK__ZZZ", "known are ['names', 'size', 'token']"),
    ],
)
def test_an_unknown_variable_is_refused_with_what_was_meant(variable: str, hint: str) -> None:
    assert hint in refusal({**KAFKA, variable: "1"})


def test_an_unknown_key_of_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("kafca: {}\n")
    assert f"unknown setting 'kafca' in {file}; did you mean 'kafka'?" in refusal(KAFKA, file)


def test_a_missing_setting_is_named_with_its_variable() -> None:
    assert "kafka" in refusal({})
    said = refusal({"PIXELPROSE_KAFKA__TOPIC_PREFIX": "x"})
    assert "kafka.bootstrap_servers: Field required" in said
    assert "PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS" in said


def test_a_wrong_value_is_explained_and_never_repeated() -> None:
    said = refusal({**KAFKA, "PIXELPROSE_SINK__SIZE": "0", "PIXELPROSE_SINK__TOKEN": "[s3cret]"})
    assert "sink.size: Input should be greater than or equal to 1" in said
    assert "sink.token" in said
    assert "s3cret" not in said


def test_a_broken_file_is_named_without_its_text(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("store:\n  secret_key: 'hush\n")
    said = refusal(KAFKA, file)
    assert f"{file}, line" in said
    assert "hush" not in said


@pytest.mark.parametrize("text", ["- a\n- b\n", "text"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(text)
    assert "not a mapping" in refusal(KAFKA, file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "nowhere.yaml" in refusal(KAFKA, tmp_path / "nowhere.yaml")


def test_help_lists_every_setting_with_variable_default_and_meaning() -> None:
    lines = list(describe(SinkSettings))
    assert "  PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS  (required)" in lines
    assert lines[lines.index("  PIXELPROSE_SINK__SIZE  [3]") + 1] == "      how many"
    assert "  PIXELPROSE_RUNNER__COMMIT_SECONDS  [60.0]" in lines
    assert "  PIXELPROSE_SINK__TOKEN  (none)" in lines


def test_every_common_setting_is_described() -> None:
    for line, after in zip(lines := list(describe(ServiceSettings)), lines[1:], strict=False):
        assert line.startswith("      ") or after.startswith("      "), line


def test_settings_are_frozen() -> None:
    found = load(SinkSettings, file=None, environ=KAFKA)
    with pytest.raises(ValueError, match="frozen"):
        setattr(found, "slot", 3)  # noqa: B010 - mypy would refuse the plain form
