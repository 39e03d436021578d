"""Reads `overrides.yaml` of a city folder: who lets which delivery pass which guard, why and until when."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from pydantic import Field, RootModel, ValidationInfo, field_validator, model_validator

from pipelines.city import City, Strict
from pipelines.contracts.guards import Override
from pipelines.contracts.model import Contract, load_contracts
from pipelines.yaml_model import read_yaml_model


class _Line(Strict):
    dataset: str
    guard: str
    who: str = Field(min_length=1)
    why: str = Field(min_length=1)
    until: date
    delivery: str | None = None

    @field_validator("who", "why")
    @classmethod
    def _is_written(cls, text: str) -> str:
        if not text.strip() or text.strip().startswith("<"):
            raise ValueError("is still to be filled in")
        return text.strip()

    @field_validator("dataset")
    @classmethod
    def _is_a_dataset(cls, name: str, info: ValidationInfo) -> str:
        contracts = _contracts(info)
        if name not in contracts:
            raise ValueError(f'there is no dataset "{name}"{_suggest(name, list(contracts))}')
        return name

    @field_validator("guard")
    @classmethod
    def _is_a_guard(cls, name: str, info: ValidationInfo) -> str:
        contract = _contracts(info).get(str(info.data.get("dataset")))
        known = [guard.id for guard in contract.guards] if contract else [name]
        if name not in known:
            raise ValueError(f'there is no guard "{name}" of {info.data["dataset"]}{_suggest(name, known)}')
        return name


class _Lines(RootModel[list[_Line]]):
    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, document: Any) -> Any:
        return document or []


def _contracts(info: ValidationInfo) -> Mapping[str, Contract]:
    return cast("Mapping[str, Contract]", info.context)


def _suggest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f'; did you mean "{near[0]}"?' if near else f"; known: {', '.join(known) or 'none'}"


def load_overrides(city: City, contracts: Mapping[str, Contract] | None = None) -> tuple[Override, ...]:
    """The lines of the city's `overrides.yaml`, expired ones too; none if there is no such file.

    Raises:
        ConfigurationError: an unknown key, dataset or guard, or nobody's name; the message has the line.
    """
    path = city.folder / "overrides.yaml"
    if not path.is_file():
        return ()
    lines = read_yaml_model(path, _Lines, context=contracts or load_contracts()).root
    return tuple(Override(e.dataset, e.guard, e.who, e.why, e.until, e.delivery) for e in lines)
