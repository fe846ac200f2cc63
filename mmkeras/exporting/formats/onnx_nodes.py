"""Looking at the nodes of an ONNX graph and replacing them: what the simplifications share."""

from __future__ import annotations

from typing import Any

from onnx import helper


def makers_of(graph: Any) -> dict[str, Any]:
    """Name of a tensor -> the node that computes it."""
    return {name: node for node in graph.node for name in node.output}


def attribute(node: Any, name: str, default: Any) -> Any:
    """An attribute's value, or the default where the node does not have it."""
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)


def chain_of(makers: dict[str, Any], name: str, *op_types: str) -> list[Any]:
    """The chain of nodes of these types that computes a tensor, the last first; casts between are passed over."""
    chain: list[Any] = []
    for op_type in op_types:
        while name in makers and makers[name].op_type == "Cast":
            name = makers[name].input[0]
        if name not in makers or makers[name].op_type != op_type:
            return []
        chain.append(makers[name])
        name = makers[name].input[0]
    return chain


def replace_node(graph: Any, old: Any, op_type: str, inputs: list[str], **attributes: Any) -> None:
    """Put a node in another's place, with the same outputs."""
    new = helper.make_node(op_type, inputs, list(old.output), name=old.name, **attributes)
    graph.node.insert(list(graph.node).index(old), new)
    graph.node.remove(old)


def drop_identities(graph: Any) -> None:
    """Connect the readers of an Identity to its input."""
    outputs = {output.name for output in graph.output}
    same = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "Identity" and n.output[0] not in outputs}
    for node in graph.node:
        for k, name in enumerate(node.input):
            while name in same:
                name = node.input[k] = same[name]


def shorten_names(graph: Any) -> None:
    """Give all tensors but the inputs and outputs a number as their name, and the nodes none."""
    names = {value.name: value.name for value in (*graph.input, *graph.output)} | {"": ""}
    for tensor in graph.initializer:
        tensor.name = names.setdefault(tensor.name, f"_{len(names)}")
    for node in graph.node:
        node.name = ""
        node.input[:] = [names.setdefault(name, f"_{len(names)}") for name in node.input]
        node.output[:] = [names.setdefault(name, f"_{len(names)}") for name in node.output]
    del graph.value_info[:]
