from __future__ import annotations

import numpy as np
import pytest
import tifffile
from scipy import ndimage
from scipy.ndimage import gaussian_filter

from segment.evaluate import score_events, score_links
from segment.io import write_png
from segment.objects import measure_objects
from segment.pipeline.series import SeriesOptions, measure_series
from segment.records import Area, Shifts, Table
from segment.samples import make_coarsening
from segment.series import (
    FrameSegmenter,
    aligned,
    coarsening_law,
    common_area,
    find_bad_frames,
    find_events,
    find_shifts,
    judge_path,
    link_objects,
    open_series,
    ripening_map,
    volume_moved,
)
from segment.series.shifts import find_burnt_in, fit_path

FILM = make_coarsening(n_frames=12, shape=(160, 160), n_particles=70, jumps=(5,), seed=3)


def rms(shifts: Shifts, truth: np.ndarray) -> float:
    error = shifts.path - truth
    return float(np.sqrt((error**2).sum(axis=1).mean()))


def still(n: int) -> Shifts:
    return Shifts(np.zeros((n, 2)), np.ones(n, dtype=bool), (), 0.0)


def test_frames_come_in_natural_order_and_the_size_most_have(tmp_path):
    for number, size in ((1, 40), (2, 40), (10, 40), (3, 32)):
        write_png(tmp_path / f"frame_{number}.png", np.full((size, size), number, dtype=np.uint8))
    series = open_series(tmp_path, interval_s=2)
    assert series.names == ("frame_1.png", "frame_2.png", "frame_3.png", "frame_10.png")
    assert series.shape == (40, 40)
    assert series.times.tolist() == [0, 2, 4, 6]
    assert float(series.read(3)[0, 0]) == pytest.approx(10 / 255)


def test_a_stack_is_read_page_by_page(tmp_path):
    tifffile.imwrite(tmp_path / "film.tif", FILM.frames[:3], photometric="minisblack")
    series = open_series(tmp_path / "film.tif")
    assert len(series) == 3
    np.testing.assert_array_equal(series.read(2), FILM.frames[2] / np.float32(255))


def test_one_frame_is_no_series(tmp_path):
    write_png(tmp_path / "a.png", np.zeros((9, 9), dtype=np.uint8))
    with pytest.raises(ValueError, match="at least 2 frames, got 1"):
        open_series(tmp_path)
    with pytest.raises(ValueError, match="interval_s"):
        open_series(FILM.frames, interval_s=0)


def test_every_kind_of_bad_frame_is_named_and_no_other(tmp_path):
    frames = FILM.frames.astype(np.float64)
    rng = np.random.default_rng(0)
    frames[3] = 100 + 2 * rng.normal(size=frames[3].shape)
    frames[5] = frames[4]
    frames[7][:60] = 255
    frames[9] = gaussian_filter(frames[9], 2)
    # A beam that flickers is no fault.
    frames[10] = frames[10] * 1.3
    for index, frame in enumerate(np.clip(np.round(frames), 0, 255).astype(np.uint8)):
        write_png(tmp_path / f"{index:02d}.png", frame[:-4] if index == 2 else frame)
    (tmp_path / "11.png").write_bytes((tmp_path / "11.png").read_bytes()[:100])
    found = {item.index: item.fault for item in find_bad_frames(open_series(tmp_path))}
    assert found == {2: "size", 3: "blank", 5: "duplicate", 7: "saturated", 9: "blurred", 11: "unreadable"}


def test_drift_is_found_with_its_jump_and_bad_frames_are_bridged():
    frames = FILM.frames.copy()
    frames[8] = 0
    shifts = find_shifts(open_series(frames), [8])
    good = np.arange(12) != 8
    assert np.abs(shifts.path[good] - FILM.drift[good]).max() < 0.5
    assert not shifts.is_good[8]
    np.testing.assert_allclose(shifts.path[8], (shifts.path[7] + shifts.path[9]) / 2)
    (jump,) = shifts.jumps
    step = np.hypot(*(FILM.drift[5] - FILM.drift[4]))
    assert jump.index == 5
    assert jump.length == pytest.approx(step, abs=0.5)


def test_noisy_frames_keep_their_path():
    film = make_coarsening(n_frames=16, noise=12, jumps=(), seed=5)
    assert rms(find_shifts(open_series(film.frames)), film.drift) < 1


def test_a_wrong_pair_does_not_bend_the_path():
    n = 20
    truth = np.stack([np.linspace(0, 19, n), np.zeros(n)], axis=1)
    pairs = np.array([(i, i + lag) for lag in (1, 2, 4) for i in range(n - lag)])
    measured = truth[pairs[:, 1]] - truth[pairs[:, 0]]
    measured[7] += 50
    np.testing.assert_allclose(fit_path(pairs, measured, n)[0], truth, atol=0.05)


def test_burnt_in_text_does_not_hold_the_drift_at_zero():
    frames = FILM.frames.copy()
    for index in range(len(frames)):
        frames[index, 140:155, 20:90] = 0
        frames[index, 142:152, 25 + 5 * (index % 3) : 80 : 4] = 255
    series = open_series(frames)
    hidden = find_burnt_in(series, range(12))
    assert hidden is not None
    assert hidden[140:155, 20:90].all()
    assert find_burnt_in(open_series(FILM.frames), range(12)) is None
    assert rms(find_shifts(series), FILM.drift) < 0.5


def test_a_lattice_is_said_to_repeat_itself():
    y, x = np.mgrid[:128, :128]
    lattice = 0.5 + 0.2 * np.cos(2 * np.pi * x / 16) * np.cos(2 * np.pi * y / 16)
    series = open_series(np.stack([lattice, lattice]))
    assert find_shifts(series).period_px == pytest.approx(16 / np.sqrt(2), rel=0.05)
    assert find_shifts(open_series(FILM.frames)).period_px is None


def test_the_common_area_is_in_every_frame_and_invents_nothing():
    shifts = find_shifts(open_series(FILM.frames))
    area = common_area(open_series(FILM.frames), shifts)
    for position in shifts.path:
        assert area.top + position[0] >= 0
        assert area.top + area.height - 1 + position[0] <= 159
        assert area.left + position[1] >= 0
        assert area.left + area.width - 1 + position[1] <= 159
    assert area.lost == pytest.approx(1 - area.height * area.width / 160**2)
    frame = np.add.outer(np.arange(160.0), 2 * np.arange(160.0)).astype(np.float32)
    laid = aligned(frame, np.array([1.5, -0.25]), area)
    assert laid.shape == (area.height, area.width)
    assert laid[0, 0] == pytest.approx(area.top + 1.5 + 2 * (area.left - 0.25), abs=1e-3)


def test_black_borders_are_no_part_of_the_common_area():
    frames = FILM.frames.copy()
    frames[4, :20] = 0
    frames[:, :, -10:] = 0
    area = common_area(open_series(frames), still(12))
    assert area.top >= 20
    assert area.left + area.width <= 150


def test_drift_beyond_the_field_names_the_frame():
    path = np.zeros((12, 2))
    path[6:] = 500
    with pytest.raises(ValueError, match=r"frame \d+ lies .* cut the film"):
        common_area(open_series(FILM.frames), Shifts(path, np.ones(12, dtype=bool), (), 0.0))


def rows(frames: list[list[tuple[float, float, float]]]) -> Table:
    flat = [(index, *item) for index, frame in enumerate(frames) for item in frame]
    columns = np.array(flat, dtype=np.float64).T
    names = ("frame", "y_px", "x_px", "diameter_px")
    return Table({name: column.astype(np.int64) if name == "frame" else column for name, column in zip(names, columns, strict=True)})  # fmt: skip  # noqa: E501


def test_links_follow_distance_and_size_and_close_gaps():
    small, large = (10.0, 10.0, 4.0), (10.0, 14.0, 8.0)
    film = [[small, large], [(10.0, 12.0, 8.0), (10.0, 9.0, 4.0)], [(10.0, 12.0, 8.0)], [(10.0, 11.0, 8.0), small]]
    assert link_objects(rows(film), reach_px=5).tolist() == [0, 1, 1, 0, 1, 1, 0]
    assert link_objects(rows(film), reach_px=5, gap=0).tolist() == [0, 1, 1, 0, 1, 1, 2]


def test_links_cost_least_together_rather_than_one_by_one():
    # The nearest pair first would leave the other two without a partner.
    film = [[(0.0, 0.0, 4.0), (0.0, 3.0, 4.0)], [(0.0, 2.0, 4.0), (0.0, 5.0, 4.0)]]
    assert link_objects(rows(film), reach_px=4).tolist() == [0, 1, 0, 1]


def true_table(film) -> tuple[Table, np.ndarray]:
    """Return the true objects of a film as if they had been found, and where they lie without the drift."""
    tracks = film.tracks
    place = np.stack([tracks["y_px"], tracks["x_px"]], axis=1) - film.drift[tracks["frame"]]
    columns = {"frame": tracks["frame"], "y_px": place[:, 0], "x_px": place[:, 1], "diameter_px": 2 * tracks["r_px"]}
    return Table(columns), place


@pytest.fixture(scope="module")
def dense():
    return make_coarsening(n_frames=30, n_particles=260, motion_px=0.8, seed=4)


def test_perfect_masks_give_links_and_merges(dense):
    table, place = true_table(dense)
    track = link_objects(table)
    links = score_links(table["frame"], place, track, table["frame"], place, dense.tracks["id"])
    assert links.f1 > 0.98
    merges = dense.events.take(dense.events["event"] == "merge")
    found = find_events(Table({**table.columns, "track": track}))
    found = found.take(found["event"] == "merge")
    truth = np.stack([merges["y_px"], merges["x_px"]], axis=1) - dense.drift[merges["frame"]]
    scores = score_events(found["frame"], np.stack([found["y_px"], found["x_px"]], axis=1), merges["frame"], truth)
    assert scores.n_true > 8
    assert scores.f1 > 0.7


def test_a_film_run_backwards_splits_where_it_merged(dense):
    table, _ = true_table(dense)
    last = int(table["frame"].max())
    order = np.argsort(last - table["frame"], kind="stable")
    backwards = Table({**table.columns, "frame": last - table["frame"]}).take(order)
    events = [find_events(Table({**item.columns, "track": link_objects(item)})) for item in (table, backwards)]
    merges, splits = np.sum(events[0]["event"] == "merge"), np.sum(events[1]["event"] == "split")
    assert merges > 8
    assert abs(int(merges) - int(splits)) <= 2


def test_objects_that_come_and_go_are_told_from_those_at_the_edge():
    inside, edge = (50.0, 50.0, 6.0), (3.0, 20.0, 6.0)
    film = (
        [[inside, edge, (80.0, 80.0, 6.0)]] * 3
        + [[(80.0, 80.0, 6.0)]] * 3
        + [[(80.0, 80.0, 6.0), (50.0, 20.0, 6.0)]] * 2
    )
    table = rows(film)
    events = find_events(Table({**table.columns, "track": link_objects(table, reach_px=4)}), Area(0, 0, 100, 100, 0.0))
    assert sorted(events["event"].tolist()) == ["birth", "death", "leave"]
    assert set(events["frame"].tolist()) == {3, 6}


def test_frames_teach_how_the_others_are_segmented():
    frames = [frame / np.float32(255) for frame in FILM.frames]
    segmenter = FrameSegmenter.fit(frames[:2])
    assert segmenter.polarity == "dark"
    found = measure_objects(segmenter.segment(frames[11]), shape=False).table
    truth = FILM.tracks.take((FILM.tracks["frame"] == 11) & (FILM.tracks["r_px"] > 2))
    y, x = truth["y_px"], truth["x_px"]
    inside = (y > 5) & (y < 154) & (x > 5) & (x < 154)
    apart = np.hypot(found["y_px"][:, None] - y[inside], found["x_px"][:, None] - x[inside])
    assert (apart.min(axis=0) < 2).mean() > 0.8
    # A beam that flickers changes nothing.
    dimmed = segmenter.segment(np.float32(0.7) * frames[11])
    assert abs(int(dimmed.max()) - len(found)) <= 2


def test_noisy_films_are_averaged_over_frames_and_clear_ones_are_not():
    noisy = make_coarsening(n_frames=6, shape=(128, 128), n_particles=45, noise=8, drift_px=0, seed=1)
    clear = make_coarsening(n_frames=6, shape=(128, 128), n_particles=45, noise=1, drift_px=0, seed=1)
    windows = [FrameSegmenter.fit_series(open_series(film.frames), still(6)).window for film in (noisy, clear)]
    assert windows[0] > windows[1] == 0


def test_a_path_is_judged_by_objects():
    table, _ = true_table(FILM)
    right = judge_path(table)
    wrong = judge_path(Table({**table.columns, "y_px": table["y_px"] + 0.2 * table["frame"]}))
    assert right.residual_px < 0.4 < wrong.residual_px
    assert right.found_again > 0.8


def test_growth_is_fitted_with_an_interval_that_holds_the_truth():
    hits = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        radii = [(20 + 0.3 * t) ** (1 / 3) * np.exp(0.2 * rng.normal(size=200)) for t in range(40)]
        law = coarsening_law(np.arange(40), radii)
        hits += abs(law.rate - 0.3 * np.exp(3 * 0.2**2 / 2)) <= law.ci95
    assert 34 <= hits <= 40
    few = coarsening_law(np.arange(3), [np.ones(30)] * 3)
    assert few.rate is None
    assert few.verdict.startswith("undecided: 3 frames")


@pytest.mark.parametrize(("kind", "verdict"), [("merge", "coalescence"), ("death", "ripening")])
def test_the_verdict_names_what_moved_the_volume(kind, verdict):
    n = 40
    frame, track = np.tile(np.arange(10), n), np.repeat(np.arange(n), 10)
    shrinking = kind == "death"
    diameter = np.where((track < n // 2) & shrinking, 2 * np.sqrt(9 - 0.8 * frame), 6.0)
    tracks = Table({"frame": frame, "track": track, "diameter_px": diameter})
    ended = [str(index) for index in range(n // 2)]
    events = Table(
        {
            "event": np.array([kind] * len(ended)),
            "tracks_before": np.array([f"{name} 39" if kind == "merge" else name for name in ended]),
            "volume_px3": np.full(len(ended), 113.0),
        }
    )
    assert volume_moved(tracks, events).verdict == verdict
    assert volume_moved(tracks, events.take([])).verdict != "coalescence"


def test_the_ripening_map_sees_what_will_vanish_and_abstains_where_objects_move():
    film = make_coarsening(
        n_frames=30, shape=(160, 160), n_particles=70, drift_px=0, motion_px=0.1, ripening=0.3, seed=2
    )
    frames = [frame / np.float32(255) for frame in film.frames]
    early = ripening_map(frames).early
    tracks = film.tracks
    first, last = tracks.take(tracks["frame"] == 0), set(tracks["id"][tracks["frame"] == 29].tolist())
    merged = {int(name) for row in film.events.rows() if row["event"] == "merge" for name in row["parents"].split()}
    at = [(round(y), round(x)) for y, x in zip(first["y_px"], first["x_px"], strict=True)]
    rows = [(early[y, x], name in last) for (y, x), name in zip(at, first["id"].tolist(), strict=True)
            if name not in merged and 0 <= y < 160 and 0 <= x < 160]  # fmt: skip
    gone, stays = ([value for value, kept in rows if kept is is_kept] for is_kept in (False, True))
    wins = np.mean([[one > other for other in stays] for one in gone])
    assert wins > 0.9
    moved = ripening_map(frames, motion_px=9, radius_px=3)
    assert moved.early is None
    assert "move too far" in moved.reason


def test_films_of_the_same_seed_are_the_same_and_merging_keeps_volume(dense):
    again = make_coarsening(n_frames=3, n_particles=260, motion_px=0.8, seed=4, jumps=())
    once = make_coarsening(n_frames=3, n_particles=260, motion_px=0.8, seed=4, jumps=())
    np.testing.assert_array_equal(again.frames, once.frames)
    radius = {(row["frame"], row["id"]): row["r_px"] for row in dense.tracks.rows()}
    for row in dense.events.rows():
        if row["event"] == "merge":
            parents = [radius.get((row["frame"] - 1, int(name))) for name in row["parents"].split()]
            child = radius.get((row["frame"], row["child"]))
            if child is not None and None not in parents:
                assert child**3 == pytest.approx(sum(r**3 for r in parents), rel=0.3)


@pytest.fixture(scope="module")
def short_film():
    return make_coarsening(n_frames=8, shape=(112, 112), n_particles=40, seed=2)


def test_a_turning_specimen_is_said_with_its_angle_and_a_still_one_is_not(short_film):
    turned = [ndimage.rotate(frame, 2 * i, reshape=False, mode="reflect", order=1)
              for i, frame in enumerate(short_film.frames)]  # fmt: skip
    result = measure_series(open_series(np.stack(turned)), SeriesOptions())
    assert result.turning.is_clear
    assert result.turning.degrees == pytest.approx(2.0, abs=0.3)
    still = measure_series(open_series(short_film.frames), SeriesOptions())
    assert still.turning is None or not still.turning.is_clear


def test_flicker_of_a_third_changes_neither_drift_nor_counts(short_film):
    light = np.random.default_rng(0).uniform(0.7, 1.3, (8, 1, 1))
    flickering = np.clip(short_film.frames * light, 0, 255).astype(np.uint8)
    found = [measure_series(open_series(frames), SeriesOptions()) for frames in (short_film.frames, flickering)]
    assert not found[1].bad
    drift = [np.diff(item.shifts.path, axis=0) for item in found]
    assert np.abs(drift[0] - drift[1]).max() < 0.3
    counts = [np.bincount(item.tracks.table["frame"]) for item in found]
    assert np.abs(counts[0] - counts[1]).max() <= 1


def test_frames_of_other_sizes_and_cut_files_are_passed_over_by_name(short_film, tmp_path):
    for index, frame in enumerate(short_film.frames):
        write_png(tmp_path / f"f{index}.png", frame[:100] if index == 3 else frame)
    whole = (tmp_path / "f5.png").read_bytes()
    (tmp_path / "f5.png").write_bytes(whole[: len(whole) // 2])
    write_png(tmp_path / "f6.png", short_film.frames[6].astype(np.uint16) * 257)
    result = measure_series(open_series(tmp_path), SeriesOptions())
    assert [item.name for item in result.bad] == ["f3.png", "f5.png"]
    assert "100" in result.bad[0].reason
    counts = np.bincount(result.tracks.table["frame"], minlength=8)
    assert counts[3] == counts[5] == 0
    assert abs(counts[6] - counts[4]) <= 2
