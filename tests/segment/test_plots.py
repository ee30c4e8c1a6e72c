from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from segment import PhaseMap, from_array
from segment.plots import (
    SummaryRow,
    colour_labels,
    colour_table,
    component_picture,
    legend_strip,
    overlay_picture,
    phase_colours,
    phase_picture,
    plot_components,
    plot_fingerprints,
    plot_overlay,
    plot_phases,
    plot_summary,
    scale_bar,
)

# Machado, Oliveira and Fernandes, doi 10.1109/TVCG.2009.113: full deuteranopia and protanopia, linear RGB.
COLOUR_BLIND = {
    "deuteranopia": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "protanopia": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
}


def phase_map(shape=(40, 300), k=3, pixel_size_um=None, names=None) -> PhaseMap:
    """Draw `k` vertical stripes; the top row of the image is white, the rest dark."""
    labels = np.repeat((np.arange(shape[1]) * k // shape[1]).astype(np.uint8)[None], shape[0], axis=0)
    shares = np.stack([labels == phase for phase in range(k)]).astype(np.float32)
    image = np.zeros(shape, dtype=np.uint8)
    image[0] = 255
    micrograph = from_array(image, pixel_size_um=pixel_size_um)
    names = names or tuple(f"phase {phase}" for phase in range(k))
    return PhaseMap(labels, shares, shares.mean(axis=(1, 2), dtype=np.float64), names, micrograph, {})


def test_the_first_colours_are_those_of_okabe_and_ito_and_all_differ():
    assert phase_colours(3).tolist() == [[0, 114, 178], [230, 159, 0], [0, 158, 115]]
    assert len({tuple(colour) for colour in phase_colours(60).tolist()}) == 60
    assert phase_colours(60)[:3].tolist() == phase_colours(3).tolist()


@pytest.mark.parametrize("kind", COLOUR_BLIND)
def test_the_first_six_phases_stay_apart_for_colour_blind_readers(kind):
    linear = (phase_colours(6) / 255.0) ** 2.2
    seen = np.clip(linear @ np.array(COLOUR_BLIND[kind]).T, 0, 1) ** (1 / 2.2) * 255
    distance = np.linalg.norm(seen[:, None] - seen[None], axis=-1)
    assert distance[~np.eye(6, dtype=bool)].min() > 30


def test_ids_beyond_the_phases_are_grey():
    table = colour_table(2)
    assert table.shape == (256, 3)
    assert len(np.unique(table[2:], axis=0)) == 1
    assert table[255, 0] == table[255, 1] == table[255, 2]


@pytest.mark.parametrize(
    ("pixel_size_um", "width", "label"),
    [(0.03, 1024, "5 µm"), (1.0, 400, "100 µm"), (0.001, 100, "20 nm"), (10.0, 4000, "10 mm"), (0.004, 1000, "1 µm")],
)
def test_scale_bars_by_hand(pixel_size_um, width, label):
    assert scale_bar(pixel_size_um, width).label == label


@given(pixel_size_um=st.floats(1e-5, 1e3), width=st.integers(1, 20000))
def test_a_scale_bar_is_round_and_takes_a_tenth_to_a_quarter_of_the_width(pixel_size_um, width):
    bar = scale_bar(pixel_size_um, width)
    assert 0.099 * width <= bar.length_px <= 0.2501 * width
    assert bar.length_px * pixel_size_um == pytest.approx(bar.length_um)
    number, unit = bar.label.split()
    assert float(number) * {"nm": 1e-3, "µm": 1.0, "mm": 1e3}[unit] == pytest.approx(bar.length_um, rel=1e-5)
    assert f"{bar.length_um:e}"[0] in "125"


@pytest.mark.parametrize("pixel_size_um", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_bar_needs_a_pixel_size(pixel_size_um):
    with pytest.raises(ValueError, match="pixel_size_um"):
        scale_bar(pixel_size_um, 100)


def test_the_phase_picture_is_the_coloured_labels_above_a_legend():
    phases = phase_map()
    picture = phase_picture(phases)
    np.testing.assert_array_equal(picture[:40, :300], colour_labels(phases.labels, 3))
    strip = picture[40:]
    for colour in phase_colours(3):
        assert (strip == colour).all(axis=-1).any()


def test_pictures_figures_and_legend_take_the_colours_that_the_user_chose():
    chosen = ((250, 10, 20), (30, 200, 40), (5, 15, 25))
    mapped = replace(phase_map(), colours=chosen)
    picture = phase_picture(mapped)
    assert [tuple(picture[0, column].tolist()) for column in (0, 150, 299)] == list(chosen)
    legend = picture[40:].reshape(-1, 3).tolist()
    assert all(list(colour) in legend for colour in chosen)
    assert overlay_picture(mapped, 1.0)[0, 299].tolist() == list(chosen[2])
    patches = plot_phases(mapped).axes[0].get_legend().get_patches()
    assert [tuple(round(255 * part) for part in patch.get_facecolor()[:3]) for patch in patches] == list(chosen)


def test_the_legend_shows_a_scale_bar_only_where_calibrated():
    plain, calibrated = legend_strip(["a"], 400), legend_strip(["a"], 400, pixel_size_um=0.1)
    assert plain.shape == calibrated.shape

    def longest_black_run(strip):
        text = ["".join("#" if black else " " for black in row) for row in (strip == 0).all(axis=-1)]
        return max(len(run) for row in text for run in row.split(" "))

    assert longest_black_run(plain) < 20
    assert longest_black_run(calibrated) == pytest.approx(scale_bar(0.1, 400).length_px, abs=2)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (500, 3)])
@pytest.mark.parametrize("k", [1, 5, 30])
def test_pictures_of_any_shape_can_be_drawn(shape, k):
    phases = phase_map(shape, k, pixel_size_um=0.02, names=tuple(f"$\\alpha_{{{i}" for i in range(k)))
    for draw in (phase_picture, overlay_picture):
        picture = draw(phases)
        assert picture.dtype == np.uint8
        assert picture.shape[0] > shape[0]
        assert picture.shape[1] >= shape[1]
    assert component_picture(phases).ndim == 2


def test_the_overlay_mixes_and_is_not_upside_down():
    phases = phase_map()
    np.testing.assert_array_equal(overlay_picture(phases, opacity=1)[:40, :300], colour_labels(phases.labels, 3))
    grey = overlay_picture(phases, opacity=0)[:40, :300]
    assert (grey[0] == 255).all()
    assert (grey[1:] == 0).all()
    with pytest.raises(ValueError, match=r"opacity .* 1\.5"):
        overlay_picture(phases, opacity=1.5)


def test_component_panels_show_each_share_in_its_place():
    phases = phase_map((50, 300), 3)
    picture = component_picture(phases)
    height, width = picture.shape
    for phase in range(3):
        panel = picture[height - 51 : height - 1, phase * (width + 8) // 3 :][:, 1:301]
        np.testing.assert_array_equal(panel, np.round(255 * phases.abundances[phase]))


@pytest.mark.parametrize("plot", [plot_phases, plot_overlay, plot_components])
def test_figures_draw_without_pyplot(plot, tmp_path):
    figure = plot(phase_map(pixel_size_um=0.05, names=("a", "$b$", "c_{")))
    assert isinstance(figure, Figure)
    figure.savefig(tmp_path / "figure.png", dpi=40)
    assert plt.get_fignums() == []


def test_the_legend_of_a_figure_names_phases_and_fractions():
    axes = plot_phases(phase_map(k=2)).axes[0]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["phase 0  50.0 %", "phase 1  50.0 %"]
    assert not axes.texts
    assert [text.get_text() for text in plot_phases(phase_map(pixel_size_um=0.1)).axes[0].texts] == ["5 µm"]


def test_fingerprints_are_labelled_and_checked():
    figure = plot_fingerprints(np.array([[0.6, 0.8]], dtype=np.float32), ["grey", "edge"], ["ferrite"])
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["grey", "edge"]
    assert [text.get_text() for text in axes.texts] == ["0.60", "0.80"]
    with pytest.raises(ValueError, match=r"shape \(1, 2\) need 1 names"):
        plot_fingerprints(np.ones((1, 2), dtype=np.float32), ["grey"], ["ferrite"])


def test_a_summary_has_a_row_each_and_a_truth_where_there_is_one(tmp_path):
    phases = phase_map()
    plain = SummaryRow("a", phases.micrograph.image, phases.labels, phases.names)
    known = SummaryRow("b", phases.micrograph.image, phases.labels, phases.names, truth=phases.labels, note="IoU 1.00")
    assert len(plot_summary([plain]).axes) == 2
    figure = plot_summary([plain, known])
    assert len(figure.axes) == 6
    assert [axes.get_title(loc="left") for axes in figure.axes[3:]] == ["b", "truth", "segmented, IoU 1.00"]
    figure.savefig(tmp_path / "summary.png", dpi=40)
    with pytest.raises(ValueError, match="rows is empty"):
        plot_summary([])
