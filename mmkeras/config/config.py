"""All flags of a training in one frozen object, for the command line, the `--config` file and the run's config.json.

The flags are grouped, and a function takes the group that it needs: `config.audio`, not the whole Config. The name of
a flag is unique over all groups, so that config.json is flat and a flag needs no prefix.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

from mmkeras.config.data import Data
from mmkeras.config.fusions import FUSIONS
from mmkeras.config.metavars import File, Folder, Number, Size, Whole, arg
from mmkeras.config.tasks import task_names


@dataclass(frozen=True)
class Model:
    """The task, the model and the size of the model."""

    task: Annotated[str, arg(metavar="{" + ",".join(["auto", *task_names()]) + "}")] = "auto"
    """`classify`: one class a row; `multilabel`: several labels a row (`a|b`); `regress`: numbers; `generate`: a text
    from the input columns; `language_model`: the continuation of a text. Default: guessed from the target's cells and
    printed."""
    model: Literal["auto", "wide_deep", "mlp", "multimodal"] = "auto"
    """`wide_deep`: n-grams and averaged vectors (default for classes from text); `mlp`: averaged word vectors, Dense
    100, Dense 50; `multimodal`: an encoder for each column and a fusion (default for all other tables)."""
    fusion: Annotated[str | None, arg(metavar="{" + ",".join(FUSIONS) + "}", help_behavior_hint="")] = None
    """How the columns are joined. `attention`: one Transformer over the tokens of all columns (default); `concat`:
    concatenated vectors; `sum`: summed vectors; `decision`: one prediction a column, combined."""
    width: Whole = None
    """Size of a token's vector: the one dial for the size of encoders, fusion and decoder. Default: the model's own
    (multimodal 64, generate 128, language_model 200)."""
    depth: int = 2
    """Blocks of each Transformer."""
    dropout: float = 0.1
    """Dropout rate in training."""
    modality_dropout: Number = None
    """Share of the cells that training hides, so that the model learns to predict without them. Default: 0.1; 0 for a
    single column."""
    fine_tune: bool = False
    """Train the weights of pretrained encoders too. Without the flag they are frozen."""
    naive_bayes: bool = False
    """Add a naive Bayes classifier over the text features to the multimodal model. Its weight is chosen on the held-out
    rows. Helps small training sets. A table of texts alone then uses the multimodal model."""

    size_budget: Size = None
    """Largest size of predict.tflite and of predict.onnx, such as 1MB or 300kB: the n-grams that say most are kept and
    trained again, in a table of 2, 4 or 8 bits a number (wide_deep). Default: all n-grams, in float32."""


@dataclass(frozen=True)
class Text:
    """How text columns are read and encoded."""

    text_encoder: str = "average"
    """`average`, `transformer`, `gru`, or `preset:NAME`, a pretrained encoder of keras-hub by name or folder."""
    tokens: Literal["mixed", "word", "character", "byte"] = "mixed"
    """Unit of a token. `mixed`: words, but single characters for Chinese, Japanese kana, Thai and emoji."""
    ngrams: int = 2
    """Longest n-gram of tokens that is a feature: 1 or 2."""
    char_ngrams: int = 0
    """Longest n-gram of characters that is a feature, 2 to 8, for noisy texts and compounds; 0 for none."""
    punctuation: bool = True
    """Marks and symbols are tokens, each by itself; without it they separate words."""
    max_bytes: int = 4096
    """Longest text in UTF-8 bytes. Longer texts are cut at a character boundary."""
    max_tokens: int = 128
    """Longest text in tokens for `transformer`, `gru` and presets."""
    max_features: int = 200_000
    """Largest number of n-grams that become features, the most frequent first."""
    min_rows: Whole = None
    """Training rows that an n-gram or a category must occur in to become a feature. Default: 2; wide_deep takes 1 for a
    small table of short texts."""
    deep: int = 0
    """Dimensions of the vectors in a deep part of `wide_deep`; 0 for the wide part alone."""
    word_vectors: File = None
    """GloVe or word2vec file (text or .bin, plain or packed) that initialises the averaged vectors."""
    freeze_word_vectors: bool = False
    """Do not train the loaded word vectors."""

    @property
    def rows_of_feature(self) -> int:
        """`min_rows`, or its default."""
        return self.min_rows or 2


@dataclass(frozen=True)
class Image:
    """How pictures are read, augmented and encoded."""

    image_encoder: str = "cnn"
    """`cnn`, or `preset:NAME`, a pretrained encoder of keras-hub (name or folder) or keras.applications."""
    image_size: int = 96
    """Height and width in pixels that pictures are resized to, inside the graph."""
    image_augment: Annotated[tuple[str, ...], arg(metavar="{flip,crop,colour,none} ...")] = ("flip", "crop", "colour")
    """Augmentations of training pictures: any of `flip`, `crop`, `colour`, or `none`."""


@dataclass(frozen=True)
class Audio:
    """How clips are read, augmented and encoded."""

    audio_features: Literal["mel", "mfcc"] = "mel"
    """Log-mel bands, or mel-frequency cepstral coefficients."""
    audio_rate: int = 16_000
    """Sampling rate in Hz that clips are resampled to."""
    seconds: Number = None
    """Longest clip in seconds. Longer clips are cut, shorter ones padded with silence. Default: the longest clip of the
    table, at most 10."""
    mels: int = 40
    """Number of mel bands."""
    coefficients: int = 20
    """Number of cepstral coefficients of `mfcc`."""
    disturb: float = 1.0
    """Strength of the augmentation of training clips (speed, pitch, noise, masks): 0 for none, 1 for strong."""


@dataclass(frozen=True)
class Generation:
    """Models that generate text: `--task generate` and `--task language_model`."""

    cell: Literal["rnn", "lstm", "gru", "transformer"] = "lstm"
    """Layers of a language model: recurrent cells, or Transformer blocks."""
    pieces: Literal["auto", "word", "subword", "byte"] = "auto"
    """Unit of a generated token. Default: words for `language_model`, subwords for `generate`."""
    vocabulary: int = 10_000
    """Largest number of tokens: the most frequent words, or learned subwords."""
    max_target: int = 64
    """Longest generated text in tokens."""
    steps: int = 35
    """Sequence length in tokens: the BPTT length of recurrent cells, the context window of a Transformer."""
    tie: bool = True
    """Tie the input embedding to the output projection (Press & Wolf 2017)."""
    optimizer: Literal["auto", "sgd", "adam"] = "auto"
    """Optimiser of a language model. Default: SGD for lstm and gru, Adam for rnn and transformer."""
    decay: Literal["cosine", "stall"] = "cosine"
    """Learning-rate schedule of a language model. `cosine`: down to a hundredth; `stall`: to a quarter after an epoch
    without a lower validation loss (reduce on plateau)."""


@dataclass(frozen=True)
class Training:
    """Epochs, optimisation and precision."""

    epochs: Whole = None
    """Largest number of epochs. Default: the model's own (wide_deep 3 to 20 by the rows, mlp 10, multimodal 20,
    generate 30, language_model 11)."""
    batch_size: Whole = None
    """Rows of a training step. Default: the model's own (wide_deep 32 to 512 by the rows, mlp and multimodal 32,
    language_model 20)."""
    learning_rate: Number = None
    """Initial learning rate. Default: the model's own; wide_deep tries several on a table below 40,000 rows."""
    patience: Whole = None
    """Epochs without a better validation figure after which training stops. Default: the model's own (mlp: never)."""
    fold: bool = True
    """Train on the held-out rows too, after validation (wide_deep; never on the rows of `--validation`)."""
    label_smoothing: Number = None
    """Share of the target probability that is spread over all classes. Default: the model's own (multimodal 0.1, others
    0)."""
    class_weight: Literal["none", "balanced"] = "none"
    """`balanced`: weight rows so that rare classes count as much as frequent ones."""
    baseline: Literal["auto", "none", "majority", "svm"] = "auto"
    """Simple models to compare with on the held-out rows. `majority`: the most frequent class, or the mean; `svm`:
    beside that TF-IDF and a linear SVM (ridge regression for numbers). Default: both where the SVM takes seconds."""
    mixed_precision: bool = False
    """Compute in bfloat16 or float16 where the device is faster with it; not for models that generate text."""
    xla: bool = False
    """Compile the training step with XLA."""
    tensorboard: bool = False
    """Write TensorBoard logs into the run folder."""
    seed: int = 42
    """Seed of the weights and of shuffling."""
    continue_from: Folder = None
    """Finished run to go on from with new rows: its weights, its columns and how they are read, its labels. The table
    needs the run's columns; a new label is refused. Default: a new model."""


@dataclass(frozen=True)
class Output:
    """The run folder and what is printed."""

    output: Folder = None
    """Run folder. Default: runs/NAME, by the name of the table."""
    overwrite: bool = False
    """Replace an existing run folder."""
    resume: bool = False
    """Continue an interrupted run."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Config:
    """Train a model on a table; write a run folder with its weights, figures and a report."""

    data: Data = dataclasses.field(default_factory=Data)
    model: Model = dataclasses.field(default_factory=Model)
    text: Text = dataclasses.field(default_factory=Text)
    image: Image = dataclasses.field(default_factory=Image)
    audio: Audio = dataclasses.field(default_factory=Audio)
    generation: Generation = dataclasses.field(default_factory=Generation)
    training: Training = dataclasses.field(default_factory=Training)
    output: Output = dataclasses.field(default_factory=Output)

    @classmethod
    def of(cls, **flags: Any) -> Self:
        """A Config by the flags' names: Config.of(csv="x.csv", epochs=3). Raises TypeError for an unknown name."""
        return cls().replace(**flags)

    def flat(self) -> dict[str, Any]:
        """Flag -> value, over all groups."""
        return {name: value for group in vars(self).values() for name, value in vars(group).items()}

    def replace(self, **flags: Any) -> Self:
        """A copy with some flags replaced, by their names. Raises TypeError for an unknown name."""
        groups = {name: dict(vars(values)) for name, values in vars(self).items()}
        for name, value in flags.items():
            group = next((values for values in groups.values() if name in values), None)
            if group is None:
                raise TypeError(f"{name}: there is no such flag.")
            group[name] = value
        return type(self)(**{name: type(getattr(self, name))(**values) for name, values in groups.items()})


DEFAULTS: Final[dict[str, Any]] = Config().flat()
"""Flag -> its default."""
