"""The trained cores: features -> logits. A model is a module named in a literal dict.

Each module has EPOCHS, BATCH_SIZE, PATIENCE (None: no early stopping) and FOLD_EPOCHS, and three functions:
`text_rule(config)`, `build` and `compile_model(model, config, steps)`; `core.build_core` calls the second.
"""

MODELS = {
    "wide_deep": "mmkeras.models.wide_deep",
    "mlp": "mmkeras.models.mlp",
    "multimodal": "mmkeras.models.multimodal",
}

COUNTED = "{name}_counted"  # the layer of what a column's features say of the classes by counting
FREQUENCIES = "{name}_frequencies"  # and of what the classes' own frequencies say, where the column is there
VECTORS = "{name}_vectors"  # the layer of a column's word vectors, where a loaded file's go
