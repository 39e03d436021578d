"""The one SELECT that turns the texts of a file into the typed columns of landing, in one streaming pass."""

from __future__ import annotations

import json

from pipelines.contracts.model import Column, Contract
from pipelines.ingest.casting import (
    UNITS,
    candidate_sql,
    instant_sql,
    listed,
    local_sql,
    narrow,
    narrow_sql,
    plain_steps,
    quick_sql,
    trimmed_sql,
    value_sql,
)
from pipelines.ingest.files import fold, quote_name, quote_text
from pipelines.ingest.mapping import Binding, BoundMapping, ColumnMapping, Mapping, expression_names, expression_sql
from pipelines.ingest.privacy import MASK, pseudonym_sql
from pipelines.ingest.zones import date_in_zone_sql, utc_sql

_SHOWN = 200


class _Layers:
    """Named columns, each in the nested SELECT above those it is made of: a CASE evaluates its operand anew for each WHEN,
    so whatever is used twice is computed one layer below."""

    def __init__(self) -> None:
        self.layers: list[list[str]] = []
        self.depths: dict[str, int] = {}

    def add(self, name: str, sql: str, *after: str) -> str:
        """Compute `sql` as column `name` above the columns `after`, and return the name."""
        depth = max((self.depths[item] + 1 for item in after), default=0)
        while len(self.layers) <= depth:
            self.layers.append([])
        self.layers[depth].append(f"{sql} AS {name}")
        self.depths[name] = depth
        return name

    def over(self, relation: str) -> str:
        """The nested SELECTs."""
        for depth, items in enumerate(self.layers):
            relation = f"(SELECT {'*, ' if depth else ''}{', '.join(items)} FROM {relation})"
        return relation


class _Pass:
    """The columns of one pass over a file."""

    def __init__(self, bound: BoundMapping, contract: Contract, mapping: Mapping, city_zone: str) -> None:
        self.contract, self.mapping, self.city_zone = contract, mapping, city_zone
        self.source_zone = mapping.time_zone or city_zone
        self.layers = _Layers()
        # Numbered names, as a header may be called anything; the row of a file without used columns is still a row.
        self.layers.add("no_column", "NULL")
        self.raw = {header: self.layers.add(f"h{n}", quote_name(header)) for n, header in enumerate(bound.used_headers)}
        self.by_fold = {fold(header): header for header in bound.used_headers}
        self.trimmed: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.sent: dict[str, str] = {}
        self.days: dict[str, str] = {}
        for n, binding in enumerate(bound.bindings):
            self._bind(f"c{n}", binding)

    # -- texts -------------------------------------------------------------------------------------------------------

    def _trim(self, name: str) -> str:
        last = self.layers.add(f"{name}_last", f"{name}[-1]", name)
        return self.layers.add(f"{name}_text", trimmed_sql(name, last), name, last)

    def _text_of(self, header: str) -> str:
        if header not in self.trimmed:
            self.trimmed[header] = self._trim(self.raw[header])
        return self.trimmed[header]

    def expression(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The expression over trimmed texts, and the names of these."""
        names = {folded: self._text_of(self.by_fold[folded]) for folded in map(fold, expression_names(text))}
        return expression_sql(text, names), tuple(names.values())

    def _tokens(self, item: ColumnMapping) -> list[str]:
        tokens = dict.fromkeys(t.strip() for t in ("", *self.contract.null_tokens, *self.mapping.null_tokens))
        return [token for token in tokens if token not in item.values]

    # -- columns -----------------------------------------------------------------------------------------------------

    def _bind(self, name: str, binding: Binding) -> None:
        """Make the column's value, the text that its whole grammar had to read, and its day in the city."""
        column, item, add = binding.column, binding.item, self.layers.add
        tokens, spellings = self._tokens(item), _spellings(column, item)
        quick: str | None = None
        if item.constant is not None:
            text = str(item.constant).lower() if isinstance(item.constant, bool) else str(item.constant)
            known = add(f"{name}_known", f"CAST({quote_text(text)} AS VARCHAR)")
        else:
            if binding.header is None:
                sql, after = self.expression(item.expression or "NULL")
                text = add(f"{name}_text", f"CAST({sql} AS VARCHAR)", *after)
            elif quick := self._quick(name, binding, tokens, spellings):
                rest = add(f"{name}_rest", f"CASE WHEN {quick} IS NULL THEN {self.raw[binding.header]} END", quick)
                text = self._trim(rest)
            else:
                text = self._text_of(binding.header)
            longest = max(len(token.encode()) for token in tokens)
            nothing = f"strlen({text}) <= {longest} AND {text} IN ({listed(tokens)})"
            known = add(f"{name}_known", f"CASE WHEN {nothing} THEN NULL ELSE {text} END", text)
        self.sent[column.name] = known
        spelled = known
        if spellings or item.otherwise is not None:
            folded = add(f"{name}_narrow", narrow_sql(known), known)
            folded = add(f"{name}_lower", f"lower({folded})", folded)
            spelled = add(f"{name}_spelled", _cases(folded, spellings, item.otherwise, known), folded, known)
        self.values[column.name] = self._typed(name, column, item, spelled, quick)
        if column.local_date_name:
            instant = self.values[column.name]
            self.days[column.name] = add(f"{name}_day", date_in_zone_sql(instant, self.city_zone), instant)

    def _quick(self, name: str, binding: Binding, tokens: list[str], spellings: dict[str, str]) -> str | None:
        """The column's value where the cell is in the common spelling, read at the price of a cast or a comparison."""
        column, item, raw = binding.column, binding.item, self.raw[binding.header or ""]
        if column.logical_type == "string":
            written = {text: value for text, value in _written(column, item).items() if text not in tokens}
            whens = "".join(f" WHEN {quote_text(text)} THEN {quote_text(value)}" for text, value in written.items())
            return self.layers.add(f"{name}_quick", f"CASE {raw}{whens} END", raw) if whens else None
        declared = item.formats or self.mapping.formats
        if spellings or item.otherwise is not None or (declared and column.logical_type in ("date", "timestamp")):
            return None
        if UNITS.get(item.unit or "1"):
            return None
        candidate, after = candidate_sql(column, raw), (raw,)
        if candidate is not None:
            after = (raw, self.layers.add(f"{name}_first", candidate, raw))
        digits = [token for token in tokens if token[:1].isdigit() or token[:1] in "-tfynTFYN是否有无√×"]
        return self.layers.add(f"{name}_quick", quick_sql(column, raw, after[-1], digits) or "NULL", *after)

    def _typed(self, name: str, column: Column, item: ColumnMapping, text: str, quick: str | None) -> str:
        add = self.layers.add
        first = f"{quick}, " if quick else ""
        after = (quick, text) if quick else (text,)
        if column.logical_type == "string":
            value = add(f"{name}_value", f"COALESCE({first}{text})", *after)
            return add(f"{name}_pseudonym", pseudonym_sql(value), value) if column.personal == "pseudonym" else value
        plain = text
        for n, step in enumerate(plain_steps(column, item.unit)):
            plain = add(f"{name}_plain{n}", step(plain), plain)
        if column.logical_type not in ("date", "timestamp"):
            return add(f"{name}_value", f"COALESCE({first}{value_sql(column, plain, unit=item.unit)})", *after, plain)
        formats = item.formats or self.mapping.formats
        moment = local_sql(text, plain, formats, item.excel_serial)
        if column.logical_type == "date":
            day = f"CAST({moment} AS DATE)"
            if column.personal == "birth_year":
                day = f"CAST(year({day}) AS {column.physical_type})"
            return add(f"{name}_value", f"COALESCE({first}{day})", *after, plain)
        local = add(f"{name}_local", f"COALESCE({first}{moment})", *after, plain)
        instant = add(f"{name}_instant", instant_sql(text, plain, formats), plain)
        return add(f"{name}_value", f"COALESCE({instant}, {utc_sql(local, self.source_zone)})", instant, local)

    # -- the whole row -----------------------------------------------------------------------------------------------

    def select(self, relation: str) -> str:
        """The outermost SELECT."""
        # One CASE, as it stops at the first condition that holds.
        cases, after = "", ["no_column"]
        for n, rule in enumerate(self.mapping.leave_out):
            condition, names = self.expression(rule.where)
            cases, after = f"{cases} WHEN {condition} THEN {n}", [*after, *names]
        left_out = self.layers.add("left_out", f"CAST({f'CASE{cases} END' if cases else 'NULL'} AS INTEGER)", *after)
        bad: dict[str, str] = {}
        for n, (name, sent) in enumerate(self.sent.items()):
            if self.contract.column(name).logical_type != "string":
                value = self.values[name]
                bad[name] = self.layers.add(f"bad{n}", f"{sent} IS NOT NULL AND {value} IS NULL", sent, value)
        unreadable = sent_cells = "NULL"
        if bad:
            any_bad = self.layers.add("any_bad", " OR ".join(bad.values()), *bad.values())
            names = ", ".join(f"CASE WHEN {flag} THEN {quote_text(name)} END" for name, flag in bad.items())
            unreadable = f"CASE WHEN {any_bad} THEN ' ' || concat_ws(' ', {names}) || ' ' END"
            shown = ", ".join(f"CASE WHEN {flag} THEN {self._shown(name)} END" for name, flag in bad.items())
            sent_cells = f"CASE WHEN {any_bad} THEN '{{' || concat_ws(', ', {shown}) || '}}' END"
        columns = []
        for column in self.contract.landed_columns:
            value = self.values.get(column.name, f"CAST(NULL AS {column.physical_type})")
            columns.append(f"{value} AS {quote_name(column.landing_name)}")
            if column.local_date_name:
                day = self.days.get(column.name, "CAST(NULL AS DATE)")
                columns.append(f"{day} AS {quote_name(column.local_date_name)}")
        return (
            f"SELECT {left_out} AS _left_out, CAST({unreadable} AS VARCHAR) AS _unreadable, CAST({sent_cells} AS VARCHAR)"
            f" AS _sent, {', '.join(columns)} FROM {self.layers.over(relation)}"
        )

    def _shown(self, name: str) -> str:
        """A pair of the JSON object: the column and the text that was sent, masked where it may concern a person."""
        text = quote_text(MASK)
        if self.contract.column(name).personal is None:
            # Masked before it is cut: of a number that the cut divides, ten digits would stay.
            text = f"left(regexp_replace({self.sent[name]}, '[0-9０-９]{{11,}}', {text}, 'g'), {_SHOWN})"
        key = quote_text(json.dumps(name) + ": ")
        return f"{key} || CAST(to_json({text}) AS VARCHAR)"


def _written(column: Column, item: ColumnMapping) -> dict[str, str]:
    """What contract and mapping write for each value, letter by letter; the mapping has the last word."""
    written: dict[str, str] = {}
    for value, others in column.allowed.items():
        written |= dict.fromkeys((value, value.replace("_", " "), *others), value)
    folded = {_folded(text) for text in item.values}
    written = {text: value for text, value in written.items() if _folded(text) not in folded}
    return written | {text.strip(): value for text, value in item.values.items()}


def _spellings(column: Column, item: ColumnMapping) -> dict[str, str]:
    return {_folded(text): value for text, value in _written(column, item).items()}


def _folded(text: str) -> str:
    return narrow(text.strip()).lower()


def _cases(folded: str, spellings: dict[str, str], otherwise: str | None, known: str) -> str:
    """What the source writes, as the contract spells it; a value that nobody knows stays and is rejected by its rule."""
    whens = "".join(f" WHEN {quote_text(text)} THEN {quote_text(value)}" for text, value in spellings.items())
    other = f"CASE WHEN {known} IS NOT NULL THEN {quote_text(otherwise)} END" if otherwise is not None else known
    return f"CASE {folded}{whens} ELSE {other} END" if whens else other


def typed_select(bound: BoundMapping, contract: Contract, mapping: Mapping, relation: str, *, city_zone: str) -> str:
    """SELECT, in the order of `relation`, of `_left_out` (INTEGER: which leave_out rule holds, or NULL), `_unreadable`
    (' column column ' or NULL), `_sent` (JSON object of the unreadable texts, personal ones masked, or NULL) and the
    landing columns of the contract: typed, times in UTC with their dates in `city_zone`.

    Pseudonyms need the variables that `pipelines.ingest.privacy.pseudonym_sql` names."""
    return _Pass(bound, contract, mapping, city_zone).select(relation)
