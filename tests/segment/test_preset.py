from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli import app
from segment.io import OutputError, write_png
from segment.model import PresetFileError, presets, read_preset, resolve, write_preset

STEEL = '[my_steel]\nfeatures = "texture"\nscale = 0.5\nflatten = 0\nn_phases = 2\nmax_iter = 20\n'


@pytest.fixture
def steel(tmp_path):
    path = tmp_path / "steel.toml"
    path.write_text(STEEL)
    return path


def halves() -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.clip(np.repeat([0.2, 0.8], 24)[None].repeat(40, axis=0) + rng.normal(0, 0.03, (40, 48)), 0, 1)


def test_what_a_file_leaves_out_is_as_in_the_default(steel):
    name, values = read_preset(steel)
    assert name == "my_steel"
    given = {"features": "texture", "scale": 0.5, "flatten": 0, "n_phases": 2, "max_iter": 20}
    assert values == {**presets()["default"], **given}
    parameters = Segmenter(preset=steel, n_phases=3).parameters
    assert (parameters.preset, parameters.n_phases, parameters.scale) == ("my_steel", 3, 0.5)


@pytest.mark.parametrize("name", ["plain", "with space", 'quo"te', "Ω 1.5"])
def test_what_is_written_is_read_again(tmp_path, name):
    parameters = replace(resolve("default", clahe=True, alpha=1e-7, flatten=3, size=64), preset=name)
    write_preset(tmp_path / "p.toml", parameters, comment="two\nlines")
    assert (tmp_path / "p.toml").read_text(encoding="utf-8").startswith("# two\n# lines\n[")
    assert resolve(tmp_path / "p.toml") == parameters


def test_a_model_does_not_need_its_preset_file(tmp_path, steel):
    fitted = Segmenter(preset=str(steel)).fit(halves())
    fitted.save(tmp_path / "m.npz")
    steel.unlink()
    again = Segmenter.load(tmp_path / "m.npz")
    assert again.parameters == fitted.parameters
    assert np.array_equal(again.predict(halves()).labels, fitted.predict(halves()).labels)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("n_phases = 2\n", ["one table", "n_phases"]),
        ("", ["one table", "nothing"]),
        ("[a]\n[b]\n", ["one table", "a, b"]),
        ("[a\n", ["not a preset file"]),
        ("[default]\nn_phases = 2\n", ["[default] is the name of a preset"]),
        ("[a]\nn_phase = 2\n", ["[a]", "unknown key 'n_phase'", "n_phases"]),
        ("[a]\nrandom_state = 2\n", ["[a]", "unknown key 'random_state'"]),
        ("[a]\nn_phases = 0\n", ["[a] n_phases", "got 0"]),
        ("[a]\nscale = '1'\n", ["[a] scale", "got '1'"]),
        ("[a]\nflatten = -1\n", ["[a] flatten", "got -1"]),
        ("[a]\nfeatures = 'texure'\n", ["[a] features", "'texure'", "roughness"]),
    ],
)
def test_a_wrong_file_names_itself_and_the_key(tmp_path, content, words):
    path = tmp_path / "p.toml"
    path.write_text(content)
    with pytest.raises(PresetFileError, match=f"^{re.escape(str(path))}") as caught:
        Segmenter(preset=path)
    for word in words:
        assert word in str(caught.value)


def test_files_that_are_none_are_named(tmp_path):
    with pytest.raises(PresetFileError, match="missing.toml: cannot be read: No such file"):
        resolve(tmp_path / "missing.toml")
    (tmp_path / "p.toml").write_bytes(b"\xff\xfe[a]")
    with pytest.raises(PresetFileError, match="p.toml: not a preset file"):
        resolve(tmp_path / "p.toml")
    with pytest.raises(ValueError, match="ends in .toml, got"):
        write_preset(tmp_path / "p.txt", resolve())
    with pytest.raises(ValueError, match="'default' is the name of a preset"):
        write_preset(tmp_path / "p.toml", resolve())
    (tmp_path / "file").touch()
    mine = replace(resolve(), preset="mine")
    with pytest.raises(OutputError):
        write_preset(tmp_path / "file" / "p.toml", mine)


def test_the_command_takes_a_preset_file(tmp_path, steel):
    write_png(tmp_path / "a.png", (255 * halves()).astype(np.uint8))
    done = CliRunner().invoke(
        app, ["train", str(tmp_path / "a.png"), "--preset", str(steel), "-o", str(tmp_path / "m.npz")]
    )
    assert done.exit_code == 0, done.output
    assert Segmenter.load(tmp_path / "m.npz").parameters == resolve(steel)
    steel.write_text("[a]\nsmooth = 1\n")
    done = CliRunner().invoke(app, ["run", str(tmp_path / "a.png"), "--preset", str(steel), "-o", str(tmp_path / "o")])
    assert done.exit_code == 2
    assert "steel.toml: [a] has the unknown key 'smooth'" in done.stderr
    assert not (tmp_path / "o").exists()
