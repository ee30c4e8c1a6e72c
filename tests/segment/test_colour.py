from __future__ import annotations

import hashlib
from itertools import permutations

import cv2
import numpy as np
import pytest

from segment import Segmenter
from segment.explore.trial import share, try_candidate
from segment.features import extract
from segment.io import from_array, read_micrograph, write_png
from segment.io.colour import has_colour, to_chroma
from segment.model import resolve
from segment.model.image import look_at
from segment.records import GreyImage, chroma_of, valid_of
from segment.samples import COLOURED, make_micrograph

# Of three regions that grey levels confuse.
COLOURS = np.array([(70, 120, 200), (170, 100, 40), (225, 215, 190)], np.uint8)


def regions(shape=(96, 128), noise=0, seed=0):
    rng = np.random.default_rng(seed)
    fields = [cv2.GaussianBlur(rng.normal(size=shape), (0, 0), 6) for _ in COLOURS]
    truth = np.argmax(fields, axis=0)
    image = COLOURS[truth] + noise * rng.normal(size=(*shape, 3))
    return np.clip(np.rint(image), 0, 255).astype(np.uint8), truth


def accuracy(labels, truth, k):
    return max(float(np.mean(np.array(order)[labels] == truth)) for order in permutations(range(k)))


def grey_texture(shape=(120, 160), sigma=3.0):
    field = cv2.GaussianBlur(np.random.default_rng(1).normal(size=shape), (0, 0), sigma)
    return (field - field.min()) / np.ptp(field)


@pytest.mark.parametrize("noise", [0, 12])
def test_regions_of_three_colours_are_three_phases(noise):
    image, truth = regions(noise=noise)
    segmenter = Segmenter(3).fit(image)
    assert segmenter.model.parameters.features == "colour"
    found = segmenter.predict(image)
    assert accuracy(found.labels, truth, 3) >= 0.97
    assert "colours" in found.micrograph.notes[0]
    grey = from_array(image, colour="none")
    assert grey.colour is None
    assert Segmenter(3).fit(grey).model.parameters.features == "texture"


@pytest.mark.parametrize("seed", range(3))
def test_tint_etched_phases_of_one_luminance_are_told_by_their_hue(seed):
    signal, truth = COLOURED["tinted_steel"].draw((128, 160), np.random.default_rng(seed))
    luma = signal @ np.array([0.299, 0.587, 0.114])
    assert np.ptp([luma[truth == phase].mean() for phase in range(3)]) < 1e-3
    sample = make_micrograph("tinted_steel", shape=(128, 160), seed=seed, band=False)
    assert accuracy(Segmenter(3).fit_predict(sample.image).labels, sample.truth, 3) >= 0.95


def test_a_coloured_sample_has_its_band_and_its_bits():
    for material in COLOURED:
        one, other = (make_micrograph(material, shape=(64, 80), seed=3) for _ in range(2))
        np.testing.assert_array_equal(one.image, other.image)
        assert one.image.shape == (76, 80, 3)
        assert set(np.unique(one.truth)) == set(range(len(one.names)))


def test_grey_images_in_three_channels_are_grey_to_the_bit(tmp_path):
    grey = np.rint(255 * grey_texture()).astype(np.uint8)
    write_png(tmp_path / "grey.png", grey)
    write_png(tmp_path / "rgb.png", np.repeat(grey[..., None], 3, axis=2))
    one, other = (read_micrograph(tmp_path / name) for name in ("grey.png", "rgb.png"))
    assert other.colour is None
    np.testing.assert_array_equal(one.image, other.image)
    maps = [Segmenter(2).fit_predict(micrograph) for micrograph in (one, other)]
    digests = {hashlib.sha256(found.abundances.tobytes()).hexdigest() for found in maps}
    assert len(digests) == 1


@pytest.mark.parametrize("kind", ["sepia", "viridis", "noise", "jpeg", "drawn mark"])
def test_tints_palettes_noise_and_marks_are_no_colour(kind):
    import matplotlib as mpl

    grey = grey_texture().astype(np.float32)
    rgb = np.repeat(grey[..., None], 3, axis=2)
    if kind == "sepia":
        rgb *= np.float32([1, 0.85, 0.6])
    elif kind == "viridis":
        rgb = mpl.colormaps["viridis"](grey)[..., :3].astype(np.float32)
    elif kind == "noise":
        rgb = np.clip(0.3 + 0.4 * rgb + np.random.default_rng(0).normal(0, 0.04, rgb.shape), 0, 1).astype(np.float32)
    elif kind == "jpeg":
        tinted = np.rint(255 * rgb * (1, 0.9, 0.75)).astype(np.uint8)
        packed = cv2.imencode(".jpg", tinted, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
        rgb = cv2.imdecode(packed, cv2.IMREAD_COLOR).astype(np.float32) / 255
    else:
        rgb[10:14, 10:20] = (1, 0, 0)
    assert not has_colour(rgb)
    # The same grey levels with a hue of their own in one half.
    blue = np.clip(rgb * np.where(np.arange(160) < 80, 1, 0.6)[None, :, None] ** np.float32([1, 0.3, 0]), 0, 1)
    assert has_colour(blue.astype(np.float32))


def test_strokes_and_explore_see_colours():
    image, truth = regions(shape=(64, 80), noise=4)
    strokes = np.full(truth.shape, 255, np.uint8)
    strokes[20:24], strokes[44:48] = truth[20:24], truth[44:48]
    taught = Segmenter(3).fit(image, labels=strokes)
    assert taught.model.parameters.features == "colour"
    assert np.mean(taught.predict(image).labels == truth) > 0.95
    parameters = resolve(n_phases=3)
    grey = look_at(from_array(image))
    trial = try_candidate(share(extract(grey, "texture"), grey, parameters), parameters, 1)
    assert accuracy(trial.labels, truth, 3) > 0.95


def test_guidance_moves_fractions_of_colours():
    image, truth = regions(noise=12)
    fractions = np.bincount(truth.ravel(), minlength=3) / truth.size
    segmenter = Segmenter(3).fit(image)
    plain = segmenter.predict(image)
    order = max(permutations(range(3)), key=lambda p: np.mean(np.array(p)[plain.labels] == truth))
    guided = segmenter.predict(image, fractions=[float(fractions[phase]) for phase in order])
    assert accuracy(guided.labels, truth, 3) >= 0.97


def test_a_batch_in_colour_shares_its_phases():
    images = [regions(shape=(64, 80), noise=6, seed=seed) for seed in range(2)]
    segmenter = Segmenter(3).fit([image for image, _ in images])
    assert segmenter.model.parameters.features == "colour"
    maps = [segmenter.predict(image).labels for image, _ in images]
    order = max(permutations(range(3)), key=lambda p: np.mean(np.array(p)[maps[0]] == images[0][1]))
    assert all(
        np.mean(np.array(order)[labels] == truth) > 0.95 for labels, (_, truth) in zip(maps, images, strict=True)
    )
    with pytest.warns(RuntimeWarning, match="grey image, where the model was trained on colours"):
        segmenter.predict(np.rint(255 * grey_texture((64, 80))).astype(np.uint8))


def test_colours_of_a_lone_image_among_grey_ones_do_not_count():
    grey = np.rint(255 * grey_texture((64, 80))).astype(np.uint8)
    segmenter = Segmenter(2, refine=False).fit([regions(shape=(64, 80))[0], grey])
    assert segmenter.model.parameters.features == "texture"


def test_a_grey_image_carries_colours_and_valid_pixels_until_it_is_computed_with():
    rgb = regions(shape=(20, 30))[0].astype(np.float32) / 255
    image = GreyImage(rgb[..., 0], to_chroma(rgb), np.ones((20, 30), bool))
    assert chroma_of(image).shape == (2, 20, 30)
    assert all(of(image[:5]) is None and of(image * 2) is None for of in (chroma_of, valid_of))
    assert extract(image, "colour").data.std(axis=(1, 2))[2] > extract(rgb[..., 0], "colour").data.std(axis=(1, 2))[2]
    with pytest.raises(ValueError, match="shape of its colours"):
        extract(GreyImage(rgb[:10, :, 0], to_chroma(rgb)), "colour")


def test_a_wrong_word_for_colour_is_named(tmp_path):
    with pytest.raises(ValueError, match="colour must be 'auto' or 'none', got 'yes'"):
        from_array(np.zeros((4, 4, 3), np.uint8), colour="yes")
