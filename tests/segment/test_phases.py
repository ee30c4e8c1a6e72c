from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from segment.cli import app
from segment.io import write_png
from segment.model import resolve
from segment.phases import RULES, compare_phases
from segment.phases.rules import Evidence

PARAMETERS = resolve("default", alpha=0.0)


def steps(levels: int, seed: int = 0) -> np.ndarray:
    """Make equal stripes of as many grey levels, with noise, 60 x 60."""
    rng = np.random.default_rng(seed)
    image = np.repeat(np.linspace(0.15, 0.85, levels), 60 // levels)[None].repeat(60, axis=0)
    return np.clip(image + rng.normal(scale=0.01, size=image.shape), 0, 1)


@pytest.fixture(scope="module")
def compared():
    return compare_phases(steps(2), range(1, 5), parameters=PARAMETERS, max_pixels=400)


def evidence(**given) -> Evidence:
    values = {
        "k": np.arange(1, 6),
        "objective": np.array([10.0, 5.0, 1.0, 0.8, 0.7]),
        "stability": np.array([1.0, 0.99, 0.96, 0.7, 0.98]),
        "holdout": np.array([3.0, 2.0, 1.0, 1.1, 1.2]),
        "holdout_best": 3,
        "remainder": np.array([0.5, 0.2, 0.11, 0.1, 0.05]),
    }
    return Evidence(**(values | given))


def test_each_rule_follows_from_its_curve():
    assert {name: rule.suggest(evidence()) for name, rule in RULES.items()} == {
        "elbow": 3, "stability": 5, "hold-out": 3, "eigenvalues": 4,
    }  # fmt: skip


def test_a_rule_that_nothing_fits_suggests_nothing():
    straight = evidence(
        objective=np.arange(5, 0, -1.0), stability=np.array([1.0, 0.5, 0.5, 0.5, 0.5]), remainder=np.full(5, 0.2)
    )
    assert [RULES[name].suggest(straight) for name in ("elbow", "stability", "eigenvalues")] == [None] * 3


def test_two_levels_are_found_by_the_elbow_and_by_the_seeds(compared):
    assert compared.n_phases == (1, 2, 3, 4)
    assert compared.n_pixels == 400
    assert compared.suggestions["elbow"] == 2
    assert compared.curves["stability"][1] > 0.99
    assert np.all(np.diff(compared.curves["eigenvalues"]) <= 0)


def test_the_hold_out_error_is_that_of_an_entry(compared):
    # One phase leaves half of the squared distance between the levels' rows: far above what two leave.
    assert compared.curves["hold-out"][0] > 5 * compared.curves["hold-out"][1]


def test_the_spectrum_is_that_of_the_best_approximation():
    from segment.phases.comparison import _remainders

    X = np.random.default_rng(0).random((50, 6), dtype=np.float32)
    U, s, V = np.linalg.svd(X.astype(float), full_matrices=False)
    for k, left in zip((1, 3, 6, 9), _remainders(X, np.array([1, 3, 6, 9])), strict=True):
        best = (U[:, :k] * s[:k]) @ V[:k]
        assert left == pytest.approx(np.linalg.norm(X - best) / np.linalg.norm(X), abs=1e-7)


def test_the_same_seed_gives_the_same_table_and_all_images_count(compared):
    again = compare_phases(steps(2), range(1, 5), parameters=PARAMETERS, max_pixels=400)
    assert again == compared
    several = compare_phases([steps(2), steps(3)], [1, 2, 3], parameters=PARAMETERS, max_pixels=401)
    assert several.n_pixels == 401
    assert several.curves["elbow"] != compared.curves["elbow"][:3]


@pytest.mark.parametrize(
    ("numbers", "pixels", "message"),
    [([], 100, "at least 1"), ([0, 2], 100, "at least 1, got"), ([2, 9], 5, "largest number of phases, 9, got 5")],
)
def test_numbers_that_cannot_be_are_named(numbers, pixels, message):
    with pytest.raises(ValueError, match=message):
        compare_phases(steps(2), numbers, max_pixels=pixels)
    with pytest.raises(ValueError, match="images is empty"):
        compare_phases([])


def test_the_command_prints_a_table_and_writes_a_plot(tmp_path):
    write_png(tmp_path / "a.png", (255 * steps(2)).astype(np.uint8))
    (tmp_path / "b.png").write_text("no image")
    arguments = ["phases", str(tmp_path / "a.png"), "--most", "3", "--preset", "default"]
    result = CliRunner().invoke(app, [*arguments, "--plot", str(tmp_path / "p.svg")])
    assert result.exit_code == 0, result.output
    for name in RULES:
        assert f"{name} suggests" in result.stdout
    assert "These are suggestions" in result.stdout
    assert (tmp_path / "p.svg").read_text().startswith("<?xml")
    assert set(json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)["suggestions"]) == set(RULES)
    result = CliRunner().invoke(app, [*arguments, str(tmp_path / "b.png"), "--plot", str(tmp_path / "p.txt")])
    assert result.exit_code == 2
    assert "--plot: a picture ends in .png" in result.stderr
    result = CliRunner().invoke(app, ["phases", str(tmp_path / "b.png")])
    assert result.exit_code == 1
    assert "b.png" in result.stderr
    assert "Traceback" not in result.output
