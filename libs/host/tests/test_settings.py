from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from pixelprose.host import ServiceSettings, load
from pixelprose.host.settings_help import describe, settings_of
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
    assert (
        lines[lines.index("  PIXELPROSE_SINK__SIZE  [3]") + 1]
        == "      how many (whole number, ≥ 1)"
    )
    assert "  PIXELPROSE_RUNNER__COMMIT_SECONDS  [60.0]" in lines
    assert "  PIXELPROSE_SINK__TOKEN  (none)" in lines


def test_every_common_setting_is_described() -> None:
    for one in settings_of(ServiceSettings):
        assert one.meaning, one.variable


class Mirror(BaseModel):
    """A section that may be missing."""

    url: str


class Shaped(ServiceSettings):
    mirror: Mirror | None = None
    hosts: dict[str, Mirror] = Field(default_factory=dict)
    share: float = Field(default=0.5, gt=0, le=1)
    mode: Literal["fast", "safe"] = "safe"
    policy: Path = Path(__file__)


def test_a_missing_section_is_told_by_the_settings_that_it_must_have() -> None:
    (line,) = refusal({}).splitlines()[1:]
    assert line.startswith("  kafka.bootstrap_servers: Field required (set it in the file")
    assert line.endswith("PIXELPROSE_KAFKA__BOOTSTRAP_SERVERS)")


def test_a_setting_says_type_limits_and_when_it_is_required() -> None:
    found = {one.path[-1]: one for one in settings_of(Shaped)}
    assert (found["url"].required, found["url"].when) == (True, "mirror")
    assert (found["share"].kind, found["share"].limits) == ("number", "> 0, ≤ 1")
    assert (found["mode"].kind, found["mode"].default) == ("fast, safe", "safe")


def test_a_mapping_of_sections_is_one_setting_with_a_variable_that_works() -> None:
    (hosts,) = (one for one in settings_of(Shaped) if one.path == ("hosts",))
    assert hosts.kind == "mapping of text to {url}"
    given = {**KAFKA, hosts.variable: "{a: {url: b}}"}
    assert load(Shaped, file=None, environ=given).hosts == {"a": Mirror(url="b")}


def test_a_packaged_file_goes_by_its_name_wherever_it_is_installed() -> None:
    (policy,) = (one for one in settings_of(Shaped) if one.path == ("policy",))
    assert policy.default == "test_settings.py (packaged)"


def test_settings_are_frozen() -> None:
    found = load(SinkSettings, file=None, environ=KAFKA)
    with pytest.raises(ValueError, match="frozen"):
        setattr(found, "slot", 3)  # noqa: B010 - mypy would refuse the plain form
