"""In a run each image is decoded once, and its features are computed once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

import segment.io.read as reading
import segment.model.training as training
from segment import Segmenter
from segment.composition import Composition
from segment.pipeline import ReadOptions, run
from segment.pipeline.reading import Decoded

SHAPE = (64, 80)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> tuple[Counter, Counter]:
    decoded, described = Counter(), Counter()
    decode, extract = reading._decoded, training.extract

    def decode_and_count(data, path, *others):
        decoded[path.stem] += 1
        return decode(data, path, *others)

    def extract_and_count(grey, *others, **named):
        described[np.asarray(grey).tobytes()] += 1
        return extract(grey, *others, **named)

    monkeypatch.setattr(reading, "_decoded", decode_and_count)
    monkeypatch.setattr(training, "extract", extract_and_count)
    return decoded, described


def draw(folder: Path, count: int, mask: bool = False) -> Path:
    folder.mkdir()
    for seed in range(count):
        rng = np.random.default_rng(seed)
        image = np.where(np.arange(SHAPE[1]) < 30 + 5 * seed, 60.0, 180.0) + rng.normal(scale=5, size=SHAPE)
        cv2.imwrite(str(folder / f"image{seed}.png"), np.clip(image, 0, 255).astype(np.uint8))
    if mask:
        part = np.full(SHAPE, 255, np.uint8)
        part[:10] = 0
        cv2.imwrite(str(folder.with_name("mask.png")), part)
    return folder


def check(counted: tuple[Counter, Counter], count: int) -> None:
    decoded, described = counted
    assert sorted(decoded.values()) == [1] * count
    assert sorted(described.values()) == [1] * count


def test_of_one_image(counted, tmp_path):
    run([draw(tmp_path / "in", 1)], Segmenter(2), tmp_path / "out", report=True)
    check(counted, 1)


def test_of_one_image_with_known_fractions(counted, tmp_path):
    composition = Composition({"phase 0": 0.4, "phase 1": 0.6})
    run([draw(tmp_path / "in", 1)], Segmenter(2), tmp_path / "out", composition=composition)
    check(counted, 1)


def test_of_one_image_with_excluded_pixels(counted, tmp_path):
    options = ReadOptions(mask=str(tmp_path / "mask.png"))
    run([draw(tmp_path / "in", 1, mask=True)], Segmenter(2), tmp_path / "out", options=options)
    check(counted, 1)


def test_of_one_image_with_labels(counted, tmp_path):
    folder = draw(tmp_path / "in", 1)
    labels = np.full(SHAPE, 255, np.uint8)
    labels[10:30, 5:20], labels[10:30, 50:70] = 0, 1
    cv2.imwrite(str(tmp_path / "labels.png"), labels)
    run([folder], Segmenter(), tmp_path / "out", labels=tmp_path / "labels.png")
    check(counted, 1)


@pytest.mark.parametrize("count", [2, 4])
def test_of_a_batch(counted, tmp_path, count):
    run([draw(tmp_path / "in", count)], Segmenter(2), tmp_path / "out")
    check(counted, count)


def test_what_is_too_large_to_keep_is_read_again(counted, tmp_path):
    folder = draw(tmp_path / "in", 2)
    decoded = Decoded(free=SHAPE[0] * SHAPE[1] * 4 + 1)
    first, second = sorted(folder.iterdir())
    for path in (first, second, second):
        decoded.read(path, ReadOptions())
    assert decoded.is_full
    assert counted[0] == {"image0": 1, "image1": 2}
    decoded.take(first, ReadOptions())
    assert counted[0]["image0"] == 1
    decoded.take(first, ReadOptions())
    assert counted[0]["image0"] == 2


def test_features_are_kept_for_the_first_map_alone(counted, tmp_path):
    image = np.tile(np.linspace(0.2, 0.8, 80, dtype=np.float32), (64, 1)) + np.float32(0.1) * (np.indices(SHAPE)[0] % 2)
    segmenter = Segmenter(2, choices=[]).fit(image)
    first = segmenter.predict(image)
    assert list(counted[1].values()) == [1]
    second = segmenter.predict(image)
    assert list(counted[1].values()) == [2]
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.abundances, second.abundances)
