"""Fabricates a small published edition of a made-up city, for the tests of the dashboard."""

from __future__ import annotations

import json
import math
import os
import shutil
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb
import polars as pl

CITY = "440300"
AS_OF = datetime(2026, 11, 21, 16, 0)  # noqa: DTZ001  the edition stores UTC without a zone
AS_OF_ON = date(2026, 11, 22)
CHANNELS = ("hotline", "station_visit", "assembly", "app")
CATEGORIES = ("housing", "traffic", "environment", "noise", "welfare")
FUNDS = ("operating", "service")
RUNGS = ("street_committee", "community_committee", "grid_branch", "building_group")

# id|zh|en|kind|scale|unit|direction|interval|people|dataset|target|level of the rate or size of the leaf
_TEXT = """\
T01|受理量|Tickets received|count|1|tickets|none|none||tickets||1.0
T02|办结率|Resolution rate|proportion|1|percent|higher|wilson||tickets|0.97|0.966
T03|按时办结率|On-time rate|proportion|1|percent|higher|wilson||tickets|0.9|0.897
T04|响应率|Response rate|proportion|1|percent|higher|wilson||tickets|0.95|0.962
T05|解决率|Resident-confirmed resolution|proportion|1|percent|higher|wilson||tickets|0.85|0.823
T06|满意率|Satisfaction|proportion|1|percent|higher|wilson||tickets|0.9|0.931
T07|回访覆盖率|Callback coverage|proportion|1|percent|higher|wilson||tickets|0.6|0.71
T11|在办存量|Backlog|count|1|tickets|lower|none||tickets||0.22
T12|超期存量|Overdue backlog|count|1|tickets|lower|none||tickets||0.04
T13|办理时长中位数|Median hours to resolve|median|1|hours|lower|none||tickets||52.0
T14|办理时长 90 分位|90th percentile hours|percentile|1|hours|lower|none||tickets||168.0
T15|结案比|Clearance|ratio|1|ratio|higher|none||tickets|1.0|0.985
T19|按期办结率（系统口径）|On time as reported by the source|proportion|1|percent|higher|wilson||tickets||0.991
M01|党组织数|Organisations|count|1|organisations|none|none||organisations||20.0
M02|网格覆盖率|Grid coverage|proportion|1|percent|higher|wilson||organisations|1.0|0.985
M03|社区覆盖率|Community coverage|proportion|1|percent|higher|wilson||organisations|1.0|0.995
M04|党员数|Members|count|1|people|none|none|people|members||96.0
M06|书记大专以上比例|Secretaries with college schooling|proportion|1|percent|higher|wilson|people|members|0.8|0.83
M09|报到率|Reported to the community|proportion|1|percent|higher|wilson|people|members|0.95|0.962
M11|每万人社区工作者|Workers per 10,000 residents|ratio|10000|per_10000|higher|none|people|headcounts|18.0|0.0019
M12|配备达标率|Staffing standard met|proportion|1|percent|higher|wilson||headcounts|0.9|0.84
M16|500 平方米以上服务中心比例|Service centres of 500 m²|proportion|1|percent|higher|wilson||facilities|0.85|0.85
M17|党委委员数|Committee members|count|1|people|none|none|people|members||8.0
M18|兼职委员单位负责人|Partner-unit heads|count|1|people|none|none|people|headcounts||12.0
F01|现行预算|Current budget|amount|1|currency|none|none||budget_lines||420000.0
F02|到位率|Received rate|ratio|1|percent|higher|none||payments|0.95|0.93
F03|预算执行率|Budget execution (of budget)|ratio|1|percent|higher|none||payments||0.92
F04|到位资金执行率|Budget execution (of receipts)|ratio|1|percent|higher|none||payments||0.98
F05|承诺率|Commitment rate|ratio|1|percent|higher|none||payments||0.97
F06|序时进度偏差|Deviation from schedule|difference|100|percentage_points|higher|none||payments|-5.0|0.0
F07|人均支出|Spending per resident|ratio|1|currency_per_resident|none|none||payments||95.0
F08|保障达标率|Fund floor met|proportion|1|percent|higher|wilson||budget_lines|1.0|0.96
L03|议事会场次|Assemblies held|count|1|meetings|none|none||meetings||0.5
L04|议事事项办结率|Matters solved per assembly matter|proportion|1|percent|higher|wilson||tickets|0.75|0.78
"""


class Entry(NamedTuple):
    """One indicator of the made-up catalogue."""

    indicator: str
    zh: str
    en: str
    kind: str
    scale: float
    unit: str
    direction: str
    interval: str
    people: bool
    dataset: str
    target: float | None
    level: float


def _entry(line: str) -> Entry:
    i, zh, en, kind, scale, unit, direction, interval, people, dataset, target, level = line.split("|")
    goal = float(target) if target else None
    return Entry(i, zh, en, kind, float(scale), unit, direction, interval, bool(people), dataset, goal, float(level))


_CATALOGUE = tuple(map(_entry, _TEXT.splitlines()))
STOCKS = {"T11", "T12"} | {entry.indicator for entry in _CATALOGUE if entry.indicator[0] in "MF"}
_LEVELS = ("city", "district", "street", "community")


@dataclass
class Shape:
    """How big the made-up city is and what its headline says."""

    districts: int = 2
    streets: int = 2
    communities: int = 3
    months: int = 15
    weeks: int = 6
    tickets: int = 24
    shift: float = 0.0
    extra_tickets: int = 0
    problems: tuple[dict[str, str], ...] = field(default_factory=tuple)
    names: tuple[str, ...] = ("青山区", "云溪区", "河口区", "望海区", "西川区", "石桥区")


def _u(*keys: object) -> float:
    """A number in [0, 1) that depends on the keys alone."""
    return zlib.crc32("|".join(map(str, keys)).encode()) / 2**32


def wilson(k: float, n: float) -> tuple[float, float]:
    """The 95 % Wilson interval of k out of n, as fractions."""
    z = 1.959964
    p = k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def _month(index: int) -> date:
    """The first day of the month `index` months before November 2026."""
    months = 2026 * 12 + 10 - index
    return date(months // 12, months % 12 + 1, 1)


def _areas(shape: Shape) -> list[tuple[object, ...]]:
    words = (
        "和平",
        "光明",
        "新华",
        "建设",
        "胜利",
        "文化",
        "湖滨",
        "松林",
        "银杏",
        "翠竹",
        "桃源",
        "长青",
        "安福",
        "永乐",
    )
    latin = ("Heping", "Guangming", "Xinhua", "Jianshe", "Shengli", "Wenhua", "Hubin", "Songlin", "Yinxing", "Cuizhu")
    rows: list[tuple[object, ...]] = []

    def add(code: str, zh: str, en: str, level: str, parent: str | None, kind: str | None, people: int) -> None:
        rows.append((code, date(2000, 1, 1), None, zh, en, level, parent, kind, people, people // 3, 22.5, 114.0, True))

    add(CITY, "示例市", "Sample City", "city", None, None, 5000 * shape.districts * shape.streets * shape.communities)
    number = 0
    for d in range(shape.districts):
        district = f"4403{d + 1:02d}"
        add(
            district,
            shape.names[d],
            f"District {d + 1}",
            "district",
            CITY,
            None,
            5000 * shape.streets * shape.communities,
        )
        for s in range(shape.streets):
            street = f"{district}{s + 1:03d}"
            word, roman = words[(d * 5 + s) % len(words)], latin[(d * 5 + s) % len(latin)]
            add(street, f"{word}街道", f"{roman} Street", "street", district, None, 5000 * shape.communities)
            for c in range(shape.communities):
                number += 1
                kind = "key" if number % 7 == 0 else "ordinary"
                name = f"{words[(number * 3) % len(words)]}{('', '一', '二', '三', '苑')[number % 5]}社区"
                roman = f"{latin[(number * 3) % len(latin)]} {number} Community"
                add(f"{street}{c + 1:03d}", name, roman, "community", street, kind, 5000)
    return rows


def _leaf(entry: Entry, code: str, key: object, size: float, shape: Shape, progress: float) -> tuple[float, float]:
    """Numerator and denominator of one indicator in one community and period; denominator 0 for counts."""
    indicator, kind, level = entry.indicator, entry.kind, entry.level
    weight = 0.15 + 1.7 * _u("weight", code) ** 2
    n = max(0, int(size * weight * (0.8 + 0.4 * _u("n", code, key))))
    if indicator == "T01":
        return float(n), 0.0
    if kind in ("median", "percentile"):
        return level * (0.8 + 0.4 * _u(indicator, code, key)), float(n)
    if indicator in ("T11", "T12"):
        return float(round(n * level + _u(indicator, code, key))), 0.0
    if indicator == "L03":
        return float(round(level + _u(indicator, code, key))), 0.0
    if kind == "count":
        return float(max(1, round(level * weight))), 0.0
    budget = 200000.0 * (2 if _u("floor", code) > 0.04 else 0.8) + 40000 * weight
    received = budget * min(1.0, 0.55 + progress * 0.45)
    paid = received * (0.35 + 0.6 * progress) * (0.9 + 0.1 * _u("paid", code))
    fund = {
        "F01": (budget, 0.0),
        "F02": (received, budget),
        "F03": (paid, budget),
        "F04": (paid, received),
        "F05": (paid + 0.06 * budget, budget),
        "F06": (paid, budget),
        "F07": (paid, 5000.0),
    }
    if indicator in fund:
        return fund[indicator]
    if indicator == "F08":
        return (1.0 if _u("floor", code) > 0.04 else 0.0), 1.0
    if indicator in ("M12", "M03"):
        return (1.0 if _u(indicator, code) < level else 0.0), 1.0
    if indicator == "M02":
        return 4.0 - (1 if _u(indicator, code) > 0.94 else 0), 4.0
    if indicator == "M16":
        return (1.0 if _u(indicator, code) < level else 0.0), 1.0
    if indicator == "M11":
        return float(round(9 + 3 * _u(indicator, code))), 5000.0
    if indicator == "M06":
        return float(round(5 * level)), 5.0
    if indicator == "M09":
        return float(round(80 * weight * level)), float(round(80 * weight))
    share = {"T05": 0.7, "T06": 0.68, "T07": 0.97, "L04": 0.08, "T19": 0.5}.get(indicator, 1.0)
    n = int(n * share)
    chance = level + shape.shift + 0.035 * (_u("skill", code) - 0.55) * (3 if _u("skill", code) < 0.08 else 1)
    expected = n * min(1.0, max(0.0, chance + 0.012 * (progress - 0.5)))
    return float(min(n, math.floor(expected + _u(indicator, code, key)))), float(n)


def _rows(shape: Shape, edition: str) -> list[tuple[object, ...]]:
    areas = _areas(shape)
    parent = {str(a[0]): (str(a[6]) if a[6] else None) for a in areas}
    leaves = [str(a[0]) for a in areas if a[5] == "community"]
    periods: list[tuple[str, date, str, float]] = [("month", _month(i), f"m{i}", 1.0) for i in range(shape.months)]
    monday = AS_OF_ON - timedelta(days=AS_OF_ON.weekday())
    periods += [("week", monday - timedelta(weeks=i), f"w{i}", 7 / 30) for i in range(shape.weeks)]
    cells: dict[tuple[str, str, date, str, str, str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])

    def add(key: tuple[str, str, date, str, str, str, str], pair: tuple[float, float]) -> None:
        cells[key][0] += pair[0]
        cells[key][1] += pair[1]

    for entry in _CATALOGUE:
        indicator = entry.indicator
        dimensions: list[tuple[str, str, float]] = [("all", "all", 1.0)]
        if indicator in ("T01", "T02", "T03", "T05", "T06", "T11", "T12"):
            shares = (0.52, 0.22, 0.09, 0.17)
            dimensions += [("channel", m, shares[i]) for i, m in enumerate(CHANNELS)]
            dimensions += [("category_1", m, (0.31, 0.24, 0.2, 0.15, 0.1)[i]) for i, m in enumerate(CATEGORIES)]
        if indicator == "M01":
            dimensions += [("org_level", m, (0.0, 1.0, 4.0, 15.0)[i] / 20) for i, m in enumerate(RUNGS)]
        if indicator in ("F01", "F02", "F03", "F04", "F05"):
            dimensions += [("fund", m, (0.55, 0.45)[i]) for i, m in enumerate(FUNDS)]
        for grain, start, key, scale in periods:
            if grain == "week" and indicator[0] not in "T":
                continue
            progress = (min(start.month + 1, 12)) / 12 if indicator[0] == "F" else 1 - (AS_OF_ON - start).days / 730
            for code in leaves:
                pair = _leaf(entry, code, key, shape.tickets * scale, shape, progress)
                path, here = [code], parent[code]
                while here:
                    path.append(here)
                    here = parent[here]
                for dimension, member, share in dimensions:
                    if dimension == "all":
                        part = pair
                    elif entry.kind in ("count", "amount"):
                        part = (float(round(pair[0] * share)), 0.0)
                    else:
                        whole = round(pair[1] * share)
                        part = (float(min(whole, round(pair[0] * share))), float(whole))
                    for level, area in zip(reversed(_LEVELS), path, strict=True):
                        add((indicator, grain, start, level, area, dimension, member), part)
            if indicator in ("T01", "T02", "T03"):
                lost = (7.0, 0.0) if indicator == "T01" else (6.0, 7.0)
                for level in _LEVELS:
                    add((indicator, grain, start, level, CITY if level == "city" else "unlocated", "all", "all"), lost)
            if indicator == "T01" and start == _month(1) and grain == "month":
                add((indicator, grain, start, "city", CITY, "all", "all"), (float(shape.extra_tickets), 0.0))
    for (indicator, grain, start, *rest), sums in list(cells.items()):
        if grain != "month":
            continue
        quarter = date(start.year, (start.month - 1) // 3 * 3 + 1, 1)
        for longer, first, last in (("quarter", quarter, 2), ("year", date(start.year, 1, 1), 11)):
            key7 = (indicator, longer, first, rest[0], rest[1], rest[2], rest[3])
            if indicator in STOCKS:
                if start == _month(0) or (start.year * 12 + start.month - first.year * 12 - first.month) == last:
                    cells[key7] = list(sums)
            else:
                cells[key7][0] += sums[0]
                cells[key7][1] += sums[1]
    return [_row(key, pair[0], pair[1], edition) for key, pair in sorted(cells.items())]


def _row(key: tuple[str, str, date, str, str, str, str], top: float, bottom: float, edition: str) -> tuple[object, ...]:
    indicator, grain, start, level, area, dimension, member = key
    entry = next(e for e in _CATALOGUE if e.indicator == indicator)
    kind, scale, direction, target = entry.kind, entry.scale, entry.direction, entry.target
    numerator: float | None = top
    denominator: float | None = bottom
    value: float | None
    lower = upper = None
    if kind in ("count", "amount"):
        value, denominator = top, None
    elif kind in ("median", "percentile"):
        value, numerator = (entry.level * (0.85 + 0.3 * _u(indicator, area, start)) if bottom else None), None
    else:
        value = scale * top / bottom if bottom else None
    elapsed = min(start.month, 12) / 12
    if indicator == "F06" and value is not None:
        value = 100 * (top / bottom - elapsed)
    if entry.interval == "wilson" and bottom:
        lower, upper = wilson(top, bottom)
    pending = int(bottom * 0.03) if indicator == "T02" and start >= _month(0) else 0
    excluded: int | None = int(top * 0.04) if indicator == "T01" else 0
    month_open = grain != "week" and start >= _month(0)
    status: str | None = None
    size = top if denominator is None else bottom
    if entry.people and 0 < size < 10:
        return (
            edition,
            indicator,
            1,
            grain,
            start,
            level,
            area,
            dimension,
            member,
            None,
            None,
            None,
            None,
            None,
            None,
            None,
            target,
            "suppressed",
            AS_OF,
            "run-1",
        )
    if value is None:
        status = "no_cases"
    elif month_open or pending or (indicator in ("T05", "T06") and start >= _month(0)):
        status = "provisional"
    elif target is not None:
        met = value >= target if direction == "higher" else value <= target
        status = "met" if met else "watch" if upper is not None and lower is not None and upper >= target else "missed"
    return (
        edition,
        indicator,
        1,
        grain,
        start,
        level,
        area,
        dimension,
        member,
        numerator,
        denominator,
        excluded,
        pending,
        value,
        lower,
        upper,
        target,
        status,
        AS_OF,
        "run-1",
    )


def _catalogue_rows() -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for order, (indicator, zh, en, kind, scale, unit, direction, interval, people, dataset, _, _) in enumerate(
        _CATALOGUE, 1
    ):
        counted = kind in ("count", "amount")
        rows.append(
            (
                order,
                indicator,
                1,
                zh,
                en,
                f"{zh}：统计期内符合条件的数量与应计数量之比。" if not counted else f"{zh}：统计期内的数量。",
                f"{en}: what meets the condition, out of what counts, in the period."
                if not counted
                else f"{en} in the period.",
                f"{zh}的分子",
                f"Numerator of {en.lower()}",
                None if counted else f"{zh}的分母",
                None if counted else f"Denominator of {en.lower()}",
                "已撤销和不予受理的诉求",
                "cancelled and excluded tickets",
                "受理日期",
                "date accepted",
                kind,
                scale,
                unit,
                direction,
                interval,
                1,
                people,
                dataset,
                "目录",
                1,
            )
        )
    return rows


def _delivery(key: str, dataset: str, file_name: str, counts: tuple[int, ...], **other: object) -> tuple[object, ...]:
    """A line of the ledger; counts are rows in, loaded, rejected, de-duplicated, left out, unchanged, removed."""
    line: dict[str, object] = {
        "sha256": f"{zlib.crc32(key.encode()):08x}" * 8,
        "bytes": 1_200_000,
        "kind": "full",
        "arrived_at": AS_OF,
        "as_of": AS_OF,
        "outcome": "loaded",
        "reason": (None, None, None),
        "mends": None,
        **other,
    }
    head = (key, dataset, dataset, file_name, line["sha256"], line["bytes"], line["kind"])
    code, en, zh = line["reason"]  # type: ignore[misc]
    tail = (line["outcome"], code, en, zh, line["mends"], "0f3c9a1e-run-1", line["arrived_at"], 0, "c" * 64)
    return (*head, line["arrived_at"], line["as_of"], *counts, *tail)


def _deliveries(datasets: list[str]) -> list[tuple[object, ...]]:
    """A delivery of every dataset; of tickets also a refused one that was replaced, a superseded one and corrected
    rows; of payments one that a guard blocked."""
    before = AS_OF - timedelta(days=1)
    header = ("missing_column", "The header lacks the column ticket_id.", "表头缺少列 ticket_id。")
    older = (
        "superseded",
        "A newer full delivery is loaded; this one was not used.",
        "已有更新的全量文件，本文件未采用。",
    )
    keys = ("guard_deletions", "120 known keys are missing.", "缺少 120 个已知编号。")
    rows = []
    for i, d in enumerate(datasets):
        left_out = 17 if d == "tickets" else 0
        counts = (10_000 + i + left_out, 9_990 + i, 7, 3, left_out, 9_000, 2)
        rows.append(_delivery(f"{d}-1", d, f"{d}_20261121.csv", counts))
    return [
        *rows,
        _delivery(
            "tickets-0", "tickets", "tickets_20261120.csv", (12, 0, 12, 0, 0, 0, 0),
            bytes=900, arrived_at=before, as_of=None, outcome="refused", reason=header,
        ),
        _delivery(
            "tickets-2", "tickets", "tickets-1-corrected.xlsx", (5, 5, 0, 0, 0, 0, 0), bytes=6_400, mends="tickets-1"
        ),
        _delivery(
            "members-0", "members", "members_20261101.csv", (9_000, 0, 0, 9_000, 0, 0, 0),
            arrived_at=before, as_of=before - timedelta(days=20), outcome="superseded", reason=older,
        ),
        _delivery(
            "payments-0", "payments", "payments_20261122.xlsx", (9_880, 0, 9_880, 0, 0, 0, 0),
            outcome="refused", reason=keys,
        ),
    ]  # fmt: skip


def _guard_results(datasets: list[str]) -> list[tuple[object, ...]]:
    """Three judgements of every dataset; two of tickets warned, one of budget lines was overridden, and a delivery of
    payments was blocked."""
    who = (None, None, None)

    def line(
        d: str, guard: str, outcome: str, zh: str = "", en: str = "", by: tuple[object, ...] = who
    ) -> tuple[object, ...]:
        key = "0" if outcome == "blocked" else "1"
        return (f"{d}-{key}", d, guard, "block", outcome, "", "", zh, en, *by, AS_OF, f"{d}_20261121.csv", AS_OF)

    quiet = [
        line(d, guard, outcome)
        for d in datasets
        for guard, outcome in (("deletions", "passed"), ("repeated", "passed"), ("missing_partition", "not_judged"))
    ]
    earlier = line("tickets", "unknown_areas.area_code", "warned", "昨日：2 行。", "yesterday: 2 rows.")
    return [
        *quiet,
        ("tickets-0", *earlier[1:]),
        line(
            "tickets", "unknown_areas.area_code", "warned",
            "tickets_20261121.csv：3 行的 area_code 不在区划表中。",
            "tickets_20261121.csv: 3 rows have an area_code that areas does not know.",
        ),
        line(
            "budget_lines", "row_count_band", "overridden",
            "budget_lines_20261121.csv：10,001 行，往常约 2,000 行。王主任已准予放行（年度预算一次下达），至 2026-12-31 有效。",
            "budget_lines_20261121.csv: 10,001 rows, usually about 2,000. 王主任 lets it pass until 2026-12-31 (年度预算一次下达).",
            ("王主任", "年度预算一次下达", date(2026, 12, 31)),
        ),
        line(
            "payments", "deletions", "blocked",
            "payments_20261122.xlsx：缺少 120 个已知编号，超过 1 %。请与报送单位核对，重新报送；如确属实，请在 overrides.yaml 中加一行："
            '- {dataset: payments, guard: deletions, delivery: "3f9a0c21b7de", who: <姓名>, why: <理由>, until: 2026-11-29}',
            "payments_20261122.xlsx: 120 known keys are missing, more than 1 %. Ask the office and have it sent again; if it is right, "
            'add this line to overrides.yaml: - {dataset: payments, guard: deletions, delivery: "3f9a0c21b7de", who: <name>, '
            "why: <reason>, until: 2026-11-29}",
        ),
    ]  # fmt: skip


def _write(connection: duckdb.DuckDBPyConnection, table: str, columns: str, rows: list[tuple[object, ...]]) -> None:
    connection.execute(f"create table marts.{table} ({columns})")
    if not rows:
        return
    names = [c.strip().split(" ")[0] for c in columns.split(",")]
    frame = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None, strict=False)
    connection.register("frame", frame.to_arrow())
    connection.execute(f"insert into marts.{table} select * from frame")
    connection.unregister("frame")


def publish(city: Path, number: int = 1, shape: Shape | None = None) -> Path:
    """Write edition `number` into `city`/state/published, move `current` to it, and return its file."""
    folder = city / "state" / "published"
    made = _made(number, shape or Shape())
    shutil.copytree(made, folder, dirs_exist_ok=True)
    (found,) = made.glob("*.duckdb")
    point(city, folder / found.name)
    return folder / found.name


_MADE: dict[tuple[int, str], TemporaryDirectory[str]] = {}


def _made(number: int, shape: Shape) -> Path:
    """A folder with what belongs to that edition, which takes a second and is made once a process."""
    key = (number, repr(shape))
    if key not in _MADE:
        _MADE[key] = TemporaryDirectory(prefix="made-up-edition-")
        _write_edition(Path(_MADE[key].name), number, shape)
    return Path(_MADE[key].name)


def _write_edition(folder: Path, number: int, shape: Shape) -> None:
    name = f"edition-20261122T{number:02d}0000Z-{zlib.crc32(str(number).encode()):08x}"
    file = folder / f"{name}.duckdb"
    areas = _areas(shape)
    text = "VARCHAR"
    with duckdb.connect(file) as con:
        con.execute("create schema marts")
        _write(
            con,
            "indicator_values",
            "edition VARCHAR, indicator_id VARCHAR, indicator_version INTEGER, grain VARCHAR, "
            "period_start DATE, area_level VARCHAR, "
            "area_code VARCHAR, dimension VARCHAR, member VARCHAR, numerator DOUBLE, denominator DOUBLE, "
            "excluded BIGINT, "
            "pending BIGINT, value DOUBLE, lower DOUBLE, upper DOUBLE, target DOUBLE, status VARCHAR, "
            "as_of TIMESTAMP, run_id VARCHAR",
            _rows(shape, name),
        )
        _write(
            con,
            "areas",
            "area_code VARCHAR, valid_from DATE, valid_to DATE, area_name VARCHAR, area_name_en VARCHAR, "
            "level VARCHAR, "
            "parent_code VARCHAR, area_kind VARCHAR, population BIGINT, households BIGINT, latitude "
            "DOUBLE, longitude DOUBLE, "
            "is_current BOOLEAN",
            areas,
        )
        _write(
            con,
            "indicators",
            "sort_order INTEGER, indicator_id VARCHAR, version INTEGER, name_zh VARCHAR, name_en "
            "VARCHAR, definition_zh VARCHAR, "
            "definition_en VARCHAR, numerator_zh VARCHAR, numerator_en VARCHAR, denominator_zh VARCHAR, "
            "denominator_en VARCHAR, "
            "exclusions_zh VARCHAR, exclusions_en VARCHAR, attribution_zh VARCHAR, attribution_en "
            "VARCHAR, kind VARCHAR, "
            "scale DOUBLE, unit VARCHAR, direction VARCHAR, interval VARCHAR, minimum_count INTEGER, people BOOLEAN, "
            "dataset VARCHAR, source VARCHAR, decimals INTEGER",
            _catalogue_rows(),
        )
        standards: list[tuple[object, ...]] = [
            ("target", e.indicator, None, e.target) for e in _CATALOGUE if e.target is not None
        ]
        standards += [
            ("fund_floor", None, None, 200000.0),
            ("cadres", None, "key", 15.0),
            ("cadres", None, "ordinary", 10.0),
        ]
        standards += [("workers", None, None, 20.0), ("satisfaction_threshold", None, None, 3.0)]
        _write(con, "standards", "standard VARCHAR, indicator_id VARCHAR, area_kind VARCHAR, value DOUBLE", standards)
        datasets = sorted({e.dataset for e in _CATALOGUE} | {"areas"})
        _write(
            con, "as_of", "dataset VARCHAR, as_of TIMESTAMP, as_of_on DATE", [(d, AS_OF, AS_OF_ON) for d in datasets]
        )
        _write(
            con,
            "city",
            "area_code VARCHAR, name_zh VARCHAR, name_en VARCHAR, time_zone VARCHAR, currency VARCHAR, "
            "fiscal_year_start INTEGER, "
            "language VARCHAR, people_minimum INTEGER",
            [(CITY, "示例市", "Sample City", "Asia/Shanghai", "CNY", 1, "zh", 10)],
        )
        _write(
            con,
            "left_out",
            "delivery_id VARCHAR, file_name VARCHAR, dataset VARCHAR, reason_zh VARCHAR, reason_en VARCHAR, "
            "left_out_rows BIGINT",
            [("tickets-1", "tickets_20261121.csv", "tickets", "测试数据", "test data", 17)],
        )
        _write(
            con,
            "deliveries",
            "delivery_id VARCHAR, dataset VARCHAR, source VARCHAR, file_name VARCHAR, sha256 VARCHAR, bytes BIGINT, "
            "kind VARCHAR, arrived_at TIMESTAMP, as_of TIMESTAMP, rows_in BIGINT, rows_loaded BIGINT, "
            "rows_rejected BIGINT, rows_deduplicated BIGINT, rows_left_out BIGINT, rows_unchanged BIGINT, "
            "rows_removed BIGINT, outcome VARCHAR, reason_code VARCHAR, reason_en VARCHAR, reason_zh VARCHAR, "
            "mends VARCHAR, run_id VARCHAR, loaded_at TIMESTAMP, sequence BIGINT, judged_by VARCHAR",
            _deliveries(datasets),
        )
        _write(
            con,
            "open_refusals",
            "delivery_id VARCHAR, dataset VARCHAR, file_name VARCHAR, arrived_at TIMESTAMP, refused_at TIMESTAMP, "
            "reason_code VARCHAR, reason_zh VARCHAR, reason_en VARCHAR",
            [
                (
                    "payments-0",
                    "payments",
                    "payments_20261122.xlsx",
                    AS_OF,
                    AS_OF,
                    "guard_deletions",
                    "缺少 120 个已知编号。",
                    "120 known keys are missing.",
                )
            ],
        )
        _write(
            con,
            "guard_results",
            "delivery_id VARCHAR, dataset VARCHAR, guard_id VARCHAR, on_failure VARCHAR, outcome VARCHAR, "
            "observed VARCHAR, expected VARCHAR, message_zh VARCHAR, message_en VARCHAR, override_who VARCHAR, "
            "override_why VARCHAR, override_until DATE, judged_at TIMESTAMP, file_name VARCHAR, arrived_at TIMESTAMP",
            _guard_results(datasets),
        )
        _write(
            con,
            "notes",
            "delivery_id VARCHAR, dataset VARCHAR, code VARCHAR, cells BIGINT, message_zh VARCHAR, "
            "message_en VARCHAR, file_name VARCHAR, arrived_at TIMESTAMP",
            [
                (
                    "tickets-1",
                    "tickets",
                    "control_characters",
                    1204,
                    "tickets_20261121.csv 中有 1,204 个控制字符，已去除。",
                    "1,204 control characters in tickets_20261121.csv were taken out.",
                    "tickets_20261121.csv",
                    AS_OF,
                ),
                (
                    None,
                    "facilities",
                    "source_remark",
                    1,
                    "这个接口不说更新时间，每次都全部读取。",
                    "This endpoint tells no time of update and is read whole every time.",
                    None,
                    None,
                ),
            ],
        )
        _write(
            con,
            "contract_results",
            "delivery_id VARCHAR, dataset VARCHAR, file_name VARCHAR, rule_id VARCHAR, rule_name_en "
            "VARCHAR, rule_name_zh VARCHAR, "
            "column_name VARCHAR, dimension VARCHAR, severity VARCHAR, rows_checked BIGINT, rows_failed "
            "BIGINT, passed BOOLEAN, "
            "checked_at TIMESTAMP",
            [
                (
                    f"{d}-1",
                    d,
                    f"{d}_20261121.csv",
                    f"{d}.rule_{r}",
                    f"Rule {r} holds",
                    f"规则 {r}",
                    None if r == 1 else f"column_{r}",
                    ("completeness", "validity", "uniqueness")[r % 3],
                    "error" if r < 3 else "warning",
                    10_000,
                    7 if r == 2 else 0,
                    r != 2,
                    AS_OF,
                )
                for d in datasets
                for r in (1, 2, 3)
            ],
        )
        _write(
            con,
            "rejects",
            "delivery_id VARCHAR, dataset VARCHAR, source_row BIGINT, rule_id VARCHAR, column_name "
            "VARCHAR, value VARCHAR, "
            "reason_en VARCHAR, reason_zh VARCHAR",
            [
                (f"{d}-1", d, 40 + i, f"{d}.rule_2", "column_2", "31/02/2026", "Not a date.", "不是有效日期。")
                for d in datasets
                for i in range(7)
            ],
        )
        streets = [a for a in areas if a[5] == "community"]
        _write(
            con,
            "overdue_tickets",
            "ticket_id VARCHAR, channel VARCHAR, category_1 VARCHAR, area_code VARCHAR, district_code "
            "VARCHAR, street_code VARCHAR, "
            "community_code VARCHAR, handling_unit VARCHAR, accepted_on DATE, due_on DATE, days_overdue BIGINT",
            [
                (
                    f"GD2026{i:06d}",
                    CHANNELS[i % 4],
                    CATEGORIES[i % 5],
                    c[0],
                    str(c[0])[:6],
                    str(c[6]),
                    c[0],
                    f"{c[3]}工作站",
                    AS_OF_ON - timedelta(days=20 + i % 30),
                    AS_OF_ON - timedelta(days=1 + i % 30),
                    1 + i % 30,
                )
                for i, c in enumerate(streets * 2)
            ],
        )
        _write(
            con,
            "edition",
            f"edition {text}, published_at TIMESTAMP, run_id {text}, code_version {text}, "
            f"contracts_sha256 {text}, sql_sha256 {text}",
            [(name, AS_OF + timedelta(hours=number, minutes=5), "run-1", "1.0.0", "a" * 64, "b" * 64)],
        )
    docs = folder / f"{name}-data-docs"
    (docs / "validations").mkdir(parents=True, exist_ok=True)
    (docs / "index.html").write_text(
        "<html><head><meta charset='utf-8'><title>Data Docs</title></head><body><h1>Data Docs</h1>"
        "<p><a href='validations/tickets.html'>tickets</a></p></body></html>",
        encoding="utf-8",
    )
    (docs / "validations" / "tickets.html").write_text(
        "<html><body><h1>tickets: 2 of 3 rules</h1></body></html>", encoding="utf-8"
    )
    file.with_suffix(".json").write_text(json.dumps({"edition": name}), encoding="utf-8")
    (folder / "last_refresh.json").write_text(
        json.dumps(
            {
                "finished_at": f"2026-11-22T{number:02d}:06:00Z",
                "outcome": "published",
                "edition": name,
                "problems": list(shape.problems),
            },
            ensure_ascii=False,
        ),
        encoding="utf-8",
    )


def point(city: Path, file: Path) -> None:
    """Move the symbolic link `current` of `city` to `file` in one step."""
    link = city / "state" / "published" / "current"
    fresh = link.with_name("current.new")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(file.name)
    os.replace(fresh, link)
