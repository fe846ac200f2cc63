"""Keras models: features -> logits. A model is a module named in a literal dict; models know columns, not tasks.

Each module has EPOCHS, BATCH_SIZE and PATIENCE (None: no early stopping). The modules of MODELS predict classes, labels
or numbers. They also have FOLD_EPOCHS, LATEST_OF_EQUALS, `text_spec(text)`, `build` (called by `core.build_core`) and
`compile_model(model, training, steps, loss, metrics)`. `seq2seq` and `language_model` generate texts.
"""

MODELS = {
    "wide_deep": "mmkeras.models.wide_deep",
    "mlp": "mmkeras.models.mlp",
    "multimodal": "mmkeras.models.multimodal",
}

COUNTED = "{name}_counted"  # the layer of naive Bayes' log-likelihoods of a text column's features
FREQUENCIES = "{name}_frequencies"  # the layer of the classes' log-frequencies, added where the column is present
VECTORS = "{name}_vectors"  # the layer of a column's word vectors, which vectors of a file initialise
WIDE = "{name}_wide"  # the table whose sums are logits: a weight for each n-gram of a column and each class
SENTENCE = "{name}_sentence"  # the layer of what a preset's vector beside the n-grams adds to the logits
PRIOR = "prior"  # the layer of the classes' priors
