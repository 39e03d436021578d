"""SQL that casts a cell's text to its type: first the common spelling at the price of a cast, then the whole grammar."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipelines.contracts.model import Column
from pipelines.ingest.files import quote_text

#: Year first, in the spellings of offices (`2026-3-5`, `2026/3/5`, `2026.3.5`, `2026年3月5日`, `20260305`), with or without
#: a time: nothing to guess. Day-month order and the like must be declared in the mapping.
_YEAR_FIRST = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S.%f", "%Y%m%d %H:%M:%S", "%Y%m%d %H:%M",
    "%Y%m%d%H%M%S", "%Y-%m-%d %p %I:%M:%S", "%Y-%m-%d %p %I:%M",
)  # fmt: skip
_TRUE = ("true", "t", "1", "yes", "y", "是", "有", "√")
_FALSE = ("false", "f", "0", "no", "n", "否", "无", "×")
_OFFSET = r":[0-9.]+ ?(Z|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})$"

#: Powers of ten of the units in which a mapping may declare a column; a cell may write the declared one and no other.
UNITS = {"1": 0, "元": 0, "千元": 3, "万元": 4, "百万元": 6, "亿元": 8}

#: Blanks, line ends and what has no width; none of them belongs to a cell's text at its ends.
_INVISIBLE = ((9, 13), (32, 32), (0xA0, 0xA0), (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F), (0x3000, 0x3000), (0xFEFF, 0xFEFF))  # fmt: skip
_BLANKS = "".join(chr(code) for first, last in _INVISIBLE for code in range(first, last + 1))
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def narrow(text: str) -> str:
    """Full-width letters, digits and signs as their ASCII ones; the same as `narrow_sql`."""
    # NFKC would also turn ① into 1 and ㎡ into m2, which no office means, and DuckDB cannot do it.
    return text.translate(_WIDE)


def narrow_sql(text: str) -> str:
    """SQL of `narrow`. `text` is a column name."""
    wide, plain = "".join(map(chr, _WIDE)), "".join(map(chr, _WIDE.values()))
    return (
        f"CASE WHEN strlen({text}) = length({text}) THEN {text}"
        f" ELSE translate({text}, {quote_text(wide)}, {quote_text(plain)}) END"
    )


def trimmed_sql(text: str, last: str) -> str:
    """SQL of a text without blanks and zero-width characters at its ends. `text` and `last` (its last character) are names."""
    # trim() with a set builds the set anew for every value (250 ns); looking at both ends first costs 40.
    ends = []
    for name in (text, last):
        ranges = [f"{name} < '!'"]
        for first, final in _INVISIBLE[2:]:
            ranges.append(f"({name} >= {quote_text(chr(first))} AND {name} < {quote_text(chr(final + 1))})")
        ends.append(" OR ".join(ranges))
    return f"CASE WHEN {' OR '.join(ends)} THEN trim({text}, {quote_text(_BLANKS)}) ELSE {text} END"


def listed(texts: Iterable[str]) -> str:
    """Texts as SQL literals, separated by commas."""
    return ", ".join(map(quote_text, texts))


# -- the common spelling ---------------------------------------------------------------------------------------------


def candidate_sql(column: Column, raw: str) -> str | None:
    """SQL of a first reading of the raw cell of a date or time, to be confirmed by `quick_sql`; None for other types."""
    if column.logical_type not in ("date", "timestamp"):
        return None
    sizes = "strlen({0}) = 10" if column.logical_type == "date" else "strlen({0}) BETWEEN 10 AND 26"
    kind = column.logical_type.upper()
    # A cast that fails costs 300 ns: what does not begin with a digit is not tried.
    return f"TRY_CAST(CASE WHEN {sizes.format(raw)} AND {raw} >= '0' AND {raw} < ':' THEN {raw} END AS {kind})"


def quick_sql(column: Column, raw: str, candidate: str, tokens: Iterable[str]) -> str | None:
    """SQL of the value of a raw cell in the common spelling, else NULL: what it reads, the whole grammar reads equally.

    Times are still local. `tokens` stand for nothing. None for texts."""
    kind = column.logical_type
    excluded = [token for token in tokens if token]
    guard = f"{raw} NOT IN ({listed(excluded)}) AND " if excluded else ""
    if kind == "boolean":
        return _boolean(raw, excluded)
    if kind in ("integer", "number"):
        shape = "-?[0-9]{1,18}" if kind == "integer" else "-?[0-9]{1,15}([.][0-9]{1,15})?"
        fits = f"regexp_full_match({raw}, '{shape}')"
        return f"CASE WHEN {guard}{fits} THEN TRY_CAST({raw} AS {column.physical_type}) END"
    if kind == "date":
        value = f"CAST(year({candidate}) AS {column.physical_type})" if column.personal == "birth_year" else candidate
        return f"CASE WHEN {guard}CAST({candidate} AS VARCHAR) = {raw} THEN {value} END"
    if kind == "timestamp":
        # The cast also takes offsets and drops them; what prints as it was written had none.
        whole = f"CASE strlen({raw}) WHEN 16 THEN {raw} || ':00' WHEN 10 THEN {raw} || ' 00:00:00' ELSE {raw} END"
        year = f"{candidate} < TIMESTAMP '10000-01-01'"
        return f"CASE WHEN {guard}CAST({candidate} AS VARCHAR) = {whole} AND {year} THEN {candidate} END"
    return None


def _boolean(text: str, tokens: Iterable[str] = ()) -> str:
    known = set(tokens)
    true, false = (listed(word for word in words if word not in known) for words in (_TRUE, _FALSE))
    return f"CASE WHEN {text} IN ({true}) THEN TRUE WHEN {text} IN ({false}) THEN FALSE END"


# -- the whole grammar -----------------------------------------------------------------------------------------------

Step = Callable[[str], str]


def plain_steps(column: Column, unit: str | None) -> list[Step]:
    """Steps that bring a text into the one spelling of its type that `value_sql` reads; each takes the name of a column
    that holds the result of the one before."""
    kind = column.logical_type
    if kind == "boolean":
        return [narrow_sql, lambda x: f"lower({x})"]
    if kind in ("integer", "number"):
        steps: list[Step] = [narrow_sql, _negative_sql, _ungrouped_sql]
        power = UNITS[unit] if unit else 0
        if unit and unit != "1":
            steps.insert(
                1,
                lambda x: f"CASE WHEN suffix({x}, {quote_text(unit)}) THEN rtrim({x}[:-{len(unit) + 1}]) ELSE {x} END",
            )
        # As an exponent the power of ten is applied by the parser, exactly; a product of decimals overflows with an error.
        return [*steps, lambda x: f"{x} || 'e{power}'"] if power and kind == "number" else steps
    if kind in ("date", "timestamp"):
        return [narrow_sql, _hyphenated_sql, _undotted_sql]
    return []


def _negative_sql(x: str) -> str:
    return f"CASE WHEN starts_with({x}, '(') THEN regexp_replace({x}, '^[(]([0-9.,]+)[)]$', '-\\1') ELSE {x} END"


def _ungrouped_sql(x: str) -> str:
    strict = f"regexp_full_match({x}, '[+-]?[0-9]{{1,3}}(,[0-9]{{3}})+([.][0-9]+)?')"
    return f"CASE WHEN contains({x}, ',') AND {strict} THEN replace({x}, ',', '') ELSE {x} END"


def _hyphenated_sql(x: str) -> str:
    # One spelling first: every format that is tried in vain costs as much as the one that fits.
    plain = f"replace(replace({x}, '/', '-'), 'T', ' ')"
    other = f"trim(replace(replace(translate({x}, '/年月日T', '---  '), '上午', ' AM '), '下午', ' PM '))"
    return f"CASE WHEN strlen({x}) = length({x}) THEN {plain} ELSE {other} END"


def _undotted_sql(x: str) -> str:
    day = "^([0-9]{4})[.]([0-9]{1,2})[.]([0-9]{1,2})\\b"
    return f"CASE WHEN {x}[5] = '.' THEN regexp_replace({x}, '{day}', '\\1-\\2-\\3') ELSE {x} END"


def value_sql(column: Column, text: str, *, unit: str | None = None) -> str:
    """SQL of the landing type of a text without steps to come; for texts, booleans and numbers.

    Raises:
        ValueError: for dates and times, which `local_sql` and `instant_sql` read.
    """
    kind = column.logical_type
    if kind == "string":
        return text
    if kind == "boolean":
        return _boolean(text)
    cast = f"TRY_CAST({text} AS {column.physical_type})"
    if kind == "integer":
        # TRY_CAST('1.5' AS BIGINT) rounds to 2 without a word.
        power = UNITS[unit] if unit else 0
        if not power:
            return f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+([.]0+)?') THEN {cast} END"
        exact = f"TRY_CAST(TRY_CAST({text} || 'e{power}' AS DECIMAL(38, 0)) AS {column.physical_type})"
        return f"CASE WHEN regexp_full_match({text}, '[+-]?[0-9]+([.][0-9]{{1,{power}}}0*)?') THEN {exact} END"
    if kind == "number":
        shape = "[+-]?[0-9]*[.]?[0-9]+([eE][+-]?[0-9]+)?"
        return (
            f"CASE WHEN regexp_full_match({text}, '{shape}') AND isfinite(TRY_CAST({text} AS DOUBLE)) THEN {cast} END"
        )
    raise ValueError(kind)


def local_sql(text: str, plain: str, formats: Iterable[str], excel_serial: int | None) -> str:
    """SQL of the local TIMESTAMP that a date or time without offset means, by the declared formats or year first.

    `text` is the cell, `plain` what the steps made of it."""
    if formats := [item for item in formats if "%z" not in item]:
        moment = f"try_strptime({text}, [{listed(formats)}])"
    else:
        # strptime takes 3/5/26 for a day of the year 3, and 460861 for one of the year 4608.
        year = f"regexp_matches({plain}, '^[0-9]{{4}}(-|[0-9]{{4}}($| |[0-9]{{6}}$))')"
        moment = f"CASE WHEN {year} THEN try_strptime({plain}, [{listed(_YEAR_FIRST)}]) END"
    if excel_serial is None:
        return moment
    serial = f"regexp_full_match({plain}, '[0-9]{{1,7}}([.][0-9]{{1,15}})?')"
    return f"CASE WHEN {serial} THEN {_serial_sql(plain, excel_serial)} ELSE {moment} END"


def _serial_sql(text: str, epoch: int) -> str:
    """SQL of the moment of a serial number of Excel, to the second: what is shorter is an error of its fraction."""
    seconds = f"CAST(round(CAST({text} AS DOUBLE) * 86400) AS BIGINT)"
    if epoch == 1904:
        return f"CASE WHEN {seconds} <= 2957003 * 86400 THEN TIMESTAMP '1904-01-01' + to_seconds({seconds}) END"
    # Excel counts a 29 February 1900 as day 60, and day 0 is no day; the last is 9999-12-31.
    return (
        f"CASE WHEN {seconds} < 86400 OR {seconds} // 86400 = 60 OR {seconds} >= 2958466 * 86400 THEN NULL"
        f" WHEN {seconds} // 86400 < 60 THEN TIMESTAMP '1899-12-31' + to_seconds({seconds})"
        f" ELSE TIMESTAMP '1899-12-30' + to_seconds({seconds}) END"
    )


def instant_sql(text: str, plain: str, formats: Iterable[str]) -> str:
    """SQL of the UTC TIMESTAMP of a time that says its offset; NULL if it says none."""
    iso = f"TRY_CAST(replace(replace({plain}, ' +', '+'), ' -', '-') AS TIMESTAMPTZ)"
    iso = f"CASE WHEN regexp_matches({plain}, '{_OFFSET}') AND regexp_matches({plain}, '^[0-9]{{4}}-') THEN {iso} END"
    if formats := [item for item in formats if "%z" in item]:
        iso = f"COALESCE({iso}, try_strptime({text}, [{listed(formats)}]))"
    return f"timezone('UTC', {iso})"
