import hashlib
import http.client
import io
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from PIL import Image

from pixelprose.demoworld import Site, model_path, read_code
from pixelprose.demoworld.answers import Body, Redirect, Slow, answer


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def get(site: Site, path: str) -> bytes:
    with urllib.request.urlopen(site.url(path), timeout=10) as reply:
        data: bytes = reply.read()
        return data


@pytest.mark.parametrize(
    ("suffix", "fmt"), [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("gif", "GIF")]
)
def test_a_scene_is_served_in_the_format_of_its_suffix(site: Site, suffix: str, fmt: str) -> None:
    image = Image.open(io.BytesIO(get(site, f"/scene/41.{suffix}?size=96")))
    assert image.format == fmt
    assert image.size == (96, 96)
    assert read_code(image) == 41


def test_a_copy_has_the_same_bytes_under_another_address(site: Site) -> None:
    original = get(site, "/scene/5.jpg")
    assert get(site, "/copy/1/scene/5.jpg") == original
    assert get(site, "/copy/2/scene/5.jpg") == original


def test_the_unsafe_picture_is_another_one(site: Site) -> None:
    safe, unsafe = get(site, "/scene/5.png"), get(site, "/unsafe/5.png")
    assert hashlib.sha256(safe).digest() != hashlib.sha256(unsafe).digest()
    assert read_code(Image.open(io.BytesIO(unsafe))) == 5


def test_a_redirect_to_a_scene_leads_there(site: Site) -> None:
    assert get(site, "/redirect/scene/1.jpg") == get(site, "/scene/1.jpg")


def test_a_loop_never_ends_by_itself(site: Site) -> None:
    with pytest.raises(urllib.error.HTTPError, match="infinite loop"):
        get(site, "/redirect/loop")


@pytest.mark.parametrize(
    ("path", "host"), [("/redirect/private", "10.0.0.1"), ("/redirect/metadata", "169.254.169.254")]
)
def test_redirects_lead_to_addresses_that_must_not_be_dialled(path: str, host: str) -> None:
    reply = answer(path)
    assert isinstance(reply, Redirect)
    assert f"//{host}/" in reply.location


@pytest.mark.parametrize(
    ("path", "status"),
    [("/404/a.jpg", 404), ("/500/a.jpg", 500), ("/nowhere", 404), ("/scene/x.jpg", 404)],
)
def test_errors_have_their_status(site: Site, path: str, status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(site, path)
    with caught.value as reply:
        assert reply.code == status


@pytest.mark.parametrize(
    "path",
    ["/scene/7", "/scene/7.bmp", "/scene/-1.jpg", "/scene/7.jpg?size=x", "/copy/1", "/copy/1/huge"],
)
def test_a_path_that_makes_no_sense_is_not_found(path: str) -> None:
    reply = answer(path)
    assert isinstance(reply, Body)
    assert reply.status == 404


def test_a_page_that_is_said_to_be_an_image_is_none(site: Site) -> None:
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(io.BytesIO(get(site, "/not-an-image.jpg")))


def test_a_tiny_picture_is_too_small_for_anything(site: Site) -> None:
    assert Image.open(io.BytesIO(get(site, "/tiny/3.jpg"))).size == (16, 16)


def test_a_truncated_body_is_shorter_than_declared(site: Site) -> None:
    with pytest.raises(http.client.IncompleteRead):
        get(site, "/truncated/8.jpg")


def test_a_corrupt_picture_cannot_be_decoded_to_the_end(site: Site) -> None:
    image = Image.open(io.BytesIO(get(site, "/corrupt/4.png")))
    with pytest.raises((OSError, SyntaxError)):
        image.load()


def test_a_huge_body_does_not_end(site: Site) -> None:
    with urllib.request.urlopen(site.url("/huge/3.jpg"), timeout=10) as reply:
        assert reply.headers["Content-Length"] is None
        assert len(reply.read(5_000_000)) == 5_000_000


def test_a_bomb_is_a_small_file_with_many_pixels() -> None:
    reply = answer("/bomb/1.png")
    assert isinstance(reply, Body)
    assert len(reply.data) < 100_000
    width = int.from_bytes(reply.data[16:20], "big")
    assert width == 20_000


def test_a_slow_body_comes_byte_by_byte(site: Site) -> None:
    reply = answer("/slow/3.jpg?seconds=0.5")
    assert isinstance(reply, Slow)
    assert reply.seconds_per_byte == 0.5
    with (
        urllib.request.urlopen(site.url("/slow/3.jpg?seconds=60"), timeout=0.2) as slow,
        pytest.raises(TimeoutError),
    ):
        slow.read(1)


def test_an_opt_out_is_said_in_a_header(site: Site) -> None:
    with urllib.request.urlopen(site.url("/noai/3.jpg"), timeout=10) as reply:
        assert reply.headers["X-Robots-Tag"] == "noai"


def test_a_closed_site_has_no_address_and_frees_its_port() -> None:
    with Site() as running:
        port = int(running.address.rsplit(":", 1)[1])
    with pytest.raises(RuntimeError, match="closed"):
        _ = running.address
    with Site(port=port) as again:
        assert again.address.endswith(f":{port}")


def test_a_port_in_use_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy = Site(port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            busy.__enter__()


def test_the_module_serves_until_it_is_told_to_stop() -> None:
    command = [sys.executable, "-m", "pixelprose.demoworld", "site", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{address}/scene/9.jpg?size=64", timeout=20) as reply:
            assert read_code(Image.open(io.BytesIO(reply.read()))) == 9
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_a_model_that_is_not_shipped_is_refused_by_name() -> None:
    assert (model_path("captioner") / "config.json").is_file()
    with pytest.raises(FileNotFoundError, match="no demo model 'nothing'"):
        model_path("nothing")
