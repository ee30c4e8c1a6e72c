from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.metrics import adjusted_rand_score, mutual_info_score
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli import app
from segment.evaluate import (
    adjusted_rand_index,
    assess,
    boundary_f1,
    count_overlap,
    dominated_share,
    evaluate,
    evaluate_batch,
    isolated_share,
    largest_cosine,
    relative_error,
    variation_of_information,
)
from segment.io import write_png
from segment.model.training import stack_features

SHAPE = st.tuples(st.integers(2, 12), st.integers(2, 12))
PAIRS = SHAPE.flatmap(
    lambda shape: st.tuples(*(npst.arrays(np.uint8, shape, elements=st.integers(0, n - 1)) for n in (4, 3)))
)


def halves(shape=(20, 20), at=10):
    truth = np.zeros(shape, np.uint8)
    truth[:, at:] = 1
    return truth


@given(PAIRS)
def test_partition_figures_against_another_library(pair):
    labels, truth = pair
    overlap = count_overlap(labels, truth, 4, 3)
    assert adjusted_rand_index(overlap) == pytest.approx(adjusted_rand_score(truth.ravel(), labels.ravel()), abs=1e-9)
    shared = mutual_info_score(truth.ravel(), labels.ravel())
    entropies = [mutual_info_score(ids.ravel(), ids.ravel()) for ids in pair]
    assert variation_of_information(overlap) == pytest.approx((sum(entropies) - 2 * shared) / np.log(2), abs=1e-9)


@given(PAIRS, st.permutations(range(4)))
def test_names_of_phases_do_not_matter(pair, order):
    labels, truth = pair
    # A class that the image lacks may be matched to any phase that is left over.
    assume(np.unique(truth).size == truth.max() + 1)
    first, second = evaluate(labels, truth), evaluate(np.asarray(order, np.uint8)[labels], truth)
    for name in ("mean_iou", "adjusted_rand_index", "variation_of_information", "boundary_f1"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), abs=1e-12)


def test_a_case_worked_by_hand():
    truth = np.array([[0, 0, 0, 0, 1, 1, 1, 1, 255, 255]], np.uint8)
    labels = np.array([[1, 1, 1, 0, 0, 0, 0, 0, 1, 0]], np.uint8)
    scores = evaluate(labels, truth)
    assert scores.classes == (1, 0)
    assert scores.accuracy == 7 / 8
    assert scores.majority_accuracy == 0.5
    assert scores.iou == (3 / 4, 4 / 5)
    assert scores.dice == pytest.approx((6 / 7, 8 / 9))
    assert scores.mean_iou == pytest.approx(0.775)
    assert scores.fraction_error == pytest.approx(1 / 8)
    # The boundary is one pixel off: found with a tolerance of one, missed with none.
    assert boundary_f1(labels, truth, tolerance=1) == 1
    assert boundary_f1(labels, truth, tolerance=0) == 0


def test_a_class_without_a_phase_scores_zero_and_its_fraction_is_missed():
    scores = evaluate(np.zeros((20, 20), np.uint8), halves())
    assert scores.mean_iou == 0.25
    assert scores.fraction_error == 0.5
    assert (scores.adjusted_rand_index, scores.variation_of_information, scores.boundary_f1) == (0, 1, 0)


def test_unannotated_pixels_do_not_count():
    truth, labels = halves(), halves()
    truth[5:8], labels[5:8] = 255, 3
    scores = evaluate(labels, truth)
    assert scores.mean_iou == scores.boundary_f1 == scores.accuracy == 1
    with pytest.raises(ValueError, match="no annotated pixel"):
        evaluate(labels, np.full_like(truth, 255))


@pytest.mark.parametrize("compare", [evaluate, boundary_f1])
def test_shapes_must_agree(compare):
    with pytest.raises(ValueError, match=r"one shape, got \(2, 3\) and \(3, 2\)"):
        compare(np.zeros((2, 3), np.uint8), np.zeros((3, 2), np.uint8))


def test_quality_of_an_exact_and_of_a_spoiled_factorization():
    rng = np.random.default_rng(0)
    H = np.array([[1, 0, 0.2], [0, 2, 0]], np.float32)
    W = np.repeat(np.eye(2, dtype=np.float32), 32, axis=0)
    fine = assess(W @ H, W, H, (8, 8))
    assert (fine.relative_error, fine.dominated, fine.isolated, fine.largest_cosine) == (0, 1, 0, 0)
    X = W @ H + rng.random((64, 3)).astype(np.float32)
    assert relative_error(X, W, H) == pytest.approx(np.linalg.norm(X - W @ H) / np.linalg.norm(X))
    assert largest_cosine(np.array([[3, 4], [3, 0], [0, 0]])) == pytest.approx(0.6)
    assert dominated_share(np.full((2, 1, 1), 0.5)) == 0
    with pytest.raises(ValueError, match="has 63 pixels, but W has 64 rows"):
        assess(X, W, H, (9, 7))


def test_isolated_pixels_are_counted_at_the_border_too():
    labels = np.zeros((4, 5), np.uint8)
    labels[0, 0] = labels[2, 3] = 1
    assert isolated_share(labels) == 0.1
    assert isolated_share(np.indices((4, 4)).sum(axis=0).astype(np.uint8) % 2) == 1


def test_command_compares_files_and_folders(tmp_path):
    pred, truth = tmp_path / "out", tmp_path / "masks"
    for name in ("a", "b"):
        write_png(truth / f"{name}.png", halves())
        write_png(pred / f"{name}_labels.png", halves(at=10 if name == "a" else 12))
        write_png(pred / f"{name}_phases.png", np.zeros((20, 20, 3), np.uint8))
    done = CliRunner().invoke(app, ["evaluate", str(pred), str(truth), "--json"])
    assert done.exit_code == 0
    rows = json.loads(done.stdout)
    assert [row["name"] for row in rows] == ["a", "b"]
    assert rows[0]["mean_iou"] == 1
    assert rows[1]["accuracy"] == 0.9
    one = CliRunner().invoke(app, ["evaluate", str(pred / "b_labels.png"), str(truth / "b.png")])
    assert "b: accuracy 0.900 (largest class alone 0.500)" in one.stdout


@pytest.mark.parametrize(
    ("pred", "truth", "message", "code"),
    [
        ("none", "masks", "PRED: '.*none' does not exist", 2),
        ("out", "masks/a.png", "two files or two folders", 2),
        ("empty", "masks", "has the name of a mask", 2),
        ("small.png", "masks/a.png", r"small.png: \(3, 3\) pixels, but .*a.png has \(20, 20\)", 1),
        ("colour.png", "masks/a.png", "ids must be 8-bit grey", 1),
        ("broken.png", "masks/a.png", "cannot read '.*broken.png'", 1),
    ],
)
def test_command_names_what_is_wrong(tmp_path, pred, truth, message, code):
    (tmp_path / "empty").mkdir()
    write_png(tmp_path / "masks" / "a.png", halves())
    write_png(tmp_path / "out" / "a.png", halves())
    write_png(tmp_path / "small.png", np.zeros((3, 3), np.uint8))
    write_png(tmp_path / "colour.png", np.zeros((3, 3, 3), np.uint8))
    (tmp_path / "broken.png").write_bytes(b"no image")
    done = CliRunner().invoke(app, ["evaluate", str(tmp_path / pred), str(tmp_path / truth)])
    assert done.exit_code == code
    assert re.search(message, done.stderr)


def test_one_assignment_of_phases_for_a_batch_worked_by_hand():
    truth = halves((2, 4), at=2)
    # The second image has the phases the other way round, the third a quarter of its first class in the other phase.
    third = truth.copy()
    third[0, 0] = 1
    found = evaluate_batch([truth, 1 - truth, third], [truth, truth, truth], n_phases=3)
    # Of 12 pixels of class 0, 7 have phase 0, which has 11 in all; of class 1 8 have phase 1, which has 13.
    assert found.classes == (0, 1, -1)
    assert found.iou == pytest.approx((7 / 16, 8 / 17))
    assert found.mean_iou == pytest.approx((7 / 16 + 8 / 17) / 2)
    assert found.accuracy == 15 / 24
    assert found.mean_iou_each == pytest.approx((1 + 1 + (3 / 4 + 4 / 5) / 2) / 3)
    # Fractions of a half each are right in two images, whatever the phases cover, and an eighth off in the third.
    assert found.fraction_error == pytest.approx(1 / 24)
    assert (found.n_images, found.empty) == (3, (2,))


def test_batch_of_one_scores_as_one_image():
    truth, labels = halves(), halves(at=7)
    one, batch = evaluate(labels, truth), evaluate_batch([labels], [truth])
    assert (batch.mean_iou, batch.mean_iou_each, batch.accuracy) == (one.mean_iou, one.mean_iou, one.accuracy)
    assert batch.fraction_error == pytest.approx(one.fraction_error)


def test_batch_images_without_annotation_count_in_nothing():
    truth, blank = halves(), np.full((20, 20), 255, np.uint8)
    alone, together = evaluate_batch([truth], [truth]), evaluate_batch([truth, truth], [truth, blank])
    assert (together.mean_iou, together.mean_iou_each) == (alone.mean_iou, alone.mean_iou_each)
    with pytest.raises(ValueError, match="no annotated pixel: all are 255"):
        evaluate_batch([truth], [blank])
    with pytest.raises(ValueError, match="every map needs a truth, got 2 maps and 1 truths"):
        evaluate_batch([truth, truth], [truth])


def test_without_a_mask_the_side_car_says_what_is_known(tmp_path):
    image = np.full((40, 60), 60, np.uint8)
    image[:, 30:] = 190
    image += np.random.default_rng(0).integers(0, 9, image.shape).astype(np.uint8)
    write_png(tmp_path / "a.png", image)
    out = tmp_path / "out"
    runner = CliRunner()
    assert runner.invoke(app, ["run", str(tmp_path / "a.png"), "-k", "2", "-o", str(out), "--report"]).exit_code == 0
    record = json.loads((out / "a.json").read_text(encoding="utf-8"))
    found = record["quality"]
    segmenter = Segmenter(2)
    phases = segmenter.fit_predict(tmp_path / "a.png")
    assert found["dominated"] == dominated_share(phases.abundances)
    assert found["isolated"] == isolated_share(phases.labels)
    assert found["largest_cosine"] == pytest.approx(largest_cosine(segmenter.model.components))
    X, _ = stack_features([phases.micrograph.image], segmenter.model.parameters)
    whole = np.linalg.norm(X.astype(np.float64))
    assert found["relative_error"] == pytest.approx(segmenter.model.reconstruction_error / whole, rel=1e-4)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert f"largest cosine between two components {found['largest_cosine']:.2f}" in page
    done = runner.invoke(app, ["evaluate", str(out), "--json"])
    assert json.loads(done.stdout) == [{"name": "a", **found}]
    said = runner.invoke(app, ["evaluate", str(out / "a_labels.png")]).stdout
    assert f"largest cosine {found['largest_cosine']:.4g}" in said


def test_a_label_image_alone_says_how_many_of_its_pixels_are_isolated(tmp_path):
    labels = np.zeros((4, 5), np.uint8)
    labels[1, 1], labels[3] = 1, 255
    write_png(tmp_path / "a_labels.png", labels)
    done = CliRunner().invoke(app, ["evaluate", str(tmp_path / "a_labels.png")])
    assert "a: isolated 0.06667; the other figures are in a side-car a.json, which is not beside it" in done.stdout
    (tmp_path / "a.json").write_text("{}", encoding="utf-8")
    done = CliRunner().invoke(app, ["evaluate", str(tmp_path)])
    assert "of an earlier version or damaged" in done.stdout
    (tmp_path / "empty").mkdir()
    done = CliRunner().invoke(app, ["evaluate", str(tmp_path / "empty")])
    assert done.exit_code == 2
    assert "no label image NAME_labels.png" in " ".join(done.output.split())
