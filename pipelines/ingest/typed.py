"""The one SELECT that turns the texts of a file into the typed columns of landing, in one streaming pass."""

from __future__ import annotations

import json

from pipelines.contracts.model import Column, Contract
from pipelines.ingest.casting import (
    UNITS,
    Step,
    candidate_sql,
    chained,
    declared_offset_sql,
    declared_sql,
    identity_checked_sql,
    identity_digits_sql,
    known_sql,
    lost_digits_sql,
    narrow,
    narrow_sql,
    offset_sql,
    plain_steps,
    quick_sql,
    trimmed_sql,
    unrounded_sql,
    value_sql,
    year_first_sql,
    zulu_sql,
)
from pipelines.ingest.files import fold, quote_name, quote_text
from pipelines.ingest.mapping import Binding, BoundMapping, ColumnMapping, Mapping, expression_names, expression_sql
from pipelines.ingest.privacy import MASK, pseudonym_sql, without_numbers_sql
from pipelines.ingest.zones import date_in_zone_sql, utc_sql

_SHOWN = 200
#: What a number may be called that is none; an empty cell it is not.
_NO_NUMBERS = ("nan", "inf", "infinity")
#: Marks of a time: it says no offset, it says one. Of an identifier: 18 digits that end in noughts, any other, a rounded one.
NAIVE, AWARE = 1, 2
NOUGHTS, ANY, ROUNDED = 1, 2, 3


def marked_columns(contract: Contract) -> tuple[Column, ...]:
    """The columns of which `_marks` tells something, two bits each, the first in the lowest bits."""
    return tuple(c for c in contract.columns if c.logical_type == "timestamp" or _is_identifier(c))


def _is_identifier(column: Column) -> bool:
    return column.personal == "pseudonym" or column.check is not None


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
        self.checks: dict[str, str] = {}
        self.marks: dict[str, str] = {}
        for n, binding in enumerate(bound.bindings):
            self._bind(f"c{n}", binding)

    # -- texts -------------------------------------------------------------------------------------------------------

    def _text_of(self, header: str) -> str:
        if header not in self.trimmed:
            name = self.raw[header]
            last = self.layers.add(f"{name}_last", f"{name}[-1]", name)
            self.trimmed[header] = self.layers.add(f"{name}_text", trimmed_sql(name, last), name, last)
        return self.trimmed[header]

    def expression(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The expression over trimmed texts, and the names of these."""
        names = {folded: self._text_of(self.by_fold[folded]) for folded in map(fold, expression_names(text))}
        return expression_sql(text, names), tuple(names.values())

    def _tokens(self, item: ColumnMapping, *, number: bool) -> list[str]:
        """What stands for nothing. In numbers `NaN` is a failed calculation, unless the city's mapping lists it."""
        listed = self.contract.null_tokens
        if number:
            listed = tuple(token for token in listed if token.strip().lower() not in _NO_NUMBERS)
        tokens = dict.fromkeys(t.strip() for t in ("", *listed, *self.mapping.null_tokens))
        return [token for token in tokens if token not in item.values]

    # -- columns -----------------------------------------------------------------------------------------------------

    def _bind(self, name: str, binding: Binding) -> None:
        """Make the column's value, the text that its whole grammar had to read, and its day in the city."""
        column, item, add = binding.column, binding.item, self.layers.add
        tokens = self._tokens(item, number=column.logical_type in ("integer", "number"))
        spellings = _spellings(column, item)
        quick = self._quick(name, binding, tokens, spellings) if binding.header is not None else None
        zulu: str | None = None
        if quick is not None and column.logical_type == "timestamp":
            raw, first = self.raw[binding.header or ""], f"{name}_first"
            zulu = add(f"{name}_zulu", zulu_sql(raw, first, tokens), raw, first)
        if item.constant is not None:
            text = str(item.constant).lower() if isinstance(item.constant, bool) else str(item.constant)
            known = add(f"{name}_known", f"CAST({quote_text(text)} AS VARCHAR)")
        elif quick is not None:
            raw = self.raw[binding.header or ""]
            rest = chained(raw, [lambda x: trimmed_sql(x, f"{x}[-1]"), lambda x: known_sql(x, tokens)])
            read = [item for item in (quick, zulu) if item]
            unread = " AND ".join(f"{item} IS NULL" for item in read)
            known = add(f"{name}_known", f"CASE WHEN {unread} AND {raw} IS NOT NULL THEN {rest} END", *read)
        else:
            if binding.header is not None:
                text = self._text_of(binding.header)
            else:
                sql, after = self.expression(item.expression or "NULL")
                text = add(f"{name}_text", f"CAST({sql} AS VARCHAR)", "no_column", *after)
            known = add(f"{name}_known", known_sql(text, tokens), text)
        if column.check is not None:
            self._check(name, column, known)
        if not column.enters_landing:
            return
        self.sent[column.name] = spelled = known
        if spellings or item.otherwise is not None:
            fold_steps = [narrow_sql, lambda x: f"lower({x})", lambda x: _cases(x, spellings, item.otherwise, known)]
            spelled = add(
                f"{name}_spelled", f"CASE WHEN {known} IS NOT NULL THEN {chained(known, fold_steps)} END", known
            )
        self.values[column.name] = self._typed(name, column, item, spelled, quick, zulu)
        if column.local_date_name:
            instant = self.values[column.name]
            self.days[column.name] = add(f"{name}_day", date_in_zone_sql(instant, self.city_zone), instant)

    def _check(self, name: str, column: Column, text: str) -> None:
        """What is known of a text that nobody may see: whether it passes its check, and whether its digits were lost."""
        add = self.layers.add
        steps = [narrow_sql, lambda x: f"upper(replace({x}, ' ', ''))"]
        plain = add(f"{name}_plain", f"CASE WHEN {text} IS NOT NULL THEN {chained(text, steps)} END", text)
        digits = add(f"{name}_digits", identity_digits_sql(plain), plain)
        checked = add(f"{name}_checked", identity_checked_sql(plain, digits), plain, digits)
        self.checks[column.name] = add(f"{name}_wrong", f"{text} IS NOT NULL AND {checked} IS NULL", text, checked)
        if not column.enters_landing:
            whole = add(f"{name}_whole", unrounded_sql(plain), plain)
            self.marks[column.name] = add(f"{name}_mark", lost_digits_sql(plain, whole), plain, whole)

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
        first = raw
        if candidate := candidate_sql(column, raw):
            first = self.layers.add(f"{name}_first", candidate, raw)
        return self.layers.add(f"{name}_quick", quick_sql(column, raw, first, tokens), raw, first)

    def _typed(
        self, name: str, column: Column, item: ColumnMapping, text: str, quick: str | None, zulu: str | None
    ) -> str:
        """The column's value: the quick one, else what the whole grammar makes of the text."""
        add, steps = self.layers.add, plain_steps(column, item.unit)
        after = (quick, text) if quick else (text,)

        def either(read: Step) -> str:
            slow = f"CASE WHEN {text} IS NOT NULL THEN {chained(text, [*steps, read])} END"
            return f"COALESCE({quick}, {slow})" if quick else slow

        if column.logical_type == "string":
            value = add(f"{name}_value", f"COALESCE({', '.join(after)})", *after)
            if column.personal != "pseudonym":
                return value
            whole = add(f"{name}_whole", unrounded_sql(value), value)
            self.marks[column.name] = add(f"{name}_mark", lost_digits_sql(value, whole), value, whole)
            return add(f"{name}_pseudonym", pseudonym_sql(whole), whole)
        if column.logical_type not in ("date", "timestamp"):
            return add(f"{name}_value", either(lambda x: value_sql(column, x, unit=item.unit)), *after)
        formats = [narrow(declared) for declared in item.formats or self.mapping.formats]
        if formats:
            declared = chained(text, [narrow_sql, lambda x: declared_sql(x, formats)])
            local_sql = f"CASE WHEN {text} IS NOT NULL THEN {declared} END"
        else:
            local_sql = either(lambda x: year_first_sql(x, item.excel_serial))
        if column.logical_type == "date":
            day = add(f"{name}_date", f"CAST({local_sql} AS DATE)", *after)
            if column.personal == "birth_year":
                return add(f"{name}_year", f"CAST(year({day}) AS {column.physical_type})", day)
            return day
        local = add(f"{name}_local", local_sql, *after)
        instant = chained(text, [*steps, offset_sql])
        if by_format := declared_offset_sql(text, formats):
            instant = f"COALESCE({instant}, {by_format})"
        aware = add(f"{name}_aware", f"CASE WHEN {text} IS NOT NULL THEN {instant} END", text)
        told = (zulu, aware) if zulu else (aware,)
        if self.mapping.time_zone is None:
            says = " OR ".join(f"{item} IS NOT NULL" for item in told)
            mark = f"CASE WHEN {says} THEN {AWARE} WHEN {local} IS NOT NULL THEN {NAIVE} ELSE 0 END"
            self.marks[column.name] = add(f"{name}_mark", mark, *told, local)
        return add(f"{name}_value", f"COALESCE({', '.join(told)}, {utc_sql(local, self.source_zone)})", *told, local)

    # -- the whole row -----------------------------------------------------------------------------------------------

    def select(self, relation: str) -> str:
        """The outermost SELECT."""
        # One CASE, as it stops at the first condition that holds.
        cases, names = "", ["no_column"]
        for n, rule in enumerate(self.mapping.leave_out):
            condition, texts = self.expression(rule.where)
            cases, names = f"{cases} WHEN {condition} THEN {n}", [*names, *texts]
        left_out = self.layers.add("left_out", f"CAST({f'CASE{cases} END' if cases else 'NULL'} AS INTEGER)", *names)
        bad: dict[str, str] = {}
        for n, (name, sent) in enumerate(self.sent.items()):
            column = self.contract.column(name)
            if column.logical_type != "string" or column.personal == "pseudonym":
                value = self.values[name]
                bad[name] = self.layers.add(f"bad{n}", f"{sent} IS NOT NULL AND {value} IS NULL", sent, value)
        unreadable = sent_cells = "NULL"
        wrong = bad | {f"{name}:check": flag for name, flag in self.checks.items()}
        if wrong:
            any_bad = self.layers.add("any_bad", " OR ".join(wrong.values()), *wrong.values())
            listed = ", ".join(f"CASE WHEN {flag} THEN {quote_text(name)} END" for name, flag in wrong.items())
            unreadable = f"CASE WHEN {any_bad} THEN ' ' || concat_ws(' ', {listed}) || ' ' END"
        if bad:
            shown = ", ".join(f"CASE WHEN {flag} THEN {self._shown(name)} END" for name, flag in bad.items())
            sent_cells = f"CASE WHEN {any_bad} THEN '{{' || concat_ws(', ', {shown}) || '}}' END"
        columns = []
        for column in self.contract.landed_columns:
            value = self.values.get(column.name, f"CAST(NULL AS {column.physical_type})")
            columns.append(f"{value} AS {quote_name(column.landing_name)}")
            if column.local_date_name:
                day = self.days.get(column.name, "CAST(NULL AS DATE)")
                columns.append(f"{day} AS {quote_name(column.local_date_name)}")
        places = {column.name: 2 * n for n, column in enumerate(marked_columns(self.contract))}
        marks = " + ".join(f"CAST({mark} AS BIGINT) * {1 << places[name]}" for name, mark in self.marks.items()) or "0"
        return (
            f"SELECT {left_out} AS _left_out, CAST({unreadable} AS VARCHAR) AS _unreadable, CAST({sent_cells} AS VARCHAR)"
            f" AS _sent, CAST({marks} AS BIGINT) AS _marks, {', '.join(columns)} FROM {self.layers.over(relation)}"
        )

    def _shown(self, name: str) -> str:
        """A pair of the JSON object: the column and the text that was sent, masked where it may concern a person."""
        text = quote_text(MASK)
        if self.contract.column(name).personal is None:
            # Masked before it is cut: of a number that the cut divides, ten digits would stay.
            text = f"left({without_numbers_sql(self.sent[name], numbered=False)}, {_SHOWN})"
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
    (' column column:check ' or NULL), `_sent` (JSON object of the unreadable texts, personal ones masked, or NULL), `_marks`
    (BIGINT, see `marked_columns`; of times only where the mapping declares no zone) and the landing columns of the
    contract: typed, times in UTC with their dates in `city_zone`.

    Pseudonyms need the variables that `pipelines.ingest.privacy.pseudonym_sql` names."""
    return _Pass(bound, contract, mapping, city_zone).select(relation)
