from __future__ import annotations

import ast
import dataclasses
import doctest
import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("nmfcore", "segment")
# The command line documents itself with --help.
UNDOCUMENTED = ("segment.cli",)
# Spelled so in prose; code keeps the words of the libraries it calls.
AMERICAN = re.compile(
    r"\b(colors?|colored|coloring|gray\w*|behaviors?|center(s|ed|ing)?|"
    r"(normal|minim|maxim|optim|initial|regular|serial|summar|synthes|equal|organ|recogn|visual|parallel|real|memor)"
    r"iz(e|es|ed|er|ing|ation)|"
    r"factoriz(es|ed|er|ing)|factorisations?|analyz\w+|neighbors?|catalog|labeled|modeling)\b",
    flags=re.IGNORECASE,
)


def _modules() -> list[str]:
    names = []
    for package in PACKAGES:
        names.append(package)
        names += [info.name for info in pkgutil.walk_packages([str(ROOT / package)], prefix=f"{package}.")]
    return sorted(name for name in names if not name.startswith(UNDOCUMENTED) and not name.endswith("__main__"))


def _is_public(module: str) -> bool:
    """Say whether users import from a module: the engine's shop window, and every room of `segment`."""
    return module == "nmfcore" or (module.startswith("segment") and module.count(".") <= 1)


def _public_callables() -> dict[str, Any]:
    """Everything callable in a public `__all__`, and the public methods that its classes define themselves."""
    found: dict[str, Any] = {}
    for name in filter(_is_public, _modules()):
        module = import_module(name)
        for member in getattr(module, "__all__", ()):
            value = getattr(module, member)
            if not callable(value) or not getattr(value, "__module__", "").startswith(PACKAGES):
                continue
            label = f"{value.__module__}.{value.__qualname__}"
            found[label] = value
            if inspect.isclass(value):
                methods = {key: getattr(value, key) for key in vars(value) if not key.startswith("_")}
                found |= {f"{label}.{key}": method for key, method in methods.items() if inspect.isroutine(method)}
    return found


CALLABLES = _public_callables()


def documented_names(doc: str, *sections: str) -> set[str]:
    """Read the names in the given sections of a numpydoc docstring."""
    names: set[str] = set()
    lines = inspect.cleandoc(doc).splitlines()
    section = ""
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if following and set(following) == {"-"}:
            section = line.strip()
        elif section in sections and line and not line.startswith((" ", "-")):
            names |= {name.strip().lstrip("*") for name in line.partition(" : ")[0].split(",")}
    return names


def _expected_names(member: Any) -> set[str]:
    signature = inspect.signature(member)
    return {name for name in signature.parameters if name not in ("self", "cls")}


@pytest.mark.parametrize("name", CALLABLES)
def test_every_parameter_is_documented(name):
    member = CALLABLES[name]
    doc = inspect.getdoc(member)
    assert doc, f"{name} has no docstring"
    if inspect.isclass(member) and issubclass(member, Exception):
        return
    is_record = dataclasses.is_dataclass(member)
    described = documented_names(doc, "Parameters", "Attributes") if is_record else documented_names(doc, "Parameters")
    expected = _expected_names(member)
    assert expected <= described, f"{name} does not document {sorted(expected - described)}"
    if not is_record:
        assert described <= expected, f"{name} documents {sorted(described - expected)}, which it does not take"


@pytest.mark.parametrize("package", PACKAGES)
def test_the_shop_window_has_examples(package):
    module = import_module(package)
    members = {name: getattr(module, name) for name in module.__all__}
    without = [
        name
        for name, member in members.items()
        if callable(member) and not dataclasses.is_dataclass(member) and ">>> " not in (inspect.getdoc(member) or "")
    ]
    assert without == []


@pytest.mark.parametrize("name", _modules())
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(module, optionflags=flags).failed == 0


def _prose(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return re.sub(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", "", text, flags=re.DOTALL)
    nodes = (
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    )
    documents = [ast.get_docstring(node) or "" for node in nodes]
    comments = re.findall(r"(?:^|\s)# .*", text)
    without_code = re.sub(r"``.*?``|`[^`\n]*`|\"[^\"\n]*\"|https?://\S+", "", "\n\n".join(documents + comments))
    # Titles of papers keep their spelling.
    without_references = re.sub(r"^\.\. \[.*?(?=\n\n|\Z)", "", without_code, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"^\s*(>>>|\.\.\.).*$", "", without_references, flags=re.MULTILINE)


def _sources() -> list[Path]:
    python = [path for folder in (*PACKAGES, "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))]
    return [*python, ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("path", _sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_prose_is_spelled_the_british_way(path):
    assert [match[0] for match in AMERICAN.finditer(_prose(path))] == []


def test_the_spelling_check_sees_american_words_and_leaves_british_ones():
    american = "Normalize the gray colors, minimizing the behavior of neighbors; factorisation; factorized; centered."
    assert [match[0] for match in AMERICAN.finditer(american)] == [
        "Normalize", "gray", "colors", "minimizing", "behavior", "neighbors", "factorisation", "factorized", "centered",
    ]  # fmt: skip
    british = (
        "Normalise the grey colours: a non-negative matrix factorization factorises sizes; centre, realistic, prize."
    )
    assert AMERICAN.search(british) is None


def test_a_missing_parameter_would_be_noticed():
    def shift(image, dx, *, dy=0):
        """Shift an image.

        Parameters
        ----------
        image, dx : object
        dz : int
        """

    described = documented_names(shift.__doc__ or "", "Parameters")
    assert described == {"image", "dx", "dz"}
    assert _expected_names(shift) == {"image", "dx", "dy"}
