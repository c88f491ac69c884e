from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pixelprose.safety_filter.hash_list_file import HashListError, check_age, read_hash_list

A, B, C = "a" * 64, "B" * 64, "c" * 64
HEADER = "# name: test\n# version: 7\n"


def test_a_list_is_read_whole(list_file: Callable[..., Path]) -> None:
    rows = f"pdq,sha256,id\n{A},,x\n,{B},y\n\n{A},{C},\n"
    read = read_hash_list(list_file(f"{HEADER}# date: 2026-10-01\n{rows}"))
    assert (read.name, read.version, read.date) == ("test", "7", date(2026, 10, 1))
    assert (read.entries, read.pdq, read.sha256) == (3, (A, A), (B.lower(), C))


def test_a_byte_order_mark_and_windows_line_ends_are_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / "known.csv"
    path.write_bytes(f"\ufeff{HEADER}pdq\n{A}\n".replace("\n", "\r\n").encode())
    assert read_hash_list(path).pdq == (A,)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "known.csv is empty"),
        (HEADER, "known.csv is empty"),
        (f"{HEADER}pdq\n", "known.csv is empty"),
        (f"# version: 7\npdq\n{A}\n", "no line '# name"),
        (f"# name: x\npdq\n{A}\n", "no line '# version"),
        (f"# name: x\n# name: y\npdq\n{A}\n", "line 2: a header line"),
        (f"# a remark\n{HEADER}pdq\n{A}\n", "line 1: a header line"),
        (f"{HEADER}# date: yesterday\npdq\n{A}\n", "not ISO 8601"),
        (f"{HEADER}id\nx\n", "line 3: columns"),
        (f"{HEADER}pdq,pdq\n{A},{A}\n", "line 3: columns"),
        (f"{HEADER}pdq,md5\n{A},x\n", "line 3: columns"),
        (f"{HEADER}{A}\n", "line 3: columns"),
        (f"{HEADER}pdq\n{A}\n{A[:-1]}\n", "line 5: pdq is not 64 hex digits"),
        (f"{HEADER}pdq\n{A}\n{A[:-1]}g\n", "line 5: pdq is not 64 hex digits"),
        (f"{HEADER}pdq,id\n{A},x\n{A}\n", "line 5: 1 cells under 2 columns"),
        (f"{HEADER}pdq,id\n,x\n", "line 4: no hash"),
    ],
)
def test_a_list_that_is_not_understood_is_refused(
    list_file: Callable[..., Path], text: str, says: str
) -> None:
    path = list_file()
    path.write_text(text)
    with pytest.raises(HashListError, match=says):
        read_hash_list(path)


def test_a_missing_list_and_a_binary_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(HashListError, match="can't be read"):
        read_hash_list(tmp_path / "nowhere.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(HashListError, match="can't be read"):
        read_hash_list(tmp_path / "binary.csv")


def test_an_old_list_is_refused_and_one_without_a_date_has_no_age(
    list_file: Callable[..., Path],
) -> None:
    dated = read_hash_list(list_file(f"{HEADER}# date: 2026-10-01\npdq\n{A}\n"))
    undated = read_hash_list(list_file())
    check_age(dated, today=date(2026, 10, 31), max_age_days=30)
    check_age(undated, today=date(2036, 1, 1), max_age_days=30)
    with pytest.raises(HashListError, match="31 days old"):
        check_age(dated, today=date(2026, 11, 1), max_age_days=30)
