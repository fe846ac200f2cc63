"""own_layers.json of a run: the user's layers and fusion. Training rebuilds them from it, as an export does."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import keras

from mmkeras.config.config import Config
from mmkeras.config.fusions import is_own
from mmkeras.errors import InputError
from mmkeras.modalities import Modality
from mmkeras.modalities.encoded import Sizes
from mmkeras.own_layers import OWN_LAYERS
from mmkeras.own_layers.encoder import OwnEncoder, built, prepared_tensor
from mmkeras.own_layers.fusion import NAME, traced, unused
from mmkeras.own_layers.given import GIVE_AGAIN, OwnLayers, name_of
from mmkeras.own_layers.stored import from_json, given_objects, known_objects, modules_of, to_json, without_names
from mmkeras.system.files import write_json
from mmkeras.system.json_files import check_shape, read_object
from mmkeras.system.progress import Log

DAMAGED: Final = "The run is damaged. Train again."
ENTRY: Final = {"given": str, "layer": {"class_name": str, "config": dict}, "modules": {"*": str}}
SHAPE: Final = {"encoders": {"*": {**ENTRY, "column": str}}, "fusion?": ENTRY}

_GIVEN: Final[dict[Path, dict[str, Any]]] = {}
"""Run folder -> the classes and functions of the user in its layers, as this process has trained it."""

Columns = dict[str, Any]


def adopt(
    own: OwnLayers | None,
    columns: Columns,
    titles: Mapping[str, str],
    sizes: Sizes,
    config: Config,
    folder: Path,
    log: Log,
) -> tuple[Columns, Any]:
    """The columns with the user's layers as their encoders, and the fusion as a Keras model or None; own_layers.json.

    The layers are copies: what the user gave is not changed by a training. A layer that has weights starts with them.
    columns: adapted, by their names in the graph. titles: these names -> those of the table, or of a block.
    Raises InputError for a layer that cannot take its column, and a resumed run that began with other layers.
    """
    if own is None:
        return columns, None
    known: dict[str, Any] = {}
    _GIVEN[folder.resolve()] = known
    stored: dict[str, Any] = {"encoders": {}}
    for name, title in titles.items():
        if title in own.encoders:
            given = own.encoders[title]
            layer, entry = _copy_encoder(given, columns[name], title, sizes, known)
            stored["encoders"][name] = {"column": title, **entry}
            columns = {**columns, name: OwnEncoder(columns[name], layer, name_of(given))}
            log(f"{title}: encoded by your {name_of(given)}, {_weights(given, layer)}")
    fusion = None
    if own.fusion is not None:
        fusion, stored["fusion"] = _copy_fusion(own.fusion, titles, sizes, known)
        log(f"fusion: your {name_of(own.fusion)}, {fusion.count_params():,} weights")
        if left_out := unused(fusion, titles):
            names = " and ".join(map(repr, left_out))
            log(f"fusion: your {name_of(own.fusion)} makes no use of {names}; ignore=[…] leaves columns out")
            warnings.filterwarnings("ignore", message="Gradients do not exist for variables")  # of their encoders
    path = folder / OWN_LAYERS
    if config.output.resume and path.exists():
        _check_same(stored, read_object(path, DAMAGED), folder)
    else:
        write_json(path, stored)
    return columns, fusion


def _copy_encoder(
    given: Any, column: Modality, title: str, sizes: Sizes, known: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """A copy of a layer, built for its column; and its entry. A function becomes a model by one call."""
    what = f"encoder: the {'layer' if isinstance(given, keras.layers.Layer) else 'function'} for {title!r}"
    x, shown = prepared_tensor(column, sizes)
    source = given if isinstance(given, keras.layers.Layer) else keras.Model(x, built(given, x, None, what))
    entry = _entry(source, name_of(given), what, known)
    layer = from_json(entry["layer"], known, what, f"{column.name}_own")
    built(layer, x, shown, what)
    if source.built:
        _start_as(source, layer, what)
    return layer, entry


def _copy_fusion(
    function: Any, titles: Mapping[str, str], sizes: Sizes, known: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """The function as a model, and its entry."""
    what = f"fusion: the function {name_of(function)}"
    source = traced(function, titles, sizes.width, what)
    entry = _entry(source, name_of(function), what, known)
    fusion = from_json(entry["layer"], known, what, NAME)
    _start_as(source, fusion, what)
    return fusion, entry


def _entry(layer: Any, title: str, what: str, known: dict[str, Any]) -> dict[str, Any]:
    """The entry of a layer in own_layers.json; its classes are added to `known`."""
    value = to_json(layer, what)
    objects = given_objects(layer, value)
    for key, other in objects.items():
        if known.setdefault(key, other) is not other:
            raise InputError(f"{what} has another class {key} than the layers before it. Rename one of the two.")
    modules = modules_of(objects.values())
    known_objects(value, known, modules, what, "Register it: @keras.saving.register_keras_serializable().")
    return {"given": title, "layer": value, "modules": modules}


def _start_as(source: Any, layer: Any, what: str) -> None:
    """Give a copy the weights of its source, and what of it is trained."""
    shapes = [[tuple(weight.shape) for weight in part.weights] for part in (source, layer)]
    if shapes[0] != shapes[1]:
        raise InputError(
            f"{what} has {len(shapes[0])} weights, and {len(shapes[1])} of other shapes once it is rebuilt from its "
            "configuration, so it cannot keep them. Its get_config must return all arguments of its __init__."
        )
    layer.set_weights(source.get_weights())
    parts = [part._flatten_layers() for part in (source, layer)]
    for old, new in zip(*map(list, parts), strict=False):
        new.trainable = old.trainable
        if isinstance(new, keras.layers.Normalization):
            new.finalize_state()  # its mean and variance, from its weights


def _weights(given: Any, layer: Any) -> str:
    """A layer's weights in words, for the log."""
    kept = isinstance(given, keras.layers.Layer) and given.built and layer.weights
    fixed = sum(weight.shape.num_elements() for weight in layer.non_trainable_weights)
    parts = [f"{layer.count_params():,} weights", *(["starting from those it has"] if kept else [])]
    return ", ".join([*parts, *([f"{fixed:,} of them not trained"] if fixed else [])])


def _check_same(stored: Mapping[str, Any], before: Mapping[str, Any], folder: Path) -> None:
    """Raise InputError where a resumed run began with other layers."""
    saved = dict(before.get("encoders", {})) | ({"fusion": before["fusion"]} if before.get("fusion") else {})
    now = dict(stored["encoders"]) | ({"fusion": stored["fusion"]} if "fusion" in stored else {})
    for name in saved.keys() | now.keys():
        layers = [without_names(part[name]["layer"]) if name in part else None for part in (saved, now)]
        if layers[0] != layers[1]:
            column = {**saved, **now}[name].get("column")
            what = f"the encoder of {column!r}" if column else "the fusion"
            raise InputError(f"{folder}: {what} is not the one that the run began with. {GIVE_AGAIN}")


def carry(start: Path, columns: Columns, config: Config, folder: Path) -> tuple[Columns, Any]:
    """The columns and the fusion of a training that goes on from a run: that run's layers, if it has some.

    start: the run, or the copy of it that the new run keeps. The file becomes the new run's own.
    """
    if (start / OWN_LAYERS).exists():
        shutil.copyfile(start / OWN_LAYERS, folder / OWN_LAYERS)
        _GIVEN[folder.resolve()] = _GIVEN.get(Path(str(config.training.continue_from)).resolve(), {})
    return load_own(folder, columns, config)


def load_own(folder: Path, columns: Columns, config: Config) -> tuple[Columns, Any]:
    """The columns of a finished run with the user's layers, and the fusion or None, all with new weights.

    Raises InputError for a damaged file, and for a class or function that this process does not know.
    """
    path = folder / OWN_LAYERS
    if not path.exists():
        if is_own(config.model.fusion):
            raise InputError(f"{path}: there is no such file, and the run has a fusion of its own. {DAMAGED}")
        return columns, None
    value = read_object(path, DAMAGED)
    check_shape(value, SHAPE, path, DAMAGED)
    if not value["encoders"].keys() <= columns.keys() or is_own(config.model.fusion) != ("fusion" in value):
        raise InputError(f"{path}: its layers are not those of schema.json and config.json. {DAMAGED}")
    wrapped = dict(columns)
    for name, entry in value["encoders"].items():
        layer = _load(entry, folder, f"{path}: the encoder of {entry['column']!r}", f"{name}_own")
        wrapped[name] = OwnEncoder(columns[name], layer, entry["given"])
    fusion = _load(value["fusion"], folder, f"{path}: the fusion", NAME) if "fusion" in value else None
    return wrapped, fusion


def custom_objects(folder: Path) -> dict[str, Any]:
    """The user's classes and functions in the layers of a run, as `keras.models.load_model` takes them.

    Raises InputError for one that this process does not know.
    """
    path = folder / OWN_LAYERS
    if not path.exists():
        return {}
    value = read_object(path, DAMAGED)
    check_shape(value, SHAPE, path, DAMAGED)
    entries = [*value["encoders"].values(), *([value["fusion"]] if "fusion" in value else [])]
    return {name: found for entry in entries for name, found in _known(entry, folder, str(path)).items()}


def _known(entry: Mapping[str, Any], folder: Path, what: str) -> dict[str, Any]:
    """The user's classes and functions in one layer of a run."""
    given = _GIVEN.get(folder.resolve(), {})
    remedy = f"Import its module first, in Python: import {{module}}, mmkeras; mmkeras.export({str(folder)!r})"
    if "__main__" in entry["modules"].values():
        remedy = "It is of the script or notebook that trained the run: define it, and export, in one process."
    return known_objects(entry["layer"], given, entry["modules"], what, remedy)


def _load(entry: Mapping[str, Any], folder: Path, what: str, name: str) -> Any:
    return from_json(entry["layer"], _known(entry, folder, what), what, name)
