"""The reference is made from the code, whole, and current."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixelprose.captioner.settings import CaptionerSettings
from pixelprose.cli.reference import pages
from pixelprose.cli.reference.__main__ import main
from pixelprose.host.settings_help import Setting, settings_of
from pixelprose.ingester.settings import IngesterSettings
from pixelprose.metadata_annotator.settings import MetadataAnnotatorSettings
from pixelprose.records import codes, topic_list
from pixelprose.records.files import packaged
from pixelprose.safety_filter.settings import SafetyFilterSettings
from pixelprose.sink.settings import SinkSettings
from pixelprose.streamkit import ExitCode

ROOT = Path(__file__).parents[3]
SERVICES = (
    IngesterSettings,
    SafetyFilterSettings,
    MetadataAnnotatorSettings,
    CaptionerSettings,
    SinkSettings,
)


def test_every_page_is_current() -> None:
    assert main(["--check", str(ROOT / "docs/reference")]) == 0, "run `make reference`"


def test_an_old_page_and_a_missing_one_are_found_and_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 0
    assert main(["--check", str(tmp_path)]) == 0
    (tmp_path / "metrics.md").write_text("# Metrics\n")
    (tmp_path / "codes.md").unlink()
    assert main(["--check", str(tmp_path)]) == 1
    assert "metrics.md is not current" in (said := capsys.readouterr().err)
    assert "codes.md" in said
    main([str(tmp_path)])
    assert main(["--check", str(tmp_path)]) == 0


def test_no_page_lies_there_that_nobody_makes() -> None:
    assert {page.name for page in (ROOT / "docs/reference").glob("*.md")} == set(pages())


def test_every_setting_of_every_service_is_listed_with_a_meaning() -> None:
    for service in SERVICES:
        for setting in settings_of(service):
            assert f"`{setting.variable}`" in pages()["settings.md"]
            assert setting.meaning, setting.variable


def test_a_setting_that_services_share_is_the_same_in_all() -> None:
    found: dict[tuple[str, ...], Setting] = {}
    for service in SERVICES:
        for setting in settings_of(service):
            assert found.setdefault(setting.path, setting) == setting


def metrics_in_the_code() -> Iterator[str]:
    """Names that are given to a registry, or to the list of them."""
    for file in [*ROOT.glob("libs/*/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called in {"counter", "gauge", "histogram", "MetricName"}:
                    yield str(node.args[0].value)


def test_every_metric_of_the_code_is_listed() -> None:
    found = set(metrics_in_the_code())
    assert {"pixelprose_records_total", "pixelprose_ingester_breakers_open"} <= found
    assert {name for name in found if f"`{name}`" not in pages()["metrics.md"]} == set()


def test_every_topic_record_reason_and_exit_code_is_listed() -> None:
    for topic in topic_list().topics:
        assert f"`{topic.name}`" in pages()["topics.md"]
    for record in packaged().parts:
        assert f"# {record.rpartition('.')[2]}\n" in pages()["records.md"]
    for reasons in [*codes().reasons.values(), codes().dead_letter_reasons, codes().skip_reasons]:
        for reason in reasons:
            assert f"| `{reason}` |" in pages()["codes.md"]
    for code in ExitCode:
        assert f"| {int(code)} |" in pages()["exit-codes.md"]
