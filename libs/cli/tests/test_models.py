"""Models are fetched from a server on loopback that speaks as much of the hub's API as is asked."""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from pixelprose.cli.app import app
from pixelprose.cli.errors import CommandError
from pixelprose.cli.models.hub import Hub
from pixelprose.cli.models.listing import listed
from pixelprose.cli.models.places import profile_sections
from pixelprose.cli.models.profile import Profile, load_profile, profile_names
from pixelprose.cli.models.pull import pull
from pixelprose.cli.models.shelf import Shelf
from pixelprose.demoworld import model_path

COMMIT = "c" * 40
WEIGHTS = bytes(range(256)) * 4_000
FILES = {
    "config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "model.onnx": b"a graph",
    "pytorch_model.bin": b"a pickle",
    "run.py": b"code",
    "checkpoint-1/model.safetensors": b"of the training",
}


@dataclass
class FakeHub:
    """Every repository has the same files, at one commit, but for those in `repositories`.

    `budget` is all that it sends of them.
    """

    address: str = ""
    commit: str = COMMIT
    files: dict[str, bytes] = field(default_factory=lambda: dict(FILES))
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    announced: dict[str, bytes] = field(default_factory=dict)
    budget: int | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    wheel: bytes = b""

    def info(self) -> object:
        return {"id": "a/b", "sha": self.commit, "siblings": [], "cardData": {}}

    def of(self, repository: str) -> dict[str, bytes]:
        return self.repositories.get(repository, self.files)

    def tree(self, repository: str) -> object:
        return [self._entry(repository, name) for name in self.of(repository) if "/" not in name]

    def _entry(self, repository: str, name: str) -> dict[str, object]:
        data = self.announced.get(name, self.of(repository)[name])
        entry: dict[str, object] = {
            "type": "file",
            "path": name,
            "size": len(data),
            "oid": hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest(),
        }
        if name.endswith((".safetensors", ".onnx")):
            oid = hashlib.sha256(data).hexdigest()
            entry["lfs"] = {"oid": oid, "size": len(data), "pointerSize": 130}
        return entry

    def etag(self, repository: str, name: str) -> str:
        entry = self._entry(repository, name)
        lfs = entry.get("lfs")
        return str(lfs["oid"] if isinstance(lfs, dict) else entry["oid"])


@pytest.fixture
def hub() -> Iterator[FakeHub]:  # noqa: C901 - one server, whose handler is a class inside
    fake = FakeHub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            path = self.path.partition("?")[0]
            fake.asked.append((f"{self.command} {path}", self.headers["Range"]))
            if re.fullmatch(r"/api/models/[^/]+/[^/]+(/revision/\w+)?", path):
                self._send(json.dumps(fake.info()).encode())
            elif path.startswith("/api/models/"):
                self._send(json.dumps(fake.tree("/".join(path.split("/")[3:5]))).encode())
            elif path.endswith(".whl"):
                self._send(fake.wheel)
            else:
                repository, name = re.split(r"/resolve/\w+/", path[1:])
                tag = fake.etag(repository, name)
                headers = {"ETag": f'"{tag}"', "X-Repo-Commit": fake.commit}
                self._send(fake.of(repository)[name], headers)

        def _send(self, data: bytes, headers: dict[str, str] | None = None) -> None:
            first = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").split("-")[0])
            self.send_response(206 if first else 200)
            rest = data[first:]
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(data) - 1}/{len(data)}")
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            if self.command == "HEAD":
                return
            sent = rest if fake.budget is None or "/api/" in self.path else rest[: fake.budget]
            self.wfile.write(sent)
            if len(sent) < len(rest):
                self.close_connection = True
            if fake.budget is not None and "/api/" not in self.path:
                fake.budget -= len(sent)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        fake.address = f"http://127.0.0.1:{http.server_port}"
        yield fake
        http.shutdown()
        thread.join()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "hub", tmp_path / "models")


def profile(**models: object) -> Profile:
    known = {"licence": "Apache-2.0", "megabytes": 1}
    named = {role: {**known, **given} for role, given in models.items()}  # type: ignore[dict-item]
    return Profile.model_validate(
        {"name": "mine", "title": "A test", "models": named, "settings": {"captioner": {}}}
    )


def one(**changes: object) -> Profile:
    return profile(captioner={"hub": "a/vlm", "revision": COMMIT, **changes})


def fetch(of: Profile, shelf: Shelf, hub: FakeHub, *, agreed: bool = True) -> str:
    console = Console(file=io.StringIO(), width=120)
    pull(of, shelf=shelf, hub=Hub(hub.address), console=console, agreed=lambda: agreed)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def wheel_of(hub: FakeHub, **files: bytes) -> dict[str, object]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"lang/lang-1/{name}", data)
        archive.writestr("lang/__init__.py", b"raise SystemExit")
    hub.wheel = buffer.getvalue()
    digest = hashlib.sha256(hub.wheel).hexdigest()
    return {"wheel": f"{hub.address}/lang.whl", "sha256": digest, "folder": "lang/lang-1"}


@pytest.mark.parametrize("name", profile_names())
def test_our_profiles_are_valid_and_say_what_they_pin(name: str) -> None:
    ours = load_profile(name)
    assert ours.name == name
    unpinned = [model.source for model in ours.different() if model.revision is None]
    assert unpinned == ["prithivMLmods/Watermark-Detection-SigLIP2"]


def test_there_are_three_profiles() -> None:
    assert profile_names() == ["cpu", "endpoint", "gpu"]


def test_only_what_services_read_is_fetched(hub: FakeHub, shelf: Shelf) -> None:
    said = fetch(one(), shelf, hub)

    found = {path.name for path in shelf.place(one().models["captioner"], COMMIT).iterdir()}
    assert found == {"config.json", "model.safetensors"}
    assert "Apache-2.0" in said
    assert "1.0 MB" in said


def test_a_graph_is_fetched_where_the_profile_names_one(hub: FakeHub, shelf: Shelf) -> None:
    graph = profile(toxicity={"hub": "a/tox", "revision": COMMIT, "weights": "model.onnx"})
    fetch(graph, shelf, hub)

    found = {path.name for path in shelf.place(graph.models["toxicity"], COMMIT).iterdir()}
    assert found == {"config.json", "model.onnx"}


def test_what_is_here_is_not_asked_for_again(hub: FakeHub, shelf: Shelf) -> None:
    fetch(one(), shelf, hub)
    hub.asked.clear()

    assert "are here and whole" in fetch(one(), shelf, hub)
    assert hub.asked == []


def test_nothing_is_fetched_without_a_yes(hub: FakeHub, shelf: Shelf) -> None:
    with pytest.raises(CommandError, match="nothing was fetched"):
        fetch(one(), shelf, hub, agreed=False)

    assert not [path for path, _ in hub.asked if "/resolve/" in path]


def test_an_interrupted_download_goes_on_where_it_broke(hub: FakeHub, shelf: Shelf) -> None:
    hub.budget = 300_000
    with pytest.raises(CommandError, match="pull again to go on"):
        fetch(one(), shelf, hub)
    assert shelf.missing(one().models["captioner"])
    hub.budget = None
    hub.asked.clear()

    fetch(one(), shelf, hub)

    assert (f"GET /a/vlm/resolve/{COMMIT}/model.safetensors", "bytes=300000-") in hub.asked
    path = shelf.place(one().models["captioner"], COMMIT) / "model.safetensors"
    assert path.read_bytes() == WEIGHTS


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("model.safetensors", "as pinned; it is deleted"),
        ("config.json", "other bytes than the hub announced in config.json"),
    ],
)
def test_bytes_that_were_not_announced_are_refused_and_deleted(
    hub: FakeHub, shelf: Shelf, name: str, said: str
) -> None:
    hub.announced[name] = hub.files[name].swapcase() + b"x"
    hub.files[name] += b"y"

    with pytest.raises(CommandError, match=said):
        fetch(one(), shelf, hub)

    assert shelf.missing(one().models["captioner"])
    hub.announced.clear()
    fetch(one(), shelf, hub)
    assert not shelf.missing(one().models["captioner"])


def test_another_commit_than_the_pinned_is_refused(hub: FakeHub, shelf: Shelf) -> None:
    hub.commit = "d" * 40
    with pytest.raises(CommandError, match=f"answers commit {'d' * 40}, not {COMMIT}"):
        fetch(one(), shelf, hub)


def test_a_hub_that_cannot_be_reached_is_said_so(shelf: Shelf) -> None:
    with pytest.raises(CommandError, match="the hub can't be reached"):
        pull(
            one(),
            shelf=shelf,
            hub=Hub("http://127.0.0.1:1"),
            console=Console(file=io.StringIO()),
            agreed=lambda: True,
        )


def test_a_model_of_pickles_alone_is_refused(hub: FakeHub, shelf: Shelf) -> None:
    del hub.files["model.safetensors"]
    with pytest.raises(CommandError, match=r"has no \*\.safetensors; other weights are refused"):
        fetch(one(), shelf, hub)


def test_the_first_pull_locks_a_commit_that_later_ones_keep(hub: FakeHub, shelf: Shelf) -> None:
    open_ended = one(revision=None)
    fetch(open_ended, shelf, hub)
    assert COMMIT in shelf.lock_file.read_text()
    (shelf.place(open_ended.models["captioner"], COMMIT) / "config.json").unlink()
    hub.asked.clear()

    fetch(open_ended, shelf, hub)

    assert f"GET /api/models/a/vlm/revision/{COMMIT}" in dict(hub.asked)


def test_a_file_that_was_damaged_here_is_fetched_again(hub: FakeHub, shelf: Shelf) -> None:
    fetch(one(), shelf, hub)
    path = shelf.place(one().models["captioner"], COMMIT) / "model.safetensors"
    path.resolve().write_bytes(b"x" * len(WEIGHTS))

    assert "is damaged" in fetch(one(), shelf, hub)
    assert path.read_bytes() == WEIGHTS


def test_no_room_is_said_before_anything_is_fetched(
    hub: FakeHub, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.statvfs_result((1,) * 10)
    monkeypatch.setattr("os.statvfs", lambda _: full)
    with pytest.raises(CommandError, match="set HF_HOME to another disk"):
        fetch(one(), shelf, hub)


def test_a_wheel_is_unpacked_and_never_installed(hub: FakeHub, shelf: Shelf) -> None:
    spacy = profile(spacy=wheel_of(hub, **{"config.cfg": b"[nlp]", "vocab/strings.json": b"[]"}))
    fetch(spacy, shelf, hub)

    folder = shelf.place(spacy.models["spacy"], str(spacy.models["spacy"].revision))
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"config.cfg", "vocab/strings.json"}
    assert not shelf.missing(spacy.models["spacy"])


def test_a_wheel_goes_on_where_it_broke(hub: FakeHub, shelf: Shelf) -> None:
    spacy = profile(spacy=wheel_of(hub, model=os.urandom(200_000)))
    hub.budget = 50_000
    with pytest.raises(CommandError, match="pull again to go on"):
        fetch(spacy, shelf, hub)
    hub.budget = None

    fetch(spacy, shelf, hub)

    assert ("GET /lang.whl", "bytes=50000-") in hub.asked


def test_another_wheel_than_the_pinned_is_refused_and_deleted(hub: FakeHub, shelf: Shelf) -> None:
    spacy = profile(spacy=wheel_of(hub, model=b"a"))
    hub.wheel += b"more"
    with pytest.raises(CommandError, match="as pinned; it is deleted"):
        fetch(spacy, shelf, hub)
    assert not list(shelf.folder.glob("*.part"))


def test_a_model_that_is_missing_names_the_command(shelf: Shelf) -> None:
    with pytest.raises(CommandError, match="`pixelprose models pull --profile cpu`"):
        profile_sections(load_profile("cpu"), shelf, known_hashes=[])


def test_sections_name_each_model_at_its_revision(
    hub: FakeHub, shelf: Shelf, tmp_path: Path
) -> None:
    pinned = {"revision": COMMIT}
    whole = profile(
        captioner={"hub": "a/vlm", **pinned},
        nsfw={"hub": "a/nsfw", **pinned},
        aesthetic={"hub": "a/clip", **pinned},
        aesthetic_head={"hub": "a/head", **pinned},
        style={"hub": "a/clip", **pinned},
        spacy=wheel_of(hub, meta=b"{}"),
    )
    fetch(whole, shelf, hub)

    made = profile_sections(whole, shelf, known_hashes=[tmp_path / "known.csv"])

    assert made["captioner"] == {"model": "a/vlm", "revision": COMMIT}
    assert made["safety_filter"] == {
        "model": "a/nsfw",
        "revision": COMMIT,
        "hash_lists": [str(tmp_path / "known.csv")],
    }
    annotator = made["metadata_annotator"]
    assert annotator["style"] == {"model": "a/clip", "revision": COMMIT}
    assert Path(annotator["aesthetic"]["head"]).read_bytes() == WEIGHTS
    assert (Path(annotator["spacy"]) / "meta").read_bytes() == b"{}"
    assert [model.here for model in listed([whole], shelf)] == [True] * 5


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"revision": "main"}, "revision"),
        ({"weights": "*.bin"}, "weights"),
        ({"trust_remote_code": True}, "trust_remote_code"),
        ({"hub": "https://example.org/model"}, "hub"),
    ],
)
def test_a_profile_that_trusts_too_much_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    model = {"hub": "a/b", "revision": COMMIT, "licence": "MIT", "megabytes": 1, **changes}
    document = {"name": "mine", "title": "t", "models": {"nsfw": model}, "settings": {}}
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(document), encoding="utf-8")

    with pytest.raises(CommandError, match=said):
        load_profile(str(path))


def test_a_profile_that_nobody_knows_names_ours() -> None:
    with pytest.raises(CommandError, match="there are cpu, endpoint, gpu"):
        load_profile("tpu")


_LOADS = """
import sys
from pixelprose.captioner.app import load_captioner
from pixelprose.captioner.settings import CaptionerSection
from pixelprose.safety_filter.app import load_scorer
from pixelprose.safety_filter.settings import SafetyFilterSection
commit = sys.argv[1]
print(load_scorer(SafetyFilterSection(model="demo/nsfw", revision=commit)).model.revision)
print(load_captioner(CaptionerSection(model="demo/vlm", revision=commit)).model.revision)
"""


def test_services_load_without_a_network_what_was_pulled(hub: FakeHub, tmp_path: Path) -> None:
    for repository, folder in (("demo/nsfw", "nsfw"), ("demo/vlm", "captioner")):
        files = {path.name: path.read_bytes() for path in model_path(folder).iterdir()}
        # What is not at the top is neither fetched nor missed.
        hub.repositories[repository] = {**files, "older/model.safetensors": b"x"}
    pinned = {"revision": COMMIT}
    wanted = profile(nsfw={"hub": "demo/nsfw", **pinned}, captioner={"hub": "demo/vlm", **pinned})
    home = tmp_path / "hub"
    fetch(wanted, Shelf(home, tmp_path / "models"), hub)

    loaded = subprocess.run(
        [sys.executable, "-c", _LOADS, COMMIT],
        env={**os.environ, "HF_HUB_CACHE": str(home), "HF_ENDPOINT": "http://127.0.0.1:1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert loaded.stdout.split() == [COMMIT, COMMIT], loaded.stderr


def test_the_command_fetches_by_hf_endpoint_and_lists(hub: FakeHub, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(json.dumps(one().model_dump()), encoding="utf-8")
    environ = {
        **os.environ,
        "HF_ENDPOINT": hub.address,
        "HF_HOME": str(tmp_path / "hf"),
        "PIXELPROSE_CACHE": str(tmp_path / "cache"),
    }

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "pixelprose.cli", "models", *words, "--profile", str(path)]
        return subprocess.run(
            argv, env={**environ, **more}, capture_output=True, text=True, input="", check=False
        )

    refused = run("pull")
    pulled = run("pull", "--yes")
    offline = run("pull", "--yes", HF_HUB_OFFLINE="1")
    known = json.loads(run("list", "--json").stdout)

    assert refused.returncode == 1
    assert pulled.returncode == 0, pulled.stderr
    assert "are here and whole" in offline.stdout
    assert [(model["source"], model["here"]) for model in known] == [("a/vlm", True)]


def test_names_of_models_are_whole_on_a_narrow_terminal() -> None:
    said = CliRunner().invoke(app, ["models", "list"], env={"COLUMNS": "80"}).output
    for name in profile_names():
        for model in load_profile(name).different():
            assert model.source in said
