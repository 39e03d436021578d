"""How the dates of a column are written: strptime formats that read every value, and whether day and month can be told."""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from pipelines.ingest.files import quote_name, quote_text

#: A value with its digits as 9 and its letters as a: says how it is written, not what.
SHAPE = "regexp_replace(regexp_replace({text}, '[0-9]', '9', 'g'), '[A-Za-z]', 'a', 'g')"
_TIME = re.compile(
    r"^(?P<gap>,? |a)9{1,2}:9{2}(?P<s>:9{2}(?P<f>\.9+)?)?(?P<half> ?aa)?(?P<zone> ?(a|[+-]9{2}:?9{2}))?$"
)
_TOLERATED = 0.02


@dataclass(frozen=True)
class Written:
    """How one column writes its dates.

    `formats` are the strptime formats that read them, `declared` says whether a mapping must state them, `choices` holds the
    two orders of day and month between which nothing in the file decides. `share` is the part of the values that are read,
    `offsets` the part that carries an offset."""

    share: float = 0.0
    formats: tuple[str, ...] = ()
    declared: bool = False
    choices: tuple[tuple[str, ...], ...] = ()
    offsets: float = 0.0


def candidate_formats(shape: str) -> tuple[tuple[str, ...], bool, bool]:
    """(formats that a value of that shape may have, whether they must be declared, whether it has an offset)."""
    for pattern, days, declared in _DAYS:
        match = re.match(pattern, shape)
        if match is None:
            continue
        rest, sep = shape[match.end() :], (match.groupdict().get("sep") or "-")
        year = "%y" if (match.groupdict().get("year") or "9999") == "99" else "%Y"
        time, zone = "", False
        if rest:
            found = _TIME.match(rest)
            if found is None:
                return (), False, False
            hour, half = (
                ("%I", " %p" if found["half"] and found["half"][0] == " " else "%p") if found["half"] else ("%H", "")
            )
            gap = "T" if found["gap"] == "a" else found["gap"]
            time = f"{gap}{hour}:%M{':%S' if found['s'] else ''}{'.%f' if found['f'] else ''}{half}"
            zone = bool(found["zone"])
        formats = tuple(day.replace("-", sep).replace("%Y", year) + time for day in days)
        return formats, declared or sep == ".", zone
    return (), False, False


_DAYS: tuple[tuple[str, tuple[str, ...], bool], ...] = (
    (r"9{4}(?P<sep>[-/.])9{1,2}(?P=sep)9{1,2}", ("%Y-%m-%d",), False),
    (r"9{4}年9{1,2}月9{1,2}日", ("%Y年%m月%d日",), False),
    (r"9{8}(?!9)", ("%Y%m%d",), False),
    (r"9{1,2}(?P<sep>[-/.])9{1,2}(?P=sep)(?P<year>9{4}|9{2})(?!9)", ("%m-%d-%Y", "%d-%m-%Y"), True),
    (r"9{1,2}(?P<sep>[- /])aaa(?P=sep)(?P<year>9{4}|9{2})(?!9)", ("%d-%b-%Y",), True),
    (r"aaa 9{1,2}, 9{4}", ("%b %d, %Y",), True),
    (r"a{4,9} 9{1,2}, 9{4}", ("%B %d, %Y",), True),
)


def how_written(con: duckdb.DuckDBPyConnection, relation: str, header: str, known: str) -> Written:
    """Look at every value of a column of a relation; `known` is SQL of its text, NULL where it says nothing."""
    shape = SHAPE.format(text="v")
    source = f"(SELECT {known} AS v FROM {relation}) WHERE v IS NOT NULL"
    shapes = con.execute(
        f"SELECT {shape} AS s, count(*) FROM {source} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20"
    ).fetchall()
    total = int(con.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0])
    read, offsets, declared = 0, 0, False
    formats: list[str] = []
    choices: list[tuple[str, ...]] = []
    for text, rows in shapes:
        candidates, must, zone = candidate_formats(str(text))
        if not candidates:
            continue
        if zone:
            read, offsets = read + int(rows), offsets + int(rows)
            continue
        bad = con.execute(
            "SELECT " + ", ".join(f"count(*) FILTER (try_strptime(v, {quote_text(f)}) IS NULL)" for f in candidates)
            + f" FROM {source} AND {shape} = ?", [text],
        ).fetchall()[0]  # fmt: skip
        least = min(bad)
        if least > rows * _TOLERATED:
            continue
        read += int(rows) - int(least)
        best = tuple(f for f, failed in zip(candidates, bad, strict=True) if failed == least)
        declared = declared or must
        if len(best) > 1:
            choices.append(best)
        else:
            formats.append(best[0])
    return Written(
        read / total if total else 0.0, tuple(formats), declared, tuple(choices), offsets / total if total else 0.0
    )


def settled(written: Written, others: list[Written]) -> Written:
    """The same column after the other columns of the file had their say about the order of day and month."""
    said = {_order(f) for other in others for f in other.formats} - {""}
    if not written.choices or len(said) != 1:
        return written
    order = said.pop()
    chosen = tuple(next(f for f in choice if _order(f) == order) for choice in written.choices)
    return Written(written.share, (*written.formats, *chosen), written.declared, (), written.offsets)


def _order(form: str) -> str:
    """`md` or `dm` where a format writes numbers only and the year last, else nothing."""
    match = re.match(r"%([md])[-/.]%([md])[-/.]%[Yy]", form)
    return match[1] + match[2] if match else ""


def moment_sql(header: str, written: Written) -> str:
    """SQL of the local time in a column of text, where its formats are known; for comparisons within one file only."""
    listed = ", ".join(quote_text(form) for form in written.formats) or "'%Y-%m-%d'"
    return f"try_strptime(trim({quote_name(header)}), [{listed}])"
