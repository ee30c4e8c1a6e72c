from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from segment import Segmenter
from segment.io import OutputError, write_png
from segment.model import ModelFileError
from segment.pipeline import NothingReadableError, ReadOptions, apply, output_names, outputs, run, run_demo, train
from segment.samples import MATERIALS

SUFFIXES = ("labels.png", "phases.png", "components.png", "overlay.png")


def draw(path: Path, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    image = np.full((40, 48), 60.0)
    image[:, 24:] = 190
    write_png(path, np.clip(image + rng.normal(scale=6, size=image.shape), 0, 255).astype(np.uint8))
    return path


def two_phases(**changes) -> Segmenter:
    return Segmenter(2, **{"tol": 1e-2, **changes})


@pytest.fixture
def folder(tmp_path) -> Path:
    for seed in range(3):
        draw(tmp_path / "in" / f"image{seed}.png", seed)
    return tmp_path / "in"


def stamps(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in out.iterdir()}


def table(out: Path) -> list[dict[str, str]]:
    with (out / "fractions.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_run_writes_every_file_and_nothing_else(folder, tmp_path):
    out = tmp_path / "out"
    done = run([folder], two_phases(), out)
    expected = {f"image{i}_{suffix}" for i in range(3) for suffix in SUFFIXES}
    expected |= {"image0.json", "image1.json", "image2.json", "fractions.csv", "model.npz"}
    assert {path.name for path in out.iterdir()} == expected
    assert [image.name for image in done.images] == ["image0", "image1", "image2"]
    assert done.failures == ()


def test_the_files_say_what_the_model_says(folder, tmp_path):
    out = tmp_path / "out"
    segmenter = two_phases()
    run([folder], segmenter, out, options=ReadOptions(pixel_size_um=0.5))
    phases = Segmenter.load(out / "model.npz").predict(folder / "image1.png")
    labels = cv2.imread(str(out / "image1_labels.png"), cv2.IMREAD_UNCHANGED)
    assert labels is not None
    np.testing.assert_array_equal(labels, phases.labels)
    rows = [row for row in table(out) if row["image"] == "image1"]
    assert [int(row["pixels"]) for row in rows] == np.bincount(phases.labels.ravel()).tolist()
    assert [float(row["fraction"]) for row in rows] == pytest.approx(phases.fractions, abs=1e-6)
    assert [float(row["area_um2"]) for row in rows] == pytest.approx([0.25 * int(row["pixels"]) for row in rows])


def test_the_side_car_tells_everything(folder, tmp_path):
    segmenter = two_phases(random_state=5)
    run([folder], segmenter, tmp_path / "out", options=ReadOptions(pixel_size_um=0.5, band=30))
    record = json.loads((tmp_path / "out" / "image2.json").read_text())
    digest = hashlib.sha256((folder / "image2.png").read_bytes()).hexdigest()
    assert record["input"]["sha256"] == digest
    assert record["input"]["read_shape"] == [40, 48]
    assert record["input"]["shape"] == [30, 48]
    assert record["band"] == {"top": 30, "source": "user"}
    assert record["calibration"] == {"pixel_size_um": 0.5, "source": "user", "confidence": "high"}
    assert record["parameters"] == segmenter.parameters.to_json()
    assert record["seed"] == 5
    assert record["model"]["sha256"] == segmenter.model.digest
    assert record["model"]["loss_history"] == segmenter.model.loss_history.tolist()
    assert digest in [item["sha256"] for item in record["model"]["training"]]
    assert set(record["software"]) == {"python", "numpy", "numba", "scikit-learn", "opencv", "nmfcore", "platform"}
    labels = cv2.imread(str(tmp_path / "out" / "image2_labels.png"), cv2.IMREAD_UNCHANGED)
    assert labels is not None
    assert record["labels_sha256"] == hashlib.sha256(labels.tobytes()).hexdigest()
    assert sum(row["pixels"] for row in record["fractions"]) == 30 * 48
    assert record["phases"] == ["phase 0", "phase 1"]
    assert all((tmp_path / "out" / name).is_file() for name in record["files"])


def test_one_unreadable_file_is_reported_and_the_rest_go_on(folder, tmp_path):
    (folder / "broken.png").write_bytes(b"not an image")
    done = run([folder], two_phases(), tmp_path / "out")
    assert [item.path.name for item in done.failures] == ["broken.png"]
    assert "broken.png" in done.failures[0].message
    assert len(done.images) == 3
    assert len(table(tmp_path / "out")) == 6


def test_nothing_readable_names_every_file(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.png").write_bytes(b"x")
    with pytest.raises(NothingReadableError, match="none of the 2 inputs") as caught:
        train([tmp_path], two_phases())
    assert [item.path.name for item in caught.value.failures] == ["a.png", "b.png"]


def test_equal_stems_do_not_overwrite_each_other(tmp_path):
    paths = [
        draw(tmp_path / "a" / "x.png", 0),
        draw(tmp_path / "b" / "x.png", 1),
        draw(tmp_path / "b" / "x.bmp.png", 2),
    ]
    done = run(paths, two_phases(), tmp_path / "out")
    assert [image.name for image in done.images] == ["a_x", "b_x", "x.bmp"]
    for image in done.images:
        record = json.loads((tmp_path / "out" / f"{image.name}.json").read_text())
        assert record["input"]["sha256"] == hashlib.sha256(image.path.read_bytes()).hexdigest()


@given(
    st.lists(
        st.tuples(
            st.sampled_from("aAb"), st.sampled_from(["x", "X", "x_png", "A_x", "x_2"]), st.sampled_from(["png", "TIF"])
        ),
        unique=True,
    )
)
def test_output_names_differ_whatever_the_inputs(parts):
    names = output_names([Path(folder) / f"{stem}.{suffix}" for folder, stem, suffix in parts])
    assert len({name.casefold() for name in names}) == len(parts)
    assert all(name and "/" not in name for name in names)


def test_an_input_is_never_overwritten(folder):
    draw(folder / "image0_labels.png", 9)
    before = (folder / "image0_labels.png").read_bytes()
    with pytest.raises(OutputError, match=r"image0_labels\.png: is an input and would be overwritten"):
        run([folder], two_phases(), folder)
    assert (folder / "image0_labels.png").read_bytes() == before


PAINTED = b"painted by hand"


@pytest.mark.parametrize("name", ["image0_labels.png", "image1_overlay.png", "image2.json", "fractions.csv"])
def test_a_file_of_the_users_is_never_overwritten(folder, name):
    (folder / name).write_bytes(PAINTED)
    with pytest.raises(OutputError, match=re.escape(name) + ": is there and was not written by this program"):
        run([folder / f"image{index}.png" for index in range(3)], two_phases(), folder)
    assert (folder / name).read_bytes() == PAINTED
    assert not (folder / "model.npz").exists()


@pytest.mark.parametrize("name", ["report.html", "model.npz", "fractions.parquet", "image0_phases.npz"])
def test_no_report_model_or_export_of_others_is_overwritten(folder, tmp_path, name):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(PAINTED)
    with pytest.raises(OutputError, match=re.escape(name) + ": is there and was not written"):
        run([folder], two_phases(), out, report=True, exports=["parquet", "npz"])
    assert [path.name for path in out.iterdir()] == [name]


def test_a_run_may_be_repeated_but_not_over_corrections(folder, tmp_path):
    out = tmp_path / "out"
    for _ in range(2):
        run([folder], two_phases(), out, report=True, exports=["parquet", "npz"])
    write_png(out / "image1_labels.png", np.full((40, 48), 1, np.uint8))
    corrected = (out / "image1_labels.png").read_bytes()
    with pytest.raises(OutputError, match=r"image1_labels\.png: was changed since"):
        run([folder], two_phases(), out)
    assert (out / "image1_labels.png").read_bytes() == corrected


def test_what_a_run_wrote_is_no_input_of_the_next(folder):
    first = run([folder], two_phases(), folder)
    again = run([f"{folder}/*.png"], two_phases(), folder)
    assert [image.name for image in again.images] == [image.name for image in first.images]
    assert {item.path.name for item in again.skipped} == {f"image{i}_{suffix}" for i in range(3) for suffix in SUFFIXES}
    assert all("earlier run" in item.reason for item in again.skipped)
    with pytest.raises(FileNotFoundError, match="only what an earlier run wrote"):
        run([folder / "image0_overlay.png"], two_phases(), folder / "out")


def test_long_names_are_cut_and_files_of_other_kinds_are_listed(folder, tmp_path):
    long = draw(folder / f"{'x' * 241}.png", 4)
    twin = draw(folder / f"{'x' * 240}y.png", 5)
    (folder / "notes.docx").write_bytes(b"")
    done = run([folder], two_phases(), tmp_path / "out")
    assert done.failures == ()
    assert [(item.path.name, item.reason) for item in done.skipped] == [("notes.docx", "not an image by its name")]
    names = {image.path: image for image in done.images}
    assert len({image.name for image in done.images}) == 5
    assert {row["image"] for row in table(tmp_path / "out")} == {image.name for image in done.images}
    for path in (long, twin):
        assert (tmp_path / "out" / f"{names[path].name}_components.png").is_file()
        assert "too long" in names[path].notes[-1]


def test_resume_keeps_finished_images_and_their_rows(folder, tmp_path):
    out = tmp_path / "out"
    run([folder], two_phases(), out)
    before, rows = stamps(out), table(out)
    (out / "image1_overlay.png").unlink()
    done = run([folder], two_phases(), out, resume=True)
    assert [image.is_resumed for image in done.images] == [True, False, True]
    after = stamps(out)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {f"image1_{suffix}" for suffix in SUFFIXES} | {"image1.json", "fractions.csv", "model.npz"}
    assert table(out) == rows


@pytest.mark.parametrize(
    ("change", "options"),
    [({"random_state": 1}, {}), ({"alpha": 0.5}, {}), ({}, {"pixel_size_um": 1.0}), ({}, {"band": 30})],
)
def test_resume_keeps_nothing_made_otherwise(folder, tmp_path, change, options):
    run([folder], two_phases(), tmp_path / "out")
    done = run([folder], two_phases(**change), tmp_path / "out", options=ReadOptions(**options), resume=True)
    assert not any(image.is_resumed for image in done.images)


def test_resume_keeps_nothing_of_another_model(folder, tmp_path):
    first, second = two_phases(), two_phases()
    train([folder / "image0.png"], first)
    train([folder / "image1.png"], second)
    apply(first, [folder], tmp_path / "out")
    assert not any(image.is_resumed for image in apply(second, [folder], tmp_path / "out", resume=True).images)
    assert all(image.is_resumed for image in apply(second, [folder], tmp_path / "out", resume=True).images)


def test_resume_sees_a_changed_input_and_a_damaged_side_car(folder, tmp_path):
    out = tmp_path / "out"
    segmenter = two_phases()
    run([folder], segmenter, out)
    draw(folder / "image0.png", 77)
    (out / "image1.json").write_text('{"format": "segment result", ')
    done = apply(segmenter, [folder], out, resume=True)
    assert [image.is_resumed for image in done.images] == [False, False, True]
    again = apply(segmenter, [folder], out, resume=True)
    assert [image.is_resumed for image in again.images] == [True, True, True]
    assert [image.fractions for image in again.images] == [image.fractions for image in done.images]


def test_an_interrupted_run_leaves_what_was_there_and_can_be_resumed(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    segmenter = two_phases()
    train([folder], segmenter)
    apply(segmenter, [folder / "image0.png", folder / "image1.png"], out)
    before, written = stamps(out), []

    def interrupted(path, image):
        written.append(path)
        if len(written) == 10:
            raise KeyboardInterrupt
        write_png(path, image)

    with monkeypatch.context() as patch:
        patch.setattr(outputs, "write_png", interrupted)
        with pytest.raises(KeyboardInterrupt):
            apply(segmenter, [folder], out)
    after = stamps(out)
    assert after.keys() == before.keys()
    assert all(len((out / name).read_bytes()) > 8 for name in after)
    done = apply(segmenter, [folder], out, resume=True)
    assert [image.is_resumed for image in done.images] == [True, True, False]


def test_exports_lie_beside_the_results_and_are_in_the_side_car(folder, tmp_path):
    out = tmp_path / "out"
    done = run([folder], two_phases(), out, exports=["parquet", "npz", "geojson"], options=ReadOptions(pixel_size_um=1))
    assert done.report is None
    record = json.loads((out / "image0.json").read_text())
    further = {"image0_phases.npz", "image0_regions.geojson", "image0_regions_um.geojson"}
    assert further <= set(record["files"])
    assert all((out / name).is_file() for name in record["files"])
    assert parquet.read_table(out / "fractions.parquet").num_rows == len(table(out)) == 6
    with np.load(out / "image0_phases.npz") as archive:
        np.testing.assert_array_equal(archive["labels"], done.segmenter.predict(folder / "image0.png").labels)


def test_resume_makes_the_exports_that_are_missing(folder, tmp_path):
    out = tmp_path / "out"
    segmenter = two_phases()
    run([folder], segmenter, out, exports=["npz"])
    (out / "image1_phases.npz").unlink()
    fewer = apply(segmenter, [folder], out, resume=True)
    assert [image.is_resumed for image in fewer.images] == [True, False, True]
    more = apply(segmenter, [folder], out, resume=True, exports=["npz"])
    assert [image.is_resumed for image in more.images] == [True, False, True]
    assert (out / "image1_phases.npz").is_file()


def test_an_export_never_overwrites_an_input(folder):
    draw(folder / "image0_labels.tif", 9)
    before = (folder / "image0_labels.tif").read_bytes()
    with pytest.raises(OutputError, match=r"image0_labels\.tif: is an input"):
        run([folder], two_phases(), folder, exports=["imagej"])
    assert (folder / "image0_labels.tif").read_bytes() == before


def test_an_unknown_export_is_refused_before_anything_is_read(folder, tmp_path):
    with pytest.raises(ValueError, match="unknown export format 'hdf5'"):
        run([folder], two_phases(), tmp_path / "out", exports=["hdf5"])
    assert not (tmp_path / "out").exists()


def shown(page: Path) -> list[str]:
    return re.findall(r'<section class="field" id="field-\d+">\s*<h3>(.*?)</h3>', page.read_text("utf-8"))


def test_the_report_of_a_run_has_every_field_and_every_failure(folder, tmp_path):
    (folder / "broken.png").write_bytes(b"not an image")
    done = run([folder], two_phases(), tmp_path / "out", report=True)
    assert done.report == tmp_path / "out" / "report.html"
    assert shown(done.report) == ["image0", "image1", "image2"]
    page = done.report.read_text("utf-8")
    assert "1 input could not be read" in page
    assert "broken.png" in page
    assert hashlib.sha256((folder / "image1.png").read_bytes()).hexdigest() in page


def test_a_resumed_run_reports_kept_fields_too(folder, tmp_path):
    out = tmp_path / "out"
    segmenter = two_phases()
    first = run([folder], segmenter, out, report=True)
    assert first.report is not None
    pictures = re.findall('data:image/png;base64,[^"]+', first.report.read_text("utf-8"))
    write_png(out / "image1_labels.png", np.zeros((2, 2), dtype=np.uint8))
    with pytest.raises(OutputError, match=r"image1_labels\.png: was changed since"):
        apply(segmenter, [folder], out, resume=True, report=True)
    (out / "image1_labels.png").unlink()
    (out / "image2_labels.png").unlink()
    again = apply(segmenter, [folder], out, resume=True, report=True)
    assert [image.is_resumed for image in again.images] == [True, False, False]
    assert again.report is not None
    assert re.findall('data:image/png;base64,[^"]+', again.report.read_text("utf-8")) == pictures


def test_no_field_no_report(folder, tmp_path):
    segmenter = two_phases()
    train([folder], segmenter)
    (tmp_path / "a.png").write_bytes(b"no image")
    done = apply(segmenter, [tmp_path / "a.png"], tmp_path / "out", report=True)
    assert done.report is None
    assert not (tmp_path / "out" / "report.html").exists()


def test_an_output_folder_that_is_a_file_is_said(folder, tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError, match="taken"):
        run([folder], two_phases(), tmp_path / "taken")


def test_progress_counts_every_file(folder, tmp_path):
    seen = []
    run([folder], two_phases(), tmp_path / "out", on_progress=seen.append)
    assert [(step.stage, step.done, step.total) for step in seen] == [
        ("read", 1, 3), ("read", 2, 3), ("read", 3, 3), ("fit", 0, 1), ("fit", 1, 1),
        ("segment", 1, 3), ("segment", 2, 3), ("segment", 3, 3),
    ]  # fmt: skip


def test_a_model_that_is_none_is_named(tmp_path):
    (tmp_path / "m.npz").write_bytes(b"PK\x03\x04")
    with pytest.raises(ModelFileError, match=r"m\.npz"):
        Segmenter.load(tmp_path / "m.npz")


def test_the_demonstration_compares_every_material_with_its_truth(tmp_path):
    rows = run_demo(tmp_path, make_segmenter=lambda k: Segmenter(k, tol=1e-2), n_images=2, shape=(96, 128))
    assert [row.material for row in rows] == list(MATERIALS)
    assert len(rows) >= 3
    for row in rows:
        assert row.images == 2
        assert sum(row.true_fractions) == pytest.approx(1)
        assert sum(row.fractions) == pytest.approx(1)
        assert 0 < row.mean_iou <= 1
        assert (tmp_path / row.material / "fractions.csv").is_file()
    assert (tmp_path / "summary.png").stat().st_size > 0
    assert rows[0].mean_iou > 0.4
