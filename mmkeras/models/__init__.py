"""Keras models: features -> logits. A model is a module named in a literal dict; models know columns, not tasks.

Each module has EPOCHS, BATCH_SIZE and PATIENCE (None: no early stopping). Those of MODELS, which answer rows, have
FOLD_EPOCHS and LATEST_OF_EQUALS too, and `text_spec(config)`, `build` and `compile_model(model, config, steps, loss,
metrics)`; `core.build_core` calls the second. `seq2seq` and `language_model` write texts.
"""

MODELS = {
    "wide_deep": "mmkeras.models.wide_deep",
    "mlp": "mmkeras.models.mlp",
    "multimodal": "mmkeras.models.multimodal",
}

COUNTED = "{name}_counted"  # the layer of what a column's features say of the classes by counting
FREQUENCIES = "{name}_frequencies"  # and of what the classes' own frequencies say, where the column is there
VECTORS = "{name}_vectors"  # the layer of a column's word vectors, where a loaded file's go
