"""Brings up the tickets, and which of them repeat another."""

from __future__ import annotations

from sqlglot import exp

from pipelines.sql_files import DIALECT, SqlFile, parse_select
from pipelines.upkeep.names import REPEATS, STATES
from pipelines.upkeep.workbench import Workbench


def look_for_news(work: Workbench, many: float) -> bool:
    """Find the tickets that may have changed: delivered since (`is_new`), gone since (too), or with a time that the data cut
    has passed since. Whether they can be told, and are no larger share than `many`."""
    cuts = work.rows(
        "SELECT b.as_of, n.as_of FROM upkeep.as_of AS b INNER JOIN reference.as_of AS n ON n.dataset = b.dataset"
        " WHERE b.dataset = 'tickets'"
    )
    if not cuts or cuts[0][0] > cuts[0][1]:
        return False
    cut, text = {"was": cuts[0][0], "now": cuts[0][1]}, work.sql(STATES).text
    columns = work.rows("DESCRIBE landing.tickets")
    times = [name for name, kind, *_ in columns if kind == "TIMESTAMP" and name in text]
    passed = [f"{time} BETWEEN $was - {wait} AND $now - {wait}" for time in times for wait in _waits(work, text)]
    unsure = work.make(
        "unsure",
        f"""
        WITH found AS (
            SELECT
                ticket_id,
                _delivery_id IS NULL OR _delivery_id NOT IN (SELECT delivery_id FROM upkeep.delivered)
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
    before = work.count(f"FROM {STATES}")
    if work.count(f"FROM {unsure}") > many * before:
        return False
    read = ", ".join(dict.fromkeys([*_read(work, STATES), *_read(work, REPEATS)]))
    landed = work.make("landed", f"SELECT {read} FROM landing.tickets SEMI JOIN {unsure} USING (ticket_id)")
    # a ticket counts on a day of the calendar
    known = "AS t INNER JOIN reference.calendar AS k ON k.day = t.accepted_on WHERE t.accepted_at <= $now"
    come = f"FROM (SELECT * FROM {landed} ANTI JOIN {STATES} USING (ticket_id)) {known}"
    now = {"now": cut["now"]}
    if before + work.count(come, now) != work.count(f"FROM landing.tickets {known}", now):
        gone = f"SELECT ticket_id, TRUE FROM {STATES} ANTI JOIN landing.tickets USING (ticket_id)"
        work.con.execute(f"INSERT INTO {unsure} {gone}")
    work.sides["landed"] = {"landing.tickets": landed}
    return True


def bring_up_states(work: Workbench, file: SqlFile) -> int:
    """Replace the tickets that changed among those of `look_for_news`; returns their number."""
    work.make("states_is", work.on("landed", file))
    work.make("states_was", f"SELECT * FROM {STATES} SEMI JOIN {work.named('unsure')} USING (ticket_id)")
    return _replace_changed(work, STATES, "states")


def bring_up_repeats(work: Workbench, file: SqlFile) -> int:
    """Look again at all tickets of who reported a new or changed one, and of who reported one that came after such a one;
    returns the number of those that changed."""
    new = f"(SELECT ticket_id FROM {work.named('unsure')} WHERE is_new)"
    followers = work.make("followers", f"SELECT ticket_id FROM {REPEATS} WHERE earlier_ticket_id IN {new}")
    reporters = work.make(
        "reporters",
        f"""
        SELECT reporter_id FROM {work.named("landed")} WHERE reporter_id IS NOT NULL AND ticket_id IN {new}
        UNION
        SELECT reporter_id FROM landing.tickets WHERE reporter_id IS NOT NULL AND ticket_id IN (FROM {followers})
        """,
    )
    reported = work.make(
        "reported",
        f"SELECT {', '.join(_read(work, REPEATS))} FROM landing.tickets SEMI JOIN {reporters} USING (reporter_id)",
    )
    work.sides["reported"] = {"landing.tickets": reported}
    work.make("repeats_is", work.on("reported", file))
    work.make(
        "repeats_was",
        f"""
        SELECT * FROM {REPEATS} WHERE ticket_id IN (
            SELECT ticket_id FROM {reported} UNION ALL FROM {new}
        )
        """,
    )
    return _replace_changed(work, REPEATS, "repeats")


def _replace_changed(work: Workbench, table: str, name: str) -> int:
    """Put the rows of `<name>_is` in the place of those of `<name>_was`, and cut both down to the tickets
    that changed; returns their number."""
    was, now = work.named(f"{name}_was"), work.named(f"{name}_is")
    changed = work.make(
        f"changed_{name}",
        f"SELECT ticket_id FROM (FROM {was} EXCEPT FROM {now}) UNION SELECT ticket_id FROM (FROM {now} EXCEPT FROM {was})",
    )
    for side in (was, now):
        work.con.execute(f"DELETE FROM {side} WHERE ticket_id NOT IN (SELECT ticket_id FROM {changed})")
    work.con.execute(f"DELETE FROM {table} WHERE ticket_id IN (SELECT ticket_id FROM {changed})")
    work.con.execute(f"INSERT INTO {table} FROM {now}")
    work.sides["was"][table], work.sides["is"][table] = was, now
    return work.count(f"FROM {changed}")


def _waits(work: Workbench, text: str) -> list[str]:
    """The waits, in seconds, that a select adds to times, and none."""
    found = {interval.sql(dialect=DIALECT) for interval in parse_select(text).find_all(exp.Interval)}
    seconds = {int(work.rows(f"SELECT epoch({interval})")[0][0]) for interval in found}
    return [f"to_seconds({number})" for number in sorted({0, *seconds})]


def _read(work: Workbench, table: str) -> list[str]:
    """The columns of landing.tickets that a table reads, itself and through views."""
    file = work.sql(table)
    texts = " ".join([file.text, *(view.text for view in work.views_below(file))])
    return [str(name) for name, *_ in work.rows("DESCRIBE landing.tickets") if name in texts]
