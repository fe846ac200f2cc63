"""The trained cores: bags of features -> logits. A model is a module named in a literal dict.

Each module has EPOCHS, BATCH_SIZE, PATIENCE (None: no early stopping) and FOLD_EPOCHS, and three functions:
`text_rule(config)`, `build(sizes, n_classes, config, dims)` and `compile_model(model, config, steps)`.
"""

MODELS = {"wide_deep": "mmkeras.models.wide_deep", "mlp": "mmkeras.models.mlp"}

VECTORS = "{name}_vectors"  # the layer of a column's word vectors, where a loaded file's go
