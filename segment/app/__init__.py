"""The web app: drop micrographs, look, adjust, name the phases, take the results away. Nothing leaves the machine."""

import os

# Gradio looks at these when it is imported: nothing is reported to anybody.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

__all__: list[str] = []
