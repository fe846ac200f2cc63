"""TF Serving's input of a clip, the bytes of a WAV file -> samples, in plain TensorFlow."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from mmkeras.modalities.audio.spec import AudioSpec

Tensor = Any


def read_waves(data: Tensor, spec: AudioSpec) -> tuple[Tensor, Tensor]:
    """String [b], wav files of 16 bits at the rate of `spec`, "" for a missing clip -> samples and presence.

    Returns float32 [b, n_samples] and [b, 1]. TensorFlow's decoder reads no other format; a wav of another rate is an
    error that names both rates.
    """

    def read(file: Tensor) -> Tensor:
        samples, rate = tf.audio.decode_wav(file)  # [n, channels]
        message = tf.strings.format(f"expected a wav of {spec.rate} Hz, received one of {{}} Hz", rate)
        with tf.control_dependencies([tf.debugging.Assert(tf.equal(rate, spec.rate), [message])]):
            mono = tf.reduce_mean(samples, axis=1)[: spec.n_samples]
        return tf.pad(mono, [[0, spec.n_samples - tf.shape(mono)[0]]])

    silence = tf.zeros((spec.n_samples,), tf.float32)
    clips = tf.map_fn(
        lambda file: tf.cond(tf.equal(tf.strings.length(file), 0), lambda: silence, lambda: read(file)),
        data,
        fn_output_signature=tf.TensorSpec((spec.n_samples,), tf.float32),
    )
    return clips, tf.cast(tf.strings.length(data) > 0, tf.float32)[:, None]
