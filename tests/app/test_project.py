"""What is kept, what can be undone, and what a project file brings back."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from segment.app import project as module
from segment.app.limits import Limits
from segment.app.project import Project
from segment.app.projects import Projects
from segment.app.session import Session, Stroke
from segment.io.decode import decode
from segment.pipeline import rerun
from tests.app.service import Page


def everything(session: Session) -> list:
    """All that a user made, to be compared."""
    return [
        (session.names, session.colours, session.settings, session.is_loaded),
        None if session.segmenter is None else session.segmenter.model.digest,
        [
            (
                field.file_name, field.strokes, field.regions, field.options, field.micrograph.calibration,
                field.micrograph.band, field.full.tobytes(), field.micrograph.image.tobytes(),
                None if field.phase_map is None else field.phase_map.labels.tobytes(),
                None if field.phase_map is None else field.phase_map.abundances.tobytes(),
            )
            for field in session.fields
        ],
    ]  # fmt: skip


@pytest.fixture
def worked(mapped):
    """A page after some work of every kind."""
    mapped.do("rename", phase=1, name="martensite")
    mapped.do("recolour", phase=0, colour="#123456")
    mapped.do("paint", image="b.png", phase=1, width=5, points=[[5, 5], [30, 30]])
    mapped.do("set", name="alpha", value="0.2")
    mapped.do("correct", image="a.png", band=96, pixel_size="0.5", everywhere=True)
    mapped.do("outline", image="b.png", kind="exclude", points=[[0, 0], [9, 0], [9, 9]])
    return mapped


def archive_of(page) -> bytes:
    answer = page.get(f"/project/{page.word}/project.zip")
    assert answer.status_code == 200
    return answer.content


def test_a_restart_loses_nothing(worked, tmp_path):
    found = Projects(tmp_path / "projects").find(worked.word)
    assert everything(found.session) == everything(worked.session)
    assert found.labels == ("outline", None)


def test_undo_and_redo_go_through_everything(worked):
    states = []
    while worked.view["undo"]:
        states.append(everything(worked.session))
        worked.ask("undo")
    assert worked.session.fields == ()
    assert len(states) == 9
    worked.ask("undo")
    assert "nothing to undo" in worked.said
    for state in reversed(states):
        worked.ask("redo")
        assert everything(worked.session) == state
    worked.ask("redo")
    assert "nothing to redo" in worked.said


def test_what_is_done_after_an_undo_takes_the_place_of_what_was_undone(worked):
    worked.ask("undo")
    worked.do("rename", phase=0, name="ferrite")
    assert worked.view["redo"] is None
    assert worked.session.fields[1].regions == ()


def test_a_project_file_brings_everything_back_and_undo_what_was_before(worked, tmp_path, png):
    other = Page(tmp_path / "other")
    other.drop(("c.png", png))
    other.drop(("work.zip", archive_of(worked)))
    assert "The project is open" in other.said
    assert everything(other.session) == everything(worked.session)
    other.ask("undo")
    assert [field.file_name for field in other.session.fields] == ["c.png"]
    # What was restored is segmented on as if nothing had been.
    other.ask("redo")
    other.do("wipe", image="b.png")
    worked.do("wipe", image="b.png")
    other.run("segment")
    worked.run("segment")
    assert everything(other.session) == everything(worked.session)


def test_a_project_without_a_map_is_a_project(opened, tmp_path):
    other = Page(tmp_path / "other")
    content = archive_of(opened)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"project"}
    other.drop(("work.zip", content))
    assert everything(other.session) == everything(opened.session)


def changed(content: bytes, change) -> bytes:
    """A project file whose files `change` was given as a dict."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def described(change):
    def apply(files):
        record = json.loads(files["project/project.json"])
        change(record)
        files["project/project.json"] = json.dumps(record).encode()

    return apply


class Touch:
    """Runs code where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (described(lambda record: record.update(version=99)), "a project of version 99; this version reads 1"),
        (described(lambda record: record.update(format="x")), "not a project that the app saved"),
        (described(lambda record: record["session"].pop("record")), "not a project, or a damaged one"),
        (described(lambda record: record["session"].update(record="Path")), "not a project, or a damaged one"),
        (described(lambda record: record["session"].update(names=[1, 2])), "names cannot be"),
        (described(lambda record: record["session"].update(fields=[1])), "damaged"),
        (lambda files: files.pop("project/arrays/0.npy"), "is missing (project/arrays/0.npy)"),
        (lambda files: files.pop("project/arrays/model.npz"), "the model of the project is missing"),
        (lambda files: files.update({"project/arrays/0.npy": b"nonsense"}), "is damaged (project/arrays/0.npy)"),
        (
            lambda files: files.update({"project/arrays/model.npz": b"PK nonsense"}),
            "the model of the project is damaged",
        ),
        (lambda files: files.pop("project/project.json"), "expected the zip file that the app's Download made"),
        (lambda files: files.update({"project/project.json": b"{"}), "damaged"),
    ],
)
def test_a_project_that_cannot_be_restored_is_refused_by_a_sentence(change, expected, mapped):
    before = mapped.session
    mapped.drop(("work.zip", changed(archive_of(mapped), change)))
    assert mapped.is_error
    assert mapped.said.startswith("work.zip: ")
    assert expected in mapped.said
    assert mapped.session is before


def test_a_project_with_pickled_code_is_refused_and_the_code_never_runs(mapped, tmp_path):
    mark = tmp_path / "ran"
    pickle.loads(pickle.dumps(Touch(mark)))
    assert mark.exists(), "the pickle would run its code"
    mark.unlink()
    stream = io.BytesIO()
    np.save(stream, np.array([Touch(mark)], dtype=object), allow_pickle=True)
    evil = changed(archive_of(mapped), lambda files: files.update({"project/arrays/0.npy": stream.getvalue()}))
    mapped.drop(("work.zip", evil))
    assert "is damaged (project/arrays/0.npy)" in mapped.said
    assert not mark.exists()


def test_what_is_no_zip_or_unpacks_to_too_much_is_refused(page, tmp_path):
    page.drop(("work.zip", b"PK\x03\x04 nonsense"))
    assert "work.zip: not a zip file, or a damaged one" in page.said
    small = Page(tmp_path / "small", Limits(total_megapixels=0))
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project/arrays/0.npy", bytes(201_000_000))
    small.drop(("bomb.zip", stream.getvalue()))
    assert (
        "bomb.zip: holds 201 MB; a project has at most 200 MB; more with 'segment ui --total-megapixels'" in small.said
    )


def test_more_images_than_are_taken_are_refused_with_the_option_that_takes_them(mapped, tmp_path):
    few = Page(tmp_path / "few", Limits(n_images=1))
    few.drop(("work.zip", archive_of(mapped)))
    assert "2 images" in few.said
    assert "'segment ui --images'" in few.said


def test_the_download_holds_what_the_command_line_would_write_and_more(mapped):
    mapped.do("correct", image="a.png", band=96, pixel_size="0.5", everywhere=True)
    mapped.do("rename", phase=1, name="martensite")
    with zipfile.ZipFile(io.BytesIO(archive_of(mapped))) as archive:
        files = {name for name in archive.namelist() if not name.startswith("project/")}
        record = json.loads(archive.read("a.json"))
        labels = decode(archive.read("b_labels.png"))
        report = archive.read("report.html").decode()
    pictures = {f"{name}_{kind}.png" for name in "ab" for kind in ("labels", "phases", "components", "overlay")}
    assert files == pictures | {"a.json", "b.json", "fractions.csv", "model.npz", "report.html", "method.txt"}
    assert record["phases"] == ["phase 0", "martensite"]
    assert record["read_options"] == {"band": "auto", "pixel_size_um": 0.5}
    assert record["input"]["path"] == "a.png", "where work happens is not in the record"
    assert np.array_equal(labels, mapped.session.fields[1].phase_map.labels)
    assert "martensite" in report


def test_exports_for_other_programs_are_in_the_download_where_asked_for(mapped):
    assert mapped.view["exports"] == ["ome-tiff", "imagej", "npz", "geojson", "parquet"]
    answer = mapped.get(f"/project/{mapped.word}/project.zip?exports=ome-tiff,imagej,geojson,parquet")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = set(archive.namelist())
    assert {"a_labels.ome.tif", "a_labels.tif", "a_regions.geojson", "fractions.parquet"} <= files
    assert mapped.get(f"/project/{mapped.word}/project.zip?exports=word").status_code == 507


def test_a_result_with_a_region_is_made_again_from_its_side_car(mapped, tmp_path, png):
    mapped.do("outline", image="a.png", kind="exclude", points=[[20, 30], [60, 30], [60, 70]])
    mapped.run("segment")
    with zipfile.ZipFile(io.BytesIO(archive_of(mapped))) as archive:
        archive.extractall(tmp_path / "out")
    (tmp_path / "out" / "a.png").write_bytes(png)
    assert rerun(tmp_path / "out" / "a.json").is_same


def test_nothing_mapped_has_no_method_to_describe(opened):
    assert opened.get(f"/project/{opened.word}/method").status_code == 404


def test_the_oldest_states_go_where_they_are_too_many_and_their_arrays_with_them(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MOST_STATES", 5)
    made = Project(tmp_path / "p")
    for step in range(20):
        made.change(f"{step}", lambda session, step=step: Session(names=(f"n{step}",)))
    assert len(list((tmp_path / "p").glob("state-*.json"))) == 5
    assert Project(tmp_path / "p").session.names == ("n19",)
    for _ in range(4):
        made.undo()
    assert made.labels[0] is None


def test_arrays_that_no_state_names_are_deleted(mapped, monkeypatch):
    folder = mapped.folder / "projects" / mapped.word / "arrays"
    monkeypatch.setattr(module, "MOST_OLD_BYTES", 0)
    for _ in range(3):
        mapped.run("segment")
        mapped.do("rename", phase=0, name=f"name {_}")
    few = len(list(folder.iterdir()))
    for _ in range(3):
        mapped.run("segment")
        mapped.do("rename", phase=0, name=f"other {_}")
    assert len(list(folder.iterdir())) == few
    assert everything(Projects(mapped.folder / "projects").find(mapped.word).session) == everything(mapped.session)


def test_projects_are_kept_apart_and_closed_with_all_their_files(tmp_path):
    projects = Projects(tmp_path, in_memory=1)
    words = [projects.create() for _ in range(3)]
    assert len({*words}) == 3
    projects.find(words[0]).change("x", lambda session: Session(names=("mine",)))
    assert projects.find(words[1]).session.names == ()
    assert projects.find(words[0]).session.names == ("mine",), "read from the disk again"
    # Who still works with one that was put away, as a computation does, works with the only one.
    kept = projects.find(words[0])
    for word in words:
        projects.find(word)
    assert projects.find(words[0]) is kept
    projects.close(words[0])
    assert projects.find(words[0]) is None
    assert not (tmp_path / words[0]).exists()
    for guess in ("../x", "", "guess", words[1] + "/.."):
        assert projects.find(guess) is None


def test_a_state_survives_a_change_that_fails(tmp_path):
    made = Project(tmp_path / "p")

    def fail(session):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        made.change("x", fail)
    assert made.labels == (None, None)
    assert Stroke(0, 1, ((0.0, 0.0),)) not in made.session.fields
