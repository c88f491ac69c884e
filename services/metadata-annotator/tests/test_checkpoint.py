import hashlib
import json
from pathlib import Path

import pytest

from pixelprose.metadata_annotator.checkpoint import find_checkpoint, weights_hash
from pixelprose.metadata_annotator.ports import ModelNotLoaded
from pixelprose.metadata_annotator.settings import ModelSection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def test_a_folder_is_named_by_its_config_and_identified_by_its_weights(folder: Path) -> None:
    section = ModelSection(model=str(folder))
    plain = find_checkpoint(section)
    assert plain.name == folder.name
    (folder / "config.json").write_text(json.dumps({"pixelprose_name": "demo-x"}))
    named = find_checkpoint(section)
    assert (named.name, named.revision) == ("demo-x", plain.revision)
    (folder / "model.safetensors").write_bytes(b"other weights")
    assert find_checkpoint(section).revision != plain.revision


def test_the_revision_of_one_file_is_its_sha256(folder: Path) -> None:
    digest = hashlib.sha256(b"weights").hexdigest()
    assert weights_hash([folder / "model.safetensors"]) == f"sha256:{digest}"


def test_a_name_can_be_set_for_the_records(folder: Path) -> None:
    assert find_checkpoint(ModelSection(model=str(folder), model_name="ours")).name == "ours"


def test_a_model_says_which_library_ran_it(folder: Path) -> None:
    model = find_checkpoint(ModelSection(model=str(folder))).model("transformers")
    assert model.library.startswith("transformers ")


@pytest.mark.parametrize("config", ["{", "[]", '{"pixelprose_name": 7}'])
def test_a_config_that_says_no_name_does_not_name(folder: Path, config: str) -> None:
    (folder / "config.json").write_text(config)
    assert find_checkpoint(ModelSection(model=str(folder))).name == folder.name


def test_a_model_that_is_not_set_is_refused() -> None:
    with pytest.raises(ModelNotLoaded, match="no model is configured"):
        find_checkpoint(ModelSection())


def test_pickled_weights_are_never_read(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ModelNotLoaded, match="holds no"):
        find_checkpoint(ModelSection(model=str(tmp_path)))


def test_a_hub_id_needs_a_revision_and_is_not_fetched() -> None:
    with pytest.raises(ModelNotLoaded, match="needs a revision"):
        find_checkpoint(ModelSection(model="nobody/nothing"))
    with pytest.raises(ModelNotLoaded, match="hub cache"):
        find_checkpoint(ModelSection(model="nobody/nothing", revision="main"))


def test_what_is_neither_a_folder_nor_a_hub_id_is_refused() -> None:
    with pytest.raises(ModelNotLoaded, match="/no/where"):
        find_checkpoint(ModelSection(model="/no/where", revision="main"))
