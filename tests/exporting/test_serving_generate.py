"""The SavedModel of a model that generates text: strings in, strings out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmkeras.data.targets.target_tokenizer import EOS, TargetTokenizer
from mmkeras.generation.decoding import decode
from mmkeras.generation.options import GenerationOptions


@pytest.mark.slow
def test_a_text_s_outer_space_is_what_python_takes_for_it() -> None:
    import tensorflow as tf

    from mmkeras.exporting.serving.generate import GreedyLoop

    tokenizer = TargetTokenizer("byte", (b"", b"", *(bytes([k]) for k in range(256))))

    class Constant(GreedyLoop):
        """Returns the log-probabilities of one text whatever its inputs are."""

        def __init__(self, text: str) -> None:
            self.table, self.longest, self.window = tf.constant(list(tokenizer.table)), 40, 0
            self.ids = [*tokenizer.encode(text), 0]

        def step(self, token: object, position: tf.Tensor, states: object, memory: object) -> object:
            return tf.one_hot(tf.gather(self.ids, tf.minimum(position, len(self.ids) - 1)), 258, 0.0, -9.0), []

    for text in ("\u3000\u3000中文\u00a0", " a\x1c", "\x85b\u2028 ", "", "\u200ba"):  # the last is none
        loop = Constant(text)
        decoded = loop.decode(loop.step(None, tf.constant([0]), None, None)[0], [], tf.constant([1]), {})  # type: ignore[index]
        assert decoded["text"].numpy()[0].decode() == tokenizer.decode(tokenizer.encode(text)), repr(text)


def small_transformer(window: int, vocabulary_size: int) -> Any:
    """The graph `decode_step` of an untrained language model with a window of `window` tokens."""
    import keras

    from mmkeras.config.config import Config
    from mmkeras.models.language_model import language_decoder
    from mmkeras.tasks.text_generation.recurrent_graphs import graphs_of

    keras.utils.set_random_seed(0)
    config = Config.of(task="language_model", cell="transformer", width=16, depth=1, steps=window)
    decoder = language_decoder(config.model, config.generation, vocabulary_size)
    decoder(np.zeros((1, 2), "int32"))
    for variable in decoder.trainable_variables:  # far enough apart that no two tokens are equally likely
        variable.assign(variable + keras.random.normal(variable.shape, stddev=0.5, seed=len(variable.shape)))
    return graphs_of(decoder, {"task": "language_model", "target": "text", "max_target": 5})[0]


def test_a_saved_model_cuts_long_prompts_as_the_loop_does() -> None:
    """Prompts of several lengths at once, of which half a window is kept, and the note that says so."""
    import tensorflow as tf

    from mmkeras.data.targets.target_tokenizer import train_tokenizer
    from mmkeras.exporting.serving.generate import GreedyLoop, continue_function
    from mmkeras.exporting.serving.prompts import prompt_encoder
    from mmkeras.generation.generator import TextGenerator
    from mmkeras.generation.notes import warn_of_prompt
    from mmkeras.models.traced import as_function

    tokenizer = train_tokenizer("word", ["a b c d e f g h i j"], 20)
    graph = small_transformer(8, len(tokenizer))
    prompts = ["a b c d e f g h i j", "c", "", "d e f g", "g h i j e"]
    served = continue_function(GreedyLoop(graph, tokenizer), prompt_encoder(tokenizer))(tf.constant(prompts))
    call, ids = as_function(graph.model), [tokenizer.encode(prompt) for prompt in prompts]
    texts = decode(call, graph.signature(), {}, GenerationOptions(), ids)
    for k, text in enumerate(texts):
        assert served["pieces"][k].numpy().tolist() == [*text.ids, *[EOS] * (5 - len(text.ids))], prompts[k]
        assert float(served["log_probability"][k]) == pytest.approx(text.score, abs=1e-4)
    assert texts[0].ids == decode(call, graph.signature(), {}, GenerationOptions(), [ids[0][-4:]])[0].ids
    assert len({tuple(text.ids) for text in texts}) > 2, "it goes on from what it is given"

    lines: list[str] = []
    step: Any = call
    step.signature = graph.signature()
    for prompt in (prompts[0], prompts[3]):
        warn_of_prompt(TextGenerator({"decode_step": step}, tokenizer), prompt, GenerationOptions(), lines.append)
    assert lines == ["note: the prompt has 10 tokens; the model sees the last 4 of them"]
