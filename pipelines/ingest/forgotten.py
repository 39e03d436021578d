"""`forgotten.yaml` of a city folder: the pseudonyms of those who asked to be forgotten, and how loading leaves them out."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Annotated, Any

import duckdb
from pydantic import Field, RootModel, model_validator

from pipelines.city import City, Instant, Name, Strict
from pipelines.contracts.model import Contract
from pipelines.yaml_model import read_yaml_model

#: What stands in `_left_out` for their rows; the rules of a mapping count from 0.
FORGOTTEN = -1
REASON = Name(zh="已按个人申请删除", en="removed at the person's request")
_HEAD = "# 由 streetwise forget 维护 · kept by streetwise forget; without it a refresh brings these people back.\n"


class _Line(Strict):
    pseudonym: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    at: Instant


class _Lines(RootModel[list[_Line]]):
    @model_validator(mode="before")
    @classmethod
    def _empty_is_none(cls, document: Any) -> Any:
        return document or []


def load_forgotten(city: City) -> frozenset[str]:
    """Their pseudonyms.

    Raises:
        ConfigurationError: the file is damaged; the message has the line.
    """
    path = city.folder / "forgotten.yaml"
    return frozenset(line.pseudonym for line in read_yaml_model(path, _Lines).root) if path.is_file() else frozenset()


def add_forgotten(city: City, pseudonym: str, *, now: datetime) -> None:
    """Put a pseudonym on the list, which only its owner can read.

    Raises:
        ConfigurationError: the file is damaged.
    """
    path = city.folder / "forgotten.yaml"
    if pseudonym in load_forgotten(city):
        return
    before = path.read_text("utf-8") if path.is_file() else _HEAD
    part = path.with_name("forgotten.yaml.part")
    with open(part, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as handle:
        handle.write(f'{before.rstrip()}\n- {{pseudonym: "{pseudonym}", at: "{now.isoformat(timespec="seconds")}"}}\n')
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(path)


def pseudonym_columns(contract: Contract) -> tuple[list[str], list[str]]:
    """Columns of landing with pseudonyms: those of the key, and the others."""
    names = [column.landing_name for column in contract.landed_columns if column.personal == "pseudonym"]
    keyed = [name for name in names if name in contract.landing_key]
    return keyed, [name for name in names if name not in keyed]


def left_out_sql(con: duckdb.DuckDBPyConnection, city: City, contract: Contract, names: list[str]) -> list[str]:
    """The columns of a typed row (`_left_out` among them) as SQL in which nobody of the list is left: a row of theirs is
    left out, a mention becomes NULL. The list is bound as the variable `forgotten`."""
    keyed, others = pseudonym_columns(contract)
    persons = load_forgotten(city) if keyed or others else frozenset[str]()
    if not persons:
        return names
    con.execute("SET VARIABLE forgotten = $1", [sorted(persons)])
    listed = {name: f"list_contains(getvariable('forgotten'), {name})" for name in (*keyed, *others)}
    sql = {name: f"CASE WHEN {condition} THEN NULL ELSE {name} END AS {name}" for name, condition in listed.items()}
    if keyed:
        theirs = " OR ".join(listed[name] for name in keyed)
        sql["_left_out"] = (
            f"CASE WHEN _left_out IS NULL AND ({theirs}) THEN {FORGOTTEN} ELSE _left_out END AS _left_out"
        )
    return [sql.get(name, name) for name in names]
