import hashlib
from pathlib import Path

import pytest

from pixelprose.checkpoints import ModelNotLoaded, find_checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "a-model"
    folder.mkdir()
    (folder / "model-1.safetensors").write_bytes(b"first")
    (folder / "model-2.safetensors").write_bytes(b"second")
    (folder / "config.json").write_text("{}", "utf-8")
    return folder


def test_a_folder_is_known_by_its_weights_and_name(folder: Path) -> None:
    found = find_checkpoint(str(folder))

    assert found.folder == folder
    assert found.name == "a-model"
    assert found.revision == find_checkpoint(str(folder)).revision
    assert len(found.revision) == len("sha256:") + 64


def test_a_model_s_own_name_beats_its_folder_s_and_a_configured_one_beats_both(
    folder: Path,
) -> None:
    (folder / "config.json").write_text('{"pixelprose_name": "its-own"}', "utf-8")

    assert find_checkpoint(str(folder)).name == "its-own"
    assert find_checkpoint(str(folder), name="demo").name == "demo"


@pytest.mark.parametrize("config", ["{", "[]", '{"pixelprose_name": 7}'])
def test_a_config_that_says_no_name_does_not_name(folder: Path, config: str) -> None:
    (folder / "config.json").write_text(config)

    assert find_checkpoint(str(folder)).name == folder.name


def test_other_weights_can_be_asked_for(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"onnx")

    expected = hashlib.sha256(b"onnx").hexdigest()
    assert find_checkpoint(str(folder), weights="*.onnx").revision == f"sha256:{expected}"


def test_a_model_says_which_library_ran_it(folder: Path) -> None:
    assert find_checkpoint(str(folder)).model("transformers").library.startswith("transformers ")


@pytest.mark.parametrize("model", [None, ""])
def test_a_model_that_is_not_set_is_refused(model: str | None) -> None:
    with pytest.raises(ModelNotLoaded, match="no model is configured"):
        find_checkpoint(model)


def test_the_revision_of_one_file_is_its_sha256(folder: Path) -> None:
    (folder / "model-2.safetensors").unlink()

    expected = hashlib.sha256(b"first").hexdigest()
    assert find_checkpoint(str(folder)).revision == f"sha256:{expected}"


def test_other_weights_are_another_revision(folder: Path) -> None:
    before = find_checkpoint(str(folder)).revision
    (folder / "model-2.safetensors").write_bytes(b"sec0nd")

    assert find_checkpoint(str(folder)).revision != before


def test_a_folder_with_other_weights_than_configured_is_refused(folder: Path) -> None:
    revision = find_checkpoint(str(folder)).revision
    assert find_checkpoint(str(folder), revision=revision).revision == revision

    with pytest.raises(ModelNotLoaded, match="not sha256:other as is set"):
        find_checkpoint(str(folder), revision="sha256:other")


def test_what_is_no_weight_does_not_change_the_revision(folder: Path) -> None:
    before = find_checkpoint(str(folder)).revision
    (folder / "README.md").write_text("a card", "utf-8")

    assert find_checkpoint(str(folder)).revision == before


def test_a_folder_without_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")

    with pytest.raises(ModelNotLoaded, match=r"no \*\.safetensors"):
        find_checkpoint(str(tmp_path))


def test_a_hub_id_without_a_revision_is_refused() -> None:
    with pytest.raises(ModelNotLoaded, match="needs a revision"):
        find_checkpoint("somebody/some-model")


@pytest.mark.parametrize(
    "model", ["somebody/some-model", "no such folder/at all/anywhere", "/no/where"]
)
def test_a_model_that_is_not_on_this_machine_is_refused_without_asking_the_hub(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    with pytest.raises(ModelNotLoaded, match="this machine's hub cache; `pixelprose models pull`"):
        find_checkpoint(model, revision="main")


def test_a_cached_hub_model_is_known_by_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    cached = tmp_path / "models--somebody--some-model"
    snapshot = cached / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").write_bytes(b"weights")
    (cached / "refs").mkdir()
    (cached / "refs" / "v1").write_text(commit, "utf-8")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))

    found = find_checkpoint("somebody/some-model", revision="v1")

    assert (found.folder, found.name, found.revision) == (snapshot, "somebody/some-model", commit)
