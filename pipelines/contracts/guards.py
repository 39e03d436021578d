"""Judges a delivery as a whole by the guards of its contract, against the profiles of the deliveries before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Any, Literal
from zoneinfo import ZoneInfo

import duckdb

from pipelines.contracts.guard_model import OWN, Guard, GuardKind
from pipelines.contracts.model import Contract

Outcome = Literal["passed", "warned", "blocked", "overridden", "not_judged"]

#: (measure, item, value): what is kept of an accepted delivery.
Profile = tuple[tuple[str, str, float], ...]

_DAY = timedelta(days=1)
#: Rarer categories are not kept: a category of a fifth of the rows can be new only if it was none of the 200 largest.
_ITEMS_KEPT = 200


@dataclass(frozen=True)
class DeliveryFacts:
    """The delivery under judgement; `as_of` is UTC (aware or not), `rows` are its good rows."""

    delivery_id: str
    dataset: str
    file_name: str
    sha256: str
    kind: str
    as_of: datetime
    rows: int

    @property
    def moment(self) -> datetime:
        """The data cut as UTC without offset, as it stands in the ledger."""
        return self.as_of.astimezone(UTC).replace(tzinfo=None) if self.as_of.tzinfo else self.as_of

    def weekday(self, zone: ZoneInfo) -> int:
        """1 (Monday) to 7, of the data cut in the city."""
        return self.moment.replace(tzinfo=UTC).astimezone(zone).isoweekday()


@dataclass(frozen=True)
class Override:
    """Somebody answers for it that a guard is passed, up to and including the day `until` in the city."""

    dataset: str
    guard: str
    who: str
    why: str
    until: date
    delivery: str | None = None

    def covers(self, guard: Guard, delivery: DeliveryFacts) -> bool:
        """Whether it speaks of this guard and this delivery, expired or not."""
        if (self.dataset, self.guard) != (delivery.dataset, guard.id):
            return False
        if self.delivery is None or self.delivery == delivery.file_name:
            return True
        return len(self.delivery) >= 8 and delivery.sha256.startswith(self.delivery.lower())


@dataclass(frozen=True)
class GuardResult:
    """Outcome of one guard; `zh` and `en` say what was expected, what was found and what to do."""

    guard: Guard
    outcome: Outcome
    observed: str
    expected: str
    zh: str
    en: str
    override: Override | None = None


@dataclass(frozen=True)
class _Finding:
    outcome: Literal["passed", "warned", "failed", "not_judged"]
    observed: str
    expected: str
    zh: str
    en: str


@dataclass(frozen=True)
class _Case:
    """What a judgement looks at. `current` holds only rows that are valid now."""

    con: duckdb.DuckDBPyConnection
    contract: Contract
    delivery: DeliveryFacts
    good: str
    current: str
    profile: Mapping[tuple[str, str], float]
    zone: ZoneInfo
    changed: int | None

    @cached_property
    def keys(self) -> tuple[int, int, int]:
        """Keys in landing, keys in the delivery, keys in both."""
        key = ", ".join(self.contract.landing_key)
        row = self.con.execute(
            f"SELECT (SELECT count(*) FROM {self.current}), (SELECT count(*) FROM {self.good}),"
            f" (SELECT count(*) FROM (SELECT {key} FROM {self.current}) SEMI JOIN (SELECT {key} FROM {self.good}) USING ({key}))"
        ).fetchall()[0]
        return int(row[0]), int(row[1]), int(row[2])

    def keys_rewritten(self, guard: Guard) -> bool:
        """Whether too few known keys are found again and about as many are new."""
        old, new, both = self.keys
        missing, added = old - both, new - both
        too_few = both * 100 < old * guard.limits["percent"] and missing >= guard.limits["rows"]
        return too_few and missing / 2 <= added <= missing * 2

    def items(self, measure: str) -> dict[str, float]:
        """The profile's values of one measure by item."""
        return {item: value for (name, item), value in self.profile.items() if name == measure}


def measure(con: duckdb.DuckDBPyConnection, contract: Contract, delivery: DeliveryFacts, good: str) -> Profile:
    """The profile of a delivery: its rows, and by guard its districts, categories, medians or latest moment.

    Args:
        good: SQL relation of its good rows, in the columns of landing.
    """
    found: list[tuple[str, str, float]] = [("rows", "", float(delivery.rows))]
    for guard in contract.guards:
        column, name = guard.column, _measure_name(guard)
        if guard.kind == "missing_partition":
            rows = _partitions(con, guard, good)
        elif guard.kind == "category_drift":
            rows = con.execute(
                f"SELECT {column}, count(*) AS n FROM {good} WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT {_ITEMS_KEPT}"
            ).fetchall()
        elif guard.kind == "unit_slip":
            rows = con.execute(
                f"SELECT '', median(CAST({column} AS DOUBLE)) FROM {good} WHERE {column} > 0 HAVING count(*) >= ?",
                [guard.limits["rows"]],
            ).fetchall()
        elif guard.kind == "repeated":
            rows = con.execute(
                f"SELECT '', epoch(max({column})) FROM {good} HAVING max({column}) IS NOT NULL"
            ).fetchall()
        else:
            continue
        found += [(name, str(item), float(value)) for item, value in rows]
    return tuple(found)


def judge(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    *,
    delivery: DeliveryFacts,
    good: str,
    current: str,
    profile: Profile,
    zone: ZoneInfo,
    overrides: Iterable[Override] = (),
    now: datetime,
    changed: int | None = None,
) -> tuple[GuardResult, ...]:
    """Judge a delivery by every guard of its contract, before it is merged.

    Args:
        good: SQL relation of its good rows, in the columns of landing; all of them, not only the changed ones.
        current: the dataset's table of landing, as it was before.
        profile: what `measure` found.
        zone: time zone of the city.
        now: aware; its date in the city decides whether an override still holds.
        changed: how many of the known keys come with other content, if somebody compared them.
    """
    if contract.keeps_history:
        current = f"(SELECT * FROM {current} WHERE _valid_to IS NULL)"
    by_item = {(m, item): value for m, item, value in profile}
    case = _Case(con, contract, delivery, good, current, by_item, zone, changed)
    today = now.astimezone(zone).date()
    overrides = tuple(overrides)
    results: list[GuardResult] = []
    for guard in sorted(contract.guards, key=lambda g: g.kind == "deletions"):
        if guard.kind == "deletions" and any(
            r.guard.kind == "key_stability" and r.outcome in ("blocked", "overridden") and case.keys_rewritten(r.guard)
            for r in results
        ):
            # One cause, one message, one override.
            finding = _not_judged("见 key_stability。", "See key_stability.")
        else:
            finding = _JUDGES[guard.kind](case, guard)
        results.append(_decide(guard, finding, delivery, overrides, today))
    return tuple(results)


def remember(con: duckdb.DuckDBPyConnection, delivery: DeliveryFacts, profile: Profile, zone: ZoneInfo) -> None:
    """Keep the profile of an accepted delivery, by which later ones are judged."""
    con.execute("DELETE FROM landing.delivery_profiles WHERE delivery_id = ?", [delivery.delivery_id])
    head = [delivery.delivery_id, delivery.dataset, delivery.kind, delivery.moment, delivery.weekday(zone)]
    con.executemany(
        "INSERT INTO landing.delivery_profiles VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [[*head, *row] for row in profile]
    )


def record(
    con: duckdb.DuckDBPyConnection, delivery: DeliveryFacts, results: Iterable[GuardResult], *, now: datetime
) -> None:
    """Write the outcome of every guard to `landing.guard_results`, replacing that of an earlier attempt."""
    con.execute("DELETE FROM landing.guard_results WHERE delivery_id = ?", [delivery.delivery_id])
    at = now.astimezone(UTC).replace(tzinfo=None)
    for r in results:
        by = [r.override.who, r.override.why, r.override.until] if r.override else [None, None, None]
        con.execute(
            f"INSERT INTO landing.guard_results VALUES ({', '.join('?' * 13)})",
            [
                delivery.delivery_id, delivery.dataset, r.guard.id, r.guard.on_failure, r.outcome, r.observed,
                r.expected, r.zh, r.en, *by, at,
            ],
        )  # fmt: skip


# -- outcome ---------------------------------------------------------------------------------------------------------


def _decide(
    guard: Guard, finding: _Finding, delivery: DeliveryFacts, overrides: tuple[Override, ...], today: date
) -> GuardResult:
    zh, en = f"{delivery.file_name}：{finding.zh}", f"{delivery.file_name}: {finding.en}"
    if finding.outcome != "failed":
        return GuardResult(guard, finding.outcome, finding.observed, finding.expected, zh, en)
    covering = sorted((o for o in overrides if o.covers(guard, delivery)), key=lambda o: o.until)
    if covering and covering[-1].until >= today:
        by = covering[-1]
        zh += f"{by.who}已准予放行（{by.why}），至 {by.until} 有效。"
        en += f" {by.who} lets it pass until {by.until} ({by.why})."
        return GuardResult(guard, "overridden", finding.observed, finding.expected, zh, en, by)
    if covering:
        zh += f"{covering[-1].who}的放行已于 {covering[-1].until} 到期。"
        en += f" The override of {covering[-1].who} ended on {covering[-1].until}."
    if guard.on_failure == "warn":
        return GuardResult(guard, "warned", finding.observed, finding.expected, zh, en)
    line = f'- {{dataset: {delivery.dataset}, guard: {guard.id}, delivery: "{delivery.sha256[:12]}", who: <%s>, why: <%s>, until: {today + 7 * _DAY}}}'
    zh += f"请与报送单位核对，重新报送；如确属实，请在 overrides.yaml 中加一行：{line % ('姓名', '理由')}"
    en += f" Ask the office and have it sent again; if it is right, add this line to overrides.yaml: {line % ('name', 'reason')}"
    return GuardResult(guard, "blocked", finding.observed, finding.expected, zh, en)


def _not_judged(zh: str, en: str) -> _Finding:
    return _Finding("not_judged", "", "", zh, en)


def _finding(failed: bool, observed: str, expected: str, zh: str, en: str) -> _Finding:
    return _Finding("failed" if failed else "passed", observed, expected, zh, en)


_TOO_SHORT = _not_judged("可比的历史批次不足，未作判断。", "too few earlier deliveries to compare with.")
_ONLY_FULL = _not_judged("只对全量批次作判断。", "only full deliveries are judged.")
_NO_AREAS = _not_judged("没有区划数据，未作判断。", "there are no areas to compare with.")


# -- history ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Past:
    delivery_id: str
    as_of: datetime
    weekday: int
    value: float


def _past(case: _Case, name: str) -> list[_Past]:
    """One value of each accepted delivery of the same kind whose data cut is not later, newest first."""
    rows = case.con.execute(
        "SELECT delivery_id, as_of, weekday, value FROM landing.delivery_profiles WHERE dataset = ? AND kind = ? AND measure = ?"
        " AND item = '' AND delivery_id <> ? AND as_of <= ? ORDER BY as_of DESC, delivery_id DESC",
        [case.delivery.dataset, case.delivery.kind, name, case.delivery.delivery_id, case.delivery.moment],
    ).fetchall()
    return [_Past(*row) for row in rows]


def _measure_name(guard: Guard) -> str:
    kind = {"missing_partition": guard.level, "category_drift": "category", "unit_slip": "median", "repeated": "latest"}
    return f"{kind.get(guard.kind, guard.kind)}:{guard.column}"


# -- the judgements --------------------------------------------------------------------------------------------------


def _row_count_band(case: _Case, guard: Guard) -> _Finding:
    limits, past, rows = guard.limits, _past(case, "rows"), case.delivery.rows
    weekday = case.delivery.weekday(case.zone)
    least, most = int(limits["least"]), int(limits["deliveries"])
    # A delta of one day after one of a month (a calendar month that has just begun) has few rows but as many a day.
    days = {new.delivery_id: max(new.as_of - old.as_of, _DAY) / _DAY for new, old in pairwise(past)}
    chosen = [p for p in past if p.weekday == weekday][:most]
    if len(chosen) < least:
        chosen = past[:most]
    if len(chosen) < least:
        return _TOO_SHORT
    usual = median(p.value for p in chosen)
    low, high = usual * limits["low"], usual * limits["high"]
    few, many = rows < low, rows > high
    rates = [p.value / days[p.delivery_id] for p in chosen if p.delivery_id in days]
    if case.delivery.kind == "delta" and rates:
        rate = rows / (max(case.delivery.moment - past[0].as_of, _DAY) / _DAY)
        few = few and rate < median(rates) * limits["low"]
        many = many and rate > median(rates) * limits["high"]
    failed = (few or many) and abs(rows - usual) >= limits["rows"]
    within = low <= rows <= high
    return _finding(
        failed, f"{rows}", f"{low:.0f} – {high:.0f}",
        f"有 {rows:,} 行；按最近 {len(chosen)} 批（中位数 {usual:,.0f} 行），应在 {low:,.0f} 至 {high:,.0f} 行之间。"
        + ("" if failed or within else "但相差不大，或按天数计与以往相符。"),
        f"{rows:,} rows; by the last {len(chosen)} deliveries (median {usual:,.0f}) between {low:,.0f} and {high:,.0f} are expected."
        + ("" if failed or within else " The difference is small, or the rows a day are as before."),
    )  # fmt: skip


def _deletions(case: _Case, guard: Guard) -> _Finding:
    if case.delivery.kind != "full":
        return _ONLY_FULL
    old, _, both = case.keys
    if not old:
        return _TOO_SHORT
    missing, percent = old - both, guard.limits["percent"]
    failed = missing > old * percent / 100 and missing >= guard.limits["rows"]
    return _finding(
        failed, f"{missing} / {old}", f"≤ {percent:g} %",
        f"现有 {old:,} 条记录中有 {missing:,} 条不在这份全量文件中，允许 {percent:g} %。",
        f"{missing:,} of the {old:,} rows that are known are not in this full delivery; {percent:g} % are allowed.",
    )  # fmt: skip


def _changes(case: _Case, guard: Guard) -> _Finding:
    if case.delivery.kind != "full":
        return _ONLY_FULL
    _, _, both = case.keys
    if not both or case.changed is None:
        return _TOO_SHORT
    changed, percent = case.changed, guard.limits["percent"]
    return _finding(
        changed > both * percent / 100 and changed >= guard.limits["rows"], f"{changed} / {both}", f"≤ {percent:g} %",
        f"现有的 {both:,} 条记录中有 {changed:,} 条在这份全量文件中内容不同，通常不超过 {percent:g} %。",
        f"{changed:,} of the {both:,} rows that are known and delivered again have other content; {percent:g} % are usual.",
    )  # fmt: skip


def _key_stability(case: _Case, guard: Guard) -> _Finding:
    if case.delivery.kind != "full":
        return _ONLY_FULL
    old, new, both = case.keys
    if not old:
        return _TOO_SHORT
    limits = guard.limits
    expected = f"≥ {limits['percent']:g} %"
    keys = "、".join(case.contract.landing_key)
    if case.keys_rewritten(guard):
        return _Finding(
            "failed", f"{both} / {old}", expected,
            f"主键（{keys}）似被改写：现有 {old:,} 个中只找到 {both:,} 个，另有 {new - both:,} 个新的；应至少找到 {limits['percent']:g} %。编码或编号规则可能变了。",
            f"the keys ({keys}) look rewritten: of {old:,} that are known {both:,} were found again and {new - both:,} are new; at least {limits['percent']:g} % are expected. The encoding or the numbering may have changed.",
        )  # fmt: skip
    if guard.column is not None and both:
        key = ", ".join(case.contract.landing_key)
        same = int(
            case.con.execute(
                f"SELECT count(*) FROM {case.current} AS old JOIN {case.good} AS new USING ({key})"
                f" WHERE old.{guard.column} IS NOT DISTINCT FROM new.{guard.column}"
            ).fetchall()[0][0]
        )
        if same * 100 < both * limits["same"] and both - same >= limits["rows"]:
            return _Finding(
                "failed", f"{same} / {both}", f"≥ {limits['same']:g} %",
                f"{both:,} 条相同主键的记录中，{guard.column} 只有 {same:,} 条未变；应至少 {limits['same']:g} %。编码可能变了。",
                f"of {both:,} rows with the same key {same:,} kept their {guard.column}; at least {limits['same']:g} % are expected. The encoding may have changed.",
            )  # fmt: skip
    return _Finding(
        "passed", f"{both} / {old}", expected,
        f"现有 {old:,} 个主键中找到 {both:,} 个。", f"{both:,} of the {old:,} keys that are known were found again.",
    )  # fmt: skip


def _has_areas(con: duckdb.DuckDBPyConnection) -> bool:
    table = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'landing' AND table_name = 'areas'"
    return bool(con.execute(table).fetchall()) and bool(con.execute("SELECT 1 FROM landing.areas LIMIT 1").fetchall())


def _unknown_areas(case: _Case, guard: Guard) -> _Finding:
    if not _has_areas(case.con):
        return _NO_AREAS
    unknown = int(
        case.con.execute(
            f"SELECT coalesce(sum(n), 0) FROM (SELECT {guard.column} AS area_code, count(*) AS n FROM {case.good}"
            f" WHERE {guard.column} IS NOT NULL GROUP BY 1) ANTI JOIN landing.areas USING (area_code)"
        ).fetchall()[0][0]
    )
    rows, percent = case.delivery.rows, guard.limits["percent"]
    failed = unknown * 100 > rows * percent and unknown >= guard.limits["rows"]
    return _Finding(
        "failed" if failed else "warned" if unknown else "passed", f"{unknown} / {rows}", f"≤ {percent:g} %",
        f"{rows:,} 行中有 {unknown:,} 行的 {guard.column} 不在区划表中，允许 {percent:g} %；这些行计入“未定位”。",
        f"{unknown:,} of {rows:,} rows have codes in {guard.column} that areas does not know; {percent:g} % are allowed, and count as unlocated.",
    )  # fmt: skip


def _partitions(con: duckdb.DuckDBPyConnection, guard: Guard, good: str) -> list[tuple[Any, ...]]:
    """(area of the guard's level, rows); without areas nothing."""
    counted = f"SELECT {guard.column} AS code, count(*) AS n FROM {good} WHERE {guard.column} IS NOT NULL GROUP BY 1"
    if guard.level == OWN:
        return con.execute(counted).fetchall()
    if not _has_areas(con):
        return []
    # The depth ends a circle of parents.
    return con.execute(
        f"""
        WITH RECURSIVE latest AS (
            SELECT area_code, arg_max(parent_code, valid_from) AS parent_code, arg_max(level, valid_from) AS level
            FROM landing.areas GROUP BY area_code),
        up AS (
            SELECT area_code AS code, area_code AS above, 0 AS depth FROM latest
            UNION ALL
            SELECT up.code, latest.parent_code, up.depth + 1 FROM up JOIN latest ON latest.area_code = up.above
            WHERE latest.level <> $1 AND latest.parent_code IS NOT NULL AND up.depth < 10)
        SELECT up.above, sum(counted.n) FROM ({counted}) AS counted JOIN up USING (code)
        JOIN latest ON latest.area_code = up.above WHERE latest.level = $1 GROUP BY 1
        """,
        [guard.level],
    ).fetchall()


def _missing_partition(case: _Case, guard: Guard) -> _Finding:
    if guard.level != OWN and not _has_areas(case.con):
        return _NO_AREAS
    wanted, least = int(guard.limits["deliveries"]), guard.limits["rows"]
    past = [p.delivery_id for p in _past(case, "rows")[:wanted]]
    if len(past) < wanted:
        return _TOO_SHORT
    name = _measure_name(guard)
    always = case.con.execute(
        "SELECT item FROM landing.delivery_profiles WHERE measure = ? AND list_contains(?, delivery_id) AND value >= ?"
        " GROUP BY item HAVING count(*) = ? ORDER BY item",
        [name, past, least, wanted],
    ).fetchall()
    now = case.items(name)
    missing = [str(row[0]) for row in always if str(row[0]) not in now]
    listed = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")
    return _finding(
        bool(missing), listed or "0", f"{len(always)}",
        f"最近 {wanted} 批都有的 {len(always)} 个{'取值' if guard.level == OWN else '区划'}（{guard.level}）中，本批缺 {len(missing)} 个{'：' + listed if missing else ''}。",
        f"of {len(always)} values of {guard.column} (level {guard.level}) that the last {wanted} deliveries all had, {len(missing)} are missing{': ' + listed if missing else ''}.",
    )  # fmt: skip


def _unit_slip(case: _Case, guard: Guard) -> _Finding:
    limits, name = guard.limits, _measure_name(guard)
    middle = case.profile.get((name, ""))
    if middle is None:
        return _not_judged("金额太少，未作判断。", "too few amounts to judge.")
    past = [p.value for p in _past(case, name)[: int(limits["deliveries"])]]
    if past:
        usual, factor = median(past), limits["factor"]
        if middle >= usual * factor or middle <= usual / factor:
            return _Finding(
                "failed", f"{middle:.2f}", f"{usual:.2f}",
                f"{guard.column} 的中位数为 {middle:,.2f}，以往为 {usual:,.2f}，相差 {factor:,.0f} 倍以上；单位可能错了（元、万元）。",
                f"the median of {guard.column} is {middle:,.2f}, that of earlier deliveries {usual:,.2f}, a factor of {factor:,.0f} or more; the unit may be wrong (yuan, ten thousand yuan).",
            )  # fmt: skip
    query = (
        f"SELECT count(*), coalesce(sum(amount), 0) / (SELECT sum({guard.column}) FROM {case.good} WHERE {guard.column} > 0)"
        f" FROM (SELECT CAST({guard.column} AS DOUBLE) AS amount FROM {case.good} WHERE {guard.column} > ?)"
    )
    far, part = case.con.execute(query, [middle * limits["outlier"]]).fetchall()[0]
    if far:
        percent = 100 * float(part)
        return _Finding(
            "failed" if percent > limits["share"] else "warned", f"{far}, {percent:.0f} %", "0",
            f"有 {far:,} 行（占总额 {percent:.0f} %）的 {guard.column} 超过中位数（{middle:,.2f}）的 {limits['outlier']:,.0f} 倍，请核对单位。",
            f"{far:,} rows ({percent:.0f} % of the sum) have in {guard.column} more than {limits['outlier']:,.0f} times the median ({middle:,.2f}); check their unit.",
        )  # fmt: skip
    if not past:
        return _TOO_SHORT
    return _Finding(
        "passed", f"{middle:.2f}", f"{median(past):.2f}",
        f"{guard.column} 的中位数为 {middle:,.2f}。", f"the median of {guard.column} is {middle:,.2f}.",
    )  # fmt: skip


def _category_drift(case: _Case, guard: Guard) -> _Finding:
    rows, percent, name = case.delivery.rows, guard.limits["percent"], _measure_name(guard)
    if rows < guard.limits["rows"]:
        return _not_judged("行数太少，未作判断。", "too few rows to judge.")
    known = {
        str(row[0])
        for row in case.con.execute(
            "SELECT DISTINCT item FROM landing.delivery_profiles WHERE dataset = ? AND measure = ? AND delivery_id <> ? AND as_of <= ?",
            [case.delivery.dataset, name, case.delivery.delivery_id, case.delivery.moment],
        ).fetchall()
    }
    if not known:
        return _TOO_SHORT
    new = {item: n for item, n in case.items(name).items() if item not in known and n * 100 > rows * percent}
    listed = ", ".join(f"{item[:40]} ({n:,.0f})" for item, n in new.items())
    return _finding(
        bool(new), listed or "0", f"≤ {percent:g} %",
        f"{guard.column} 中占 {percent:g} % 以上的新取值有 {len(new)} 个{'：' + listed + '。请核对映射和分类目录' if new else ''}。",
        f"{len(new)} values of {guard.column} that no earlier delivery had make more than {percent:g} % of the rows{': ' + listed + '; check the mapping and the list of categories' if new else ''}.",
    )  # fmt: skip


def _repeated(case: _Case, guard: Guard) -> _Finding:
    name = _measure_name(guard)
    latest, rows = _past(case, name), _past(case, "rows")
    moment = case.profile.get((name, ""))
    if moment is None or not latest or not rows:
        return _TOO_SHORT
    same = latest[0].delivery_id == rows[0].delivery_id and latest[0].value == moment
    same = same and int(rows[0].value) == case.delivery.rows
    shown = f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}Z, {case.delivery.rows}"
    if not same:
        return _Finding("passed", shown, "", "与上一批不同。", "differs from the delivery before.")
    return _Finding(
        "failed", shown, "",
        f"行数和最新的 {guard.column} 都与上一批相同，可能重复报送了旧数据。",
        f"as many rows and the same latest {guard.column} as the delivery before; the old data may have been sent again.",
    )  # fmt: skip


_JUDGES: dict[GuardKind, Callable[[_Case, Guard], _Finding]] = {
    "row_count_band": _row_count_band,
    "key_stability": _key_stability,
    "deletions": _deletions,
    "changes": _changes,
    "unknown_areas": _unknown_areas,
    "missing_partition": _missing_partition,
    "unit_slip": _unit_slip,
    "category_drift": _category_drift,
    "repeated": _repeated,
}
