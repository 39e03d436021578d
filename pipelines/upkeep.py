"""Keeps the tables of tickets up to date: where little changed since they were made, only what hangs on it is made again.

A count is the sum of what each ticket adds to it. What the changed tickets added before is taken away, what they add now is
put in its place, by the same SQL that makes the table of all tickets, run over those few. Quantiles, which are no sums, are
made anew where one of their tickets changed, and figures where what they count did. Whatever else a table reads (areas,
calendar, standards, the text of its own SQL) must be as it was, by a digest; else the table is made of nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
from sqlglot import exp

from pipelines.computed import ComputedTable, run_computed
from pipelines.figures.ticket_hours import PARTS, STARTS, published_shapes, quantiles
from pipelines.sql_files import DIALECT, SqlFile, parse_select, run_file

Table = SqlFile | ComputedTable

STATES, REPEATS = "core.ticket_states", "core.ticket_repeats"
QUANTILES, FIGURES = "cube.ticket_hours_quantiles", "cube.figures"
EVENTS, ENDS = "cube.backlog_events", "cube.backlog_ends"
#: How a table of the cube tells its grain, and the column of the first day of its periods.
_PERIODS = {
    "days": ("'day'", "day"),
    "weeks": ("'week'", "week_start"),
    "months": ("'month'", "month_start"),
    "longer": ("grain", "period_start"),
}
#: Every table of the cube that figures of tickets are made of.
HUBS = tuple(f"cube.ticket_{hub}" for hub in ("accepted", "due", "contact", "callback", "closed"))
COUNTS = {f"{hub}_{length}": period for hub in HUBS for length, period in _PERIODS.items()}
CELLS = COUNTS | {ENDS: _PERIODS["longer"], QUANTILES: _PERIODS["longer"]}
#: The views that figures of tickets take their numbers from, and what these are made of.
_SOURCES = {
    **{hub: [name for name in COUNTS if name.startswith(hub)] for hub in HUBS},
    "cube.ticket_hours_cells": [QUANTILES],
    "cube.backlog_cells": [ENDS],
}
#: The parts of cube.cells that rename these views figure by figure, themselves or through one more.
_PARTS = ("cells.tickets", "cells.ticket_hours", "cells.backlog")
_KEY = ("grain", "period_start", "place", "part")
#: Steps of the backlog added up, and the first day of their periods.
_STEPS = {"cube.backlog_days": "day", "cube.backlog_weeks": "week_start", "cube.backlog_months": "month_start"}
#: Every table that is kept up; all others are made anew each time.
KEPT = frozenset({STATES, REPEATS, *CELLS, EVENTS, *_STEPS, FIGURES})
#: What moves from night to night: how it moved is looked at instead of a digest.
_MOVING = frozenset({"landing.tickets", "reference.as_of", "core.indicator_periods"})
#: Columns that say what is counted; every other column of a table of sums is a sum.
_KEYS = frozenset({"day", "week_start", "month_start", "grain", "period_start", "place", "part", "path"})
_CELL = ("grain", "period_start", "area_level", "area_code", "dimension", "member")
#: What the next run compares with.
_REMEMBERED = {
    "as_of": "SELECT * FROM reference.as_of",
    "indicator_periods": "SELECT * FROM core.indicator_periods",
    "residents": "SELECT * FROM cube.residents",
    "delivered": "SELECT DISTINCT _delivery_id AS delivery_id FROM landing.tickets",
    "ledger": "SELECT delivery_id FROM landing.deliveries",
}
#: Below so many tickets nothing is kept for the next run: of 30,000, one in 200 changed, everything of nothing costs twice as
#: much, of 3,000 no more.
FEW = 20_000
#: Where a larger share of the tickets may have changed, or of a table's rows was replaced since it was made of nothing (what
#: is deleted leaves holes in it), it is made of nothing.
MANY = 0.2


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Have every table made of nothing the next time."""
    con.execute("DROP SCHEMA IF EXISTS upkeep CASCADE")


class Upkeep:
    """One run over `tables` of a warehouse: `make` each of them in order, then `finish`.

    What is known of the run before is forgotten with the first kept table and remembered anew at the end: after a run that
    stopped halfway, or that made only some of the kept tables, the next one makes all of nothing.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, tables: Sequence[Table], *, few: int = FEW) -> None:
        self.tables = tables
        self._con, self._few = con, few
        self._files = {table.name: table for table in tables}
        #: Digest of what each kept table is made of, and rows replaced since it was made of nothing: of the run before, of this.
        self._before: dict[str, tuple[str, int]] = {}
        self._now: dict[str, tuple[str, int]] = {}
        #: Tables brought up to date in this run.
        self.kept_up: set[str] = set()
        #: Side → table → the relation that stands for it there. `was` and `is` are the changed tickets before and now.
        self._sides: dict[str, dict[str, str]] = {"was": {"reference.as_of": "upkeep.as_of"}, "is": {}, "sums": {}}
        self._is_known: bool | None = None
        self._digests: dict[str, str] = {}
        if self._rows("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'upkeep' AND table_name = 'marks'"):
            for name, made_of, replaced in self._rows("SELECT table_name, made_of, replaced FROM upkeep.marks"):
                self._before[name] = made_of, replaced

    def make(self, table: Table) -> int:
        """Bring a table up to date or make it of nothing; return its number of rows (of a view 0)."""
        if table.name not in KEPT:
            return self._of_nothing(table)
        self._con.execute("DROP TABLE IF EXISTS upkeep.marks")
        made_of = self._made_of(table)
        known, replaced = self._before.get(table.name, ("", 0))
        if known == made_of and self._can_follow(table):
            changed = self._in_one_transaction(lambda: self._bring_up(table))
            if changed is not None:
                self.kept_up.add(table.name)
                self._now[table.name] = made_of, replaced + changed
                return self._count(f"FROM {table.name}")
        rows = self._of_nothing(table)
        self._now[table.name] = made_of, 0
        return rows

    def finish(self) -> None:
        """Remember what the next run starts from, where this one made every kept table."""
        for name, kind in self._rows(
            "SELECT table_name, 'TABLE' FROM duckdb_tables() WHERE temporary AND starts_with(table_name, '_upkeep_')"
            " UNION ALL SELECT view_name, 'VIEW' FROM duckdb_views() WHERE temporary AND starts_with(view_name, '_upkeep_')"
        ):
            self._con.execute(f"DROP {kind} {name}")
        if self._now.keys() >= KEPT and self._count(f"FROM {STATES}") >= self._few:
            self._in_one_transaction(self._remember)

    def _remember(self) -> None:
        self._con.execute("CREATE SCHEMA IF NOT EXISTS upkeep")
        for name, source in _REMEMBERED.items():
            self._con.execute(f"CREATE OR REPLACE TABLE upkeep.{name} AS {source}")
        self._con.execute("CREATE OR REPLACE TABLE upkeep.marks (table_name VARCHAR, made_of VARCHAR, replaced BIGINT)")
        for name, (made_of, replaced) in self._now.items():
            if replaced <= MANY * self._count(f"FROM {name}"):
                self._con.execute("INSERT INTO upkeep.marks VALUES (?, ?, ?)", [name, made_of, replaced])

    def _of_nothing(self, table: Table) -> int:
        return run_file(self._con, table) if isinstance(table, SqlFile) else run_computed(self._con, table)

    def _in_one_transaction(self, what: Callable[[], Any]) -> Any:
        self._con.begin()
        try:
            done = what()
            self._con.commit()
        except BaseException:
            self._con.rollback()
            raise
        return done

    def _can_follow(self, table: Table) -> bool:
        """Whether every kept table that this one reads was brought up to date: then what changed in it is known."""
        return KEPT & set(self._tables_below(table)) <= self.kept_up

    def _bring_up(self, table: Table) -> int | None:
        """Replace the rows of a table that hang on what changed; return their number, None where that cannot be told."""
        if table.name in (EVENTS, FIGURES) and self._has_moved_areas():
            return None
        if table.name == QUANTILES:
            return self._bring_up_quantiles()
        how = {
            STATES: self._bring_up_states,
            REPEATS: self._bring_up_repeats,
            ENDS: self._bring_up_ends,
            FIGURES: self._bring_up_figures,
        }.get(table.name, self._bring_up_sums)
        return how(self._sql(table.name))

    def _has_moved_areas(self) -> bool:
        """Whether an area begins, ends or moves between the two data cuts: then open tickets that did not change count
        elsewhere."""
        return bool(
            self._rows(
                """
                SELECT 1
                FROM upkeep.as_of AS b
                INNER JOIN reference.as_of AS n ON n.dataset = b.dataset
                INNER JOIN core.area_paths AS p
                    ON (b.as_of_on < p.valid_from AND p.valid_from <= n.as_of_on)
                    OR (b.as_of_on < p.valid_to AND p.valid_to <= n.as_of_on)
                WHERE b.dataset = 'tickets'
                """
            )
        )

    def _waits(self, text: str) -> list[str]:
        """The waits, in seconds, that a select adds to times, and none."""
        found = {interval.sql(dialect=DIALECT) for interval in parse_select(text).find_all(exp.Interval)}
        seconds = {int(self._rows(f"SELECT epoch({interval})")[0][0]) for interval in found}
        return [f"to_seconds({number})" for number in sorted({0, *seconds})]

    def _read(self, table: str) -> list[str]:
        """The columns of landing.tickets that a table reads, itself and through views."""
        file = self._sql(table)
        texts = " ".join([file.text, *(view.text for view in self._views_below(file))])
        return [str(name) for name, *_ in self._rows("DESCRIBE landing.tickets") if name in texts]

    def _sql(self, name: str) -> SqlFile:
        file = self._files[name]
        if not isinstance(file, SqlFile):
            raise TypeError(f"{name} is made by a function")
        return file

    # What a table is made of

    def _tables_below(self, table: Table) -> Iterator[str]:
        """The stored tables that a table reads, through views."""
        for name in table.dependencies:
            file = self._files.get(name)
            if isinstance(file, SqlFile) and file.is_view:
                yield from self._tables_below(file)
            else:
                yield name

    def _views_below(self, table: Table) -> Iterator[SqlFile]:
        for name in table.dependencies:
            file = self._files.get(name)
            if isinstance(file, SqlFile) and file.is_view:
                yield file
                yield from self._views_below(file)

    def _made_of(self, table: Table) -> str:
        """A digest of the SQL of a table and of the views it reads, and of the content of the other tables behind them.

        Figures of other datasets are always made anew: the tables of the cube that they read are no part of it."""
        texts = {table.sha256, *(view.sha256 for view in self._views_below(table))}
        sources = {name for name in self._tables_below(table) if not name.startswith("cube.")} - KEPT - _MOVING
        contents = [f"{name} {self._digest(name)}" for name in sorted(sources)]
        if table.name == FIGURES:
            # T17 and T18 are there where the source tells of departments and exclusions at all
            told = self._rows(f"SELECT count(department_count) > 0, count(exclusion_code) > 0 FROM {STATES}")
            contents.append(str(told))
        return hashlib.sha256("\n".join([*sorted(texts), *contents]).encode("utf-8")).hexdigest()

    def _digest(self, name: str) -> str:
        if name not in self._digests:
            counted = self._rows(f"SELECT count(*), sum(CAST(hash(t) AS HUGEINT)) FROM {name} AS t")
            self._digests[name] = str(counted[0])
        return self._digests[name]

    # What stands for what

    def _rows(self, query: str, values: Mapping[str, object] | None = None) -> list[Any]:
        return self._con.execute(query, values or {}).fetchall()

    def _count(self, source: str, values: Mapping[str, object] | None = None) -> int:
        return int(self._rows(f"SELECT count(*) {source}", values)[0][0])

    def _make(self, name: str, query: str, values: Mapping[str, object] | None = None) -> str:
        """A table of this run, made of a query; its name."""
        self._con.execute(f"CREATE OR REPLACE TEMP TABLE _upkeep_{name} AS {query}", values or {})
        return f"_upkeep_{name}"

    def _on(self, side: str, file: SqlFile) -> str:
        """The select of a table over what stands for its sources on a side."""
        return _renamed(_uncommented(file.text), {name: self._relation(side, name) for name in file.dependencies})

    def _relation(self, side: str, name: str) -> str:
        """What stands for a table on a side: where it is a view of something that is another there, that view."""
        known, file = self._sides[side], self._files.get(name)
        if name not in known and isinstance(file, SqlFile) and file.is_view:
            stand_ins = {source: self._relation(side, source) for source in file.dependencies}
            if any(source != stand_in for source, stand_in in stand_ins.items()):
                known[name] = f"_upkeep_{side}_{file.schema}_{file.table}"
                self._con.execute(
                    f"CREATE OR REPLACE TEMP VIEW {known[name]} AS {_renamed(_uncommented(file.text), stand_ins)}"
                )
        return known.get(name, name)

    # Tickets

    def _knows_news(self) -> bool:
        """Look, once a run, for the tickets that may have changed: delivered since (`is_new`), gone since (too), or with a
        time that the data cut has passed since. Whether they can be told, and are few."""
        if self._is_known is None:
            self._is_known = self._look_for_news()
        return self._is_known

    def _look_for_news(self) -> bool:
        cuts = self._rows(
            "SELECT b.as_of, n.as_of FROM upkeep.as_of AS b INNER JOIN reference.as_of AS n ON n.dataset = b.dataset"
            " WHERE b.dataset = 'tickets'"
        )
        if not cuts or cuts[0][0] > cuts[0][1]:
            return False
        cut, text = {"was": cuts[0][0], "now": cuts[0][1]}, self._sql(STATES).text
        columns = self._rows("DESCRIBE landing.tickets")
        times = [name for name, kind, *_ in columns if kind == "TIMESTAMP" and name in text]
        passed = [f"{time} BETWEEN $was - {wait} AND $now - {wait}" for time in times for wait in self._waits(text)]
        unsure = self._make(
            "unsure",
            f"""
            WITH found AS (
                SELECT
                    ticket_id,
                    _delivery_id NOT IN (SELECT delivery_id FROM upkeep.delivered)
                        OR _delivery_id IN (
                            SELECT mends FROM landing.deliveries
                            WHERE mends IS NOT NULL AND delivery_id NOT IN (SELECT delivery_id FROM upkeep.ledger)
                        )
                        OR accepted_at BETWEEN $was AND $now AS is_new,
                    {" OR ".join(passed)} AS is_passed
                FROM landing.tickets
            )
            SELECT ticket_id, bool_or(is_new) AS is_new
            FROM (
                SELECT ticket_id, is_new FROM found WHERE is_new OR is_passed
                UNION ALL
                SELECT ticket_id, FALSE AS is_new FROM {STATES} WHERE due_at BETWEEN $was AND $now
            )
            GROUP BY ticket_id
            """,
            cut,
        )
        before = self._count(f"FROM {STATES}")
        if self._count(f"FROM {unsure}") > MANY * before:
            return False
        read = ", ".join(dict.fromkeys([*self._read(STATES), *self._read(REPEATS)]))
        landed = self._make("landed", f"SELECT {read} FROM landing.tickets SEMI JOIN {unsure} USING (ticket_id)")
        # a ticket counts on a day of the calendar
        known = "AS t INNER JOIN reference.calendar AS k ON k.day = t.accepted_on WHERE t.accepted_at <= $now"
        come = f"FROM (SELECT * FROM {landed} ANTI JOIN {STATES} USING (ticket_id)) {known}"
        now = {"now": cut["now"]}
        if before + self._count(come, now) != self._count(f"FROM landing.tickets {known}", now):
            gone = f"SELECT ticket_id, TRUE FROM {STATES} ANTI JOIN landing.tickets USING (ticket_id)"
            self._con.execute(f"INSERT INTO {unsure} {gone}")
        self._sides["landed"] = {"landing.tickets": landed}
        return True

    def _bring_up_states(self, file: SqlFile) -> int | None:
        """The tickets that may have changed."""
        if not self._knows_news():
            return None
        self._make("states_is", self._on("landed", file))
        self._make("states_was", f"SELECT * FROM {STATES} SEMI JOIN _upkeep_unsure USING (ticket_id)")
        return self._replace_changed(STATES, "states")

    def _bring_up_repeats(self, file: SqlFile) -> int | None:
        """All tickets of who reported a new or changed one, and of who reported one that came after such a one."""
        if not self._knows_news():
            return None
        new = "(SELECT ticket_id FROM _upkeep_unsure WHERE is_new)"
        followers = self._make("followers", f"SELECT ticket_id FROM {REPEATS} WHERE earlier_ticket_id IN {new}")
        reporters = self._make(
            "reporters",
            f"""
            SELECT reporter_id FROM _upkeep_landed WHERE reporter_id IS NOT NULL AND ticket_id IN {new}
            UNION
            SELECT reporter_id FROM landing.tickets WHERE reporter_id IS NOT NULL AND ticket_id IN (FROM {followers})
            """,
        )
        reported = self._make(
            "reported",
            f"SELECT {', '.join(self._read(REPEATS))} FROM landing.tickets SEMI JOIN {reporters} USING (reporter_id)",
        )
        self._sides["reported"] = {"landing.tickets": reported}
        self._make("repeats_is", self._on("reported", file))
        self._make(
            "repeats_was",
            f"""
            SELECT * FROM {REPEATS} WHERE ticket_id IN (
                SELECT ticket_id FROM {reported} UNION ALL FROM {new}
            )
            """,
        )
        return self._replace_changed(REPEATS, "repeats")

    def _replace_changed(self, table: str, name: str) -> int:
        """Put the rows of `_upkeep_<name>_is` in the place of those of `_upkeep_<name>_was`, and cut both down to the tickets
        that changed; returns their number."""
        was, now = f"_upkeep_{name}_was", f"_upkeep_{name}_is"
        changed = self._make(
            f"changed_{name}",
            f"SELECT ticket_id FROM (FROM {was} EXCEPT FROM {now}) UNION SELECT ticket_id FROM (FROM {now} EXCEPT FROM {was})",
        )
        for side in (was, now):
            self._con.execute(f"DELETE FROM {side} WHERE ticket_id NOT IN (SELECT ticket_id FROM {changed})")
        self._con.execute(f"DELETE FROM {table} WHERE ticket_id IN (SELECT ticket_id FROM {changed})")
        self._con.execute(f"INSERT INTO {table} FROM {now}")
        self._sides["was"][table], self._sides["is"][table] = was, now
        return self._count(f"FROM {changed}")

    # Sums and quantiles

    def _bring_up_sums(self, file: SqlFile) -> int:
        """Take away what the changed tickets added before, add what they add now."""
        columns = [str(row[0]) for row in self._rows(f"DESCRIBE {file.name}")]
        keys, sums = [c for c in columns if c in _KEYS], [c for c in columns if c not in _KEYS]
        by, listed = ", ".join(keys), ", ".join([*keys, *sums])
        taken = ", ".join([*keys, *(f"-{c} AS {c}" for c in sums)])
        added = ", ".join([*keys, *(f"CAST(sum({c}) AS BIGINT) AS {c}" for c in sums)])
        grouped = f"GROUP BY {by} HAVING {' OR '.join(f'sum({c}) <> 0' for c in sums)}"
        if self._sides["sums"].keys() & set(file.dependencies):
            # sums of sums: of what changed in these
            changed = self._on("sums", file)
        else:
            was, now = (f"({self._on(side, file)})" for side in ("was", "is"))
            changed = f"SELECT {added} FROM (SELECT {listed} FROM {now} UNION ALL SELECT {taken} FROM {was}) {grouped}"
        delta = self._sides["sums"][file.name] = self._make(_delta(file.name), changed)
        touched = f"SELECT {listed} FROM {file.name} SEMI JOIN {delta} USING ({by})"
        summed = self._make(
            "summed", f"SELECT {added} FROM ({touched} UNION ALL SELECT {listed} FROM {delta}) {grouped}"
        )
        self._replace(file.name, delta, keys, summed)
        return self._count(f"FROM {delta}")

    def _bring_up_ends(self, file: SqlFile) -> int:
        """Where periods end as they did, what the changed steps add up to; where their last day is another, all steps."""
        of_backlog = "(SELECT * EXCLUDE (as_of, as_of_on) FROM {}.indicator_periods WHERE indicator_id = 'T11')"
        was, now = of_backlog.format("upkeep"), of_backlog.format("core")
        ended = "indicator_id, grain, period_start, stock_on"
        same = self._make("ends_same", f"SELECT {ended} FROM {was} INTERSECT SELECT {ended} FROM {now}")
        moved = self._make("ends_moved", f"SELECT {ended} FROM {now} EXCEPT FROM {same}")
        begun = self._make(
            "ends_begun",
            f"SELECT min(k.day) AS day, min(k.week_start) AS week_start, min(k.month_start) AS month_start"
            f" FROM {moved} AS m INNER JOIN core.eras AS k ON k.day = m.stock_on",
        )
        changed = self._sides["steps"] = {"core.indicator_periods": same}
        whole = self._sides["ends"] = {"core.indicator_periods": moved}
        for table, start in _STEPS.items():
            changed[table] = f"_upkeep_{_delta(table)}"
            # what lies before the first of these ends is one step
            whole[table] = self._make(
                f"late_{_plain(table)}",
                f"SELECT greatest(t.{start}, b.{start}) AS {start}, t.place, t.part, CAST(sum(t.opened) AS BIGINT) AS opened,"
                f" CAST(sum(t.overdue) AS BIGINT) AS overdue FROM {table} AS t CROSS JOIN {begun} AS b"
                f" GROUP BY greatest(t.{start}, b.{start}), t.place, t.part",
            )
        delta = self._make(_delta(ENDS), self._on("steps", file))
        summed = self._make(
            "ends_summed",
            f"""
            SELECT grain, period_start, place, part, CAST(sum(opened) AS BIGINT) AS opened, CAST(sum(overdue) AS BIGINT) AS overdue
            FROM (SELECT * FROM {ENDS} SEMI JOIN {delta} USING ({", ".join(_KEY)}) UNION ALL FROM {delta})
            GROUP BY {", ".join(_KEY)}
            HAVING sum(opened) <> 0
            """,
        )
        self._replace(ENDS, delta, _KEY, summed)
        gone = self._make(
            "ends_gone",
            f"SELECT * FROM {ENDS} ANTI JOIN {same} AS s USING (grain, period_start)",
        )
        come = self._make("ends_come", self._on("ends", file))
        self._replace(ENDS, gone, _KEY, come)
        self._con.execute(
            f"INSERT INTO {delta} FROM (FROM {gone} EXCEPT FROM {come}) UNION ALL FROM (FROM {come} EXCEPT FROM {gone})"
        )
        return self._count(f"FROM {delta}")

    def _replace(self, table: str, gone: str, keys: Sequence[str], come: str) -> None:
        same = " AND ".join(f"t.{key} = g.{key}" for key in keys)
        self._con.execute(f"DELETE FROM {table} AS t USING {gone} AS g WHERE {same}")
        self._con.execute(f"INSERT INTO {table} BY NAME FROM {come}")

    def _bring_up_quantiles(self) -> int:
        """Quantiles of every period, place and part in which a ticket came, went or changed its hours."""
        hours, shapes = self._sql("cube.ticket_hours"), published_shapes(self._con)
        was, now = (self._make(f"hours_{side}", self._on(side, hours)) for side in ("was", "is"))
        for part in PARTS:
            others = ", ".join(other for other in PARTS if other != part)
            one, other = (f"(SELECT * EXCLUDE ({others}) FROM {side})" for side in (was, now))
            self._make(
                f"hours_{part}", f"(FROM {one} EXCEPT ALL FROM {other}) UNION ALL (FROM {other} EXCEPT ALL FROM {one})"
            )
        touched = self._make(
            "touched_hours",
            " UNION ".join(
                f"SELECT '{grain}' AS grain, {STARTS[grain]} AS period_start, {place} AS place, {part} AS part"
                f" FROM _upkeep_hours_{part} WHERE {place} IS NOT NULL"
                for grain, place, part in shapes
            ),
        )
        starts = {grain: f"(SELECT period_start FROM {touched} WHERE grain = '{grain}')" for grain in STARTS}
        shares = ", ".join(
            f"coalesce(sum(CASE WHEN {column} IN {starts[grain]} THEN tickets END) / sum(tickets), 0)"
            for grain, column in {**STARTS, "day": "day"}.items()
        )
        resolved = (
            f"SELECT resolved_on AS day, count(*) AS tickets FROM {STATES} WHERE is_resolved GROUP BY resolved_on"
        )
        touched_shares = self._rows(f"SELECT {shares} FROM core.eras INNER JOIN ({resolved}) AS r USING (day)")[0]
        if sum(touched_shares) > len(STARTS) / 2:
            # tickets of long ago: hardly a period is left as it was
            source, only = self._make("hours", "FROM cube.ticket_hours"), None
            hours_of = dict.fromkeys(STARTS, source)
            touched = self._make("touched_hours", f"SELECT grain, period_start, place, part FROM {QUANTILES}")
        else:
            wanted = " OR ".join(f"{start} IN {starts[grain]}" for grain, start in STARTS.items())
            source, only = self._make("hours", f"SELECT * FROM cube.ticket_hours WHERE {wanted}"), touched
            hours_of = {
                grain: source
                if grain == "year"
                else self._make(f"hours_of_{grain}", f"SELECT * FROM {source} WHERE {start} IN {starts[grain]}")
                for grain, start in STARTS.items()
            }
        made = self._make("quantiles", f"SELECT * FROM {QUANTILES} LIMIT 0")
        for frame in quantiles(self._con, hours_of, shapes, only):
            self._con.register("_quantiles", frame.to_arrow())
            self._con.execute(f"INSERT INTO {made} BY NAME FROM _quantiles")
            self._con.unregister("_quantiles")
        before = self._make(
            "quantiles_were", f"SELECT * FROM {QUANTILES} SEMI JOIN {touched} USING ({', '.join(_KEY)})"
        )
        self._replace(QUANTILES, touched, _KEY, made)
        self._make(
            _delta(QUANTILES),
            f"(FROM {before} EXCEPT FROM {made}) UNION ALL (FROM {made} EXCEPT FROM {before})",
        )
        return self._count(f"FROM {made}")

    # Figures

    def _taken_from(self) -> tuple[dict[str, str], set[tuple[str, str, str]]] | None:
        """Indicator → the view of the cube that its numbers are taken from, and (view, dimension, member) of what is shown as
        the whole though it is one member; None where an indicator takes its numbers otherwise than figure by figure."""
        found: dict[str, str] = {}
        as_whole: set[tuple[str, str, str]] = set()
        for name, part in self._files.items():
            if not name.startswith("cells.") or not CELLS.keys() & set(self._tables_below(part)):
                continue
            views = [view for view in self._views_below(part) if view.name not in _SOURCES]
            if not isinstance(part, SqlFile) or name not in _PARTS or len(views) > 1:
                return None
            for branch in _branches(parse_select((views or [part])[0].text)):
                given = {column.alias_or_name: column.unalias() for column in branch.selects}
                read = _SOURCES.keys() & {f"{table.db}.{table.name}" for table in branch.find_all(exp.Table)}
                if len(read) != 1:
                    return None
                (source,) = read
                found[given["indicator_id"].name] = source
                first = branch.args["from_"].this
                if isinstance(given["dimension"], exp.Literal) and f"{first.db}.{first.name}" == source:
                    fixed = {
                        test.this.name: test.expression.name
                        for test in branch.args["where"].find_all(exp.EQ)
                        if isinstance(test.expression, exp.Literal)
                    }
                    if not {"dimension", "member"} <= fixed.keys():
                        return None
                    as_whole.add((source, fixed["dimension"], fixed["member"]))
        return found, as_whole

    def _bring_up_figures(self, file: SqlFile) -> int | None:
        """Figures of tickets where what they count or their period changed; those of other datasets all."""
        taken = self._taken_from()
        if taken is None:
            return None
        sources = self._make("sources", "SELECT '' AS indicator_id, '' AS source LIMIT 0")
        self._con.executemany(f"INSERT INTO {sources} VALUES (?, ?)", [list(pair) for pair in taken[0].items()])
        # how much of a period is over matters where money is spread over a year, or judged at its end
        was, now = (
            f"""(
                SELECT p.indicator_id, p.grain, p.period_start, p.time_kind, p.is_mature, p.is_filled,
                    CASE WHEN i.kind = 'difference' OR i.judged_at_year_end THEN p.elapsed_share END AS elapsed_share
                FROM {schema}.indicator_periods AS p
                INNER JOIN reference.indicators AS i ON i.indicator_id = p.indicator_id
                SEMI JOIN {sources} AS s ON s.indicator_id = p.indicator_id
            )"""
            for schema in ("upkeep", "core")
        )
        moved = self._make(
            "moved",
            f"""
            SELECT indicator_id, grain, period_start FROM (FROM {was} EXCEPT FROM {now})
            UNION SELECT indicator_id, grain, period_start FROM (FROM {now} EXCEPT FROM {was})
            UNION SELECT 'T16' AS indicator_id, grain, period_start FROM (FROM cube.residents EXCEPT FROM upkeep.residents)
            UNION SELECT 'T16' AS indicator_id, grain, period_start FROM (FROM upkeep.residents EXCEPT FROM cube.residents)
            """,
        )
        touched = self._make("touched", f"SELECT '' AS source, {', '.join(_KEY)} FROM {QUANTILES} LIMIT 0")
        for source, tables in _SOURCES.items():
            for name in tables:
                grain, start = CELLS[name]
                self._con.execute(
                    f"INSERT INTO {touched} SELECT '{source}', {grain}, {start}, place, part FROM _upkeep_{_delta(name)}"
                )
        for source, dimension, member in taken[1]:
            self._con.execute(
                f"INSERT INTO {touched} SELECT c.source, c.grain, c.period_start, c.place, p.part FROM {touched} AS c"
                f" INNER JOIN core.ticket_parts AS p ON c.source = $1 AND c.part = 0 AND p.dimension = $2 AND p.member = $3",
                [source, dimension, member],
            )
        touched = self._make("cells", f"SELECT DISTINCT * FROM {touched}")
        side = self._sides["figures"] = {}
        for source, tables in _SOURCES.items():
            for name in tables:
                grain, start = CELLS[name]
                period = f"c.grain = {grain if grain != 'grain' else 't.grain'} AND c.period_start = t.{start}"
                cell = f"{period} AND c.place = t.place AND c.part = t.part"
                own = f"(SELECT * FROM {touched} WHERE source = '{source}')"
                due = f"(SELECT m.* FROM {moved} AS m INNER JOIN {sources} AS s USING (indicator_id) WHERE s.source = '{source}')"
                side[name] = self._make(
                    f"cells_{_plain(name)}",
                    f"SELECT t.* FROM {name} AS t SEMI JOIN {own} AS c ON {cell}"
                    f" UNION ALL SELECT t.* FROM {name} AS t SEMI JOIN {due} AS c ON {period} ANTI JOIN {own} AS c ON {cell}",
                )
        period = "t.indicator_id = m.indicator_id AND t.grain = m.grain AND t.period_start = m.period_start"
        side["core.indicator_periods"] = self._make(
            "periods",
            f"""
            SELECT t.*
            FROM core.indicator_periods AS t
            LEFT JOIN {sources} AS s ON s.indicator_id = t.indicator_id
            LEFT JOIN {moved} AS m ON {period}
            LEFT JOIN (SELECT DISTINCT source, grain, period_start FROM {touched}) AS c
                ON c.source = s.source AND c.grain = t.grain AND c.period_start = t.period_start
            WHERE s.source IS NULL OR m.grain IS NOT NULL OR c.grain IS NOT NULL
            """,
        )
        named = self._make(
            "named",
            f"""
            SELECT c.source, c.grain, c.period_start, l.area_level, l.area_code, p.dimension, p.member
            FROM {touched} AS c
            INNER JOIN core.places AS l ON l.place = c.place
            INNER JOIN core.ticket_parts AS p ON p.part = c.part
            """,
        )
        cell = " AND ".join(f"t.{key} = g.{key}" for key in _CELL)
        figures = self._make(
            "figures",
            f"""
            WITH figures AS ({self._on("figures", file)})
            SELECT t.*
            FROM figures AS t
            LEFT JOIN {sources} AS s ON s.indicator_id = t.indicator_id
            LEFT JOIN {moved} AS m ON {period}
            LEFT JOIN {named} AS g ON g.source = s.source AND {cell}
            WHERE s.source IS NULL OR m.grain IS NOT NULL OR g.grain IS NOT NULL
            """,
        )
        of_tickets = f"t.indicator_id IN (SELECT indicator_id FROM {sources})"
        # found by few columns first: all of them would be compared for every figure
        near = self._make(
            "near",
            f"SELECT DISTINCT s.indicator_id, s.source, c.grain, c.period_start FROM {touched} AS c INNER JOIN {sources} AS s USING (source)",
        )
        told = "p.indicator_id = t.indicator_id AND p.grain = t.grain AND p.period_start = t.period_start AND g.source = p.source"
        for gone in (
            f"WHERE NOT {of_tickets}",
            f"USING {moved} AS m WHERE {period}",
            f"USING {near} AS p, {named} AS g WHERE {told} AND {cell}",
        ):
            self._con.execute(f"DELETE FROM {FIGURES} AS t {gone}")
        self._con.execute(f"INSERT INTO {FIGURES} FROM {figures}")
        return self._count(f"FROM {figures}")


def _delta(name: str) -> str:
    """The table of this run that says where a table of the cube changed."""
    return f"delta_{_plain(name)}"


def _plain(name: str) -> str:
    return name.rpartition(".")[2]


def _renamed(text: str, stand_ins: Mapping[str, str]) -> str:
    """A select with other tables in the place of some. Tables are named in full in a select, and nothing else is named so:
    to write the tree anew takes a hundred times as long."""
    names = "|".join(re.escape(name) for name in stand_ins)
    return re.sub(rf"(?<![\w.])(?:{names})(?!\w)", lambda name: stand_ins[name[0]], text) if names else text


def _uncommented(text: str) -> str:
    """A select that can stand in brackets."""
    return re.sub(r"(?m)^\s*--.*$", "", text)


def _branches(tree: exp.Expr) -> Iterator[exp.Select]:
    """The selects of a union."""
    if isinstance(tree, exp.Union):
        yield from _branches(tree.left)
        yield from _branches(tree.right)
    elif isinstance(tree, exp.Select):
        yield tree
