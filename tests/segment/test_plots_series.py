from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from segment.plots import phase_colours, plot_choice, plot_fractions, plot_loss


def test_loss_against_iterations_and_against_time():
    histories = {"cd": [10.0, 2.0, 0.5], "mu": [10.0, 6.0, 5.0]}
    axes = plot_loss(histories).axes[0]
    assert axes.get_xlabel() == "iteration"
    assert axes.get_yscale() == "log"
    assert [line.get_ydata().tolist() for line in axes.get_lines()] == list(histories.values())
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["cd", "mu"]
    assert len({(line.get_linestyle(), line.get_color()) for line in axes.get_lines()}) == 2
    axes = plot_loss({"cd": histories["cd"]}, {"cd": [0.0, 0.5, 0.75]}).axes[0]
    assert axes.get_xlabel() == "time (s)"
    assert axes.get_lines()[0].get_xdata().tolist() == [0.0, 0.5, 0.75]
    assert plot_loss({"flat": [3.0, 2.0]}).axes[0].get_yscale() == "linear"


@pytest.mark.parametrize(
    ("histories", "seconds", "message"),
    [({}, None, "histories is empty"), ({"cd": []}, None, "'cd'"), ({"cd": [1.0, 0.5]}, {"cd": [0.0]}, "got 1 and 2"),
     ({"cd": [1.0]}, {}, "got 0 and 1")],
)  # fmt: skip
def test_losses_without_their_times_are_named(histories, seconds, message):
    with pytest.raises(ValueError, match=message):
        plot_loss(histories, seconds)


def test_curves_are_sorted_and_the_choice_marked():
    curves = {"error": [0.1, 0.4, 0.2], "stability": [0.7, 1.0, 0.9]}
    elbow, stability = plot_choice([4, 2, 3], curves, chosen=3).axes
    assert elbow.get_lines()[0].get_xdata().tolist() == [2, 3, 4]
    assert elbow.get_lines()[0].get_ydata().tolist() == [0.4, 0.2, 0.1]
    assert stability.get_lines()[0].get_ydata().tolist() == [1.0, 0.9, 0.7]
    assert [text.get_text() for text in elbow.get_legend().get_texts()] == ["chosen: 3"]
    assert len(plot_choice([2], {"error": [0.5]}).axes) == 1
    with pytest.raises(ValueError, match="curve 'error' needs a value for each of 2 numbers, got 1"):
        plot_choice([2, 3], {"error": [0.5]})
    with pytest.raises(ValueError, match="empty"):
        plot_choice([], {"error": []})


def test_every_suggestion_is_circled_and_an_absent_one_is_said():
    curves = {"elbow": [0.4, 0.1, 0.05], "stability": [0.6, 0.5, 0.4], "spectrum": [0.3, 0.2, 0.1]}
    figure = plot_choice([2, 3, 4], curves, suggestions={"elbow": 3, "stability": None, "spectrum": 4})
    circled = [ax.get_lines()[1].get_xydata().tolist() for ax in figure.axes[:3]]
    assert circled == [[[3.0, 0.1]], [], [[4.0, 0.1]]]
    assert [ax.get_title() for ax in figure.axes[:3]] == ["elbow: 3", "stability: none", "spectrum: 4"]
    assert not figure.axes[3].axison


def test_fractions_are_stacked_field_by_field_and_averaged():
    shares = np.array([[0.7, 0.2, 0.1], [0.5, 0.4, 0.1]])
    bars, spread = plot_fractions(shares, ["a", "$b"], ["x", "y", "z_{"], ci95=[0.2, 0.1, np.nan]).axes
    widths = np.array([patch.get_width() for patch in bars.patches]).reshape(3, 2).T
    np.testing.assert_allclose(widths, 100 * shares)
    lefts = np.array([patch.get_x() for patch in bars.patches]).reshape(3, 2).T
    np.testing.assert_allclose(lefts, 100 * (np.cumsum(shares, axis=1) - shares), atol=1e-9)
    assert [text.get_text() for text in bars.get_yticklabels()] == ["a", "$b"]
    centres = [container.lines[0].get_xdata()[0] for container in spread.containers]
    assert centres == pytest.approx([60, 30, 10])
    reach = [container.lines[2][0].get_segments()[0][:, 0].tolist() for container in spread.containers[:2]]
    assert reach == [pytest.approx([40, 80]), pytest.approx([20, 40])]
    assert not spread.containers[2].lines[2]


def test_phases_differ_by_marker_too_and_colours_can_be_chosen(tmp_path):
    colours = np.array([[1, 2, 3], [40, 50, 60]], dtype=np.uint8)
    figure = plot_fractions([[0.5, 0.5]], ["a"], ["x", "y"], colours=colours)
    bars, spread = figure.axes
    assert [tuple(np.round(np.array(patch.get_facecolor())[:3] * 255)) for patch in bars.patches] == [
        (1, 2, 3), (40, 50, 60),
    ]  # fmt: skip
    first, second = (collection.get_paths()[0].vertices for collection in spread.collections[:2])
    assert first.shape != second.shape
    figure.savefig(tmp_path / "figure.svg")
    assert plt.get_fignums() == []
    assert phase_colours(2).tolist() != colours.tolist()


@pytest.mark.parametrize(("n", "k"), [(1, 1), (60, 3), (2, 12)])
def test_batches_of_any_size_can_be_drawn(n, k, tmp_path):
    shares = np.full((n, k), 1 / k)
    plot_fractions(shares, [f"f{i}" for i in range(n)], [f"p{i}" for i in range(k)]).savefig(tmp_path / "a.png", dpi=30)


def test_fractions_need_their_names():
    with pytest.raises(ValueError, match="need 1 fields and 2 phases, got 2 and 2"):
        plot_fractions([[0.5, 0.5]], ["a", "b"], ["x", "y"])
    with pytest.raises(ValueError, match="need 0 fields"):
        plot_fractions(np.empty((0, 2)), [], ["x", "y"])
