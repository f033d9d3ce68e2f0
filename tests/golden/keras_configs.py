"""Golden configurations: what Keras' `to_json` writes for the models of config_recipes, and their summaries."""

from __future__ import annotations

import json

import keras
from config_recipes import CONFIGS, text
from store import Writer
from text_recipes import terminal


def make() -> None:
    """Write configs.json."""
    writer = Writer(keras=keras.__version__)
    for name, build in CONFIGS.items():
        keras.utils.clear_session()
        model = build(keras)
        with terminal(200):
            summary = text(model)
        writer.add(name, {"kind": "config", "config": json.loads(model.to_json()), "summary": summary})
    writer.save("configs")
