"""Try the installed wheel, in an environment that has nothing of the checkout: versions, demo, report, app.

Called by ``make dist`` with the folder of the checkout: nothing may be imported from there.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

import nmfcore
import segment

SEGMENT = Path(sys.executable).with_name("segment")


def check_origin(checkout: Path) -> None:
    """Both packages must come from the environment."""
    environment = Path(sys.prefix).resolve()
    for package in (nmfcore, segment):
        origin = Path(str(package.__file__)).resolve()
        if environment not in origin.parents or (checkout / package.__name__) in origin.parents:
            sys.exit(f"{package.__name__} was imported from {origin}, not from {environment}")


def run(*arguments: str | Path) -> str:
    """Return what a command of `segment` prints."""
    return subprocess.run([SEGMENT, *arguments], check=True, capture_output=True, text=True).stdout


def check_version() -> None:
    """The command and the package must name one version."""
    printed = run("--version").split()
    if printed != ["segment", nmfcore.__version__]:
        sys.exit(f"segment --version printed {printed}, nmfcore.__version__ is {nmfcore.__version__}")


def check_results(folder: Path) -> None:
    """The demo must write its summary, and a batch its maps and its report."""
    run("demo", "-o", folder / "demo", "--quiet")
    images = folder / "demo" / "samples" / "ductile_iron" / "images"
    run("run", images, "-k", "3", "-o", folder / "out", "--report", "--quiet")
    wanted = ["demo/summary.png", "out/report.html", "out/fractions.csv", "out/model.npz"]
    missing = [name for name in wanted if not (folder / name).is_file()]
    if missing or not list((folder / "out").glob("*_labels.png")):
        sys.exit(f"not written: {', '.join(missing) or 'labels'}")


def check_app(folder: Path) -> None:
    """The app must serve its page, with scripts and styles."""
    command = [SEGMENT, "ui", "--no-browser", "--port", "0", "--projects", folder / "projects"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            address = next(word for word in served.stdout.readline().split() if word.startswith("http://"))
            with urlopen(address, timeout=60) as answer:
                page = answer.read().decode()
        finally:
            served.terminate()
    if "<script" not in page:
        sys.exit(f"the app served no page:\n{page[:500]}")


if __name__ == "__main__":
    check_origin(Path(sys.argv[1]).resolve())
    check_version()
    with tempfile.TemporaryDirectory() as scratch:
        check_results(Path(scratch))
        check_app(Path(scratch))
    print(f"nmfcore {nmfcore.__version__} works as installed: versions, demo, report, app")
