"""One file a format: bytes to pixels. A new format is one file and one line in `segment.io.decode`."""
