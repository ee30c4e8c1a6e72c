"""Who may ask for what, and what the pictures show."""

from __future__ import annotations

import numpy as np
import pytest

from segment.app.limits import Limits
from segment.app.session import Session
from segment.app.views import view
from segment.app.worker import Cancelled
from segment.io.decode import decode
from segment.pipeline import Progress
from tests.app.service import Inline, Page

OURS = "http://testserver"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 200),
        ({"Origin": OURS, "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://testserver:81"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 400),
    ],
)
def test_only_the_page_itself_changes_anything(page, headers, expected):
    assert page.client.post("/projects", headers=headers).status_code == expected
    place = f"/project/{page.word}"
    assert page.client.post(f"{place}/files?name=a.png", content=b"x", headers=headers).is_success == (expected == 200)
    assert page.client.post(f"{place}/do/learn", json={}, headers=headers).is_success == (expected == 200)
    assert len(page.inbox.collect(page.word)) == (expected == 200)
    assert page.client.get(place, headers=headers).status_code == expected


def test_a_link_from_elsewhere_opens_the_page_and_no_more(page):
    headers = {"Sec-Fetch-Site": "cross-site"}
    answer = page.client.get("/", headers=headers)
    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert page.client.get(f"/p/{page.word}", headers=headers).status_code == 200
    assert page.client.get("/static/page.js", headers=headers).status_code == 403


@pytest.mark.parametrize("name", ["index.html", "page.js", "style.css", "help.html"])
def test_the_page_is_served(page, name):
    assert page.get(f"/static/{name}").status_code == 200


@pytest.mark.parametrize("name", ["../routes.py", "..%2froutes.py", "routes.py", "", "none.js"])
def test_nothing_else_is_served(page, name):
    assert page.get(f"/static/{name}").status_code == 404


def test_who_does_not_know_the_word_sees_nothing(mapped):
    image = mapped.view["images"][0]
    assert mapped.get(image["micrograph"]).status_code == 200
    for address in (
        f"/project/{'x' * 32}",
        image["micrograph"].replace(mapped.word, "y" * 32),
        "/project/x/project.zip",
    ):
        assert mapped.get(address).status_code == 404
    assert mapped.client.post(f"/project/{'x' * 32}/files?name=x.png", content=b"x").status_code == 404
    assert mapped.get(f"/project/{mapped.word}/pictures/2/micrograph.png").status_code == 404
    assert mapped.get(f"/project/{mapped.word}/pictures/0/secret.png").status_code == 404


def test_an_upload_that_is_too_large_is_refused_and_leaves_nothing(tmp_path):
    page = Page(tmp_path, Limits(file_mb=1))
    answer = page.client.post(f"/project/{page.word}/files?name=../x.png", content=bytes(1_000_001))
    assert answer.status_code == 413
    assert answer.text == "x.png: is larger than 1 MB, the most that is taken; more with 'segment ui --file-mb'."
    assert [path for path in (tmp_path / "inbox").rglob("*") if path.is_file()] == []


def test_uploads_that_nobody_reads_are_few_and_removed_with_the_project(page, monkeypatch):
    monkeypatch.setattr("segment.app.routes.MOST_WAITING", 3)
    place = f"/project/{page.word}"
    codes = [page.client.post(f"{place}/files?name=x.png", content=b"x").status_code for _ in range(5)]
    assert codes == [204, 204, 204, 413, 413]
    page.client.post(f"{place}/close")
    assert page.inbox.collect(page.word) == []
    assert page.get(place).status_code == 404


@pytest.mark.parametrize("content", [b"[]", b"{", b"1", b'{"name": "alpha"}', b"[" * 100_000])
def test_what_is_no_action_is_refused(opened, content):
    before = opened.session
    answer = opened.client.post(f"/project/{opened.word}/do/set", content=content).json()
    assert answer["is_error"]
    assert "load the page again" in answer["message"]
    assert opened.session is before


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("paint", {"image": "a.png", "phase": 0, "width": 5, "points": [["x", "y"]]}),
        ("paint", {"image": "a.png", "phase": 0, "width": 5, "points": [[1]]}),
        ("paint", {"image": "a.png", "phase": 0, "width": 1e9, "points": [[1, 1]]}),
        ("paint", {"image": "a.png", "phase": 0, "width": 5, "points": [[1, float("inf")]]}),
        ("rename", {"phase": "x", "name": "y"}),
        ("rename", {"phase": -1, "name": "y"}),
        ("outline", {"image": "a.png", "kind": "x", "points": [[1, 1], [2, 2], [3, 3]]}),
        ("erase", {"image": "a.png", "number": 0}),
        ("choose", {"number": 1}),
        ("remove", {"image": "none.png"}),
        ("accept", {"image": "a.png", "is_accepted": True}),
        ("dance", {}),
    ],
)
def test_an_action_that_cannot_be_done_changes_nothing(opened, name, values):
    import json

    before = opened.session
    answer = opened.client.post(f"/project/{opened.word}/do/{name}", content=json.dumps(values)).json()
    assert answer["is_error"]
    assert answer["message"]
    assert opened.session is before


def test_pictures_show_the_whole_image_pixel_for_pixel_and_only_the_segmented_rows(mapped):
    image, field = mapped.view["images"][0], mapped.session.fields[0]
    assert decode(mapped.get(image["micrograph"]).content).shape == (108, 128)
    assert decode(mapped.get(image["colours"]).content).shape[:2] == (96, 128)
    shares = decode(mapped.get(image["components"][1]).content)
    assert np.abs(shares / 255 - field.phase_map.abundances[1]).max() <= 0.5 / 255 + 1e-6
    histogram = mapped.get(image["histogram"]).json()
    assert sum(histogram["counts"]) == 96 * 128
    assert histogram["low"] <= histogram["black"] < histogram["white"] <= histogram["high"]
    assert mapped.get(mapped.view["model"]["loss"]).content.startswith(b"<?xml")


def test_a_picture_has_another_address_only_where_it_shows_something_else(mapped):
    def addresses():
        image = mapped.view["images"][0]
        return image["micrograph"], image["colours"]

    first = addresses()
    mapped.do("paint", image="a.png", phase=1, width=5, points=[[5, 5]])
    mapped.do("rename", phase=0, name="ferrite")
    assert addresses() == first
    mapped.do("recolour", phase=0, colour="#ffffff")
    assert addresses()[0] == first[0]
    assert addresses()[1] != first[1]
    mapped.ask("undo")
    assert addresses() == first


def test_the_map_of_before_can_be_compared_with(mapped):
    before = mapped.session.fields[0].phase_map.labels
    mapped.do("set", name="n_phases", value=3)
    view = mapped.run("segment")
    shown = decode(mapped.get(view["images"][0]["previous"]).content)
    assert len(np.unique(shown.reshape(-1, shown.shape[2]), axis=0)) == len(np.unique(before))


def test_a_map_is_accepted_until_it_is_another(mapped):
    assert mapped.do("accept", image="a.png", is_accepted=True)["images"][0]["is_accepted"]
    assert not mapped.run("segment")["images"][0]["is_accepted"]


def test_the_sample_is_opened_and_its_pixel_size_read(page):
    view = page.ask("sample")
    assert "1 image opened" in page.said
    assert view["images"][0]["pixel_size"] == pytest.approx(0.4)


def test_two_tabs_of_one_project_see_the_same(opened):
    project = opened.projects.find(opened.word)
    numbers = {view(project, opened.word, Limits())["number"], opened.view["number"]}
    opened.do("rename", phase=0, name="ferrite")
    assert numbers != {opened.get(f"/project/{opened.word}/job").json()["number"]}
    opened.do("rename", phase=1, name="martensite")
    assert opened.session.names == ("ferrite", "martensite"), "what the other tab did is not undone"


def test_an_image_that_is_dropped_during_a_change_takes_nothing_back(opened, png, monkeypatch):
    from segment.app import routes

    real = routes.take

    def meanwhile(session, files, limits, is_film):
        after = real(session, files, limits)
        opened.projects.find(opened.word).change("a name", lambda now: Session(now.fields, names=("ferrite",)))
        return after

    monkeypatch.setattr(routes, "take", meanwhile)
    view = opened.drop(("c.png", png))
    assert [image["name"] for image in view["images"]] == ["a.png", "b.png", "c.png"]
    assert view["phases"][0]["name"] == "ferrite"


class Halting(Inline):
    """Cancels its own task after the first step, and then ends at once, or too late."""

    page: Page | None = None

    def __init__(self, *, is_late: bool) -> None:
        super().__init__()
        self.is_late = is_late

    def run(self, owner, task, *arguments):
        yield Progress("fit", 0, 2, "a")
        assert self.page is not None
        self.page.ask("cancel")
        if not self.is_late:
            raise Cancelled
        yield from task(*arguments)


@pytest.mark.parametrize("is_late", [False, True])
def test_a_cancelled_computation_leaves_all_as_it_was(tmp_path, png, is_late):
    worker = Halting(is_late=is_late)
    page = worker.page = Page(tmp_path, worker=worker)
    page.drop(("a.png", png))
    before = page.session
    page.run("segment")
    assert page.said == "Cancelled."
    assert page.jobs.of(page.word).state == "cancelled"
    assert page.session is before


class Failing(Inline):
    """Fails."""

    def run(self, owner, task, *arguments):
        raise KeyError("surprise")
        yield


def test_a_computation_that_fails_is_told_and_logged(tmp_path, png, caplog):
    page = Page(tmp_path, worker=Failing())
    page.drop(("a.png", png))
    page.run("segment")
    assert page.is_error
    assert "Something went wrong inside the program" in page.said
    assert "surprise" in caplog.text


def test_a_second_computation_waits_for_the_users_word(tmp_path, png):
    page = Page(tmp_path)
    page.drop(("a.png", png))
    from segment.app.jobs import Job

    page.jobs._last[page.word] = Job("segment")
    page.ask("run/segment")
    assert "A computation is running already" in page.said


def test_what_users_write_is_data_and_no_markup(mapped):
    evil = "<img src=x onerror=alert(1)>"
    mapped.do("rename", phase=0, name=evil)
    assert mapped.client.get(f"/project/{mapped.word}").headers["content-type"] == "application/json"
    assert mapped.view["phases"][0]["name"] == evil
