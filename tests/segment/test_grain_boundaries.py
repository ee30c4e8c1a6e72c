from __future__ import annotations

import cv2
import numpy as np
import pytest

from segment.evaluate import match_lines
from segment.grains import close_network, find_boundaries, learn_boundaries, measure_intercepts, trace_network
from segment.samples import make_grains


def drawn(width, seed=0, line=0.16, noise=0.02):
    sample = make_grains((192, 192), grain_px=32, width_px=width, seed=seed)
    rng = np.random.default_rng(seed)
    grey = (0.62 + 0.06 * rng.standard_normal(int(sample.labels.max()) + 1))[sample.labels]
    return np.where(sample.boundaries, line, grey) + noise * rng.standard_normal(grey.shape), sample


@pytest.mark.parametrize("width", [1, 2, 3, 5])
@pytest.mark.parametrize("line", [0.16, 1.0])
def test_drawn_lines_have_their_area(width, line):
    image, sample = drawn(width, seed=width, line=line)
    found = find_boundaries(image)
    assert found.kind == "lines"
    assert found.polarity == ("dark" if line < 0.5 else "bright")
    assert found.boundaries.mean() == pytest.approx(sample.boundaries.mean(), rel=0.05)
    assert match_lines(found.boundaries, sample.boundaries).f1 > 0.97


def test_the_intercept_of_drawn_lines_is_that_of_the_grains():
    images = [drawn(3, seed=seed) for seed in range(3)]
    ours = [measure_intercepts(find_boundaries(image).boundaries) for image, _ in images]
    known = [measure_intercepts(sample.labels) for _, sample in images]
    pooled = [
        sum(item.lengths_px.sum() for item in found) / sum(item.counts.sum() for item in found)
        for found in (ours, known)
    ]
    assert pooled[0] == pytest.approx(pooled[1], rel=0.05)


def test_grains_without_lines_between_have_steps():
    sample = make_grains((192, 192), grain_px=40, seed=3)
    rng = np.random.default_rng(3)
    grey = rng.permutation(np.linspace(0.2, 0.8, int(sample.labels.max()) + 1))[sample.labels]
    image = cv2.GaussianBlur(grey + 0.03 * rng.standard_normal(grey.shape), (0, 0), 1)
    found = find_boundaries(image)
    assert found.kind == "steps"
    # Neighbours of nearly one grey have no step between them.
    assert match_lines(found.boundaries, sample.boundaries).precision > 0.9
    assert match_lines(found.boundaries, sample.boundaries).recall > 0.75


def test_boundaries_of_labelled_tiles_beat_an_edge_filter(shared_data):
    images = sorted((shared_data / "grain-boundaries" / "images").glob("*.png"))[::16]
    if not images:
        pytest.skip("no grain-boundaries in the shared data")
    scores = []
    for path in images:
        image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        truth = cv2.imread(str(path.parent.parent / "masks" / path.name), cv2.IMREAD_GRAYSCALE) == 1
        scores.append(match_lines(find_boundaries(image, kind="steps").boundaries, truth).f1)
    assert np.mean(scores) > 0.65


@pytest.mark.parametrize("image", [np.zeros((1, 1), np.uint8), np.full((30, 30), 7, np.uint8)])
@pytest.mark.parametrize("kind", ["auto", "lines", "steps"])
def test_one_level_has_no_boundary(image, kind):
    assert not find_boundaries(image, kind=kind).boundaries.any()


def test_what_is_no_grey_image_is_refused():
    for image in (np.zeros((4, 4, 3)), np.full((3, 3), np.nan)):
        with pytest.raises(ValueError, match="image must"):
            find_boundaries(image)
    with pytest.raises(ValueError, match="kind must be one of"):
        find_boundaries(np.zeros((4, 4)), kind="twins")
    with pytest.raises(ValueError, match="widest_px"):
        find_boundaries(np.zeros((4, 4)), widest_px=0)


def test_gaps_of_a_network_are_bridged():
    sample = make_grains((240, 240), grain_px=40, width_px=3, seed=5)
    field = sample.boundaries.copy()
    rng = np.random.default_rng(5)
    on = np.argwhere(field[10:-10, 10:-10]) + 10
    for row, column in on[rng.choice(len(on), 12, replace=False)]:
        field[row - 3 : row + 4, column - 3 : column + 4] = False
    before = trace_network(field)
    closed = close_network(field)
    assert len(before.open_ends) >= 10
    assert len(closed.network.open_ends) <= 0.3 * len(before.open_ends)
    known = trace_network(sample.boundaries).n_grains
    assert abs(closed.network.n_grains - known) < abs(before.n_grains - known)
    assert abs(closed.network.n_grains - known) <= 3


def test_what_is_closed_stays_and_what_leads_nowhere_is_left_open():
    cross = np.zeros((80, 80), bool)
    cross[40] = cross[:, 40] = True
    assert len(close_network(cross).bridges) == 0
    stub = np.zeros((200, 200), bool)
    stub[100, 60:140] = True
    closed = close_network(stub, reach_px=20)
    assert len(closed.network.open_ends) == 2
    assert close_network(np.zeros((20, 20), bool)).network.n_grains == 1
    with pytest.raises(ValueError, match="reach_px"):
        close_network(stub, reach_px=-1)


def grey_grains(seed):
    """Steps between grains of like grey, and scratches that are no boundaries."""
    sample = make_grains((96, 96), grain_px=28, width_px=1, seed=seed)
    rng = np.random.default_rng(seed)
    image = (0.5 + 0.12 * rng.standard_normal(int(sample.labels.max()) + 1))[sample.labels]
    for row in rng.integers(4, 92, 4):
        image[row : row + 2] += 0.12
    return np.clip(image + 0.02 * rng.standard_normal(image.shape), 0, 1), sample.boundaries


@pytest.fixture(scope="module")
def forest():
    tiles = [(image[:64, :64], lines[:64, :64]) for image, lines in map(grey_grains, range(2))]
    return learn_boundaries([image for image, _ in tiles], [lines.astype(np.uint8) for _, lines in tiles])


def test_labelled_tiles_show_what_is_a_boundary(forest):
    image, truth = grey_grains(5)
    taught = match_lines(forest.find_boundaries(image).boundaries, truth)
    free = match_lines(find_boundaries(image, kind="steps").boundaries, truth)
    assert taught.precision > free.precision
    assert taught.f1 > free.f1 + 0.01


def test_a_few_strokes_are_enough_and_the_rest_is_not_painted():
    image, truth = grey_grains(0)
    strokes = np.full(truth.shape, 255, np.uint8)
    strokes[20:50, 20:50] = truth[20:50, 20:50]
    found = learn_boundaries([image], [strokes])
    assert match_lines(found.find_boundaries(image).boundaries, truth).f1 > 0.6
    again = learn_boundaries([image], [strokes])
    assert (again.find_boundaries(image).boundaries == found.find_boundaries(image).boundaries).all()


def test_an_image_of_one_level_has_no_boundaries_after_learning_either(forest):
    assert not forest.find_boundaries(np.full((30, 30), 0.4)).boundaries.any()


@pytest.mark.parametrize(
    ("images", "labels", "said"),
    [
        ([], [], "at least one"),
        ([np.eye(9)], [np.zeros((9, 8), np.uint8)], "shape of its image"),
        ([np.eye(9)], [np.full((9, 9), 7, np.uint8)], "got 7"),
        ([np.eye(9)], [np.zeros((9, 9), np.uint8)], "both boundaries"),
        ([np.full((9, 9), np.nan)], [np.zeros((9, 9), np.uint8)], "finite"),
    ],
)
def test_what_labels_cannot_be_is_said(images, labels, said):
    with pytest.raises(ValueError, match=said):
        learn_boundaries(images, labels)
