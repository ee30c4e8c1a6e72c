"""How many images a file of a format holds that is mostly of one: animations, and several photographs together."""

from __future__ import annotations

import struct

MPF, NUMBER = b"MPF\0", 0xB001


def count_frames(data: bytes) -> int:
    r"""Return how many images a PNG, WebP or JPEG file holds; 1 where it says nothing.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    int

    References
    ----------
    PNG specification, third edition, chunk acTL; WebP container specification, chunk ANMF; CIPA DC-007, tag 0xB001.

    Examples
    --------
    >>> count_frames(b"\x89PNG\r\n\x1a\n\0\0\0\x08acTL\0\0\0\x03\0\0\0\0----")
    3
    """
    try:
        if data.startswith(b"\x89PNG"):
            return _of_png(data)
        if data.startswith(b"RIFF"):
            return max(1, sum(kind == b"ANMF" for kind in _webp_kinds(data)))
        if data.startswith(b"\xff\xd8"):
            return _of_jpeg(data)
    except (struct.error, IndexError):
        return 1
    return 1


def _of_png(data: bytes) -> int:
    position = 8
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"acTL":
            return max(1, struct.unpack_from(">I", data, position + 8)[0])
        if kind == b"IDAT":
            break
        position += 12 + length
    return 1


def _webp_kinds(data: bytes) -> list[bytes]:
    kinds, position = [], 12
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        kinds.append(kind)
        position += 8 + length + length % 2
    return kinds


def _of_jpeg(data: bytes) -> int:
    position = 2
    while data[position] == 0xFF and data[position + 1] not in (0xDA, 0xD9):
        length = struct.unpack_from(">H", data, position + 2)[0]
        body = data[position + 4 : position + 2 + length]
        if data[position + 1] == 0xE2 and body.startswith(MPF):
            return _of_directory(body[len(MPF) :])
        position += 2 + max(2, length)
    return 1


def _of_directory(block: bytes) -> int:
    order = "<" if block.startswith(b"II") else ">"
    start = struct.unpack_from(f"{order}I", block, 4)[0]
    for entry in range(struct.unpack_from(f"{order}H", block, start)[0]):
        tag, _, _, value = struct.unpack_from(f"{order}HHII", block, start + 2 + 12 * entry)
        if tag == NUMBER:
            return max(1, value)
    return 1
