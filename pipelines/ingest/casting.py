"""SQL that casts a cell's text to its type: first the common spelling at the price of a cast, then the whole grammar."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pipelines.contracts.model import Column
from pipelines.ingest.files import quote_text

#: 0000 would be a year before Christ, which Python cannot hold.
_YEAR = "(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
#: A year-first date, with or without a time, once its separators are hyphens, colons and a blank. 24:00 and 10:60 are no times.
_CLOCK = "([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
_ISO = f"{_YEAR}-[0-9]{{1,2}}-[0-9]{{1,2}}( {_CLOCK})?"
#: The spellings that the cast of DuckDB reads by itself.
_CASTABLE = f"{_YEAR}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}"
#: With 上午 and 下午 the hour counts to twelve.
_HALF_DAYS = ("%Y-%m-%d %p %I:%M:%S", "%Y-%m-%d %p %I:%M")
_TRUE = ("true", "t", "1", "yes", "y", "是", "有", "√")
_FALSE = ("false", "f", "0", "no", "n", "否", "无", "×")
#: What lies further from UTC than any clock is a slip of the pen; the cast would shift by it without a word.
_OFFSET = r":[0-9.]+ ?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)$"

#: Powers of ten of the units in which a mapping may declare a column; a cell may write the declared one and no other.
UNITS = {"1": 0, "元": 0, "千元": 3, "万元": 4, "百万元": 6, "亿元": 8}

#: Blanks, line ends and what has no width; none of them belongs to a cell's text at its ends.
_INVISIBLE = ((9, 13), (32, 32), (0xA0, 0xA0), (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F), (0x3000, 0x3000), (0xFEFF, 0xFEFF))  # fmt: skip
BLANKS = "".join(chr(code) for first, last in _INVISIBLE for code in range(first, last + 1))
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
    """SQL of a text without blanks and zero-width characters at its ends; `text` and `last` (its last character) are names."""
    # trim() with a set builds the set anew for every value (250 ns); a look at both ends costs 60. Between the ranges
    # lie the blanks of Unicode, together with some punctuation that then goes the long way in vain.
    plain = " AND ".join(
        f"({x} BETWEEN '!' AND '~' OR {x} BETWEEN '{chr(0x3001)}' AND '{chr(0xFEFE)}')" for x in (last, text)
    )
    return f"CASE WHEN {plain} THEN {text} ELSE trim({text}, {quote_text(BLANKS)}) END"


def known_sql(text: str, tokens: Iterable[str]) -> str:
    """SQL of a text, or NULL if it is one of the tokens that stand for nothing. `text` is a name."""
    # Not IN: a list of constants becomes a join with it, and there are a dozen columns.
    listed_tokens = list(tokens)
    longest = max(len(token.encode()) for token in listed_tokens)
    whens = "".join(f" WHEN {quote_text(token)} THEN NULL" for token in listed_tokens)
    return f"CASE WHEN strlen({text}) > {longest} THEN {text} ELSE CASE {text}{whens} ELSE {text} END END"


#: A number as Excel or a floating-point column shows a long one: its last digits are lost, and people would become one.
_ROUNDED = "[0-9]([.][0-9]+)?[eE][+][0-9]{2,3}|[0-9][.][0-9]+[eE][0-9]{2,3}|[0-9]{16,18}[.]0*"
#: Of these, what had as many digits as an identity number.
_LOST_IDENTITY = "[0-9.]+[eE][+]?1[4-9]|[0-9]{16,18}[.]0*"


def unrounded_sql(text: str) -> str:
    """SQL of a text, or NULL if it is a rounded number (`4.40301E+17`). `text` is a name."""
    shown = f"(contains({text}, '.') OR contains({text}, '+')) AND regexp_full_match({text}, '{_ROUNDED}')"
    return f"CASE WHEN {shown} THEN NULL ELSE {text} END"


def lost_digits_sql(text: str, whole: str) -> str:
    """SQL of 0 for no text, 1 for 18 digits of which the last three are noughts, 3 for a rounded identity number, 2 for any
    other text. A spreadsheet keeps 15 digits of a number. `text` and `whole` (from `unrounded_sql`) are names."""
    return (
        f"CASE WHEN {text} IS NULL THEN 0 WHEN {whole} IS NULL AND regexp_full_match({text}, '{_LOST_IDENTITY}') THEN 3"
        f" WHEN suffix({text}, '000') AND regexp_full_match({text}, '[0-9]{{18}}') THEN 1 ELSE 2 END"
    )


def identity_digits_sql(plain: str) -> str:
    """SQL of the first 17 digits (BIGINT) of a text that has the form of an identity number, else NULL. `plain` is a name."""
    return f"CASE WHEN regexp_full_match({plain}, '[0-9]{{17}}[0-9X]') THEN TRY_CAST(left({plain}, 17) AS BIGINT) END"


def identity_checked_sql(plain: str, digits: str) -> str:
    """SQL of TRUE, or NULL for an identity number that nobody can have: ISO 7064 MOD 11-2, as GB 11643-1999 has it, the
    weight of place i (from the right, the check digit is place 1) being 2^(i-1) mod 11.

    Numbers of 15 digits, as they were until 1999, have no check digit. What is no number alone (a passport, a number with
    asterisks) is not judged. `plain` and `digits` are names."""
    weighted = " + ".join(f"({digits} // {10 ** (17 - n)}) % 10 * {2 ** (18 - n) % 11}" for n in range(1, 18))
    right = f"substr('10X98765432', CAST(1 + ({weighted}) % 11 AS BIGINT), 1) = {plain}[18]"
    return (
        f"CASE WHEN {digits} IS NOT NULL THEN CASE WHEN {right} THEN TRUE END"
        f" WHEN regexp_full_match({plain}, '[0-9]{{15}}') THEN TRUE"
        f" WHEN regexp_full_match({plain}, '[0-9]+X?|{_ROUNDED}') THEN NULL ELSE {plain} IS NOT NULL END"
    )


Step = Callable[[str], str]


def chained(text: str, steps: Iterable[Step]) -> str:
    """SQL of one step upon the other; each gets a name, as a CASE evaluates its operand anew for each WHEN.

    A nested SELECT would do the same, but for every row; inside a CASE this costs only where it is needed (15 ns a step)."""
    for step in steps:
        text = f"list_transform([{text}], lambda x: {step('x')})[1]"
    return text


def listed(texts: Iterable[str]) -> str:
    """Texts as SQL literals, separated by commas."""
    return ", ".join(map(quote_text, texts))


# -- the common spelling ---------------------------------------------------------------------------------------------


def candidate_sql(column: Column, raw: str) -> str | None:
    """SQL of a first reading of the raw cell of a date or time, to be confirmed by `quick_sql`; None for other types."""
    if column.logical_type not in ("date", "timestamp"):
        return None
    # A cast that fails costs 300 ns: what does not begin with a digit is not tried.
    fits = f"strlen({raw}) BETWEEN 8 AND 30 AND {raw} >= '0' AND {raw} < ':'"
    return f"TRY_CAST(CASE WHEN {fits} THEN {raw} END AS TIMESTAMP)"


def quick_sql(column: Column, raw: str, candidate: str, tokens: Iterable[str]) -> str:
    """SQL of the value of a raw cell in the common spelling, else NULL; what it reads, the whole grammar reads equally.

    Dates are their midnight, times are still local. `tokens` stand for nothing.

    Raises:
        ValueError: for texts.
    """
    kind = column.logical_type
    if kind == "boolean":
        return _boolean(raw, tokens)
    guard = _no_token(raw, tokens)
    if kind in ("integer", "number"):
        shape = "-?[0-9]{1,18}" if kind == "integer" else "-?[0-9]{1,15}([.][0-9]{1,15})?"
        fits = f"regexp_full_match({raw}, '{shape}')"
        return f"CASE WHEN {guard}{fits} THEN TRY_CAST({raw} AS {column.physical_type}) END"
    if kind in ("date", "timestamp"):
        # The cast also takes offsets and drops them; what prints as it was written had none.
        whole = f"CASE strlen({raw}) WHEN 16 THEN {raw} || ':00' WHEN 10 THEN {raw} || ' 00:00:00' ELSE {raw} END"
        printed = f"CAST({candidate} AS VARCHAR) = {whole} AND {candidate} < TIMESTAMP '10000-01-01'"
        shaped = f"{candidate} IS NOT NULL AND regexp_full_match({raw}, '{_CASTABLE}([ T]{_CLOCK})?')"
        return f"CASE WHEN {guard}{printed} THEN {candidate} WHEN {guard}{shaped} THEN {candidate} END"
    raise ValueError(kind)


def zulu_sql(raw: str, candidate: str, tokens: Iterable[str]) -> str:
    """SQL of the UTC TIMESTAMP of a raw cell in the common spelling with a Z behind it, else NULL."""
    shaped = f"suffix({raw}, 'Z') AND regexp_full_match({raw}, '{_CASTABLE}[ T]{_CLOCK}Z')"
    return f"CASE WHEN {_no_token(raw, tokens)}{shaped} THEN {candidate} END"


def _no_token(raw: str, tokens: Iterable[str]) -> str:
    return "".join(f"{raw} <> {quote_text(token)} AND " for token in tokens if token.strip("-")[:1].isdigit())


def _boolean(text: str, tokens: Iterable[str] = ()) -> str:
    known = set(tokens)
    words = [(word, "TRUE") for word in _TRUE] + [(word, "FALSE") for word in _FALSE]
    return f"CASE {text}{''.join(f' WHEN {quote_text(w)} THEN {value}' for w, value in words if w not in known)} END"


# -- the whole grammar -----------------------------------------------------------------------------------------------


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
        return [narrow_sql, _hyphenated_sql, _spread_sql]
    return []


def _negative_sql(x: str) -> str:
    return f"CASE WHEN starts_with({x}, '(') THEN regexp_replace({x}, '^[(]([0-9.,]+)[)]$', '-\\1') ELSE {x} END"


def _ungrouped_sql(x: str) -> str:
    strict = f"regexp_full_match({x}, '[+-]?[0-9]{{1,3}}(,[0-9]{{3}})+([.][0-9]+)?')"
    return f"CASE WHEN contains({x}, ',') AND {strict} THEN replace({x}, ',', '') ELSE {x} END"


def _hyphenated_sql(x: str) -> str:
    plain = f"replace(replace({x}, '/', '-'), 'T', ' ')"
    other = f"trim(replace(replace(translate({x}, '/年月日T', '---  '), '上午', ' AM '), '下午', ' PM '))"
    return f"CASE WHEN strlen({x}) = length({x}) THEN {plain} ELSE {other} END"


def _spread_sql(x: str) -> str:
    """`2026.3.5` and `20260305`, with times, as `2026-3-5` and `2026-03-05`."""
    dotted = f"regexp_replace({x}, '^([0-9]{{4}})[.]([0-9]{{1,2}})[.]([0-9]{{1,2}})( |$)', '\\1-\\2-\\3\\4')"
    packed = f"regexp_replace({x}, '^([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})( |$)', '\\1-\\2-\\3\\4')"
    stamp = "'^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})$', '\\1-\\2-\\3 \\4:\\5:\\6'"
    return (
        f"CASE {x}[5] WHEN '-' THEN replace({x}, '  ', ' ') WHEN '.' THEN {dotted}"
        f" ELSE CASE strlen({x}) WHEN 14 THEN regexp_replace({packed}, {stamp}) ELSE {packed} END END"
    )


def value_sql(column: Column, text: str, *, unit: str | None = None) -> str:
    """SQL of the landing type of a text without steps to come; for texts, booleans and numbers.

    Raises:
        ValueError: for dates and times.
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


def declared_sql(text: str, formats: Iterable[str]) -> str:
    """SQL of the local TIMESTAMP of a text by declared formats without offset; NULL if there are none."""
    naive = [item for item in formats if "%z" not in item]
    return f"try_strptime({text}, [{listed(naive)}])" if naive else "CAST(NULL AS TIMESTAMP)"


def year_first_sql(plain: str, excel_serial: int | None) -> str:
    """SQL of the local TIMESTAMP of a text that begins with the year, after the steps; `plain` is a name."""
    # try_strptime takes 450 ns for each format that does not fit, takes 3/5/26 for a day of the year 3 and 460861 for one
    # of the year 4608; the cast drops offsets. So the shape is checked first.
    moment = (
        f"CASE WHEN regexp_full_match({plain}, '{_ISO}') THEN TRY_CAST({plain} AS TIMESTAMP)"
        f" WHEN contains({plain}, 'M ') AND regexp_matches({plain}, '^{_YEAR}-')"
        f" THEN try_strptime({plain}, [{listed(_HALF_DAYS)}]) END"
    )
    if excel_serial is None:
        return moment
    serial = f"regexp_full_match({plain}, '[0-9]{{1,7}}([.][0-9]{{1,15}})?')"
    return f"CASE WHEN {serial} THEN {_serial_sql(plain, excel_serial)} ELSE {moment} END"


def _serial_sql(text: str, epoch: int) -> str:
    """SQL of the moment of a serial number of Excel, to the second: what is shorter is an error of its fraction."""
    seconds = f"CAST(round(CAST({text} AS DOUBLE) * 86400) AS BIGINT)"
    if epoch == 1904:
        return f"CASE WHEN {seconds} < 255485145600 THEN TIMESTAMP '1904-01-01' + to_seconds({seconds}) END"
    # Excel counts a 29 February 1900 as day 60, and day 0 is no day; the last day of both epochs is 9999-12-31.
    return (
        f"CASE WHEN {seconds} < 86400 OR {seconds} // 86400 = 60 OR {seconds} >= 255611462400 THEN NULL"
        f" WHEN {seconds} // 86400 < 60 THEN TIMESTAMP '1899-12-31' + to_seconds({seconds})"
        f" ELSE TIMESTAMP '1899-12-30' + to_seconds({seconds}) END"
    )


def offset_sql(plain: str) -> str:
    """SQL of the UTC TIMESTAMP of a text that begins with the year and says its offset; NULL if it says none."""
    moment = f"TRY_CAST(replace(replace({plain}, ' +', '+'), ' -', '-') AS TIMESTAMPTZ)"
    says = f"regexp_matches({plain}, '{_OFFSET}') AND regexp_matches({plain}, '^{_YEAR}-')"
    return f"CASE WHEN {says} THEN timezone('UTC', {moment}) END"


def declared_offset_sql(text: str, formats: Iterable[str]) -> str | None:
    """SQL of the UTC TIMESTAMP of a text by declared formats with an offset (`%z`), if there are any."""
    aware = [item for item in formats if "%z" in item]
    return f"timezone('UTC', try_strptime({text}, [{listed(aware)}]))" if aware else None
