from __future__ import annotations

import base64
import io
import json
import sys
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from segment.datasets import load_metaldam
from segment.io import ImageReadError, write_png

CLASSES = ("matrix", "austenite", "martensite/austenite", "precipitate", "defect")
RNG = np.random.default_rng(11)
IMAGES = {f"micrograph{i}": RNG.integers(0, 256, (40, 50), dtype=np.uint8) for i in (0, 2, 4, 10)}
MASKS = {name: RNG.choice(np.array([0, 1, 2, 3, 4, 255], np.uint8), (40, 50)) for name in IMAGES}


@pytest.fixture
def local(tmp_path):
    """A small data set in the layout of the published folder."""
    for name in IMAGES:
        write_png(tmp_path / "images" / f"{name}.png", IMAGES[name])
        if name != "micrograph2":
            write_png(tmp_path / "masks" / f"{name}.png", MASKS[name])
    lines = ["id,name", *(f"{i},{name}" for i, name in enumerate(CLASSES))]
    (tmp_path / "classes.csv").write_text("\n".join(lines) + "\n")
    scale = "micrograph_id,micron_bar,height,width,cropbar,pixels_per_micron\n0,1.0,40,50,9,34\n4,5.0,40,50,9,50\n"
    (tmp_path / "scale.csv").write_text(scale + "2,1.0,40,50,9,34\n")
    return tmp_path


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A small repository as FiftyOne exports one to Hugging Face, and a cache of its own for `datasets`."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "DOWNLOADED_DATASETS_PATH", tmp_path / "cache" / "downloads")
    folder = tmp_path / "OD_MetalDAM"
    samples = []
    for name in IMAGES:
        write_png(folder / "data" / f"{name}.png", IMAGES[name])
        write_png(folder / "fields" / "ground_truth" / f"{name}.png", MASKS[name])
        mask_path = f"fields/ground_truth/{name}.png"
        truth = {"_id": {"$oid": "0"}, "_cls": "Segmentation", "tags": [], "mask_path": mask_path}
        samples.append({"filepath": f"data/{name}.png", "tags": [], "magnification": 5000, "ground_truth": truth})
    (folder / "samples.json").write_text(json.dumps({"samples": samples}))
    (folder / "metadata.json").write_text('{"name": "OD_MetalDAM"}')
    (folder / "fiftyone.yml").write_text("format: FiftyOneDataset\n")
    (folder / "README.md").write_text("---\nlicense: mit\n---\n# A card\n")
    return folder


def change_samples(folder, change):
    content = json.loads((folder / "samples.json").read_text())
    for sample in content["samples"]:
        change(sample)
    (folder / "samples.json").write_text(json.dumps(content))


def check(loaded, images=IMAGES, masks=MASKS):
    assert [one.micrograph.name for one in loaded] == list(images)
    for one in loaded:
        name = one.micrograph.name
        np.testing.assert_array_equal(np.rint(one.micrograph.image * 255), images[name])
        assert one.classes == CLASSES
        if masks.get(name) is None:
            assert one.mask is None
        else:
            assert one.mask.dtype == np.uint8
            np.testing.assert_array_equal(one.mask, masks[name])


def test_local_folder(local):
    loaded = load_metaldam(local)
    check(loaded, masks=MASKS | {"micrograph2": None})
    assert loaded[0].micrograph.path == local / "images" / "micrograph0.png"


def test_scale_is_read_and_the_wrong_one_replaced(local):
    calibrations = {one.micrograph.name: one.micrograph.calibration for one in load_metaldam(local)}
    assert calibrations["micrograph0"].pixel_size_um == pytest.approx(1 / 34)
    assert calibrations["micrograph0"].source == "scale.csv, pixels_per_micron"
    assert calibrations["micrograph4"].pixel_size_um == pytest.approx(1 / 100.8)
    assert "50" in calibrations["micrograph4"].source
    assert calibrations["micrograph10"].pixel_size_um is None


def test_raw_images_are_cropped_where_the_annotators_cropped(local):
    for path in (local / "images").iterdir():
        write_png(local / "raw" / path.name, np.vstack([IMAGES[path.stem], np.zeros((9, 50), np.uint8)]))
        path.unlink()
    (local / "images").rmdir()
    loaded = load_metaldam(str(local))
    check([one for one in loaded if one.micrograph.name != "micrograph2"], images=keep("micrograph2"))
    unlabelled = next(one for one in loaded if one.micrograph.name == "micrograph2")
    assert unlabelled.micrograph.image.shape == (40, 50)
    assert {one.micrograph.band.top for one in loaded} == {40}


def keep(*without):
    return {name: image for name, image in IMAGES.items() if name not in without}


def test_local_folder_without_tables(local):
    (local / "scale.csv").unlink()
    (local / "classes.csv").unlink()
    assert load_metaldam(local)[0].classes == CLASSES


def test_bad_local_folders_are_named(local, tmp_path):
    with pytest.raises(ValueError, match="split must be None"):
        load_metaldam(local, split="train")
    with pytest.raises(FileNotFoundError, match="neither a folder nor"):
        load_metaldam(tmp_path / "nowhere" / "at" / "all")
    bad = MASKS["micrograph0"].copy()
    bad[3, 3] = 7
    for mask, found in (
        (bad, r"below 5 or 255, got uint8 with \[7\]"),
        (bad[:, :9], r"shape \(40, 9\)"),
        (np.stack([bad, bad, bad + 1], axis=2), "in colours"),
        (MASKS["micrograph0"].astype(np.uint16), "uint16"),
    ):
        write_png(local / "masks" / "micrograph0.png", mask)
        with pytest.raises(ValueError, match=f"mask of 'micrograph0': .*{found}"):
            load_metaldam(local)
    (local / "masks" / "micrograph0.png").write_bytes(b"")
    with pytest.raises(ImageReadError, match="micrograph0.png': the file is empty"):
        load_metaldam(local)


def test_fifty_one_repository(hub):
    check(load_metaldam(hub))
    check(load_metaldam(str(hub), split="train"))
    with pytest.raises(ValueError, match="split must be one of 'train', got 'test'"):
        load_metaldam(hub, split="test")


def test_fifty_one_without_records_pairs_by_name(hub):
    (hub / "samples.json").unlink()
    (hub / "fields" / "ground_truth" / "micrograph2.png").unlink()
    check(load_metaldam(hub), masks=MASKS | {"micrograph2": None})


def test_fifty_one_masks_of_other_names(hub):
    for name in IMAGES:
        folder = hub / "fields" / "ground_truth"
        (folder / f"{name}.png").rename(folder / f"label_{name}.png")
    change_samples(
        hub, lambda s: s["ground_truth"].update(mask_path=s["filepath"].replace("data/", "fields/ground_truth/label_"))
    )
    check(load_metaldam(hub))


def test_fifty_one_masks_inside_the_records(hub):
    def embed(sample):
        stream = io.BytesIO()
        np.save(stream, MASKS[Path(sample["filepath"]).stem])
        text = base64.b64encode(zlib.compress(stream.getvalue())).decode()
        del sample["ground_truth"]["mask_path"]
        sample["ground_truth"]["mask"] = {"$binary": {"base64": text, "subType": "00"}}

    change_samples(hub, embed)
    for path in (hub / "fields" / "ground_truth").iterdir():
        path.unlink()
    check(load_metaldam(hub))
    change_samples(hub, lambda sample: sample["ground_truth"]["mask"].update({"$binary": {"base64": "AAAA"}}))
    with pytest.raises(ValueError, match=r"mask of 'micrograph0.png' in samples.json cannot be decoded"):
        load_metaldam(hub)


def test_columns_of_images_and_masks(hub):
    datasets = pytest.importorskip("datasets")
    table = datasets.Dataset.from_dict(
        {
            side: [{"bytes": bytes(imagecodecs.png_encode(made[name])), "path": f"{name}.png"} for name in IMAGES]
            for side, made in (("label", MASKS), ("pixel_values", IMAGES))
        },
        features=datasets.Features({"label": datasets.Image(), "pixel_values": datasets.Image()}),
    )
    folder = hub.parent / "parquet"
    folder.mkdir()
    table.to_parquet(folder / "train-00000-of-00001.parquet")
    check(load_metaldam(folder))


def test_a_folder_of_no_images_is_named(hub):
    bare = hub.parent / "bare"
    bare.mkdir()
    with pytest.raises(FileNotFoundError, match="bare"):
        load_metaldam(bare)
    (bare / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(FileNotFoundError, match="no images, only x, y"):
        load_metaldam(bare)


def test_a_name_goes_to_hugging_face_through_datasets(hub, monkeypatch):
    datasets = pytest.importorskip("datasets")
    loaded, asked = datasets.load_dataset(str(hub)), []

    def serve(name):
        asked.append(name)
        return loaded

    def download(_, url):
        asked.append(url)
        return str(hub / "samples.json")

    monkeypatch.setattr(datasets, "load_dataset", serve)
    monkeypatch.setattr(datasets.DownloadManager, "download", download)
    check(load_metaldam())
    assert asked == ["Voxel51/OD_MetalDAM", "hf://datasets/Voxel51/OD_MetalDAM/samples.json"]


def test_an_unreachable_hub_is_named(hub, monkeypatch):
    datasets = pytest.importorskip("datasets")

    def fail(_):
        raise datasets.exceptions.DatasetNotFoundError("no such data set")

    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(ConnectionError, match="'Voxel51/OD_MetalDAM' from Hugging Face: no such data set"):
        load_metaldam("Voxel51/OD_MetalDAM")


def test_a_missing_library_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ImportError, match=r"pip install 'nmfcore\[huggingface\]'"):
        load_metaldam()


def test_the_published_half(shared_data):
    loaded = load_metaldam(shared_data / "metaldam")
    assert len(loaded) == 21
    assert loaded[0].classes == CLASSES
    for one in loaded:
        assert one.mask is not None
        assert one.micrograph.calibration.pixel_size_um is not None
