from __future__ import annotations

import json
import warnings

import cv2
import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli import app
from segment.features import extract
from segment.io import ImageReadError, read_micrograph, write_png
from segment.model import ModelFileError, storage
from segment.model.annotated import EVENNESS, _choose_strength, _group
from segment.model.labels import read_labels
from segment.model.teaching import from_json, lift, visible
from segment.pipeline import rerun
from segment.pipeline.labelling import match_labels
from segment.records import FeatureStack, Neighbourhood

LEVELS = (0.25, 0.5, 0.8)


def bands(seed: int = 0, order: tuple[int, ...] = (0, 1, 2)) -> tuple[np.ndarray, np.ndarray]:
    """Draw three grey levels side by side with noise; return image and truth."""
    truth = np.repeat(np.repeat(np.array([order], dtype=np.uint8), 24, axis=1), 48, axis=0)
    noise = np.random.default_rng(seed).normal(scale=0.02, size=truth.shape)
    return np.clip(np.take(LEVELS, truth) + noise, 0, 1).astype(np.float32), truth


def strokes(truth: np.ndarray, *phases: int) -> np.ndarray:
    """Paint a short stroke in two corners of each phase."""
    painted = np.full(truth.shape, 255, dtype=np.uint8)
    for rows in (slice(4, 7), slice(40, 43)):
        painted[rows] = truth[rows]
    painted[~np.isin(painted, phases)] = 255
    painted[:, ::2] = 255
    return painted


@pytest.fixture(scope="module")
def taught() -> Segmenter:
    image, truth = bands()
    # Neither dark to bright nor bright to dark: the ids decide.
    ids = np.array([2, 0, 1], dtype=np.uint8)[truth]
    return Segmenter(features="grey").fit(image, labels=strokes(ids, 0, 1, 2))


def test_phases_are_the_ids_that_were_painted_in_this_and_another_image(taught):
    assert taught.parameters.n_phases == 3
    for order in ((0, 1, 2), (1, 0, 2)):
        image, truth = bands(seed=3, order=order)
        found = taught.predict(image)
        assert np.mean(found.labels == np.array([2, 0, 1])[truth]) > 0.95
        assert np.allclose(found.abundances.sum(axis=0), 1, atol=1e-5)


def test_what_was_painted_is_counted_and_the_components_are_means(taught):
    image, truth = bands()
    model = taught.model
    assert sum(model.teaching.painted) == np.count_nonzero(strokes(truth, 0, 1, 2) != 255)
    brightness = model.components[:, model.feature_names.index("bright")]
    assert np.argsort(brightness).tolist() == [2, 0, 1]


def test_strokes_change_what_is_found():
    image, truth = bands()
    # Both bright bands are one phase for this user, which no clustering of grey levels would say.
    wanted = np.minimum(truth, 1)
    found = Segmenter(features="grey").fit(image, strokes(wanted, 0, 1)).predict(image).labels
    assert np.mean(found == wanted) > 0.95
    other = (truth == 2).astype(np.uint8)
    found = Segmenter(features="grey").fit(image, strokes(other, 0, 1)).predict(image).labels
    assert np.mean(found == other) > 0.95


def test_a_phase_that_nobody_painted_is_found_among_the_rest():
    image, truth = bands()
    with pytest.warns(RuntimeWarning, match="no pixel of phase 2 is labelled"):
        segmenter = Segmenter(3, features="grey").fit(image, strokes(truth, 0, 1))
    assert segmenter.model.teaching.painted[2] == 0 < min(segmenter.model.teaching.painted[:2])
    assert np.mean(segmenter.predict(image).labels == truth) > 0.95


def test_a_full_mask_of_one_image_among_several_teaches_them_all():
    images, truths = zip(*(bands(seed) for seed in range(3)), strict=True)
    by_position = Segmenter(features="grey").fit(images, [None, truths[1], None])
    for image, truth in zip(images, truths, strict=True):
        assert np.mean(by_position.predict(image).labels == truth) > 0.95


def test_the_same_labels_give_the_same_model_and_fractions_guide_it(taught):
    image, truth = bands()
    again = Segmenter(features="grey").fit(image, strokes(np.array([2, 0, 1], np.uint8)[truth], 0, 1, 2))
    assert again.model.digest == taught.model.digest
    taught = Segmenter.from_model(again.model).name_phases(["b", "c", "a"])
    guided = taught.predict(image, fractions={"a": 0.34, "b": 0.33, "c": 0.33}, fraction_sigma=0.01)
    assert np.abs(guided.guidance.after - [0.33, 0.33, 0.34]).max() < 0.02
    # What labels taught is not learned anew.
    assert guided.guidance.ambiguity is None


def test_a_saved_model_gives_the_same_bits(taught, tmp_path):
    image, _ = bands(seed=5)
    taught.save(tmp_path / "model.npz")
    loaded = Segmenter.load(tmp_path / "model.npz")
    assert loaded.model.digest == taught.model.digest
    assert np.array_equal(loaded.predict(image).abundances, taught.predict(image).abundances)


def test_what_was_learned_is_part_of_the_digest(taught):
    record = json.loads(json.dumps(taught.model.teaching.to_json()))
    record["dictionaries"][0]["offsets"][0] += 1
    from dataclasses import replace

    other = replace(taught.model, teaching=from_json(record, 3, 2))
    assert other.digest != taught.model.digest


@pytest.mark.parametrize(
    ("key", "value"),
    [("atoms", [[-1.0] * 6]), ("offsets", [float("nan")] * 3), ("slopes", [[0.0]]), ("high", [0.0, 0.0]), ("low", "x")],
)
def test_a_damaged_model_is_refused(taught, tmp_path, monkeypatch, key, value):
    record = taught.model.teaching.to_json()
    record["dictionaries"][0][key] = value
    monkeypatch.setattr(type(taught.model.teaching), "to_json", lambda self: record)
    storage.save(tmp_path / "model.npz", taught.model)
    with pytest.raises(ModelFileError, match=r"model.npz: not a model file, or a damaged one"):
        Segmenter.load(tmp_path / "model.npz")


@pytest.mark.parametrize(
    ("labels", "n_phases", "message"),
    [
        (np.zeros((5, 5), np.uint8), None, r"labels of 'array': shape \(5, 5\), but image 'array' has \(48, 72\)"),
        (np.zeros((48, 72)), None, "must be integers, got float64"),
        (np.zeros((48, 72, 3), np.uint8) + np.arange(3, dtype=np.uint8), None, "colours are no ids"),
        (np.full((48, 72), 255, np.uint8), None, "no pixel is labelled"),
        (np.full((48, 72), -1), None, "found -1"),
        (np.full((48, 72), 300), None, "found 300"),
        (np.zeros((48, 72), np.uint8), None, "a single id, 0"),
        (np.tile(np.uint8([38, 75]), (48, 36)), None, "hold the ids 38, 75: number the phases from 0"),
        (np.tile(np.uint8([0, 3]), (48, 36)), 3, "hold the ids 0, 3, but with 3 phases they go from 0 to 2"),
        (np.zeros((48, 72), np.uint8), 1, "n_phases must be at least 2"),
        ([None, None], None, "2 given for 1 images"),
        ({"other": np.zeros((48, 72), np.uint8)}, None, "no image is called other; images are array"),
        ([None], None, "no pixel is labelled"),
    ],
)
def test_wrong_labels_are_refused_by_name(labels, n_phases, message):
    with pytest.raises(ValueError, match=message):
        Segmenter(n_phases, features="grey").fit(bands()[0], labels=labels)


def test_labels_with_the_band_are_cropped_like_the_image(tmp_path):
    image, truth = bands()
    write_png(tmp_path / "a.png", np.vstack([image * 255, np.zeros((12, 72))]).astype(np.uint8))
    write_png(tmp_path / "b.png", np.vstack([truth, np.zeros((12, 72), np.uint8)]))
    micrograph = read_micrograph(tmp_path / "a.png", band=48)
    (found,) = read_labels(tmp_path / "b.png", [micrograph])
    assert np.array_equal(found.ids, truth)
    assert len(found.sha256) == 64


def test_a_label_file_that_is_no_image_is_named(tmp_path):
    (tmp_path / "b.png").write_bytes(b"no image")
    with pytest.raises(ImageReadError, match=r"cannot read .*b\.png"):
        Segmenter().fit(bands()[0], labels=tmp_path / "b.png")


def test_labels_follow_the_image_when_it_is_resized():
    image, truth = bands()
    segmenter = Segmenter(features="grey", size=32).fit(image, truth)
    assert np.mean(segmenter.predict(image).labels == truth) > 0.95


def test_what_one_image_looks_like_does_not_weigh_its_features():
    data = np.ones((3, 2, 2), dtype=np.float32)
    stack = FeatureStack(data, ("bright", "dark", "edge_0"), Neighbourhood(4.0, 0.25, 0.06))
    assert visible(stack).tolist() == [[1, 1, 4]] * 4
    assert visible(FeatureStack(data, stack.names)).tolist() == [[1, 1, 1]] * 4


def test_grey_levels_are_measured_from_the_mean_of_their_image():
    data = np.float32([[[0.2, 0.4]], [[0.8, 0.6]], [[0.5, 0.5]]])
    stack = FeatureStack(data, ("bright", "dark", "edge_0"), Neighbourhood(4.0, 0.5, 0.1, mean=0.3, spread=0.1))
    assert np.allclose(visible(stack), [[1 / 3, 2 / 3, 1], [2 / 3, 1 / 3, 1]])
    assert np.allclose(visible(stack, is_standardised=False), [[0.2, 0.8, 1], [0.4, 0.6, 1]])
    seen = extract(bands()[0], "texture").neighbourhood
    assert seen.mean == pytest.approx(0.5, abs=0.1)
    assert seen.spread == pytest.approx(0.26, abs=0.05)


def test_a_pore_does_not_change_the_phases_of_an_image():
    truth = (np.indices((96, 96)).sum(axis=0) // 12 % 2).astype(np.uint8)
    noise = np.random.default_rng(0).normal(scale=0.02, size=truth.shape)
    image = (0.6 + 0.1 * truth + noise).astype(np.float32)
    holed = image.copy()
    holed[40:46, 40:46] = 0
    found = Segmenter().fit(image, labels=truth).predict(holed).labels
    assert np.mean(found == truth) > 0.95


def test_windows_count_less_where_phases_are_finer():
    truth = (np.indices((96, 96)).sum(axis=0) // 6 % 2).astype(np.uint8)
    image = (0.6 + 0.1 * truth).astype(np.float32)
    taught = Segmenter().fit(image, labels=truth).model.teaching
    weight = extract(image, "texture").neighbourhood.weight
    assert weight < 1
    first = taught.dictionaries[0]
    weights = first.weights / (first.high - first.low)
    assert np.allclose(weights[2:] / weights[0], weight**2, rtol=1e-4)


@pytest.mark.parametrize("step", [1, 4])
def test_fractions_of_a_labelled_image_count_less_than_it_says(step):
    image, truth = bands(order=(0, 0, 0, 1))
    labels = np.full_like(truth, 255)
    labels[::step] = truth[::step]
    (dictionary, *_) = Segmenter(features="grey").fit(image, labels=labels).model.teaching.dictionaries
    # What scikit-learn finds for two phases is made to sum to zero.
    assert dictionary.offsets.sum() == pytest.approx(-EVENNESS / step * np.log(0.75 * 0.25))


def test_a_model_of_an_earlier_version_keeps_its_grey_levels_and_its_digest(taught):
    record = taught.model.teaching.to_json()
    assert record.pop("is_standardised")
    earlier = from_json(record, 3, 2)
    assert not earlier.is_standardised
    assert earlier.to_json() == record
    assert from_json(taught.model.teaching.to_json(), 3, 2).is_standardised


def test_the_number_of_threads_changes_no_bit():
    image, truth = bands()
    digests = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            segmenter = Segmenter(features="texture").fit(image, strokes(truth, 0, 1, 2))
            digests.append((segmenter.model.digest, segmenter.predict(image).abundances.tobytes()))
    assert digests[0] == digests[1]


def test_lifted_features_of_a_pixel_sum_to_the_weights():
    X = np.random.default_rng(0).random((20, 4), dtype=np.float32)
    weights = np.float32([1, 2, 3, 4])
    lifted = lift(X, np.full(4, 0.2, np.float32), np.full(4, 0.7, np.float32), weights)
    assert lifted.min() >= 0
    assert np.allclose(lifted.reshape(20, 3, 4).sum(axis=1), weights)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    for index in range(2):
        image, truth = bands(index)
        cv2.imwrite(str(tmp_path / "images" / f"steel{index}.png"), np.round(image * 255).astype(np.uint8))
    write_png(tmp_path / "images" / "steel0_labels.png", strokes(truth, 0, 1, 2))
    return tmp_path


def test_label_files_are_matched_by_name(folder):
    images = sorted((folder / "images").glob("steel?.png"))
    painted = folder / "images" / "steel0_labels.png"
    assert match_labels(folder / "images", images) == {images[0]: painted}
    assert match_labels(painted, images) == {images[0]: painted}
    assert match_labels(painted, images[1:]) == {images[1]: painted}
    with pytest.raises(ValueError, match="nothing there is called"):
        match_labels(folder, images)
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        match_labels(folder / "none", images)


def test_the_command_learns_from_labels_beside_the_images_and_runs_again(folder):
    images, out = folder / "images", folder / "out"
    command = ["run", str(images), "-o", str(out), "--labels", str(images), "--features", "grey", "--names", "a,b,c"]
    done = CliRunner().invoke(app, [*command, "--band", "none"])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.glob("*.json")) == ["steel0.json", "steel1.json"]
    side_car = json.loads((out / "steel1.json").read_text())
    assert side_car["phases"] == ["a", "b", "c"]
    assert np.mean(cv2.imread(str(out / "steel1_labels.png"), 0) == bands(1)[1]) > 0.95
    assert rerun(out / "steel1.json").is_same
    again = rerun(out / "steel1.json", training=[images])
    assert (again.is_same, again.differences) == (True, ())
    without = rerun(out / "steel1.json", training=[images / "steel0.png", images / "steel1.png"])
    assert without.is_same
    assert [item.name for item in without.differences] == ["labels of steel0"]


def test_the_report_says_that_labels_taught_the_phases(folder):
    images, out = folder / "images", folder / "out"
    command = ["run", str(images), "-o", str(out), "--labels", str(images), "--features", "grey", "--report"]
    done = CliRunner().invoke(app, [*command, "--band", "none"])
    assert done.exit_code == 0, done.output
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "labelled pixels (72, 72, 72 by phase)" in page
    assert "numbered by the ids of the labels" in page
    assert "without labels" not in page


def test_the_command_refuses_wrong_labels_without_writing(folder):
    bad = folder / "steel0.png"
    write_png(bad, np.zeros((5, 5), np.uint8))
    done = CliRunner().invoke(
        app, ["train", str(folder / "images" / "steel0.png"), "--labels", str(bad), "-o", str(folder / "model.npz")]
    )
    assert (done.exit_code, done.exception.__class__) == (1, SystemExit)
    assert "steel0.png': shape (5, 5), but image 'steel0' has (48, 72)" in done.output
    assert not (folder / "model.npz").exists()


def test_labels_of_images_that_are_not_there_are_said(tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).touch()
    folder = tmp_path / "labels"
    folder.mkdir()
    for name in ("a_labels.png", "gone_labels.png", "photograph.png"):
        (folder / name).touch()
    with pytest.warns(UserWarning, match="gone_labels.png belong to no image here and are not used"):
        found = match_labels(folder, [tmp_path / "a.png", tmp_path / "b.png"])
    assert found == {tmp_path / "a.png": folder / "a_labels.png"}
    (folder / "gone_labels.png").unlink()
    assert match_labels(folder, [tmp_path / "a.png"]) == found


def test_means_of_features_that_are_zero_are_not_below_zero():
    rows = np.random.default_rng(0).random((400, 6), dtype=np.float32)
    rows[:200, :3] = rows[200:, 3:] = 0
    means = _group(rows, 0)
    assert means.min() == 0


def test_a_pixel_that_is_certain_and_wrong_does_not_end_the_choice_of_a_strength():
    shares = np.repeat([[1.0, 0.0], [0.0, 1.0]], 40, axis=0) * 1e3
    owners = np.repeat([0, 1], 40)
    owners[[3, 60]] = 1 - owners[[3, 60]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(_choose_strength(shares.astype(np.float32), owners, np.arange(80) % 4))


def test_an_image_of_one_grey_level_is_said_by_a_taught_model_too():
    image = np.repeat(np.float32([0.2, 0.8]), 40)[None].repeat(60, axis=0)
    image += np.random.default_rng(0).normal(0, 0.02, image.shape).astype(np.float32)
    image = image.clip(0, 1)
    segmenter = Segmenter(2).fit(image, (image > 0.5).astype(np.uint8))
    assert segmenter.predict(image).treatment.notes == ()
    with pytest.warns(RuntimeWarning, match="single grey level: the phases have no contrast"):
        found = segmenter.predict(np.zeros((60, 80), np.float32))
    assert any("the phases have no contrast in it" in note for note in found.treatment.notes)


def test_what_is_doubtful_about_labels_is_said():
    image, truth = bands()
    labels = strokes(truth, 0, 1, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Segmenter(features="grey").fit(image, labels=labels)
    single = np.where(labels == 2, 255, labels).astype(np.uint8)
    single[5, 60] = 2
    with pytest.warns(RuntimeWarning, match="labels: phase 2 is learned from 1 pixel; label at least 10"):
        Segmenter(features="grey").fit(image, labels=single)
    with pytest.warns(RuntimeWarning, match="labels: no pixel of phase 2 is labelled"):
        Segmenter(features="grey", n_phases=3).fit(image, labels=strokes(truth, 0, 1))
    # A few strokes of phase 2 where phase 1 is, which has more.
    contradicting = strokes(truth, 0, 1)
    contradicting[5, 25:46:4] = 2
    contradicting[41, 25:46:4] = 2
    with pytest.warns(RuntimeWarning, match="of the pixels labelled as phase 2 look more like phase 1"):
        Segmenter(features="grey").fit(image, labels=contradicting)
