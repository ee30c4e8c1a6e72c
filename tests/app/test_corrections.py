from __future__ import annotations

import numpy as np
import pytest

from segment.app.corrections import corrected


def field(page, index=0):
    return page.session.fields[index]


def correct(page, band, size, everywhere=False):
    return page.do("correct", image="a.png", band=band, pixel_size=size, everywhere=everywhere)


def test_a_band_is_corrected_in_one_image_or_in_all(mapped):
    correct(mapped, 80, "")
    assert [other.micrograph.image.shape[0] for other in mapped.session.fields] == [80, 96]
    assert [other.phase_map is None for other in mapped.session.fields] == [True, False]
    assert field(mapped).micrograph.band.source == "user"
    assert field(mapped).options.to_json() == {"band": 80, "pixel_size_um": None}
    assert "Segment again" in mapped.said
    correct(mapped, "", "", everywhere=True)
    assert [other.micrograph.image.shape[0] for other in mapped.session.fields] == [108, 108]
    assert field(mapped).options.band == "none"


def test_a_pixel_size_is_corrected_without_another_segmentation_and_the_files_comes_back(mapped):
    view = correct(mapped, 96, "0,25")
    assert field(mapped).phase_map.micrograph.calibration.source == "user"
    assert view["images"][0]["pixel_size"] == 0.25
    assert view["images"][0]["is_corrected"]
    assert "0.25 µm (user, confidence high)" in view["images"][0]["reading"]["Pixel"]
    view = mapped.do("reset", image="a.png")
    assert view["images"][0]["pixel_size"] is None
    assert not view["images"][0]["is_corrected"]
    assert field(mapped).micrograph.band.source == "detected"


@pytest.mark.parametrize(
    ("band", "size", "expected"),
    [
        (0, "", "from 1 to 107, not 0"),
        (200, "", "not 200"),
        (9.5, "", "9.5"),
        ("top", "", "must be a number"),
        (96, "-1", "at least 0"),
        (96, "nan", "at least 0"),
        (96, "1e9", "no micrograph's"),
        (96, "0", "no micrograph's"),
    ],
)
def test_a_wrong_correction_says_what_would_be_right_and_changes_nothing(band, size, expected, opened):
    before = opened.session
    correct(opened, band, size, everywhere=True)
    assert opened.is_error
    assert expected in opened.said
    assert opened.session is before


def test_a_line_over_the_scale_bar_gives_the_pixel_size(mapped):
    view = mapped.do("calibrate", image="a.png", points=[[10, 100], [60, 100]], length="20", everywhere=True)
    assert [image["pixel_size"] for image in view["images"]] == pytest.approx([0.4, 0.4])
    assert len(mapped.session.mapped) == 2, "the maps stay"
    mapped.do("calibrate", image="a.png", points=[[10, 100], [12, 100]], length="20", everywhere=False)
    assert "2.0 pixels long" in mapped.said
    mapped.do("calibrate", image="a.png", points=[[10, 100], [60, 100]], length="far", everywhere=False)
    assert "must be a number" in mapped.said


SQUARE = [[20, 30], [60, 30], [60, 70], [20, 70]]


def test_what_is_left_out_has_no_phase_and_no_share_of_the_numbers(mapped):
    view = mapped.do("outline", image="a.png", kind="exclude", points=SQUARE)
    assert view["images"][0]["colours"] is None
    assert view["images"][0]["excluded"] == 1600
    assert field(mapped).detected.valid is None
    mapped.run("segment")
    labels = field(mapped).phase_map.labels
    assert (labels[30:70, 20:60] == 255).all()
    assert np.count_nonzero(labels == 255) == 1600
    assert field(mapped).phase_map.fractions.sum() == pytest.approx(1)
    view = mapped.do("clear_regions", image="a.png")
    assert view["images"][0]["excluded"] == 0


def test_only_what_is_inside_is_measured_less_what_is_left_out_of_it(opened):
    opened.do("outline", image="a.png", kind="include", points=SQUARE)
    assert np.count_nonzero(field(opened).micrograph.valid) == 1600
    view = opened.do("outline", image="a.png", kind="exclude", points=[[20, 30], [40, 30], [40, 70], [20, 70]])
    assert view["images"][0]["pixels"] == 800
    # A correction of the band keeps the regions.
    correct(opened, 60, "")
    assert opened.view["images"][0]["pixels"] == 600
    opened.do("outline", image="a.png", kind="exclude", points=[[0, 0], [128, 0], [128, 108], [0, 108]])
    assert "leave no pixel" in opened.said
    opened.do("outline", image="a.png", kind="exclude", points=[[0, 0], [128, 0]])
    assert "three corners" in opened.said


def test_a_dropped_mask_takes_part(opened, tmp_path):
    from segment.io import write_png

    mask = np.full((108, 128), 255, np.uint8)
    mask[:, :28] = 0
    write_png(tmp_path / "m.png", mask)
    view = opened.drop(("a_mask.png", (tmp_path / "m.png").read_bytes()))
    assert not opened.is_error, opened.said
    assert len(view["images"]) == 2
    assert view["images"][0]["pixels"] == 96 * 100
    write_png(tmp_path / "m.png", mask[:50])
    opened.drop(("a_mask.png", (tmp_path / "m.png").read_bytes()))
    assert "128 x 50 pixels" in opened.said


def test_what_equals_the_files_own_counts_as_read_from_it(opened):
    own = field(opened)
    assert corrected(corrected(own, 80, None), 96, None).options.band == "auto"
