"""Reads a YAML file into a typed model and names a wrong key with its line."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, RootModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class ConfigurationError(ValueError):
    """A file of the city folder is missing or wrong; the message names file, line, key and what to do."""


def read_own_yaml(text: str | bytes) -> Any:
    """What a YAML file of Streetwise itself holds.

    libyaml is ten times as fast, where PyYAML was built with it; it words errors otherwise, so users' files are not read by it."""
    return yaml.load(text, Loader=yaml.CSafeLoader) if yaml.__with_libyaml__ else yaml.safe_load(text)


def read_yaml_model(path: Path, model: type[Model], *, context: Any = None) -> Model:
    """Parse `path` and validate it as `model`; `context` is what the model's own validators are given.

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
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{path.name}{line}: not valid YAML ({getattr(error, 'problem', error)})") from None
    try:
        return model.model_validate(document if document is not None else {}, context=context)
    except ValidationError as error:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        found = [(item, *_locate(root, item["loc"], item["type"])) for item in error.errors()]
        lines = [
            f"{path.name} line {line}: {_describe(item['type'], where, item['msg'], _known(item['loc'], model))}"
            for item, line, where in found
            # Of a union every branch complains; the one that reached deeper is the one that was meant.
            if not (item["type"].endswith("_type") and any(w[: len(where)] == where != w for _, _, w in found))
        ]
        raise ConfigurationError("\n".join(lines)) from None


def line_of(path: Path, *keys: str) -> int:
    """Line (from 1) of the deepest of the nested keys that stands in a YAML file that was read before."""
    return _locate(yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader), keys, "")[0]


def _locate(root: yaml.Node | None, loc: Sequence[int | str], kind: str) -> tuple[int, tuple[str, ...]]:
    """Line (from 1) of the deepest part of `loc` that stands in the file, and its path without the tags of unions."""
    node, line = root, 1
    path: list[str] = []
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                continue  # a tag of a union, or the key that is missing
            line, node = found[0].start_mark.line + 1, found[1]
            path.append(str(part))
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
            path.append(str(part))
    return line, (*path, str(loc[-1])) if kind == "missing" else tuple(path)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def _known(loc: Sequence[int | str], model: type[BaseModel]) -> list[str]:
    """The keys that the model knows at the place where `loc` ends."""
    models = _models(model.model_fields["root"].annotation) if issubclass(model, RootModel) else [model]
    for part in loc[:-1]:
        fields = [m.model_fields[part] for m in models if isinstance(part, str) and part in m.model_fields]
        models = [found for field in fields for found in _models(field.annotation)] or models
    return [name for m in models for name in m.model_fields]


def _describe(kind: str, path: Sequence[str], message: str, known: list[str]) -> str:
    where = ".".join(path)
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(path[-1], known, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else f"; known keys: {', '.join(known)}"
        return f'unknown key "{where}"{hint}'
    if kind == "missing":
        return f'the key "{where}" is missing'
    return f'"{where}": {message}'
