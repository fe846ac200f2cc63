"""Every choice of one training, in one frozen object: the flags, the `--config` file and the run's config.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tyro.conf import Positional


@dataclass(frozen=True)
class Config:
    """What to train, on what, and how. Field names are the command line's flags."""

    # the table
    csv: Positional[str] = "data/news.csv"
    """The CSV (.csv, .tsv, .csv.gz) or Parquet file to learn from."""
    example: Literal["news", "multimodal"] | None = None
    """Train on a bundled example instead, which is made where it is not there: nothing is downloaded."""
    text: tuple[str, ...] = ()
    """Columns to read as text. Default: every column that looks like text."""
    image: tuple[str, ...] = ()
    """Columns that hold pictures: paths, or data URIs."""
    audio: tuple[str, ...] = ()
    """Columns that hold clips: paths, or data URIs."""
    number: tuple[str, ...] = ()
    """Columns to read as numbers."""
    category: tuple[str, ...] = ()
    """Columns to read as categories."""
    date: tuple[str, ...] = ()
    """Columns of dates: 2026-11-26, or 2026-11-26 14:30."""
    target: tuple[str, ...] = ()
    """Column to predict, or several of numbers. Default: `label`, `target`, `class`, `category` or `topic`, else the
    last column."""
    validation: str | None = None
    """A second file to hold out; rows of the CSV with the same inputs are not learned. Default: see `test_size`."""
    media_root: str | None = None
    """Folder that the paths of pictures and clips begin at. Default: the CSV's."""
    allow_outside: bool = False
    """Let such paths leave that folder."""
    encoding: str | None = None
    """Character encoding of the CSV. Default: detected and printed."""
    delimiter: str | None = None
    """Field delimiter. Default: detected among , ; tab |."""
    max_bad_rows: float = 0.05
    """Largest share of unusable rows that training accepts."""
    test_size: float = 0.2
    """Share of the rows held out for validation."""
    random_state: int = 42
    """Seed of the split."""

    # the model
    task: Literal["auto", "classify", "multilabel", "regress", "generate", "language_model"] = "auto"
    """One class a row, several labels (`a|b`), or numbers; `generate`: the inputs give a text, the target's;
    `language_model`: a text goes on. Default: what the target's cells look like, printed."""
    model: Literal["auto", "wide_deep", "mlp", "multimodal"] = "auto"
    """`wide_deep`: n-grams and averaged vectors (the default for classes of text). `mlp`: averaged word vectors,
    Dense 100, Dense 50. `multimodal`: an encoder for each column and a fusion (the default for all else)."""
    fusion: Literal["attention", "concat", "sum", "decision"] | None = None
    """How columns are joined: one Transformer over all tokens (the default), their vectors side by side, their sum, or
    an answer each."""
    text_encoder: str = "average"
    """`average`, `transformer`, `gru`, or preset:NAME, a pretrained one of keras-hub by name or folder."""
    image_encoder: str = "cnn"
    """`cnn`, or preset:NAME, a pretrained one of keras-hub (name or folder) or keras.applications."""
    fine_tune: bool = False
    """Learn the weights of pretrained encoders too; else they stay as they are."""
    width: int | None = None
    """Numbers a token has: the one dial for the size of all encoders, the fusion and what writes. Default: the model's
    own (multimodal 64, generate 128, language_model 200)."""
    depth: int = 2
    """Blocks of each Transformer."""
    dropout: float = 0.1
    """Share of the numbers that are dropped in training."""
    modality_dropout: float | None = None
    """Share of the cells that training hides, so that a missing one is normal. Default: 0.1; 0 for a single column."""
    max_tokens: int = 128
    """Longest text in tokens, for `transformer`, `gru` and presets."""
    image_size: int = 96
    """Pixels a side that pictures are resized to, inside the graph."""
    image_augment: tuple[str, ...] = ("flip", "crop", "colour")
    """What training does to pictures: any of `flip`, `crop`, `colour`, or `none`."""
    audio_features: Literal["mel", "mfcc"] = "mel"
    """Logarithms of mel bands, or the first coefficients of their cosine transform."""
    audio_rate: int = 16_000
    """Samples a second that clips are brought to."""
    seconds: float | None = None
    """Longest clip; what is longer is cut, silence fills the rest. Default: the longest in the file, at most 10."""
    mels: int = 40
    """Mel bands."""
    coefficients: int = 20
    """Cosine coefficients of `mfcc`."""
    disturb: float = 1.0
    """How much training changes clips (speed, pitch, noise, masks): 0 not at all, 1 much."""
    deep: int = 16
    """Dimensions of the vectors in the deep part of `wide_deep`; 0 for the wide part alone."""
    tokens: Literal["mixed", "word", "character", "byte"] = "mixed"
    """What a token is: `mixed` reads words, and Chinese, Japanese kana, Thai and emoji character by character."""
    ngrams: int = 2
    """Longest run of tokens that counts as a feature of its own (1 or 2)."""
    char_ngrams: int = 0
    """Longest run of characters that counts as a feature of its own, 2 to 8, for noisy texts and compounds; 0: none."""
    naive_bayes: bool = False
    """Let naive Bayes of the texts' features answer too, as far as the held-out rows like it: for classes of few rows.
    It stands beside the multimodal model, which texts alone get with it, too."""
    max_bytes: int = 4096
    """Longest text in UTF-8 bytes; what is longer is cut at a character boundary."""
    max_features: int = 200_000
    """Most n-grams kept, the most frequent first."""
    min_rows: int = 2
    """Training rows an n-gram must occur in to be kept."""
    word_vectors: str | None = None
    """GloVe or word2vec file (text or .bin, plain or .gz) for the averaged vectors."""
    freeze_word_vectors: bool = False
    """Leave the loaded word vectors as they are."""

    # models that write
    text_file: str | None = None
    """A text file, in lines, for `language_model`, in place of a table's text column; `validation` is another one."""
    cell: Literal["rnn", "lstm", "gru", "transformer"] = "lstm"
    """What a language model is made of."""
    pieces: Literal["auto", "word", "subword", "byte"] = "auto"
    """What is written one after the other. Default: words for `language_model`, subwords for `generate`."""
    vocabulary: int = 10_000
    """Most pieces: the most frequent words, or learned subwords."""
    max_target: int = 64
    """Longest text to write, in pieces; a language model's where nothing else is said."""
    steps: int = 35
    """Pieces of a language model's batch: how far gradients go back, or a Transformer sees."""
    tie: bool = True
    """The pieces' vectors are the output's matrix, too."""
    optimizer: Literal["auto", "sgd", "adam"] = "auto"
    """What a language model learns by. Default: plain gradients for lstm and gru, Adam for rnn and transformer."""
    decay: Literal["cosine", "stall"] = "cosine"
    """How a language model's rate falls: along a cosine to a hundredth, or to a quarter if an epoch brings nothing."""

    # the training
    epochs: int | None = None
    """Most epochs. Default: the model's own (wide_deep 3, mlp 10, multimodal 20, generate 30, language_model 11)."""
    batch_size: int | None = None
    """Rows a step. Default: the model's own (mlp 32)."""
    learning_rate: float | None = None
    """Initial learning rate. Default: the model's own."""
    patience: int | None = None
    """Epochs without a better validation accuracy before training stops. Default: the model's own (mlp: never)."""
    fold: bool = True
    """Learn the held-out rows too, after they have measured the model (wide_deep; never those of `validation`)."""
    label_smoothing: float | None = None
    """Share of the target probability spread over all classes. Default: the model's own (multimodal 0.1, else 0)."""
    class_weight: Literal["none", "balanced"] = "none"
    """`balanced`: rare classes count as much as frequent ones."""
    mixed_precision: bool = False
    """Compute in bfloat16 or float16 where the device is faster with it; not for models that write."""
    xla: bool = False
    """Compile the training step with XLA."""
    tensorboard: bool = False
    """Write TensorBoard logs into the run folder."""
    seed: int = 42
    """Seed of weights and shuffling."""

    # the run folder
    output: str | None = None
    """The run folder. Default: runs/<name of the CSV>."""
    overwrite: bool = False
    """Replace an existing run folder."""
    resume: bool = False
    """Go on with an interrupted run."""
    debug: bool = False
    """Show Python tracebacks."""
