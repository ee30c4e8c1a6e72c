"""What the images of particles are read as."""

from __future__ import annotations

import numpy as np

from benchmarks.films.particles import emps_images
from segment.io import write_png
from segment.records import valid_of


def test_letters_of_an_image_are_no_particles(tmp_path):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:256, :256]
    disc = np.hypot(y - 150, x - 150) < 40
    image = np.where(disc, 60, 170) + rng.normal(0, 6, disc.shape)
    image[:30, :60] = 0
    image[8:22, 10:50:8] = 255
    (tmp_path / "images").mkdir()
    (tmp_path / "instances").mkdir()
    write_png(tmp_path / "images" / "a.png", image.round().clip(0, 255).astype(np.uint8))
    write_png(tmp_path / "instances" / "a.png", disc.astype(np.uint16))
    ((read, truth, is_bright),) = emps_images(tmp_path)
    valid = valid_of(read)
    assert valid is not None
    assert not valid[5:25, 5:55].any()
    assert valid[disc].all()
    assert not is_bright
    np.testing.assert_array_equal(truth, disc)
