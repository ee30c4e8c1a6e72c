"""Units of length as vendors spell them."""

UM_PER_UNIT = {
    "fm": 1e-9,
    "pm": 1e-6,
    "\u00c5": 1e-4,
    "nm": 1e-3,
    "um": 1.0,
    "\u00b5m": 1.0,
    "\u03bcm": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "mm": 1e3,
    "cm": 1e4,
    "m": 1e6,
}
