from __future__ import annotations

import re
from pathlib import Path

import pytest

import nmfcore
import segment

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _python_blocks(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def _links(page: Path) -> list[Path]:
    targets = LINK.findall(page.read_text(encoding="utf-8"))
    return [(page.parent / target).resolve() for target in targets if "://" not in target]


@pytest.mark.parametrize("page", [page for page in PAGES if _python_blocks(page)], ids=_name)
def test_examples_of_a_page_run_in_order(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for number, block in enumerate(_python_blocks(page), start=1):
        exec(compile(block, f"{_name(page)}, example {number}", "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page):
    assert [target.name for target in _links(page) if not target.exists()] == []


def test_every_page_is_reached_from_the_index():
    index, decisions = ROOT / "docs" / "index.md", ROOT / "docs" / "decisions" / "index.md"
    assert set(ROOT.joinpath("docs").rglob("*.md")) - {index} <= {*_links(index), *_links(decisions)}


def test_the_page_of_decisions_has_their_titles():
    decisions = ROOT / "docs" / "decisions"
    listed = re.findall(r"^- (\d+)\. \[(.+)\]\((.+)\)$", (decisions / "index.md").read_text(), flags=re.MULTILINE)
    titles = {path.name: path.read_text().splitlines()[0] for path in sorted(decisions.glob("0*.md"))}
    assert {name: f"# {number}. {title}" for number, title, name in listed} == titles
    assert all(name.startswith(f"{int(number):04}-") for number, _, name in listed)


def _summarised(page: str) -> list[str]:
    """Read the names that a reference page has pages written for."""
    text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    return re.findall(r"^   (\w+)$", text, flags=re.MULTILINE)


def test_the_reference_covers_every_public_name():
    rooms = {path.parent.name for path in (ROOT / "segment").glob("*/__init__.py")} - {"app", "cli"}
    assert sorted(_summarised("nmfcore.md")) == [name for name in nmfcore.__all__ if name != "__version__"]
    assert sorted(_summarised("segment.md")) == sorted({*segment.__all__, *rooms, "records"})


def test_readme_has_examples_of_both_packages():
    code = "\n".join(_python_blocks(ROOT / "README.md"))
    assert "from segment import" in code
    assert "from nmfcore import" in code
