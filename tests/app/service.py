"""The service as the page uses it, without a browser and without another process."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient

from segment.app.jobs import Jobs
from segment.app.limits import Limits
from segment.app.projects import Projects
from segment.app.routes import make_app
from segment.app.session import Session
from segment.app.uploads import Inbox
from segment.app.worker import Worker


class Inline(Worker):
    """Runs tasks at once, in this process."""

    def run(self, owner, task, *arguments):
        yield from task(*arguments)


class Page:
    """What a page does with a project."""

    def __init__(self, folder: Path, limits: Limits | None = None, worker: Worker | None = None) -> None:
        self.folder = folder
        self.inbox = Inbox(folder / "inbox")
        self.jobs = Jobs(worker or Inline())
        self.projects = Projects(folder / "projects")
        self.client = TestClient(make_app(self.projects, self.inbox, self.jobs, limits or Limits(), ("testserver",)))
        self.word = self.client.post("/projects").json()["word"]
        self.said = ""
        self.is_error = False

    @property
    def session(self) -> Session:
        return self.projects.find(self.word).session

    @property
    def view(self) -> dict:
        return self.client.get(f"/project/{self.word}").json()["view"]

    def ask(self, rest: str, /, **values) -> dict:
        answer = self.client.post(f"/project/{self.word}/{rest}", json=values).json()
        self.said, self.is_error = answer["message"], answer["is_error"]
        return answer["view"]

    def do(self, name: str, /, **values) -> dict:
        return self.ask(f"do/{name}", **values)

    def drop(self, *files: tuple[str, bytes]) -> dict:
        for name, content in files:
            assert self.client.post(f"/project/{self.word}/files", params={"name": name}, content=content).is_success
        return self.ask("take")

    def run(self, kind: str, /, **values) -> dict:
        """Start a computation and wait for its end; what is said then is in `said`."""
        view = self.ask(f"run/{kind}", **values)
        if self.is_error:
            return view
        self.wait()
        return self.view

    def wait(self) -> None:
        for thread in self.jobs.threads:
            thread.join()
        job = self.jobs.of(self.word)
        self.said, self.is_error = job.text, job.state == "failed"

    def get(self, address: str):
        return self.client.get(address)
