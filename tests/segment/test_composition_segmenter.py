from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli import app
from segment.composition import Composition, CompositionWarning
from segment.io import write_png
from segment.pipeline import apply, rerun, run

QUICK = {"tol": 1e-2, "alpha": 0.0}


def blobs(seed=0, shape=(64, 72), share=0.3, noise=0.12):
    import cv2

    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.random(shape).astype(np.float32), (0, 0), 5)
    truth = field > np.quantile(field, 1 - share)
    image = np.where(truth, 0.65, 0.4) + rng.normal(scale=noise, size=shape)
    return truth, np.clip(image, 0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def fitted():
    return Segmenter(2, **QUICK).fit(blobs()[1])


def test_fractions_by_name_guide_a_prediction(fitted):
    truth, image = blobs(1)
    named = Segmenter.from_model(fitted.model).name_phases(["matrix", "particle"])
    plain = named.predict(image)
    guided = named.predict(image, fractions={"particle": 0.3, "matrix": 0.7}, fraction_sigma=0.01)
    assert plain.guidance is None
    assert guided.names == ("matrix", "particle")
    assert guided.fractions == pytest.approx([0.7, 0.3], abs=0.02)
    assert np.array_equal(guided.abundances, plain.abundances)
    assert np.array_equal(guided.labels, guided.guidance.labels)
    assert guided.guidance.before.tolist() == plain.fractions.tolist()
    assert np.mean(guided.labels == truth) > np.mean(plain.labels == truth)


def test_hard_and_map_reach_the_guidance(fitted):
    _, image = blobs(2)
    hard = fitted.predict(image, fractions=[0.75, 0.25], hard=True)
    assert hard.fractions.tolist() == [0.75, 0.25]
    below = np.zeros(image.shape)
    below[32:] = 0.6
    by_place = fitted.predict(image, fractions={"phase 0": 1 - below, "phase 1": below}, fraction_sigma=0.02)
    assert np.mean(by_place.labels[40:]) > np.mean(by_place.labels[:24]) + 0.15


def test_more_fractions_than_phases_are_refused(fitted):
    with pytest.raises(ValueError, match="3 given for 2 phases"):
        fitted.predict(blobs()[1], fractions=[0.3, 0.3, 0.4])
    with pytest.raises(ValueError, match="no phase is named 'austenite'; the phases are phase 0, phase 1"):
        fitted.predict(blobs()[1], fractions={"austenite": 1.0})


def test_an_image_of_one_grey_level_is_left_unguided(fitted, tmp_path):
    flat = tmp_path / "flat.png"
    cv2.imwrite(str(flat), np.full((40, 40), 128, np.uint8))
    several = pytest.warns(CompositionWarning, match=r"^flat: the phases have no contrast")
    with several, pytest.warns(RuntimeWarning, match="has a single grey level"):
        done = fitted.predict(flat, fractions=[0.4, 0.6])
    assert not done.guidance.is_guided


def test_phases_are_named_by_order_or_by_pointing(fitted):
    truth, image = blobs()
    row, column = (int(value[0]) for value in np.nonzero(truth[8:-8, 8:-8]))
    segmenter = Segmenter.from_model(fitted.model)
    assert segmenter.name_phases({"particle": (row + 8, column + 8)}, image).model.names == ("phase 0", "particle")
    assert segmenter.name_phases(["dark", "bright"]).model.names == ("dark", "bright")
    assert segmenter.model.digest != fitted.model.digest


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["a"], "2 phases need as many names"),
        ("ab", "2 phases need as many names"),
        (["a", "a"], "must differ"),
        ({"a": (0, 0)}, "image: needed"),
    ],
)
def test_bad_names_are_refused(fitted, names, message):
    with pytest.raises(ValueError, match=message):
        Segmenter.from_model(fitted.model).name_phases(names)


@pytest.fixture
def image_file(tmp_path):
    path = tmp_path / "steel.png"
    write_png(path, (255 * blobs(3)[1]).astype(np.uint8))
    return path


def test_a_guided_batch_records_resumes_and_reruns(image_file, tmp_path):
    out = tmp_path / "out"
    known = Composition({"dark": 0.7, "bright": 0.3}, fraction_sigma=0.01)
    done = run([image_file], Segmenter(2, **QUICK), out, names=["dark", "bright"], composition=known)
    assert done.images[0].fractions[1].fraction == pytest.approx(0.3, abs=0.02)
    record = json.loads((out / "steel.json").read_text())
    assert record["composition"] == known.to_json()
    assert record["guidance"]["flipped"] > 0
    assert record["phases"] == ["dark", "bright"]
    segmenter = Segmenter.load(out / "model.npz")
    kept = apply(segmenter, [image_file], out, resume=True, composition=known)
    fresh = apply(segmenter, [image_file], tmp_path / "other", resume=True)
    assert kept.images[0].is_resumed
    assert not apply(segmenter, [image_file], out, resume=True).images[0].is_resumed
    assert fresh.images[0].fractions != kept.images[0].fractions
    assert json.loads((tmp_path / "other" / "steel.json").read_text())["guidance"] is None


def test_a_guided_result_is_made_again_bit_for_bit(image_file, tmp_path):
    run([image_file], Segmenter(2, **QUICK), tmp_path / "out", composition=Composition([0.7, 0.3]))
    assert rerun(tmp_path / "out" / "steel.json").is_same


@pytest.mark.parametrize(
    ("names", "fractions"), [(["a", "b", "c"], None), (None, Composition({"a": 1.0})), (["a", "b"], Composition([0.5]))]
)
def test_bad_compositions_are_refused_before_the_training(image_file, tmp_path, names, fractions):
    segmenter = Segmenter(2, **QUICK)
    with pytest.raises(ValueError, match=r"names: 2 phases|no phase is named 'a'|sum to one, got 0\.5"):
        run([image_file], segmenter, tmp_path / "out", names=names, composition=fractions)
    with pytest.raises(RuntimeError):
        _ = segmenter.model


def test_the_command_line_takes_fractions(image_file, tmp_path):
    out = tmp_path / "out"
    options = ["--names", "dark, bright", "--fractions", "dark=0.7,bright=0.3", "--hard", "-k", "2"]
    done = CliRunner().invoke(app, ["run", str(image_file), "-o", str(out), *options])
    assert done.exit_code == 0, done.output
    assert json.loads((out / "steel.json").read_text())["guidance"]["after"] == pytest.approx([0.7, 0.3], abs=1e-3)
    again = ["apply", str(out / "model.npz"), str(image_file), "-o", str(tmp_path / "b"), "--names", "x,y"]
    done = CliRunner().invoke(app, [*again, "--fractions", "0.5,0.5", "--densities", "x=2,y=8", "--hard", "--json"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["images"][0]["fractions"]
    assert [row["name"] for row in rows] == ["x", "y"]
    assert rows[0]["fraction"] == pytest.approx(0.8, abs=1e-3)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--hard"], 2, "--fractions, which is missing"),
        (["--fractions", "a:1"], 2, "--fractions: 'name=number,...'"),
        (["--fractions", "1,0", "--densities", "x=y"], 2, "--densities: 'name=number,...'"),
        (["--fractions", "1,0", "--fraction-sigma", "0"], 2, "--fraction-sigma"),
        (["--fractions", "0.5,0.4"], 1, "sum to one, got 0.9"),
        (["--fractions", "ferrite=1"], 1, "no phase is named 'ferrite'"),
        (["--fractions", "0.2,0.2,0.6"], 1, "3 given for 2 phases"),
    ],
)
def test_the_command_line_refuses_bad_fractions(image_file, tmp_path, options, code, message):
    done = CliRunner().invoke(app, ["run", str(image_file), "-o", str(tmp_path / "out"), "-k", "2", *options])
    assert done.exit_code == code
    assert message in done.stderr
