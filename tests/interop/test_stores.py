"""Other S3 stores: conditional puts have one winner, and the guarded commit holds on them.

Behind `make interop`, which fetches the servers.
"""

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from services.sink.tests.test_table_schedules import ComparesOnce, OnS3, run

from pixelprose.curator import State, check_tables
from pixelprose.curator.testing import NOON, SmallLake, a_caption
from pixelprose.embedded.ports import LOOPBACK, free_port
from pixelprose.lake import CAPTIONS
from pixelprose.objectstore import ObjectKey, StoreError, StoreSettings, open_store, probe

pytestmark = [pytest.mark.interop, pytest.mark.timeout(600)]

BIN = Path(__file__).parents[2] / "build" / "interop" / "bin"
USER, SECRET = "pixelprose", "a secret of this test"
PATIENCE_SECONDS = 60.0
WRITERS = 16
RACES = 20


def command(name: str, port: int, folder: Path) -> tuple[list[str], Mapping[str, str]]:
    at = f"{LOOPBACK}:{port}"
    if name == "minio":
        return [str(BIN / "minio"), "server", "--quiet", "--address", at, str(folder)], {
            "MINIO_UPDATE": "off",
            "MINIO_BROWSER": "off",
            "MINIO_ROOT_USER": USER,
            "MINIO_ROOT_PASSWORD": SECRET,
        }
    return [str(BIN / "versitygw"), "--quiet", "--port", at, "posix", str(folder)], {
        "ROOT_ACCESS_KEY": USER,
        "ROOT_SECRET_KEY": SECRET,
    }


@pytest.fixture(scope="module", params=["minio", "versitygw"])
def settings(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StoreSettings]:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "data").mkdir()
    port = free_port()
    words, variables = command(request.param, port, folder / "data")
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            words, env={**os.environ, **variables}, stdout=log, stderr=log, cwd=folder
        )
    try:
        found = StoreSettings(
            endpoint=f"http://{LOOPBACK}:{port}",
            bucket="pixelprose",
            access_key=USER,
            secret_key=SecretStr(SECRET),
            create_bucket=True,
        )
        wait(found, server, folder / "log")
        yield found
    finally:
        server.terminate()
        server.wait(PATIENCE_SECONDS)


def wait(settings: StoreSettings, server: "subprocess.Popen[bytes]", log: Path) -> None:
    store = open_store(settings)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            store.prepare()
        except StoreError:
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.1)
        else:
            return


def test_the_store_has_what_the_services_ask_of_it(settings: StoreSettings) -> None:
    probe(open_store(settings))


def test_a_conditional_put_has_one_winner(settings: StoreSettings) -> None:
    store = open_store(settings)
    with ThreadPoolExecutor(WRITERS) as pool:
        for race in range(RACES):
            key = ObjectKey(f"race/{race}")

            def put(writer: int, key: ObjectKey = key) -> bool:
                return store.put_if_absent(key, f"{writer}".encode(), content_type="text/plain")

            won = list(pool.map(put, range(WRITERS)))
            assert won.count(True) == 1
            assert store.get(key) == f"{won.index(True)}".encode()


def test_replays_and_two_sinks_write_each_row_once(settings: StoreSettings) -> None:
    small = SmallLake(settings)
    small.create(CAPTIONS)
    rows = [a_caption(number) for number in range(40)]
    # Two sinks bring the same records in steps of their own, and everything once more at the end.
    steps = [[rows[at : at + size] for at in range(0, 40, size)] + [rows] for size in (5, 8)]

    def sink(found: list[list[object]]) -> int:
        return sum(small.append(CAPTIONS, step) for step in found)

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(sink, steps)) == len(rows)
    table = small.lake.open("captions")
    found = list(check_tables([table], ends=[table], broker=None, now=NOON))
    assert {finding.state for finding in found} == {State.OK}, found
    ids = table.query("select row_id from t").column("row_id").to_pylist()
    assert sorted(map(str, ids)) == sorted(row.row_id for row in rows)


@pytest.mark.parametrize("known_by", ["position", "row_id"])
def test_every_record_has_one_row_whatever_happens_to_its_writers(
    settings: StoreSettings, known_by: str
) -> None:
    run(OnS3, examples=10, identified=known_by == "row_id", store=settings)


def test_a_writer_that_compares_once_is_caught(settings: StoreSettings) -> None:
    with pytest.raises(AssertionError):
        run(OnS3, examples=50, identified=False, guarded=ComparesOnce, store=settings)
