from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from segment import Segmenter
from segment.io import read_micrograph, write_png
from segment.io.overlays import find_overlays
from segment.samples import MATERIALS, make_micrograph


def micrograph(seed=0, shape=(300, 400)):
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.normal(0, 1, shape), (0, 0), 5)
    return np.clip(120 + 25 * np.sign(field) + rng.normal(0, 8, shape), 20, 235).astype(np.uint8)


def annotated(kind, ink=255):
    """Return a micrograph with something burnt in, and where that is."""
    image = Image.fromarray(micrograph())
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=22)
    paper = 255 - ink
    if kind == "box":
        draw.rectangle((260, 240, 399, 299), fill=paper)
        draw.rectangle((275, 280, 374, 285), fill=ink)
        draw.text((285, 248), "20 um", font=font, fill=ink)
        part = (slice(240, 300), slice(260, 400))
    elif kind == "letter":
        draw.rectangle((0, 0, 39, 39), fill=paper)
        draw.text((10, 6), "a", font=font, fill=ink)
        part = (slice(0, 40), slice(0, 40))
    else:
        draw.rectangle((250, 280, 349, 285), fill=ink)
        draw.text((265, 250), "20 um" if kind == "bar" else "BAR", font=font, fill=ink)
        part = (slice(280, 286), slice(250, 350))
    return np.asarray(image), part


@pytest.mark.parametrize("ink", [0, 255])
@pytest.mark.parametrize("kind", ["box", "letter", "bar", "bar without a length"])
def test_what_is_burnt_in_is_excluded_and_said(tmp_path, kind, ink):
    image, part = annotated(kind, ink)
    write_png(tmp_path / "a.png", image)
    found = read_micrograph(tmp_path / "a.png")
    assert found.valid is not None
    assert not found.valid[part].any()
    assert np.mean(found.valid) > 0.9
    assert "burnt in" in found.notes[0]
    assert read_micrograph(tmp_path / "a.png", overlays="none").valid is None
    # Nothing depends on what was burnt in.
    if kind == "bar":
        assert found.calibration.pixel_size_um == pytest.approx(0.2)
        assert found.calibration.confidence == "read from the picture"


def test_marks_in_colour_on_grey_are_excluded(tmp_path):
    rgb = np.repeat(micrograph()[..., None], 3, axis=2)
    cv2.putText(rgb, "crack", (60, 100), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 0, 0), 2)
    red = (rgb == (255, 0, 0)).all(axis=2)
    write_png(tmp_path / "a.png", rgb)
    found = read_micrograph(tmp_path / "a.png")
    assert found.colour is None
    assert not found.valid[red].any()
    assert np.mean(found.valid) > 0.95


@pytest.mark.parametrize("material", MATERIALS)
def test_nothing_is_found_in_micrographs(material):
    for seed in range(3):
        image = make_micrograph(material, shape=(200, 240), seed=seed, band=False).image
        assert find_overlays(image.astype(np.float32) / 255) is None


def test_pores_and_drawn_pictures_have_no_overlays():
    image = micrograph()
    for centre in ((50, 60), (200, 150), (300, 220)):
        cv2.ellipse(image, centre, (30, 6), 20, 0, 360, 0.0, -1)
    cv2.rectangle(image, (20, 200), (60, 230), 255.0, -1)
    assert find_overlays(image.astype(np.float32) / 255) is None
    drawn = np.full((120, 160), 0.5, np.float32)
    drawn[60:64, 30:120] = 1
    assert find_overlays(drawn) is None
    assert find_overlays(np.zeros((40, 40), np.float32)) is None


def test_a_map_does_not_depend_on_what_was_burnt_in():
    plain = micrograph()
    image, part = annotated("box")
    valid = np.ones(image.shape, bool)
    valid[part] = False
    from segment.io import from_array

    one, other = (Segmenter(2, tol=1e-2).fit_predict(from_array(pixels, valid=valid)) for pixels in (plain, image))
    np.testing.assert_array_equal(one.labels, other.labels)


@pytest.mark.parametrize("share", [0.1, 0.65])
def test_excluded_pixels_teach_nothing(share):
    from segment.io import from_array

    image = micrograph(shape=(120, 160))
    rng = np.random.default_rng(3)
    valid = cv2.resize(rng.random((12, 16)), (160, 120), interpolation=cv2.INTER_NEAREST) >= share
    models = []
    for filler in (0, 255):
        pixels = np.where(valid, image, np.uint8(filler))
        models.append(Segmenter(2, tol=1e-2).fit(from_array(pixels, valid=valid)).model)
    assert models[0].digest == models[1].digest
    with_copies = Segmenter(2, tol=1e-2).fit(from_array(pixels, valid=valid).image).model
    assert with_copies.digest != models[0].digest


@pytest.mark.parametrize("hard", [False, True])
def test_fractions_are_of_the_valid_pixels(hard):
    from segment.io import from_array

    image = micrograph(shape=(96, 128))
    valid = np.ones(image.shape, bool)
    # What is left out has another share of the phases, so that mirrored copies of its rim would count.
    valid[:, :80] = False
    segmenter = Segmenter(2, tol=1e-2).fit(from_array(image, valid=valid))
    bright = float(segmenter.predict(from_array(image, valid=valid)).fractions[1])
    found = segmenter.predict(from_array(image, valid=valid), fractions=[1.02 - bright, bright - 0.02], hard=hard)
    if hard:
        assert found.fractions[1] == pytest.approx(bright - 0.02, abs=1 / valid.sum())
        assert found.guidance.after[1] == pytest.approx(found.fractions[1])
    for filler in (0, 255):
        again = segmenter.predict(
            from_array(np.where(valid, image, np.uint8(filler)), valid=valid),
            fractions=[1.02 - bright, bright - 0.02],
            hard=hard,
        )
        np.testing.assert_array_equal(again.labels, found.labels)
