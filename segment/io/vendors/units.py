"""Numbers and units of length as vendors spell them."""

from __future__ import annotations

import re

UM_PER_UNIT = {
    "fm": 1e-9,
    "pm": 1e-6,
    "\u00c5": 1e-4,
    "\u212b": 1e-4,
    "A": 1e-4,
    "nm": 1e-3,
    "um": 1.0,
    "\u00b5m": 1.0,
    "\u03bcm": 1.0,
    "mm": 1e3,
    "cm": 1e4,
    "dm": 1e5,
    "m": 1e6,
}
NAMES = {
    "ang": "\u00c5",
    "angstrom": "\u00c5",
    "\u00e5ngstr\u00f6m": "\u00c5",
    "picomet": "pm",
    "nanomet": "nm",
    "micromet": "um",
    "micron": "um",
    "millimet": "mm",
    "centimet": "cm",
    "met": "m",
}
# ImageJ writes letters beyond ASCII so.
ESCAPED = re.compile(r"\\u([0-9A-Fa-f]{4})")
LENGTH = re.compile(r"\s*([\d.,]+(?:[eE][+-]?\d+)?)\s*(\D+?)\s*")


def um_per_unit(text: object) -> float:
    r"""Return how many micrometres a unit of length has.

    Parameters
    ----------
    text : object
        Its symbol or its English name, as a program writes it.

    Raises
    ------
    KeyError
        It is none.

    Examples
    --------
    >>> um_per_unit("nm"), um_per_unit("Micrometers"), um_per_unit("\\u00B5m")
    (0.001, 1.0, 1.0)
    """
    unit = ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(text)).strip().strip("\0")
    if unit in UM_PER_UNIT:
        return UM_PER_UNIT[unit]
    name = unit.casefold()
    # Singular and plural, British and American.
    for ending in ("ers", "res", "er", "re", "s"):
        name = name.removesuffix(ending)
    return UM_PER_UNIT[NAMES[name]]


def number(text: object) -> float:
    """Return a number, with a decimal point or a decimal comma.

    Raises
    ------
    ValueError
        It is none.

    Examples
    --------
    >>> number("12,5"), number(" 1.5e-9 "), number(3)
    (12.5, 1.5e-09, 3.0)
    """
    if isinstance(text, (int, float)):
        return float(text)
    plain = str(text).strip()
    return float(plain.replace(",", ".") if "." not in plain and plain.count(",") == 1 else plain)


def length_um(text: str) -> float:
    """Return a length such as ``1.5 um`` or ``200nm`` in micrometres.

    Raises
    ------
    ValueError
        It is none.
    """
    found = LENGTH.fullmatch(text)
    if found is None:
        raise ValueError(f"not a length with its unit: {text!r}")
    try:
        return number(found[1]) * um_per_unit(found[2])
    except KeyError as error:
        raise ValueError(f"not a unit of length: {found[2]!r}") from error
