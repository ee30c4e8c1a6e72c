"""The web app: drop micrographs, check, adjust, name the phases, take the results away. Nothing leaves the machine."""

__all__: list[str] = []
