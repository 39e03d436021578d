"""Reads a YAML file into a typed model and names a wrong key with its line."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class ConfigurationError(ValueError):
    """A file of the city folder is missing or wrong; the message names file, line, key and what to do."""


def read_yaml_model(path: Path, model: type[Model]) -> Model:
    """Parse `path` and validate it as `model`.

    Raises:
        ConfigurationError: no such file, not YAML, or a key or value that the model does not know.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"{path} does not exist") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path.name} is not UTF-8 text; save it as UTF-8") from None
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path.name}{line}: not valid YAML ({getattr(error, 'problem', error)})") from None
    try:
        return model.model_validate(document if document is not None else {})
    except ValidationError as error:
        lines = []
        for item in error.errors():
            line_number, known = _locate(root, item["loc"], model)
            lines.append(f"{path.name} line {line_number}: {_describe(item['type'], item['loc'], item['msg'], known)}")
        raise ConfigurationError("\n".join(lines)) from None


def _locate(root: yaml.Node | None, loc: Sequence[int | str], model: type[BaseModel]) -> tuple[int, list[str]]:
    """Line (from 1) of the deepest part of `loc` that stands in the file, and the keys the model knows there."""
    node, line = root, 1
    known: list[str] = list(model.model_fields)
    for depth, part in enumerate(loc):
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                continue  # a tag of a union, or the key that is missing
            line, node = found[0].start_mark.line + 1, found[1]
            field = model.model_fields.get(str(part)) if depth == 0 else None
            if field is not None and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                known = list(field.annotation.model_fields)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line, known


def _describe(kind: str, loc: Sequence[int | str], message: str, known: list[str]) -> str:
    where = ".".join(str(part) for part in loc)
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(loc[-1]), known, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else f"; known keys: {', '.join(known)}"
        return f'unknown key "{where}"{hint}'
    if kind == "missing":
        return f'the key "{where}" is missing'
    return f'"{where}": {message}'
