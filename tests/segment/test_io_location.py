from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from segment import Segmenter
from segment.cli import app
from segment.io import OutputError, as_path, find_images, read_micrograph, write_png
from segment.pipeline import apply

upath = pytest.importorskip("upath", reason="needs nmfcore[remote]")


@pytest.fixture
def archive(tmp_path):
    """The same two images in memory, as if in a store, and in a folder."""
    store = as_path(f"memory://{tmp_path.name}/in")
    rng = np.random.default_rng(0)
    for number in (10, 9):
        image = np.where(np.add.outer(np.arange(40), np.arange(50)) % 20 < 10, 60, 190)
        pixels = np.clip(image + rng.normal(0, 5, image.shape), 0, 255).astype(np.uint8)
        for folder in (store, tmp_path / "in"):
            write_png(folder / f"b{number}.png", pixels)
    return store


def test_file_urls_are_paths_of_this_machine(tmp_path):
    write_png(tmp_path / "a b.png", np.eye(9, dtype=np.uint8))
    url = (tmp_path / "a b.png").as_uri()
    assert as_path(url) == tmp_path / "a b.png"
    assert find_images([url]) == [tmp_path / "a b.png"]
    assert read_micrograph(url).image.shape == (9, 9)


@pytest.mark.parametrize("word", ["", "/*.png", "/b?.png", "/b10.png"])
def test_urls_of_folders_patterns_and_files_are_found_in_natural_order(archive, word):
    found = [path.name for path in find_images([f"{archive}{word}"])]
    assert found == {"/b?.png": ["b9.png"], "/b10.png": ["b10.png"]}.get(word, ["b9.png", "b10.png"])


def test_a_url_without_images_is_named(archive):
    with pytest.raises(FileNotFoundError, match=r"memory://.*nothing"):
        find_images([f"{archive}/nothing"])


def test_results_go_to_a_url_and_are_those_of_a_folder(archive, tmp_path):
    segmenter = Segmenter(n_phases=2, random_state=0, features="grey").fit([tmp_path / "in" / "b9.png"])
    out = as_path(f"memory://{tmp_path.name}/out")
    far = apply(segmenter, [str(archive)], str(out), report=True)
    near = apply(segmenter, [tmp_path / "in"], tmp_path / "out", report=True)
    assert {path.name for path in out.iterdir()} == {path.name for path in (tmp_path / "out").iterdir()}
    labels = "b9_labels.png"
    assert (out / labels).read_bytes() == (tmp_path / "out" / labels).read_bytes()
    assert [item.fractions for item in far.images] == [item.fractions for item in near.images]
    again = apply(segmenter, [str(archive)], str(out), resume=True)
    assert all(item.is_resumed for item in again.images)
    (out / labels).write_bytes(b"painted since")
    with pytest.raises(OutputError, match="was changed since"):
        apply(segmenter, [str(archive)], str(out))


def test_the_command_reads_and_writes_urls(archive, tmp_path):
    out = f"memory://{tmp_path.name}/run"
    arguments = ["run", str(archive), "-k", "2", "--features", "grey", "-o", out, "--quiet"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert (as_path(out) / "model.npz").is_file()
    assert not Path("memory:").exists()


def test_an_unknown_protocol_is_said():
    result = CliRunner().invoke(app, ["run", "odd://a/b.png", "-o", "out"])
    assert result.exit_code == 1
    assert "odd" in result.output
