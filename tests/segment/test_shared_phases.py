"""A batch is one experiment: a phase has one id in all images, whatever their brightness and contrast."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner

from segment.batch import (
    find_shared,
    no_profile,
    remark_on_batch,
    remark_on_maps,
    remark_on_support,
    replicate,
    share,
    take_profile,
)
from segment.batch.shared import from_json
from segment.cli import app
from segment.composition import order_by_brightness
from segment.evaluate import evaluate_batch
from segment.io import write_npz, write_png
from segment.model import ModelFileError, Segmenter, members, training
from segment.model.image import as_micrograph
from segment.model.joint import find_together
from segment.pipeline import run
from segment.records import GreyImage
from segment.samples import make_batch

QUICK = {"tol": 1e-2}


def batch(n=6, shape=(96, 128), material="ductile_iron"):
    samples = make_batch(material, n, shape=shape, seed=3, band=False)
    return [sample.truth for sample in samples], [sample.image.astype(np.float32) / 255 for sample in samples]


@pytest.fixture(scope="module")
def fitted():
    return Segmenter(3, **QUICK).fit(batch()[1])


def test_phases_keep_their_id_where_brightness_shares_and_absence_differ(fitted):
    truths, images = batch()
    together = evaluate_batch([fitted.predict(image).labels for image in images], truths, n_phases=3)
    alone = []
    for image in images:
        labels = Segmenter(3, **QUICK).fit_predict(image).labels
        alone.append(np.argsort(order_by_brightness(image, labels, 3)).astype(np.uint8)[labels])
    assert together.mean_iou > evaluate_batch(alone, truths, n_phases=3).mean_iou + 0.05
    assert not together.empty


def test_a_batch_of_one_is_a_single_image():
    image = batch(1)[1][0]
    one, single = Segmenter(3, **QUICK).fit([image]), Segmenter(3, **QUICK).fit(image)
    assert one.model.shared is None
    assert one.model.digest == single.model.digest
    np.testing.assert_array_equal(one.predict(image).abundances, single.predict(image).abundances)


def test_a_map_is_the_mean_of_what_the_image_and_the_batch_say(fitted):
    model = fitted.model
    for image in batch()[1][:2]:
        member = members.fit_alone(as_micrograph(image), model.parameters)
        own = members.rename(member.found, model.shared.name(member.profile), 3).abundances
        together = find_together(image, model.mixture, model.shared, model.parameters)
        np.testing.assert_allclose(together.sum(axis=0), 1, atol=1e-5)
        np.testing.assert_allclose(fitted.predict(image).abundances, (own + together) / 2, atol=0.002)


def test_a_model_file_without_the_description_of_the_batch_names_what_each_image_shows(fitted):
    older = Segmenter.from_model(replace(fitted.model, mixture=None))
    image = batch()[1][0]
    alone = Segmenter(3, **QUICK).fit_predict(image)
    pairs = set(zip(alone.labels.ravel().tolist(), older.predict(image).labels.ravel().tolist(), strict=True))
    assert len({phase for phase, _ in pairs}) == len(pairs)


def test_the_description_of_a_batch_finds_a_phase_that_an_image_lost():
    truths, images = batch(material="nickel_superalloy")
    model = Segmenter(3, **QUICK).fit(images).model
    with_batch, without = (
        evaluate_batch([Segmenter.from_model(one).predict(image).labels for image in images], truths, n_phases=3)
        for one in (model, replace(model, mixture=None))
    )
    assert with_batch.mean_iou > without.mean_iou + 0.01


def test_a_phase_that_no_image_shows_stays_without_a_pixel(fitted):
    model, image = fitted.model, batch()[1][0]
    shared = replace(model.shared, n_images=(6, 0, 5))
    together = find_together(image, model.mixture, shared, model.parameters)
    assert together[1].max() == 0
    np.testing.assert_allclose(together.sum(axis=0), 1, atol=1e-5)


def test_descriptions_are_learned_from_few_images_of_many(monkeypatch):
    monkeypatch.setattr(members, "MOST_IMAGES", 2)
    seen = []
    describe = members.describe_together
    monkeypatch.setattr(
        members, "describe_together", lambda kept, *rest: seen.append(len(kept)) or describe(kept, *rest)
    )
    Segmenter(3, **QUICK).fit(batch(5, shape=(64, 64))[1])
    assert seen == [2]


def test_a_saved_model_names_the_phases_alike_of_any_image(fitted, tmp_path):
    fitted.save(tmp_path / "model.npz")
    again = Segmenter.load(tmp_path / "model.npz")
    assert again.model.digest == fitted.model.digest
    images = batch()[1]
    for image in (images[2], np.flipud(images[0])):
        np.testing.assert_array_equal(again.predict(image).abundances, fitted.predict(image).abundances)


def test_images_come_one_by_one_and_the_same_bits_for_any_number_of_threads(fitted):
    digests = set()
    for threads in (1, 2):
        with threadpool_limits(threads):
            digests.add(Segmenter(3, **QUICK).fit(iter(batch()[1])).model.digest)
    assert digests == {fitted.model.digest}


def test_gain_and_offset_do_not_change_a_profile():
    truths, images = batch(1)
    one, other = (take_profile(grey, truths[0], 3) for grey in (images[0], 0.2 + 0.5 * images[0]))
    np.testing.assert_allclose(other.levels.cumsum(axis=2), one.levels.cumsum(axis=2), atol=0.02)
    assert one.areas.tolist() == other.areas.tolist()


def test_phases_that_look_alike_become_one_and_one_may_be_absent():
    points = np.array([[0.0, 1.0], [0.01, 1.0], [1.0, 0.0], [0.5, 0.5]])
    assert np.sort(find_shared(points, 3)[:, 0]) == pytest.approx([0.005, 0.5, 1.0])
    assert len(find_shared(points[[0, 0, 2]], 3)) == 2


def test_more_phases_than_differ_leave_some_that_no_image_shows():
    image = np.repeat(np.linspace(0.2, 0.8, 48, dtype=np.float32)[None], 48, axis=0)
    profile = take_profile(image, (image > 0.5).astype(np.uint8), 4)
    found = share([profile, profile, no_profile(4)], 4)
    assert found.n_images == (2, 2, 0, 0)
    assert found.name(profile)[:2] == (0, 1)
    assert set(found.name(no_profile(4))) <= {0, 1}


def test_a_black_image_says_nothing_and_changes_nothing(fitted):
    black = np.zeros((96, 128), np.float32)
    with_black = Segmenter(3, **QUICK).fit([*batch()[1], black])
    np.testing.assert_array_equal(with_black.model.shared.points, fitted.model.shared.points)
    np.testing.assert_allclose(with_black.predict(black).abundances, 1 / 3)
    with pytest.raises(ValueError, match="none of the 2 images has any contrast"):
        Segmenter(3, **QUICK).fit([black, black])


@pytest.mark.parametrize("change", [{"points": [[0.0]]}, {"n_images": [0, 0, 0]}, {"ruler": {"low": 1.0}}])
def test_damaged_shared_phases_are_no_model(fitted, tmp_path, change):
    record = json.loads(json.dumps(fitted.model.shared.to_json()))
    assert from_json(record, 3).name(take_profile(batch()[1][0], batch()[0][0], 3))
    fitted.save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz") as archive:
        content = dict(archive)
    described = json.loads(content["description"].tobytes())
    described["shared"] = {**record, **change}
    content["description"] = np.frombuffer(json.dumps(described).encode(), dtype=np.uint8)
    write_npz(tmp_path / "broken.npz", content)
    with pytest.raises(ModelFileError, match=r"broken\.npz: not a model file, or a damaged one"):
        Segmenter.load(tmp_path / "broken.npz")


def test_a_model_file_of_the_version_before_maps_as_it_did(tmp_path):
    image, other = batch(2)[1]
    fitted = Segmenter(3, **QUICK).fit(image)
    fitted.save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz") as archive:
        content = dict(archive)
    described = json.loads(content["description"].tobytes())
    del described["shared"]
    content["description"] = np.frombuffer(json.dumps({**described, "version": 1}).encode(), dtype=np.uint8)
    write_npz(tmp_path / "older.npz", content)
    older = Segmenter.load(tmp_path / "older.npz")
    np.testing.assert_array_equal(older.predict(other).labels, fitted.predict(other).labels)


def test_phases_of_one_material_are_found_again_in_halves_and_nothing_is_said(fitted):
    shared = fitted.model.shared
    assert min(shared.replicability) > 0.5
    assert (shared.inverted, shared.blank, fitted.model.remarks) == ((), (), ())


def test_a_phase_of_one_image_and_one_that_is_not_found_again_are_said(fitted):
    shared = replace(fitted.model.shared, n_images=(8, 1, 5), replicability=(0.95, 0.6, 0.31))
    names = [f"image{index}" for index in range(8)]
    assert remark_on_batch(shared, ["a", "b", "c"], names[:6]) == ["b was found in one of 6 images only"]
    assert remark_on_batch(shared, ["a", "b", "c"], names) == [
        "b was found in one of 8 images only",
        "c was not found again in halves of the batch (replicability 0.31, trusted from 0.85): "
        "its fraction means little",
    ]


def test_noise_is_not_found_again_in_halves():
    rng = np.random.default_rng(0)
    points = [np.concatenate([9 * np.eye(16)[:1], rng.random((3, 16))]) for _ in range(8)]
    shared = find_shared(np.concatenate(points), 4)
    found = replicate(points, [np.array([0.4, 0.2, 0.2, 0.2])] * 8, shared)
    assert found[shared[:, 0].argmax()] == 1
    assert found.min() < 0.5


@pytest.mark.parametrize("material", ["ductile_iron", "nickel_superalloy", "barrier_coating", "dual_phase_steel"])
def test_an_image_with_dark_and_bright_exchanged_is_named_and_no_other(material):
    truths, images = batch(9, material=material)
    k = max(int(truth.max()) for truth in truths) + 1
    profiles = [take_profile(image, truth, k) for image, truth in zip(images, truths, strict=True)]
    assert share(profiles, k).inverted == ()
    exchanged = take_profile(1 - images[3], truths[3], k)
    assert share([*profiles[:3], exchanged, *profiles[4:]], k).inverted == (3,)


def test_a_further_image_of_another_kind_is_warned_of(tmp_path):
    images = batch(6)[1]
    model = Segmenter(3, **QUICK).fit(images)
    with pytest.warns(RuntimeWarning, match="dark and bright exchanged"):
        found = model.predict(1 - images[0])
    assert any("exchanged" in note for note in found.treatment.notes)
    model.save(tmp_path / "model.npz")
    with pytest.warns(RuntimeWarning, match="dark and bright exchanged"):
        Segmenter.load(tmp_path / "model.npz").predict(1 - images[0])


def test_halves_that_lack_a_phase_say_nothing_of_it():
    points = [np.array([[0.1, 0.9], [0.8, 0.2]])] * 6 + [np.array([[0.1, 0.9], [0.8, 0.2], [0.5, 0.5]])] * 2
    areas = [np.ones(len(one)) / len(one) for one in points]
    shared = np.array([[0.1, 0.9], [0.5, 0.5], [0.8, 0.2]])
    assert min(replicate(points, areas, shared)) > 0.9
    found = replicate([*points[:-1], points[0]], [*areas[:-1], areas[0]], shared)
    assert np.isnan(found[1])


def test_phases_without_a_pixel_are_said_in_words():
    assert remark_on_support([[0.5, 0.5]], ["a", "b"]) == []
    assert remark_on_support([[1.0, 0.0, 0.0]], "abc") == [
        "one phase supports the data; b and c were found in no image"
    ]


def test_excluded_pixels_count_in_no_profile():
    image = np.repeat(np.linspace(0.2, 0.8, 96, dtype=np.float32)[None], 64, axis=0)
    image += np.random.default_rng(0).normal(0, 0.01, image.shape).astype(np.float32)
    labels = (image > 0.5).astype(np.uint8)
    valid = np.ones(image.shape, bool)
    valid[:, 80:] = False
    one, other = (
        take_profile(GreyImage(image, valid=valid), np.where(valid, labels, phase).astype(np.uint8), 2, flatten=0)
        for phase in (0, 1)
    )
    np.testing.assert_array_equal(one.areas, other.areas)
    np.testing.assert_array_equal(one.levels, other.levels)
    assert one.areas[1] == pytest.approx(np.mean(labels[valid]))


def test_an_image_that_alone_is_mostly_one_phase_is_named():
    names, images = ["crack", "matrix"], [f"image{index}" for index in range(8)]
    usual = np.array([[0.1, 0.9]] * 8)
    assert remark_on_maps(usual, names, images) == []
    odd = np.concatenate([usual[1:], [[0.7, 0.3]]])
    [said] = remark_on_maps(odd, names, images)
    assert said.startswith("image7 is 70.0 % crack, which covers at most 10.0 % of each other image")
    # Two alike are a kind of image, and of few images none is the odd one.
    assert remark_on_maps(np.concatenate([odd[2:], odd[-1:], odd[:1]]), names, images) == []
    assert remark_on_maps(odd[1:], names, images) == []


def test_table_side_car_report_and_json_say_what_nothing_supports(tmp_path):
    flat = np.zeros((3, 48, 64), np.uint8)
    rng = np.random.default_rng(0)
    for index, image in enumerate(flat):
        image[:, 20 + index :] = 200
        image[:] = np.clip(image + rng.normal(0, 2, image.shape), 0, 255)
        write_png(tmp_path / f"in{index}.png", image)
    write_png(tmp_path / "in3.png", np.zeros((48, 64), np.uint8))
    orders = ["run", *(str(tmp_path / f"in{index}.png") for index in range(4)), "-k", "2", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(app, [*orders, "--report"])
    assert done.exit_code == 0, done.output
    sentence = "in3 has a single grey level: the phases have no contrast in it"
    assert f"Note: {sentence}" in done.output
    record = json.loads((tmp_path / "out" / "in0.json").read_text())
    assert sentence in record["remarks"]
    blank = json.loads((tmp_path / "out" / "in3.json").read_text())
    assert any("no contrast" in note for note in blank["treatment"]["notes"])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "In3 has a single grey level" in page or "in3 has a single grey level" in page
    assert "found again" in page


def test_the_map_of_a_fit_is_kept_and_is_what_would_be_drawn_again(monkeypatch):
    images = batch(4)[1]
    room = 3 * images[0].size * 4
    monkeypatch.setattr(members, "KEPT_BYTES", 2 * room)
    model = Segmenter(3, **QUICK).fit(images)
    drawn = []
    find = members.find_abundances
    monkeypatch.setattr(members, "find_abundances", lambda *args, **how: drawn.append(1) or find(*args, **how))
    kept = [model.predict(image).abundances for image in images]
    assert len(drawn) == 2, "two of four maps fit into the memory"
    again = Segmenter.from_model(model.model)
    for image, abundances in zip(images, kept, strict=True):
        np.testing.assert_array_equal(again.predict(image).abundances, abundances)


def test_an_image_of_a_batch_is_learned_from_some_of_its_pixels(monkeypatch):
    truths, images = batch(4, shape=(192, 256))
    every = Segmenter(3, **QUICK).fit(images)
    monkeypatch.setattr(training, "SAMPLED", 8_000)
    monkeypatch.setattr(training, "SAMPLED_GRID", 20_000)
    some = Segmenter(3, **QUICK).fit(images)
    assert some.model.digest != every.model.digest
    scores = [
        evaluate_batch([one.predict(image).labels for image in images], truths, n_phases=3).mean_iou
        for one in (every, some)
    ]
    assert scores[1] > scores[0] - 0.05


def coating(seed):
    """Return an image of another kind: broad layers with a gradient, and hardly any texture."""
    rng = np.random.default_rng(seed)
    layers = np.repeat(np.array([0.1, 0.15, 0.9, 0.95]), 24)[:, None] + np.linspace(0, 0.02, 128)
    return (layers + rng.normal(0, 0.002, layers.shape)).astype(np.float32)


def test_images_of_another_kind_are_named(fitted, tmp_path):
    images = batch()[1]
    with_one = Segmenter(3, **QUICK).fit([*images, coating(0)])
    assert with_one.model.shared.unlike == (6,)
    assert any("is unlike the other images" in remark for remark in with_one.model.remarks)
    with pytest.warns(RuntimeWarning, match="is unlike the other images"):
        mapped = fitted.predict(coating(1))
    assert any("is unlike" in note for note in mapped.treatment.notes)
    halves = Segmenter(3, **QUICK).fit([*images[:4], *(coating(seed) for seed in range(3))])
    assert halves.model.shared.group == (4, 5, 6)
    (said,) = [remark for remark in halves.model.remarks if "two groups" in remark]
    assert "phases may be matched wrongly between them" in said
    # A model file keeps it, one of an earlier version its digest.
    halves.save(tmp_path / "a.npz")
    loaded = Segmenter.load(tmp_path / "a.npz").model
    assert (loaded.shared.group, loaded.digest) == ((4, 5, 6), halves.model.digest)
    assert "group" not in fitted.model.shared.to_json()
    assert from_json(fitted.model.shared.to_json(), 3).unlike == ()


@pytest.mark.parametrize("material", ["dual_phase_steel", "nickel_superalloy", "barrier_coating"])
def test_images_that_lack_a_phase_are_no_other_kind(material):
    for seed in range(3):
        samples = make_batch(material, 8, shape=(200, 260), seed=seed, band=False)
        profiles = [
            take_profile(sample.image.astype(np.float32) / 255, np.zeros(sample.truth.shape, np.uint8), 1)
            for sample in samples
        ]
        found = share(profiles, 1)
        assert (found.unlike, found.group) == ((), ())


def test_doubtful_phases_are_said_in_table_and_side_car(tmp_path):
    image = np.rint(255 * batch()[1][0]).astype(np.uint8)
    write_png(tmp_path / "a.png", image)
    done = run([tmp_path / "a.png"], Segmenter(9, **QUICK), tmp_path / "out")
    lacking = [name for name, why in done.doubts.items() if why == "found in no image"]
    assert lacking
    with (tmp_path / "out" / "fractions.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows if row["remark"]] == lacking
    record = json.loads((tmp_path / "out" / "a.json").read_text())
    assert f"{' and '.join(lacking)} {'was' if len(lacking) == 1 else 'were'} found in no image" in record["remarks"][0]
    plain = run([tmp_path / "a.png"], Segmenter(2, **QUICK), tmp_path / "plain")
    assert not plain.doubts
    assert "remark" not in (tmp_path / "plain" / "fractions.csv").read_text()


def test_a_phase_is_not_in_no_image_and_in_one(fitted):
    model = replace(fitted.model, shared=replace(fitted.model.shared, n_images=(6, 1, 5)))
    assert [remark for remark in model.remarks if "one of 6" in remark]
    assert not [remark for remark in model.remark([model.names[1]]) if "one of 6" in remark]


def test_a_model_file_without_what_was_added_since_is_read(fitted):
    record = fitted.model.shared.to_json()
    bare = {name: record[name] for name in ("ruler", "points", "n_images")}
    found = from_json(bare, 3)
    assert (found.replicability, found.references, found.blank) == (None, None, ())
    np.testing.assert_array_equal(found.points, fitted.model.shared.points)
