"""Lifecycle rules on a server that answers as it is told; sweeps on the embedded one."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from pydantic import SecretStr

from pixelprose.embedded.testing import FreshBucket
from pixelprose.objectstore import (
    Expiry,
    ExpirySettings,
    Lifetime,
    ObjectKey,
    StoreLacks,
    StoreRefused,
    StoreSettings,
    Sweep,
    image_original,
    image_rendition,
    open_store,
    quarantine_original,
    receipt,
    seen,
)

DIGEST = "0" * 64
WANTED = {"quarantine/": 7, "receipts/": 30}
RULE = (
    "<Rule><ID>{id}</ID><Status>{status}</Status><Filter><Prefix>{prefix}</Prefix></Filter>"
    "<Expiration><Days>{days}</Days></Expiration></Rule>"
)
NONE = "<Error><Code>NoSuchLifecycleConfiguration</Code><Message>none</Message></Error>"
NEVER = "<Error><Code>NotImplemented</Code><Message>never</Message></Error>"


def rule(name: str, prefix: str, days: int, status: str = "Enabled") -> str:
    return RULE.format(id=name, prefix=prefix, days=days, status=status)


class Bucket(BaseHTTPRequestHandler):
    """Keeps one document of rules."""

    rules: ClassVar[str] = ""
    refusal: ClassVar[str] = ""
    writes: ClassVar[int] = 0

    def do_GET(self) -> None:
        if self.refusal or not self.rules:
            self.say(501 if self.refusal else 404, self.refusal or NONE)
        else:
            self.say(200, f"<LifecycleConfiguration>{self.rules}</LifecycleConfiguration>")

    def do_PUT(self) -> None:
        document = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Bucket.rules = document.partition(">")[2].rpartition("<")[0]
        Bucket.writes += 1
        self.say(200, "")

    def say(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        pass


@pytest.fixture
def expiry() -> Iterator[Expiry]:
    Bucket.rules, Bucket.refusal, Bucket.writes = "", "", 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        made = Expiry(settings(f"http://127.0.0.1:{server.server_port}", "pictures"))
        yield made
        made.close()
        server.shutdown()
        thread.join()


def settings(endpoint: str, bucket: str, secret: str = "secret") -> StoreSettings:
    return StoreSettings(
        endpoint=endpoint, bucket=bucket, access_key="us", secret_key=SecretStr(secret)
    )


def test_rules_are_written_once_and_then_found(expiry: Expiry) -> None:
    assert expiry.days() == {}
    expiry.keep(WANTED)
    expiry.keep(WANTED)
    assert expiry.days() == WANTED
    assert Bucket.writes == 1


def test_our_own_rules_follow_the_settings(expiry: Expiry) -> None:
    expiry.keep(WANTED)
    expiry.keep({"quarantine/": 3})
    assert expiry.days() == {"quarantine/": 3}


def test_rules_of_others_are_never_written_again(expiry: Expiry) -> None:
    Bucket.rules = rule("finance", "invoices/", 9)
    with pytest.raises(StoreRefused, match="left alone; add: quarantine/ 7 d, receipts/ 30 d"):
        expiry.keep(WANTED)
    assert Bucket.writes == 0


def test_rules_that_say_the_same_will_do_whoever_wrote_them(expiry: Expiry) -> None:
    Bucket.rules = rule("finance", "invoices/", 9) + rule("ops", "quarantine/", 7)
    expiry.keep({"quarantine/": 7})
    assert Bucket.writes == 0


def test_a_rule_that_is_switched_off_is_none(expiry: Expiry) -> None:
    Bucket.rules = rule("pixelprose-quarantine", "quarantine/", 7, status="Disabled")
    expiry.keep({"quarantine/": 7})
    assert (expiry.days(), Bucket.writes) == ({"quarantine/": 7}, 1)


def test_a_store_without_such_rules_says_so(expiry: Expiry) -> None:
    Bucket.refusal = NEVER
    with pytest.raises(StoreLacks, match="cannot do this"):
        expiry.keep(WANTED)


def at(bucket: FreshBucket) -> StoreSettings:
    access = bucket.access
    return StoreSettings(
        endpoint=access.endpoint,
        bucket=bucket.name,
        access_key=access.access_key,
        secret_key=access.secret_key,
    )


@pytest.mark.real
def test_the_embedded_store_knows_no_rules_and_loses_nothing(bucket: FreshBucket) -> None:
    with pytest.raises(StoreLacks, match="cannot do this"):
        Expiry(at(bucket)).keep(WANTED)


@pytest.mark.real
def test_a_sweep_deletes_what_is_old_and_nothing_else(bucket: FreshBucket) -> None:
    store = open_store(at(bucket))
    kept = [image_rendition(DIGEST), seen(DIGEST)]
    for key in (quarantine_original(DIGEST), receipt(DIGEST), image_original(DIGEST), *kept):
        store.put(key, b"bytes", content_type="text/plain")
    sweep = Sweep(at(bucket))
    lifetimes = list(ExpirySettings(originals_days=60).lifetimes())

    def swept(*, days: int) -> list[ObjectKey]:
        now = datetime.now(UTC) + timedelta(days=days, hours=1)
        found = [key for one in lifetimes for key in sweep.overdue(one, now=now)]
        assert sweep.delete(found) == len(found)
        return found

    assert swept(days=6) == []
    assert swept(days=7) == [quarantine_original(DIGEST)]
    assert swept(days=30) == [receipt(DIGEST)]
    assert swept(days=60) == [image_original(DIGEST)]
    assert list(store.list("")) == sorted(kept)


@pytest.mark.real
def test_a_sweep_of_a_bucket_that_is_not_ours_is_refused(bucket: FreshBucket) -> None:
    sweep = Sweep(at(bucket).model_copy(update={"bucket": "nowhere"}))
    with pytest.raises(StoreRefused, match="nowhere"):
        list(sweep.overdue(Lifetime("quarantine/", 7), now=datetime.now(UTC)))
