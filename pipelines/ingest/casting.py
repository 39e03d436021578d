"""SQL that casts a column's text to its type in one pass; what cannot be read becomes NULL and is named as unreadable."""

from __future__ import annotations

from pipelines.contracts.model import Column
from pipelines.ingest.files import quote_text

#: Year first, in the spellings of offices (`2026-3-5`, `2026/3/5`, `2026年3月5日`, `20260305`), with or without a time:
#: nothing to guess. Day-month order and the like must be declared in the mapping.
_YEAR_FIRST = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S.%f")
_TRUE = ("true", "t", "1", "yes", "y", "是", "有", "√")
_FALSE = ("false", "f", "0", "no", "n", "否", "无", "×")
_OFFSET = r"(Z|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2})$"


def _list(items: tuple[str, ...]) -> str:
    return "[" + ", ".join(quote_text(item) for item in items) + "]"


def _spelled(text: str) -> str:
    """SQL of a date or time with hyphens, colons and a blank, whatever an office put there."""
    # One spelling first: every format that is tried in vain costs as much as the one that fits.
    return f"trim(replace(replace(translate({text}, '/年月T０１２３４５６７８９－：', '--- 0123456789-:'), '日 ', ' '), '日', ' '))"


def _moment(text: str, formats: tuple[str, ...]) -> str:
    """SQL of the local TIMESTAMP that a text without offset means, by the declared formats or year first."""
    if formats:
        return f"try_strptime({text}, {_list(formats)})"
    # strptime takes 3/5/26 for a day of the year 3, and 460861 for one of the year 4608.
    year = f"regexp_matches({_spelled(text)}, '^[0-9]{{4}}(-|[0-9]{{4}}$)')"
    return f"CASE WHEN {year} THEN try_strptime({_spelled(text)}, {_list(_YEAR_FIRST)}) END"


def _plain_number(text: str) -> str:
    """Full-width digits, strict thousands separators and accounting negatives as a plain number; anything else as it is."""
    ascii_text = f"translate({text}, '０１２３４５６７８９．，－（）', '0123456789.,-()')"
    negative = f"regexp_replace({ascii_text}, '^\\(([0-9.,]+)\\)$', '-\\1')"
    return (
        f"CASE WHEN regexp_full_match({negative}, '[+-]?[0-9]{{1,3}}(,[0-9]{{3}})+(\\.[0-9]+)?')"
        f" THEN replace({negative}, ',', '') ELSE {negative} END"
    )


def typed_sql(column: Column, text: str, *, formats: tuple[str, ...], source_zone: str) -> str:
    """SQL of the column's landing type for the text expression `text`.

    Timestamps without an offset are read in `source_zone` and stored as UTC; a text with an offset keeps its instant."""
    kind = column.logical_type
    if kind == "string":
        return text
    if kind == "boolean":
        lowered = f"lower({text})"
        true, false = (", ".join(map(quote_text, words)) for words in (_TRUE, _FALSE))
        return f"CASE WHEN {lowered} IN ({true}) THEN TRUE WHEN {lowered} IN ({false}) THEN FALSE END"
    if kind == "integer":
        number = _plain_number(text)
        # TRY_CAST('1.5' AS BIGINT) rounds to 2 without a word.
        return f"CASE WHEN regexp_full_match({number}, '[+-]?[0-9]+(\\.0+)?') THEN TRY_CAST({number} AS {column.physical_type}) END"
    if kind == "number":
        number = _plain_number(text)
        value = f"TRY_CAST({number} AS {column.physical_type})"
        finite = f" AND isfinite(TRY_CAST({number} AS DOUBLE))"
        return (
            f"CASE WHEN regexp_full_match({number}, '[+-]?[0-9]*\\.?[0-9]+([eE][+-]?[0-9]+)?'){finite} THEN {value} END"
        )
    if kind == "date":
        day = f"CAST({_moment(text, formats)} AS DATE)"
        return f"CAST(year({day}) AS {column.physical_type})" if column.personal == "birth_year" else day
    zone = quote_text(source_zone)
    naive = f"timezone('UTC', timezone({zone}, {_moment(text, formats)}))"
    aware = f"timezone('UTC', TRY_CAST(replace(replace({_spelled(text)}, ' +', '+'), ' -', '-') AS TIMESTAMPTZ))"
    return f"CASE WHEN regexp_matches({text}, ':[0-9.]+ ?{_OFFSET}') THEN {aware} ELSE {naive} END"


def local_date_sql(instant: str, city_zone: str) -> str:
    """SQL of the date in the city on which a UTC timestamp falls."""
    return f"CAST(timezone({quote_text(city_zone)}, timezone('UTC', {instant})) AS DATE)"
