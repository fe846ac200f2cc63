"""Pixels -> tokens by a compact convolutional network. (A pretrained one: preset.py.)"""

from __future__ import annotations

from typing import Any

from keras import layers

Tensor = Any
MOMENTUM = 0.9  # of batch normalisation; with 0.99 a training of few steps ends before the statistics converge
GRID = 7  # the feature map is halved until it has at most 7 x 7 positions


def encode_image(pixels: Tensor, width: int, size: int, name: str) -> Tensor:
    """A picture as tokens, the positions of a small convolutional network's feature map.

    pixels: float [b, s, s, 3], -1 … 1. size: channels of the first convolution; each halving doubles them, up to four
    times as many. The number of weights grows with the square of size: about 50,000 for 32, s = 96 and a width of 64.
    Returns tokens [b, T, width], T = 4 x 4 … 7 x 7.

    Separable convolutions (Howard et al. 2017, arXiv:1704.04861), a residual block after each halving. For 64 pixels or
    more the first convolution has a stride of 4: a third of the time was spent at half the size.
    """
    kernel, stride = (7, 4) if pixels.shape[1] >= 64 else (3, 2)
    stem = layers.Conv2D(size, kernel, stride, "same", use_bias=False, name=f"{name}_stem")
    x = _convolved(pixels, stem)  # [b, s / stride, s / stride, size]
    stage = 0
    while x.shape[1] > GRID:
        stage += 1
        channels = size * min(2**stage, 4)
        x = _separable(x, channels, 2, f"{name}_{stage}a")
        x = layers.Add(name=f"{name}_{stage}_add")([x, _separable(x, channels, 1, f"{name}_{stage}b")])
    return tokens_of(x, width, name)


def _convolved(x: Tensor, convolution: Any) -> Tensor:
    """Convolution, batch normalisation, ReLU."""
    x = layers.BatchNormalization(momentum=MOMENTUM, name=f"{convolution.name}_norm")(convolution(x))
    return layers.ReLU(name=f"{convolution.name}_relu")(x)


def _separable(x: Tensor, channels: int, stride: int, name: str) -> Tensor:
    """A depthwise 3 x 3 convolution, then a 1 x 1 one: [b, h, w, c] -> [b, h / stride, w / stride, channels]."""
    x = _convolved(x, layers.DepthwiseConv2D(3, stride, "same", use_bias=False, name=f"{name}_space"))
    return _convolved(x, layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_mix"))


def tokens_of(x: Tensor, width: int, name: str) -> Tensor:
    """A feature map [b, h, w, c], or tokens [b, T, c] -> tokens [b, T, width], normalised as those of other columns."""
    if len(x.shape) == 4:
        x = layers.Reshape((x.shape[1] * x.shape[2], x.shape[3]), name=f"{name}_places")(x)  # [b, h * w, c]
    x = layers.Dense(width, name=f"{name}_width")(x)
    return layers.LayerNormalization(name=f"{name}_tokens")(x)
