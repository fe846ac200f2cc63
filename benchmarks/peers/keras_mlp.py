"""The source document's classifier as plain Keras users write it: TextVectorization, Embedding, mean, 100, 50, softmax.

    python -m benchmarks.peers.keras_mlp train.csv test.csv --output folder

Adam, cross-entropy, 10 epochs, batch 32. The vectorizer is saved inside the model, so that it takes raw strings.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.peers.command import Model, Peer, run

MODEL, LABELS = "model.keras", "labels.json"
WORDS, CHARACTERS = 500, 64  # tokens of a text that are read: Keras' own example takes 500; headlines are short


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Epochs; everything else is the document's."""
    parser.add_argument("--epochs", type=int, default=10)


def build(vectorizer: Any, classes: int) -> tuple[Any, Any]:
    """The core, from token ids, and the same core behind the vectorizer, from strings."""
    import keras

    core = keras.Sequential(
        [
            keras.layers.Embedding(vectorizer.vocabulary_size(), 100, mask_zero=True),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(50, activation="relu"),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    text = keras.Input((1,), dtype="string", name="text")
    return core, keras.Model(text, core(vectorizer(text)))


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Read the CSV, adapt, fit and save."""
    import keras
    import numpy as np
    import pandas as pd

    keras.utils.set_random_seed(args.seed)
    rows = pd.read_csv(args.train, keep_default_na=False)
    texts = np.array(rows["text"].tolist(), dtype=object)
    names, classes = np.unique(rows["label"].to_numpy(dtype=str), return_inverse=True)
    vectorizer = keras.layers.TextVectorization(
        max_tokens=20_000,
        split="character" if args.characters else "whitespace",
        output_sequence_length=CHARACTERS if args.characters else WORDS,
    )
    vectorizer.adapt(texts, batch_size=256)
    core, model = build(vectorizer, len(names))
    core.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    ids = np.concatenate([vectorizer(texts[i : i + 256]).numpy() for i in range(0, len(texts), 256)])
    core.fit(ids, classes, batch_size=32, epochs=args.epochs, verbose=2)
    model.save(args.output / MODEL)
    (args.output / LABELS).write_text(json.dumps(names.tolist()), encoding="utf-8")
    return {"epochs": args.epochs, "vocabulary": vectorizer.vocabulary_size()}


def load(folder: Path) -> Model:
    """The saved model. One text is answered by calling the model, many by `predict`: each the faster way."""
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(folder / MODEL)
    names: list[str] = json.loads((folder / LABELS).read_text(encoding="utf-8"))

    def answer(text: str) -> str:
        return names[int(model(tf.constant([[text]]), training=False).numpy()[0].argmax())]

    def predict(texts: list[str]) -> list[str]:
        rows = tf.constant([[text] for text in texts])
        return [names[i] for i in model.predict(rows, batch_size=256, verbose=0).argmax(axis=1)]

    return Model(predict, answer)


PEER = Peer(add_flags, train, load, (MODEL, LABELS))

if __name__ == "__main__":
    run(__doc__, PEER)
