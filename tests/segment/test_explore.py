from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli import app
from segment.evaluate import adjusted_rand_index, count_overlap, evaluate
from segment.explore import (
    CONFIGURATIONS,
    Trial,
    agreement_matrix,
    exploration,
    explore,
    find_distinct,
    gather,
    make_grid,
    trial,
    uncertainty_map,
)
from segment.explore.files import Request, list_path, read_candidates, write_choice, write_exploration
from segment.explore.trial import share, try_candidate
from segment.io import from_array, write_png
from segment.model import resolve
from segment.model.image import as_micrograph
from segment.model.training import extract_features, refined
from segment.plots import plot_sheet, plot_uncertainty
from segment.samples import make_micrograph


@pytest.fixture(scope="module")
def sample():
    return make_micrograph("dual_phase_steel", shape=(96, 128), band=False)


@pytest.fixture(scope="module")
def found(sample):
    return explore(sample.image, [2, 3])


def rand(a: np.ndarray, b: np.ndarray) -> float:
    return adjusted_rand_index(count_overlap(a, b, int(a.max()) + 1, int(b.max()) + 1))


def test_the_grid_has_48_candidates_that_all_differ_and_a_segmenter_takes():
    grid = make_grid()
    every = [parameters for several in grid.values() for parameters in several]
    assert len(every) == len(set(every)) == 48
    assert len({configuration.features for configuration in CONFIGURATIONS}) >= 4
    assert len({configuration.scale for configuration in CONFIGURATIONS}) >= 3
    assert len({configuration.flatten for configuration in CONFIGURATIONS}) >= 3
    for parameters in every:
        assert Segmenter.from_parameters(parameters).parameters == parameters
    assert make_grid(random_state=3)[CONFIGURATIONS[0]][0].random_state == 3
    with pytest.raises(ValueError, match="n_phases is empty"):
        make_grid([])
    with pytest.raises(ValueError, match="n_phases .*got 0"):
        make_grid([0])


def test_candidates_are_distinct_numbered_and_every_try_is_accounted_for(found):
    maps = [candidate.labels for candidate in found.candidates]
    assert [candidate.number for candidate in found.candidates] == list(range(1, len(maps) + 1))
    assert found.n_tried == 2 * len(CONFIGURATIONS)
    assert len(maps) + sum(candidate.twins for candidate in found.candidates) <= found.n_tried
    assert max(max(candidate.fractions) for candidate in found.candidates) < 0.999
    assert 2 <= len(maps) < found.n_tried
    agreement = agreement_matrix(maps)
    assert agreement[~np.eye(len(maps), dtype=bool)].max() <= exploration.NEARLY_THE_SAME + 0.02
    means = [candidate.agreement for candidate in found.candidates]
    assert means == sorted(means, reverse=True)
    assert means[0] == pytest.approx((agreement[0].sum() - 1) / (len(maps) - 1), abs=0.02)
    for candidate in found.candidates:
        assert sum(candidate.fractions) == pytest.approx(1)
        assert -0.5 <= candidate.stability <= 1


def test_phases_go_from_dark_to_bright(found, sample):
    for candidate in found.candidates:
        used = np.unique(candidate.labels)
        means = [sample.image[candidate.labels == phase].mean() for phase in used]
        assert means == sorted(means)


def test_one_of_the_candidates_is_right(found, sample):
    best = max(evaluate(candidate.labels, sample.truth).mean_iou for candidate in found.candidates)
    worst = min(evaluate(candidate.labels, sample.truth).mean_iou for candidate in found.candidates)
    assert best > 0.85
    assert worst < 0.6


def test_a_picked_preset_makes_the_map_of_the_sheet(found, sample):
    assert {candidate.parameters.refine for candidate in found.candidates} == {False, True}
    for candidate in found.candidates:
        made = Segmenter.from_parameters(candidate.parameters).fit_predict(sample.image)
        assert np.array_equal(made.labels, candidate.labels), candidate.caption


def test_the_map_of_the_default_preset_is_on_the_sheet_and_can_be_picked(tmp_path, found, sample):
    known = tuple(candidate.parameters for candidate in found.candidates)
    for k in (2, 3):
        place = known.index(resolve(n_phases=k))
        expected = Segmenter(k).fit_predict(sample.image).labels
        assert np.array_equal(found.candidates[place].labels, expected)
        assert found.candidates[place].caption.endswith("\npreset default")
        write_choice(tmp_path / "mine.toml", known, place + 1, "steel", "mine")
        assert np.array_equal(Segmenter(preset=tmp_path / "mine.toml").fit_predict(sample.image).labels, expected)
    assert sum("preset default" in candidate.caption for candidate in found.candidates) == 2
    assert any(candidate.caption.endswith(", refined") for candidate in found.candidates)


def test_the_default_preset_stands_for_its_near_duplicates(sample):
    labels = np.arange(96 * 128, dtype=np.uint8).reshape(96, 128) % 2
    configurations = (
        resolve(n_phases=2, features="grey"),
        resolve(n_phases=2),
        resolve(n_phases=2, features="roughness"),
    )
    trials = [
        Trial(configuration, labels, stability)
        for configuration, stability in zip(configurations, (0.9, 0.1, 0.95), strict=True)
    ]
    assert [one.parameters for one in gather(as_micrograph(sample.image), trials).candidates] == [configurations[1]]
    other = gather(as_micrograph(sample.image), [trials[0], trials[2]])
    assert [one.parameters for one in other.candidates] == [configurations[2]]


@pytest.mark.filterwarnings("ignore:.*components explain nothing")
def test_a_picked_preset_makes_the_map_of_the_sheet_where_that_is_a_grid(monkeypatch, sample):
    monkeypatch.setattr(exploration, "GRID_POINTS", 96 * 128 // 4)
    for candidate in explore(sample.image, [2, 3]).candidates:
        made = Segmenter.from_parameters(candidate.parameters).fit_predict(sample.image)
        if candidate.parameters.smoothness:
            assert rand(made.labels[::2, ::2], candidate.labels) > 0.7
        else:
            assert np.array_equal(made.labels[::2, ::2], candidate.labels), candidate.caption


def test_the_same_seed_finds_the_same(found, sample):
    again = explore(sample.image, [2, 3])
    assert [candidate.to_json() for candidate in again.candidates] == [c.to_json() for c in found.candidates]
    assert np.array_equal(again.uncertainty, found.uncertainty)


def test_large_images_are_mapped_on_a_grid(monkeypatch, sample):
    monkeypatch.setattr(exploration, "GRID_POINTS", 96 * 128 // 4)
    done = []
    coarse = explore(sample.image, [2], on_candidate=lambda count, total: done.append((count, total)))
    assert coarse.step == 2
    assert {candidate.labels.shape for candidate in coarse.candidates} == {(48, 64)}
    assert coarse.uncertainty.shape == sample.image.shape
    assert done == [(count, len(CONFIGURATIONS)) for count in range(1, len(CONFIGURATIONS) + 1)]


def test_smoothing_binds_grid_points_as_it_binds_pixels():
    image = make_micrograph("dual_phase_steel", shape=(200, 240), band=False).image.astype(np.float32) / 255
    image += np.random.default_rng(0).normal(0, 0.1, image.shape).astype(np.float32)
    smooth = resolve(n_phases=2, features="grey", scale=0.3, smoothness=8.0, max_pixels=4000)

    def labels(step: int, strength: float) -> np.ndarray:
        parameters = replace(smooth, smoothness=strength)
        shared = share(extract_features(image, parameters), image, parameters)
        return try_candidate(shared, parameters, step).labels

    fine, coarse, plain, too_much = labels(1, 8.0), labels(2, 8.0), labels(2, 0.0), labels(2, 32.0)
    agreements = [rand(fine[::2, ::2], other) for other in (coarse, plain, too_much)]
    assert agreements[0] == max(agreements)
    assert agreements[0] > 0.8


def test_every_seed_is_refined_the_first_by_the_whole_image(monkeypatch, sample):
    grey = as_micrograph(sample.image).image
    parameters = resolve(n_phases=2, max_pixels=5000)
    seen = []

    def watch(model, sampled, images):
        images = list(images)
        seen.append((len(sampled[0]), images[0][0].shape[0], images[0][1].shape))
        return refined(model, sampled, images)

    monkeypatch.setattr(trial, "refined", watch)
    monkeypatch.setattr(trial, "MIDDLE", 64)
    shared = share(extract_features(grey, parameters), grey, parameters)
    refined_trial = try_candidate(shared, parameters, 1)
    assert seen == [(5000, grey.size, grey.shape), *[(10_000, 64 * 64, (64, 64))] * 2]
    middle, levels = trial._middle(shared)
    assert np.array_equal(levels, grey[16:80, 32:96])
    assert np.array_equal(middle[:64], shared.stack.X[16 * 128 + 32 : 16 * 128 + 96])
    plain = try_candidate(shared, replace(parameters, refine=False), 1)
    assert len(seen) == 3
    assert refined_trial.stability != plain.stability
    assert not np.array_equal(refined_trial.labels, plain.labels)


def test_near_duplicates_follow_the_worthiest():
    agreement = np.array([[1, 0.95, 0.85, 0], [0.95, 1, 0.95, 0], [0.85, 0.95, 1, 0], [0, 0, 0, 1.0]])
    assert find_distinct(agreement, [0.1, 0.9, 0.2, 0.5], 0.9) == [[1, 2, 0], [3]]
    assert find_distinct(agreement, [0.9, 0.1, 0.2, 0.5], 0.9) == [[0, 1], [3], [2]]
    assert find_distinct(agreement, [0.5, 0.5, 0.5, 0.5], 1.0) == [[0], [1], [2], [3]]


def test_uncertainty_counts_disagreements_whatever_phases_are_called():
    left = np.repeat(np.array([[0, 1]], np.uint8), 4, axis=1)
    moved = np.array([[1, 1, 1, 0, 0, 0, 0, 0]], np.uint8)
    split = np.array([[2, 2, 3, 3, 0, 0, 1, 1]], np.uint8)
    assert uncertainty_map([1 - left], left).max() == 0
    assert uncertainty_map([split], left).max() == 0, "a phase that is split in two is no disagreement"
    assert uncertainty_map([moved], left).tolist() == [[0, 0, 0, 1, 0, 0, 0, 0]]
    both = uncertainty_map([left, moved, 1 - left])
    # Of six comparisons, the four between the moved map and the others differ in one pixel.
    np.testing.assert_allclose(both, [[0, 0, 0, 4 / 6, 0, 0, 0, 0]], rtol=1e-6)
    assert uncertainty_map([left]).max() == 0
    with pytest.raises(ValueError, match="maps is empty"):
        uncertainty_map([])


def test_candidates_are_surest_inside_phases(found, sample):
    truth = sample.truth
    edge = np.zeros(truth.shape, bool)
    edge[:, 1:] |= truth[:, 1:] != truth[:, :-1]
    edge[1:] |= truth[1:] != truth[:-1]
    assert found.uncertainty[edge].mean() > 1.2 * found.uncertainty[~edge].mean()


@pytest.mark.parametrize("image", [np.full((20, 30), 0.5), np.eye(24)])
def test_images_with_nothing_to_find_end_in_few_candidates(image):
    assert 1 <= len(explore(image, [2]).candidates) <= len(CONFIGURATIONS)
    with pytest.raises(ValueError, match="2 phases need at least as many pixels"):
        explore(np.array([[0.5]]), [2])


def test_an_exploration_is_written_and_a_choice_read_from_it(tmp_path, found, sample):
    request = Request(replace(found.micrograph, sha256="abc"), (2, 3), 0)
    paths = write_exploration(tmp_path, "steel", found, request)
    assert all(path.is_file() for path in paths)
    with np.load(tmp_path / "steel_uncertainty.npz") as arrays:
        assert np.array_equal(arrays["uncertainty"], found.uncertainty)
        assert len(arrays["maps"]) == len(found.candidates)
    known = read_candidates(list_path(tmp_path, "steel"), request)
    assert known == tuple(candidate.parameters for candidate in found.candidates)
    for other in (replace(request, random_state=1), replace(request, n_phases=(2,)),
                  replace(request, micrograph=from_array(sample.image))):  # fmt: skip
        assert read_candidates(list_path(tmp_path, "steel"), other) is None
    assert read_candidates(tmp_path / "none.json", request) is None
    write_choice(tmp_path / "mine.toml", known, 2, "steel", "mine")
    assert resolve(tmp_path / "mine.toml") == replace(known[1], preset="mine")
    for number in (0, len(known) + 1):
        with pytest.raises(ValueError, match=f"no candidate {number}: they are numbered from 1 to {len(known)}"):
            write_choice(tmp_path / "mine.toml", known, number, "steel", "mine")


def test_the_command_explores_picks_and_runs_with_the_choice(tmp_path, sample):
    write_png(tmp_path / "a.png", sample.image)
    out = tmp_path / "out"

    def call(*arguments: object):
        return CliRunner().invoke(app, ["explore", str(tmp_path / "a.png"), "-k", "2", "-o", str(out), *arguments])

    result = call()
    assert result.exit_code == 0, result.output
    assert "distinct maps of 16 tried" in result.stdout
    assert {path.name for path in out.iterdir()} == {
        "a_sheet.png", "a_uncertainty.png", "a_uncertainty.npz", "a_candidates.json",
    }  # fmt: skip
    listed = json.loads((out / "a_candidates.json").read_text())["candidates"]
    (out / "a_sheet.png").unlink()
    result = call("--pick", "1", "--json")
    assert json.loads(result.stdout)["preset"] == str(out / "a_pick_1.toml")
    assert not (out / "a_sheet.png").exists(), "what is known is not explored again"
    assert resolve(out / "a_pick_1.toml").features == listed[0]["parameters"]["features"]
    run = CliRunner().invoke(
        app, ["run", str(tmp_path / "a.png"), "--preset", str(out / "a_pick_1.toml"), "-o", str(tmp_path / "r")]
    )
    assert run.exit_code == 0, run.output
    side_car = json.loads((tmp_path / "r" / "a.json").read_text())
    assert side_car["parameters"]["preset"] == "a_pick_1"
    for arguments, code, words in (
        (["--pick", "99"], 2, "there is no candidate 99"),
        (["--preset-file", "x.toml"], 2, "--preset-file needs --pick"),
        (["--pick", "1", "--preset-file", "x.txt"], 2, "ends in .toml"),
        (["-k", "0"], 2, "n_phases"),
    ):
        result = call(*arguments)
        assert (result.exit_code, "Traceback" in result.output) == (code, False)
        assert words in result.stderr
    (tmp_path / "a.png").write_text("no image")
    result = call()
    assert result.exit_code == 1
    assert "a.png" in result.stderr


def test_a_sheet_has_a_panel_for_every_map(tmp_path):
    image = np.random.default_rng(0).random((40, 60)).astype(np.float32)
    maps = [np.full((20, 30), index, np.uint8) for index in range(3)]
    figure = plot_sheet(image, maps, ["$a", "b\nc", "d"], columns=3)
    assert [ax.get_title(loc="left").strip() for ax in figure.axes] == ["the image", "$a", "b\nc", "d"]
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == ["1", "2", "3"]
    figure.savefig(tmp_path / "a.png", dpi=50)
    with pytest.raises(ValueError, match="3 maps need as many titles"):
        plot_sheet(image, maps, ["a"])
    plot_uncertainty(image, image).savefig(tmp_path / "b.png", dpi=50)
    with pytest.raises(ValueError, match="one shape"):
        plot_uncertainty(image, image[:20])
