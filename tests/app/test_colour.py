from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from segment import Segmenter
from segment.app.corrections import corrected
from segment.app.limits import Limits
from segment.app.pictures import micrograph_png
from segment.app.session import Session
from segment.app.uploads import take
from segment.io import write_png
from segment.io.decode import decode
from segment.samples import make_micrograph


def opened(path):
    session, complaints = take(Session(), [path], Limits())
    assert complaints == ()
    return session.fields[0]


@pytest.mark.parametrize("row", [None, 80, 96, 100])
def test_an_image_in_colour_is_shown_in_colour_whatever_its_band(tmp_path, row):
    write_png(tmp_path / "a.png", make_micrograph("tinted_steel", shape=(96, 120)).image)
    field = opened(tmp_path / "a.png")
    assert field.micrograph.band.top == 96
    field = corrected(field, row, None)
    assert field.micrograph.colour.shape == (108 if row is None else row, 120, 3)
    shown = decode(micrograph_png(field))
    assert shown.shape == (108, 120, 3)
    assert np.ptp(shown[:80].astype(int), axis=2).mean() > 20
    assert np.ptp(shown[100:].astype(int), axis=2).max() == 0


def test_a_map_of_an_image_in_colour_after_its_band_was_corrected(tmp_path):
    write_png(tmp_path / "a.png", make_micrograph("tinted_steel", shape=(96, 120)).image)
    field = corrected(opened(tmp_path / "a.png"), 100, None)
    assert Segmenter(3, tol=1e-2).fit_predict(field.micrograph).labels.shape == (100, 120)


def test_what_is_burnt_in_is_excluded_and_the_band_is_shown_as_it_is(tmp_path):
    sample = make_micrograph("dual_phase_steel", shape=(240, 320))
    picture = Image.fromarray(sample.image)
    ImageDraw.Draw(picture).rectangle((10, 10, 89, 59), fill=255)
    ImageDraw.Draw(picture).rectangle((30, 30, 59, 35), fill=0)
    write_png(tmp_path / "a.png", np.asarray(picture))
    field = opened(tmp_path / "a.png")
    assert not field.micrograph.valid[10:60, 10:90].any()
    np.testing.assert_allclose(field.full[240:], sample.image[240:] / 255, atol=1e-6)
    again = corrected(field, 200, None).micrograph
    # In the place of what is excluded there are mirrored pixels, not the box.
    assert again.image.shape == again.valid.shape == (200, 320)
    assert np.mean(again.image[10:60, 10:90] == 1) < 0.2
