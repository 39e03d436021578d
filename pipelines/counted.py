"""Counts of events: a file of `sql/counts` says what each event counts for, and the tables that add them up are made of it.

An event has a day, an area (by number) and its parts (channel, category); every other column is a condition, and the table
counts the events of which it holds. The sums of a shorter period or a lower level are never read again from the events
where that costs more: a scan with few groups is cheap, one with as many groups as rows is not, so days are cut fine only
as a whole, weeks down to the community and months down to the grid by every part (see core.shapes)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from sqlglot import exp

from pipelines.sql_files import DIALECT, SqlFile, SqlFileError, dependencies_of, output_columns, parse_select

#: The schema of the files that say what an event counts for: they are parts of tables, never tables themselves.
COUNTS = "counts"
LEVELS = ("city", "district", "street", "community", "grid")
_KEYS = ("day", "area", "channel_part", "category_1_part")
_WHOLE, _CUT = ("0",), ("e.channel_part", "e.category_1_part")
#: The steps of the backlog, added up as counts are; they name their part and, instead of an area, a path up the ladder.
STEPS = "cube.backlog_events"


def count_tables(file: SqlFile) -> list[SqlFile]:
    """The tables of `cube` by day, week, month and longer that one file of `counts` makes, and the view of them all.

    Raises SqlFileError for a file without the columns that place an event.
    """
    columns = output_columns(file.text)
    if missing := [key for key in _KEYS if key not in columns]:
        raise SqlFileError(f"{file.name}: column {', '.join(missing)} is missing")
    counts = [name for name in columns if name not in _KEYS]
    name = f"cube.{file.table}"
    what = file.description.rstrip(".")
    return [
        *_by_length(file, file.table, what, _Events(file.text, counts), _CUT),
        _made(file, f"{file.table}_longer", f"{what}: by quarter and year, made of the months.", _longer(name, counts)),
        _made(file, file.table, f"{what}: counts in every published shape.", _named(name, counts), is_view=True),
    ]


def backlog_tables(file: SqlFile) -> list[SqlFile]:
    """The tables of `cube` that add up the steps of the backlog by day, week and month."""
    return _by_length(file, "backlog", "Steps of the backlog", _Steps(), ("e.part",))


def _by_length(file: SqlFile, table: str, what: str, events: _Events | _Steps, cut: Sequence[str]) -> list[SqlFile]:
    days = [*_levels("whole", events, "day", _WHOLE, "grid"), *_levels("cut", events, "day", cut, "street")]
    weeks = [
        *_levels("whole", events, "week_start", _WHOLE, "grid"),
        *_levels("cut", events, "week_start", cut, "community"),
    ]
    months = list(_levels("all", events, "month_start", (*_WHOLE, *cut), "grid"))
    return [
        _made(file, f"{table}_days", f"{what}: by day.", _statement(days)),
        _made(file, f"{table}_weeks", f"{what}: by week.", _statement(weeks)),
        _made(file, f"{table}_months", f"{what}: by month.", _statement(months)),
    ]


class _Events:
    """The branches of a file, each with the counts that are not FALSE in it."""

    #: What places an event on the ladder, and where its places are found.
    numbers: tuple[str, ...] = ("era", "area")
    places = "core.era_places"
    having = ""

    def __init__(self, text: str, counts: Sequence[str]) -> None:
        self.counts = counts
        self.branches: list[tuple[str, frozenset[str]]] = []
        for branch in _branches(parse_select(text)):
            given = dict(zip(output_columns(text), branch.selects, strict=True))
            counted = frozenset(c for c in counts if given[c].unalias() != exp.false())
            self.branches.append((branch.sql(dialect=DIALECT, comments=False), counted))

    def grouped(self, period: str, keys: Sequence[str] | None, part: str) -> Iterator[str]:
        """One select a branch: the counts by period, places (None: numbers instead) and part."""
        join = "" if keys is None else f"\nINNER JOIN {self.places} AS p ON p.era = k.era AND p.area = e.area"
        keys = ("k.era", "e.area") if keys is None else keys
        for text, counted in self.branches:
            sums = [
                f"count(CASE WHEN e.{count} THEN 1 END) AS {count}"
                if count in counted
                else f"CAST(0 AS BIGINT) AS {count}"
                for count in self.counts
            ]
            by = ", ".join([f"k.{period}", *keys, *([part] if part != "0" else [])])
            yield (
                f"SELECT k.{period}, {', '.join(keys)}, {part} AS part,\n    {', '.join(sums)}\n"
                f"FROM ({text}) AS e\nINNER JOIN core.eras AS k ON k.day = e.day{join}\nGROUP BY {by}"
            )


class _Steps:
    """The steps of the backlog: what enters and leaves, +1 and −1."""

    counts: Sequence[str] = ("opened", "overdue")
    numbers: tuple[str, ...] = ("path",)
    places = "core.place_paths"
    #: What enters and what leaves may be as many.
    having = "\nHAVING " + " OR ".join(f"sum({count}) <> 0" for count in ("opened", "overdue"))

    def grouped(self, period: str, keys: Sequence[str] | None, part: str) -> Iterator[str]:
        """The sums by period, places (None: path instead) and part."""
        join = "" if keys is None else f"\nINNER JOIN {self.places} AS p ON p.path = e.path"
        sums = ", ".join(f"CAST(sum(e.{count}) AS BIGINT) AS {count}" for count in self.counts)
        by = ", ".join([f"k.{period}", *(("e.path",) if keys is None else keys), "e.part"])
        yield (
            f"SELECT {by},\n    {sums}\nFROM {STEPS} AS e\nINNER JOIN core.eras AS k ON k.day = e.day{join}\n"
            f"WHERE e.part {'=' if part == '0' else '<>'} 0\nGROUP BY {by}"
        )


def _branches(tree: exp.Query) -> Iterator[exp.Select]:
    if isinstance(tree, exp.Union):
        yield from _branches(tree.left)
        yield from _branches(tree.right)
    elif isinstance(tree, exp.Select):
        yield tree


#: A step of a statement: the name of a WITH clause and its text; without a name one of the selects of the union.
_Step = tuple[str, str]


def _levels(name: str, events: _Events | _Steps, period: str, parts: Sequence[str], finest: str) -> Iterator[_Step]:
    """The steps that count by period and part on every level from the city down to `finest`, each level by the one below."""
    below = [f"{level}_place" for level in LEVELS[: LEVELS.index(finest) + 1]]
    total = ", ".join(f"CAST(sum({count}) AS BIGINT) AS {count}" for count in events.counts)
    if finest == LEVELS[-1]:
        # as many groups by area as by grid: the places are looked up afterwards, for few rows
        yield (
            f"{name}_events",
            "\nUNION ALL\n".join(text for part in parts for text in events.grouped(period, None, part)),
        )
        listed, same = (
            ", ".join(f"p.{place}" for place in below),
            " AND ".join(f"p.{n} = e.{n}" for n in events.numbers),
        )
        yield (
            f"{name}_finest",
            f"SELECT e.{period}, {listed}, e.part,\n    {', '.join(f'e.{c}' for c in events.counts)}\n"
            f"FROM {name}_events AS e\nINNER JOIN {events.places} AS p ON {same}",
        )
    else:
        places = [f"p.{place}" for place in below]
        yield (
            f"{name}_finest",
            "\nUNION ALL\n".join(text for part in parts for text in events.grouped(period, places, part)),
        )
    source = f"{name}_finest"
    yield "", _select(source, period, below[-1], total, events.having)
    for depth in range(len(below) - 1, 0, -1):
        keys = ", ".join([period, *below[:depth], "part"])
        step = f"{name}_{LEVELS[depth - 1]}"
        yield step, f"SELECT {keys},\n    {total}\nFROM {source}\nGROUP BY {keys}"
        yield "", _select(step, period, below[depth - 1], total, events.having)
        source = step


def _select(source: str, period: str, place: str, total: str, having: str) -> str:
    """The counts of one level; a city without that level has no such place."""
    return (
        f"SELECT {period}, {place} AS place, part,\n    {total}\nFROM {source}\n"
        f"WHERE {place} IS NOT NULL\nGROUP BY {period}, {place}, part{having}"
    )


def _statement(steps: Sequence[_Step]) -> str:
    clauses = ",\n".join(f"{name} AS (\n{text}\n)" for name, text in steps if name)
    union = "\nUNION ALL\n".join(text for name, text in steps if not name)
    return f"WITH {clauses}\n{union}"


def _longer(name: str, counts: Sequence[str]) -> str:
    total = ", ".join(f"CAST(sum(m.{count}) AS BIGINT) AS {count}" for count in counts)
    return "\nUNION ALL\n".join(
        f"SELECT '{grain}' AS grain, k.{grain}_start AS period_start, m.place, m.part,\n    {total}\n"
        f"FROM {name}_months AS m\nINNER JOIN core.eras AS k ON k.day = m.month_start\n"
        f"GROUP BY k.{grain}_start, m.place, m.part"
        for grain in ("quarter", "year")
    )


def _named(name: str, counts: Sequence[str]) -> str:
    listed = ", ".join(counts)
    periods = (("day", "days", "day"), ("week", "weeks", "week_start"), ("month", "months", "month_start"))
    parts = [
        f"SELECT '{grain}' AS grain, {start} AS period_start, place, part, {listed} FROM {name}_{table}"
        for grain, table, start in periods
    ]
    parts.append(f"SELECT grain, period_start, place, part, {listed} FROM {name}_longer")
    union = "\nUNION ALL\n".join(parts)
    own = ", ".join(f"c.{count}" for count in counts)
    return (
        f"WITH counted AS (\n{union}\n)\n"
        f"SELECT c.grain, c.period_start, l.area_level, l.area_code, p.dimension, p.member,\n    {own}\n"
        "FROM counted AS c\nINNER JOIN core.places AS l ON l.place = c.place\n"
        "INNER JOIN core.ticket_parts AS p ON p.part = c.part"
    )


def _made(file: SqlFile, table: str, description: str, select: str, *, is_view: bool = False) -> SqlFile:
    text = f"-- {description}\n{select}\n"
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return SqlFile("cube", table, file.path, text, description, dependencies_of(text), digest, is_view)
