"""One run of the upkeep over the tables of a warehouse."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import duckdb

from pipelines.computed import run_computed
from pipelines.sql_files import SqlFile, run_file
from pipelines.upkeep.figures import bring_up_figures
from pipelines.upkeep.hours import bring_up_quantiles
from pipelines.upkeep.names import ENDS, EVENTS, FIGURES, KEPT, QUANTILES, REPEATS, STATES
from pipelines.upkeep.sums import bring_up_ends, bring_up_sums
from pipelines.upkeep.tickets import bring_up_repeats, bring_up_states, look_for_news
from pipelines.upkeep.workbench import Table, Workbench

#: What moves from night to night: how it moved is looked at instead of a digest.
_MOVING = frozenset({"landing.tickets", "reference.as_of", "core.indicator_periods"})
#: What the next run compares with.
_REMEMBERED = {
    "as_of": "SELECT * FROM reference.as_of",
    "indicator_periods": "SELECT * FROM core.indicator_periods",
    "residents": "SELECT * FROM cube.residents",
    "delivered": "SELECT DISTINCT _delivery_id AS delivery_id FROM landing.tickets WHERE _delivery_id IS NOT NULL",
    "ledger": "SELECT delivery_id FROM landing.deliveries",
}
#: Below so many tickets nothing is kept for the next run. After a day, everything of nothing costs five times as much as what
#: changed for 10 million, twice as much for 30,000 and hardly more for 3,000.
FEW = 20_000
#: Where a larger share of the tickets may have changed, or of a table's rows was replaced since it was made of nothing (what
#: is deleted leaves holes in it), it is made of nothing.
MANY = 0.2


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Have every table made of nothing the next time."""
    con.execute("DROP SCHEMA IF EXISTS upkeep CASCADE")


class Upkeep:
    """One run over `tables`: `make` each of them in order, then `finish`.

    What is known of the run before is forgotten with the first kept table and remembered anew at the end: after a run that
    stopped halfway, or that made only some of the kept tables, the next one makes all of nothing.
    """

    def __init__(
        self, con: duckdb.DuckDBPyConnection, tables: Sequence[Table], *, few: int = FEW, many: float = MANY
    ) -> None:
        self.tables = tables
        #: Tables brought up to date in this run.
        self.kept_up: set[str] = set()
        self._con, self._few, self._many = con, few, many
        self._work = Workbench(con, tables)
        #: Kept table → digest of what it is made of, and rows replaced since it was made of nothing: of the run before, of this.
        self._before: dict[str, tuple[str, int]] = {}
        self._now: dict[str, tuple[str, int]] = {}
        self._digests: dict[str, str] = {}
        self._knows_news: bool | None = None
        rows = self._work.rows
        if rows("SELECT 1 FROM duckdb_tables() WHERE schema_name = 'upkeep' AND table_name = 'marks'"):
            for name, made_of, replaced in rows("SELECT table_name, made_of, replaced FROM upkeep.marks"):
                self._before[name] = made_of, replaced

    def make(self, table: Table) -> int:
        """Bring a table up to date or make it of nothing; return its number of rows (of a view 0)."""
        if table.name not in KEPT:
            return self._of_nothing(table)
        self._con.execute("DROP TABLE IF EXISTS upkeep.marks")
        made_of = self._made_of(table)
        known, replaced = self._before.get(table.name, ("", 0))
        # what changed in the kept tables that it reads is known if they were brought up too
        followed = KEPT & set(self._work.tables_below(table))
        if known == made_of and followed <= self.kept_up:
            changed = self._in_one_transaction(lambda: self._bring_up(table))
            if changed is not None:
                self.kept_up.add(table.name)
                self._now[table.name] = made_of, replaced + changed
                return self._work.count(f"FROM {table.name}")
        rows = self._of_nothing(table)
        self._now[table.name] = made_of, 0
        return rows

    def finish(self) -> None:
        """Remember what the next run starts from, where this one made every kept table."""
        self._work.clear()
        if self._now.keys() >= KEPT and self._work.count(f"FROM {STATES}") >= self._few:
            self._in_one_transaction(self._remember)

    def _remember(self) -> None:
        self._con.execute("CREATE SCHEMA IF NOT EXISTS upkeep")
        for name, source in _REMEMBERED.items():
            self._con.execute(f"CREATE OR REPLACE TABLE upkeep.{name} AS {source}")
        self._con.execute("CREATE OR REPLACE TABLE upkeep.marks (table_name VARCHAR, made_of VARCHAR, replaced BIGINT)")
        for name, (made_of, replaced) in self._now.items():
            if replaced <= self._many * self._work.count(f"FROM {name}"):
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

    def _bring_up(self, table: Table) -> int | None:
        """Replace the rows of a table that hang on what changed; return their number, None where that cannot be told."""
        work, name = self._work, table.name
        if name in (STATES, REPEATS) and self._knows_news is None:
            self._knows_news = look_for_news(work, self._many)
        if not self._knows_news or (name in (EVENTS, FIGURES) and self._has_moved_areas()):
            return None
        if name == QUANTILES:
            return bring_up_quantiles(work)
        if name == FIGURES:
            return bring_up_figures(work, work.sql(name))
        how = {STATES: bring_up_states, REPEATS: bring_up_repeats, ENDS: bring_up_ends}
        return how.get(name, bring_up_sums)(work, work.sql(name))

    def _has_moved_areas(self) -> bool:
        """Whether an area begins, ends or moves between the two data cuts: then open tickets that did not change count
        elsewhere."""
        return bool(
            self._work.rows(
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

    def _made_of(self, table: Table) -> str:
        """A digest of the SQL of a table and of the views it reads, and of the content of the other tables behind them.

        Figures of other datasets are always made anew: the tables of the cube that they read are no part of it."""
        texts = {table.sha256, *(view.sha256 for view in self._work.views_below(table))}
        sources = {name for name in self._work.tables_below(table) if not name.startswith("cube.")} - KEPT - _MOVING
        contents = [f"{name} {self._digest(name)}" for name in sorted(sources)]
        if table.name == FIGURES:
            # T17 and T18 are there where the source tells of departments and exclusions at all
            told = self._work.rows(f"SELECT count(department_count) > 0, count(exclusion_code) > 0 FROM {STATES}")
            contents.append(str(told))
        return hashlib.sha256("\n".join([*sorted(texts), *contents]).encode("utf-8")).hexdigest()

    def _digest(self, name: str) -> str:
        if name not in self._digests:
            counted = self._work.rows(f"SELECT count(*), sum(CAST(hash(t) AS HUGEINT)) FROM {name} AS t")
            self._digests[name] = str(counted[0])
        return self._digests[name]
