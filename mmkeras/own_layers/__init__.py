"""Layers and functions of a Python user in place of our encoders and fusions: `mmkeras.train(encoder=…, fusion=…)`."""

from typing import Final

OWN_LAYERS: Final = "own_layers.json"
"""The file of a run that describes them; `runs.integrity` seals it."""
