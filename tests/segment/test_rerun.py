from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segment import Segmenter
from segment.composition import Composition
from segment.io import write_png
from segment.pipeline import Difference, ReadOptions, SideCarError, apply, rerun, run


def draw(path: Path, seed: int) -> Path:
    rng = np.random.default_rng(seed)
    image = np.full((40, 48), 60.0)
    image[:, 20 + 4 * seed :] = 190
    write_png(path, np.clip(image + rng.normal(scale=20, size=image.shape), 0, 255).astype(np.uint8))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Folder with ``in/``, two images, and ``out/``, their results."""
    folder = tmp_path_factory.mktemp("made")
    for seed in range(2):
        draw(folder / "in" / f"image{seed}.png", seed)
    run([folder / "in"], Segmenter(2, tol=1e-2), folder / "out", options=ReadOptions(pixel_size_um=0.5))
    return folder


@pytest.fixture
def folder(made, tmp_path) -> Path:
    """Return a copy that may be spoiled; its side-cars still name the inputs of the original."""
    shutil.copytree(made, tmp_path / "copy")
    return tmp_path / "copy"


def edit(path: Path, change) -> Path:
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    return path


def test_the_same_labels_bit_for_bit(made):
    done = rerun(made / "out" / "image1.json")
    assert (done.is_same, done.is_done, done.changed_pixels, done.differences) == (True, True, 0, ())
    assert done.input == made / "in" / "image1.png"


def test_the_training_can_be_done_again_too(made):
    done = rerun(made / "out" / "image1.json", training=[made / "in"])
    assert (done.is_same, done.differences) == (True, ())


def test_a_training_image_that_is_missing_is_named(made):
    done = rerun(made / "out" / "image1.json", training=[made / "in" / "image0.png"])
    assert done.is_same
    assert [(item.kind, item.name, item.found) for item in done.differences] == [("input", "image1", "not among them")]


def test_fingerprints_that_the_training_does_not_give_are_noticed(folder, made):
    def other_phases(record: dict[str, Any]) -> None:
        record["model"]["components"][0][0] *= 1.5

    done = rerun(edit(folder / "out" / "image0.json", other_phases), training=[made / "in"])
    assert {(item.kind, item.name) for item in done.differences} == {("model", "sha256"), ("model", "components")}
    assert done.is_same


def test_labels_that_were_guided_are_guided_again(made, tmp_path):
    composition = Composition({"phase 0": 0.42, "phase 1": 0.58}, hard=True)
    segmenter = Segmenter.load(made / "out" / "model.npz")
    apply(segmenter, [made / "in" / "image0.png"], tmp_path, options=ReadOptions(), composition=composition)
    plain = json.loads((made / "out" / "image0.json").read_text())
    guided = json.loads((tmp_path / "image0.json").read_text())
    assert guided["labels_sha256"] != plain["labels_sha256"]
    assert rerun(tmp_path / "image0.json").is_same


def test_an_edited_model_gives_other_labels_and_says_so(folder):
    def swapped(record: dict[str, Any]) -> None:
        record["model"]["shared"]["points"].reverse()
        record["model"]["mixture"]["owners"].reverse()

    done = rerun(edit(folder / "out" / "image0.json", swapped))
    assert (done.is_same, done.is_done, done.changed_pixels) == (False, True, 40 * 48)
    assert [(item.kind, item.name) for item in done.differences] == [("model", "sha256")]


def test_labels_that_were_edited_are_noticed_though_nothing_else_differs(folder):
    done = rerun(edit(folder / "out" / "image0.json", lambda record: record.update(labels_sha256="0" * 64)))
    assert (done.is_same, done.changed_pixels, done.differences) == (False, 0, ())
    (folder / "out" / "image0_labels.png").unlink()
    assert rerun(folder / "out" / "image0.json").changed_pixels is None


def test_an_input_of_other_bytes_is_named_and_not_segmented(folder, made):
    done = rerun(made / "out" / "image0.json", image=made / "in" / "image1.png")
    assert (done.is_same, done.is_done) == (False, False)
    [found] = done.differences
    assert (found.kind, found.name) == ("input", "sha256")
    assert found.recorded == json.loads((made / "out" / "image0.json").read_text())["input"]["sha256"]
    assert "image1.png" in found.found


def test_an_input_that_moved_beside_its_side_car_is_found(folder):
    def lost(record: dict[str, Any]) -> None:
        record["input"]["path"] = "nowhere/image0.png"

    side_car = edit(folder / "out" / "image0.json", lost)
    done = rerun(side_car)
    assert not done.is_done
    assert [(item.kind, item.name) for item in done.differences] == [("input", "sha256")]
    assert "cannot be read" in done.differences[0].found
    shutil.copy(folder / "in" / "image0.png", folder / "out")
    assert rerun(side_car).is_same


def test_versions_that_differ_are_named_even_where_the_labels_do_not(folder):
    done = rerun(edit(folder / "out" / "image0.json", lambda record: record["software"].update(numpy="0.1")))
    assert done.is_same
    [found] = done.differences
    assert found == Difference("version", "numpy", "0.1", np.__version__)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda values: values.update(wings=2), ("wings", "2", "not known")),
        (lambda values: values.pop("alpha"), ("alpha", "not recorded", "needed")),
    ],
)
def test_parameters_of_another_version_are_named(folder, change, expected):
    done = rerun(edit(folder / "out" / "image0.json", lambda record: change(record["parameters"])))
    assert not done.is_done
    assert [(item.kind, item.name, item.recorded, item.found) for item in done.differences] == [
        ("parameter", *expected)
    ]


def test_a_changed_parameter_is_a_changed_model(folder):
    done = rerun(edit(folder / "out" / "image0.json", lambda record: record["parameters"].update(min_region=1000)))
    assert not done.is_same
    assert [(item.kind, item.name) for item in done.differences] == [("model", "sha256")]


def test_features_that_are_not_there_any_more_are_named(folder):
    done = rerun(edit(folder / "out" / "image0.json", lambda record: record["parameters"].update(features="gone")))
    assert not done.is_done
    assert [item.name for item in done.differences] == ["sha256", "features"]
    assert "unknown features 'gone'" in done.differences[1].found


def test_a_band_that_is_now_found_elsewhere_is_an_input_that_differs(folder):
    (folder / "out" / "image0.txt").write_text("$CM_FULL_SIZE 48 30\n$$SM_MICRON_BAR 10\n$$SM_MICRON_MARKER 1um\n")
    shutil.copy(folder / "in" / "image0.png", folder / "out")
    done = rerun(folder / "out" / "image0.json", image=folder / "out" / "image0.png")
    assert not done.is_done
    assert done.differences == (Difference("input", "band", "None", "30"),)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "damaged"), (b'{"format": "segment result", ', "damaged"), (b"\xff\xfe\x00", "damaged"),
        (b"[" * 100_000, "damaged"), (b"[]", "not the side-car"), (b'{"format": "segment model"}', "not the side-car"),
        (b'{"format": "segment result", "version": 99}', "version 99"),
        (b'{"format": "segment result", "version": 1}', "names no input"),
    ],
)  # fmt: skip
def test_files_that_are_no_side_car_are_named(tmp_path, content, reason):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(SideCarError, match=rf"a\.json: .*{reason}"):
        rerun(tmp_path / "a.json")


def test_a_side_car_that_is_missing_is_named(tmp_path):
    with pytest.raises(SideCarError, match=r"a\.json: cannot be read"):
        rerun(tmp_path / "a.json")


def outcome(side_car: Path) -> str:
    try:
        return "done" if rerun(side_car).is_done else "differs"
    except SideCarError as error:
        return str(error)


@pytest.mark.parametrize("bad", [None, 3, "x", [], [["a"]], {"x": 1}, -1e400])
@pytest.mark.parametrize("key", ["model", "parameters", "read_options", "band", "input", "phases", "composition"])
def test_a_damaged_side_car_never_ends_in_a_traceback(folder, key, bad):
    found = outcome(edit(folder / "out" / "image0.json", lambda record: record.update({key: bad})))
    is_undamaged = key == "composition" and bad is None
    assert found == ("done" if is_undamaged else "differs") or "image0.json: " in found


@pytest.mark.parametrize("key", ["components", "loss_history", "training", "feature_names", "n_iter", "sha256"])
def test_a_damaged_model_in_a_side_car_is_named(folder, key):
    side_car = edit(folder / "out" / "image0.json", lambda record: record["model"].pop(key))
    with pytest.raises(SideCarError, match=rf"it lacks '{key}'"):
        rerun(side_car)
