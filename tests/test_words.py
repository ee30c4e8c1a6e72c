"""Private words stay out of what readers see: ``docs/reference/glossary.md`` has the standard term for each thing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("nmfcore", "segment")
PRIVATE = re.compile(
    r"""\b(?:
    calm\w*                                             # smoothed
    | (?:an?|the|each|every|which|of|\d+|two|three|more|further|same|best)\ looks?     # feature configuration
      (?!\ (?:like|unlike|for|at|as|alike|the))
    | doubts?                                           # posterior entropy, uncertainty
    | fight(?:s|ing)?                                   # conflicts with
    | held(?![- ]out)                                   # fixed
    | rests                                             # frozen
    | shares?\ of | (?:area|log|mean|its|their|an?)\ shares?(?!\ (?:the|an?|one|no|its|their|it)\b) | the\ shares?
                                                        # fraction, membership
    | rooms?(?!\ for)                                   # subpackage
    | currency                                          # cost
    | lessons? | taught | teach(?:es|ing)?              # learned from, trained from
    | told\ (?:apart|from|by)                           # distinguished
    | parted                                            # separated
    )\b""",
    flags=re.IGNORECASE | re.VERBOSE,
)
NAMES = {"calm", "calmed", "doubt", "doubts", "fight", "fights", "held", "looks", "rests", "resting", "rooms", "taught"}
# Keys of files that users have, and attributes named like them.
KEYS = re.compile(r"model\.teaching|record\.volume_moved\.share|\{\w+:[^}]*\}|^ *\w+ : .*$", flags=re.MULTILINE)
# Names that are still to follow, and where.
EXCEPTED = {
    *("calm", "calmed", "doubt", "_doubt", "doubts", "_doubts", "doubt_phases", "unguided_doubt", "held", "is_held"),
    "taught",
}
FOLDERS = ("batch", "composition", "explore", "mixture", "model", "pipeline", "report")


def _paths(*suffixes: str) -> list[Path]:
    packaged = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*")) if path.suffix in suffixes]
    pages = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return packaged + [path for path in pages if path.suffix in suffixes]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _prose(path: Path) -> str:
    """Read the words that people read: pages without code, docstrings, messages and comments, text of a web page."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return re.sub(r"```.*?```|`[^`\n]*`|\]\([^)]*\)", "", text, flags=re.DOTALL)
    if path.suffix == ".js":
        return "\n".join(re.findall(r"//.*|\"[^\"\n]* [^\"\n]*\"|`[^`]* [^`]*`", text))
    if path.suffix == ".py":
        constants = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
        strings = [one for one in constants if isinstance(one, str) and " " in one]
        text = re.sub(
            r"``.*?``|`[^`\n]*`|^\s*(?:>>>|\.\.\.) .*$",
            "",
            "\n".join([*strings, *re.findall(r"(?:^|\s)# .*", text)]),
            flags=re.MULTILINE,
        )
    return KEYS.sub("", text)


def _names(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return {name for name in found if NAMES & {part.lower() for part in re.findall(r"[a-z]+|[A-Z][a-z]*", name)}}


@pytest.mark.parametrize("path", _paths(".md", ".py", ".html", ".js"), ids=_name)
def test_prose_has_the_words_of_the_glossary(path):
    # Two words of a sentence may stand on two lines.
    prose = re.sub(r"\s*\n\s*(?:# )?", " ", _prose(path))
    assert [match[0] for match in PRIVATE.finditer(prose)] == []


@pytest.mark.parametrize("path", _paths(".py"), ids=_name)
def test_names_have_the_words_of_the_glossary(path):
    excepted = EXCEPTED if path.parts[len(ROOT.parts) + 1] in FOLDERS else set()
    assert _names(path) <= excepted


def test_the_check_sees_private_words_and_leaves_plain_ones():
    private = (
        "The calm grey level; sixteen maps of the looks; less doubt; fractions fight the image; components are held; "
        "a row rests; the share of a phase; rooms of segment; phases told apart; strokes teach; objects are parted."
    )
    assert [match[0].lower() for match in PRIVATE.finditer(private)] == [
        "calm", "the looks", "doubt", "fight", "held", "rests", "the share", "rooms", "told apart", "teach", "parted",
    ]  # fmt: skip
    plain = (
        "It looks like this; held-out entries; images share names; the rest; a look at the map; no room for it; part."
    )
    assert PRIVATE.search(plain) is None


def test_the_check_reads_names_messages_and_comments(tmp_path):
    path = tmp_path / "module.py"
    path.write_text('def held_rows(share):\n    # In doubt.\n    raise ValueError("the image fights back")\n')
    assert _names(path) == {"held_rows"}
    assert PRIVATE.findall(_prose(path)) == ["fights", "doubt"]
