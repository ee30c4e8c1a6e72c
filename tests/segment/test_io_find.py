from __future__ import annotations

import pytest

from segment.io import find_images, find_inputs


@pytest.fixture
def folder(tmp_path):
    for name in ("b10.png", "b9.PNG", "a.tif", "notes.txt", ".hidden.png", "deep/c1.jpeg", "deep/c02.bmp"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def names(paths):
    return [path.name for path in paths]


def test_folders_give_their_images_in_natural_order(folder):
    assert names(find_images([folder])) == ["a.tif", "b9.PNG", "b10.png"]
    assert names(find_images(str(folder))) == ["a.tif", "b9.PNG", "b10.png"]


def test_globs(folder):
    assert names(find_images([f"{folder}/b*"])) == ["b9.PNG", "b10.png"]
    assert names(find_images([f"{folder}/**/*"])) == ["a.tif", "b9.PNG", "b10.png", "c1.jpeg", "c02.bmp"]
    assert names(find_images([f"{folder}/b[0-8]*.png"])) == ["b10.png"]


def test_files_are_taken_whatever_their_suffix_and_order_is_kept(folder):
    inputs = [folder / "notes.txt", folder / "deep", folder / "notes.txt", folder / "b10.png", folder]
    assert names(find_images(inputs)) == ["notes.txt", "c1.jpeg", "c02.bmp", "b10.png", "a.tif", "b9.PNG"]


def test_what_is_passed_over_is_said_but_for_what_belongs_to_an_image(folder):
    for name in ("a.txt", "a-tif.hdr", "b9.hdr", "other.txt", "list.json"):
        (folder / name).touch()
    found = find_inputs([folder])
    assert names(found.images) == ["a.tif", "b9.PNG", "b10.png"]
    assert names(item.path for item in found.skipped) == ["list.json", "notes.txt", "other.txt"]
    assert find_inputs([folder / "notes.txt", folder]).images[0].name == "notes.txt"


def test_a_file_with_brackets_in_its_name_is_a_file(tmp_path):
    (tmp_path / "a[1].png").touch()
    assert names(find_images([tmp_path / "a[1].png"])) == ["a[1].png"]


def test_nothing_found_names_the_input(folder):
    (folder / "bare").mkdir()
    for missing in ("bare", "no.png", "*.bmp"):
        with pytest.raises(FileNotFoundError, match="no image") as raised:
            find_images([folder, folder / missing])
        assert missing in str(raised.value)
    with pytest.raises(ValueError, match="inputs"):
        find_images([])
