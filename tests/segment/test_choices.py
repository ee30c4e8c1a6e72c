"""Choices of features: one file and one line each, and files that were written before there was a registry."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli.main import app
from segment.model import ModelFileError, PresetFileError, read_preset
from segment.model.choices import CHOICES, Choice
from segment.model.choices.textures import TEXTURES
from segment.model.chosen import Chosen
from segment.model.parameters import from_json
from segment.model.storage import assemble
from segment.records import GreyImage

# What a file in `segment.model.choices` holds: bright images are seen by the features "grey".
BRIGHT = Choice(
    name="bright",
    features="grey",
    look=lambda greys, parameters: {"level": float(np.mean([grey.mean() for grey in greys]))},
    reason="the images are bright (mean grey level {level:.1f})",
    least={"level": 0.6},
    caveat="Bright images were seen by their grey levels alone.",
)


def halves(bright: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    image = np.full((40, 48), bright - 0.2)
    image[:, 24:] = bright
    return np.clip(image + rng.normal(scale=0.02, size=image.shape), 0, 1).astype(np.float32)


@pytest.fixture
def bright(monkeypatch: pytest.MonkeyPatch) -> Choice:
    # The one line of the registry.
    monkeypatch.setitem(CHOICES, BRIGHT.name, BRIGHT)
    return BRIGHT


def test_a_choice_is_one_record_in_the_registry(bright, tmp_path):
    segmenter = Segmenter(2, choices=["bright"])
    assert segmenter.fit(halves(0.5)).model.chosen is None
    model = segmenter.fit(halves(0.9)).model
    assert model.parameters.features == "grey"
    assert model.chosen == bright.chosen(model.chosen.figures)
    assert model.chosen.reason == "the images are bright (mean grey level 0.8)"
    segmenter.save(tmp_path / "model.npz")
    assert Segmenter.load(tmp_path / "model.npz").model.chosen == model.chosen


def test_command_side_car_and_report_say_what_was_chosen(bright, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.rint(255 * halves(0.9)).astype(np.uint8))
    (tmp_path / "own.toml").write_text('[own]\nn_phases = 2\nchoices = ["bright"]\n', encoding="utf-8")
    out = tmp_path / "out"
    options = ["run", str(tmp_path / "a.png"), "--preset", str(tmp_path / "own.toml"), "-o", str(out), "--report"]
    done = CliRunner().invoke(app, options)
    assert "Features: the images are bright (mean grey level 0.8)" in " ".join(done.stdout.split())
    record = json.loads((out / "a.json").read_text(encoding="utf-8"))
    assert record["model"]["chosen"]["name"] == "bright"
    assert record["parameters"]["choices"] == ["bright"]
    assert bright.caveat in " ".join((out / "report.html").read_text(encoding="utf-8").split())
    assert CliRunner().invoke(app, ["rerun", str(out / "a.json")]).exit_code == 0


def test_the_first_that_holds_is_made(bright, monkeypatch):
    other = replace(bright, name="brighter", features="levels")
    monkeypatch.setitem(CHOICES, "brighter", other)
    assert Segmenter(2, choices=["brighter", "bright"]).fit(halves(0.9)).model.chosen.name == "bright"


def test_labels_ask_only_for_what_is_for_labels(bright, monkeypatch):
    labels = np.full((40, 48), 255, np.uint8)
    labels[10:20, 4:14], labels[10:20, 30:40] = 0, 1
    segmenter = Segmenter(choices=["bright"])
    assert segmenter.fit(halves(0.9), labels).model.chosen is None
    monkeypatch.setitem(CHOICES, "bright", replace(bright, is_for_labels=True))
    assert segmenter.fit(halves(0.9), labels).model.parameters.features == "grey"


def test_colours_are_a_choice_too():
    image = halves(0.5)
    coloured = GreyImage(image, np.stack([image, -image]))
    figures = CHOICES["colours"].look([coloured], Segmenter().parameters)
    assert CHOICES["colours"].holds(figures)
    assert CHOICES["colours"].look([coloured, image], Segmenter().parameters) is None


@pytest.mark.parametrize("value", ["textures", 1, [2]])
def test_choices_are_names(value):
    with pytest.raises(ValueError, match="choices must be a sequence of names"):
        Segmenter(2, choices=value)


def test_an_unknown_choice_is_refused():
    with pytest.raises(ValueError, match="unknown choice 'smells' of features; known: boundaries, colours, textures"):
        Segmenter(2, choices=["smells"])


def test_a_model_with_a_choice_of_another_version_is_refused(tmp_path):
    segmenter = Segmenter(2).fit(halves(0.5))
    model = replace(segmenter.model, parameters=replace(segmenter.model.parameters, choices=("smells",)))
    broken = Segmenter(2)
    broken._model = model
    broken.save(tmp_path / "model.npz")
    with pytest.raises(ModelFileError, match=r"model\.npz: unknown choice 'smells'"):
        Segmenter.load(tmp_path / "model.npz")


def test_parameters_of_earlier_versions_have_choices():
    record = Segmenter(2).parameters.to_json()
    del record["choices"]
    assert from_json(record).choices == ()
    assert from_json({**record, "textures": True, "boundaries": False}).choices == ("colours", "textures")
    assert from_json({**record, "textures": True, "boundaries": True}) == Segmenter(2).parameters


def test_presets_of_earlier_versions_have_choices(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("[own]\ntextures = false\n", encoding="utf-8")
    assert read_preset(path)[1]["choices"] == ("colours", "boundaries")
    path.write_text('[own]\nchoices = "textures"\n', encoding="utf-8")
    with pytest.raises(PresetFileError, match=r"\[own\] choices must be a sequence of names"):
        read_preset(path)


def test_models_of_earlier_versions_know_why():
    model = Segmenter(2).fit(halves(0.5)).model
    figures = {"spread": 1.2, "order_before": 0.1, "order": 0.6, "doubt": 0.05, "contrast": 0.1}
    parameters = model.parameters.to_json()
    del parameters["choices"]
    described = {
        "parameters": {**parameters, "textures": True, "boundaries": True},
        "feature_names": model.feature_names,
        "names": model.names,
        "init": model.init,
        "reconstruction_error": 1.0,
        "n_iter": 1,
        "is_converged": True,
        "training": [],
        "mixture": None if model.mixture is None else model.mixture.to_json(),
        "textured": figures,
    }
    found = assemble(described, model.components, model.loss_history)
    assert found.chosen == TEXTURES.chosen(figures)
    assert isinstance(found.chosen, Chosen)
    # Its digest, too, is what it was.
    assert found.digest == model.digest
    with pytest.raises(ValueError, match="'textures' are not finite"):
        assemble({**described, "textured": {**figures, "order": np.nan}}, model.components, model.loss_history)
