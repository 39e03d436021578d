"""The tickets of the sample city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl

from pipelines.sample_city.names import person_names, phone_numbers
from pipelines.sample_city.places import COMMUNITIES, WEAK_STREET, Places
from pipelines.sample_city.window import (
    DAY,
    NEVER,
    BoolArray,
    FloatArray,
    IntArray,
    Window,
    add_months,
    day_number,
    spread,
)

CHANNELS = ("hotline", "grid", "visit", "assembly", "app", "wish")
_LETTERS = ("RX", "WG", "ZD", "SS", "XC", "XY")
HOTLINE, GRID, VISIT, ASSEMBLY, APP, WISH = range(6)
_MONTHLY = {HOTLINE: 2000.0, GRID: 1150.0, APP: 180.0, WISH: 82.0}

VISITS_LAST_MONTH, VISITS_RESOLVED = 500, 486
ASSEMBLY_LAST_YEAR, ASSEMBLY_RESOLVED = 1062, 980
_VISITS_EXCLUDED, _ASSEMBLY_EXCLUDED = 12, 18

# category: second-level categories, the city bureau in charge, days allowed, weight for each channel
_CATEGORIES: tuple[tuple[str, tuple[str, ...], str, int, tuple[int, ...]], ...] = (
    ("市容环卫", ("占道经营", "垃圾清运", "违规广告", "乱堆乱放"), "城市管理局", 5, (16, 26, 12, 10, 22, 3)),
    ("住房物业", ("物业服务", "电梯故障", "房屋漏水", "维修资金"), "住房和建设局", 10, (20, 8, 22, 26, 15, 8)),
    ("交通出行", ("停车秩序", "公交线路", "道路拥堵", "共享单车"), "交通运输局", 7, (14, 10, 12, 14, 20, 4)),
    ("生态环境", ("噪声扰民", "油烟异味", "水体污染"), "生态环境局", 7, (13, 7, 9, 8, 13, 2)),
    ("公共安全", ("消防通道", "电动车充电", "治安隐患", "高空抛物"), "应急管理局", 3, (7, 20, 10, 8, 9, 2)),
    ("市政设施", ("路灯不亮", "井盖破损", "道路破损", "排水不畅"), "市政设施中心", 5, (12, 22, 13, 14, 14, 4)),
    ("教育文体", ("入学咨询", "培训退费", "健身场地"), "教育局", 10, (6, 1, 5, 6, 3, 14)),
    ("医疗社保", ("医保报销", "养老待遇", "就医服务"), "人力资源和社会保障局", 7, (8, 1, 7, 4, 2, 11)),
    ("为老助残", ("居家养老", "助残服务", "困难救助"), "民政局", 15, (4, 5, 10, 10, 2, 52)),
)

#: Category → days within which its matters are to be resolved.
DAYS_ALLOWED = {entry[0]: entry[3] for entry in _CATEGORIES}

EVENTS = (
    "accepted", "dispatched", "contact", "resolved_1", "closed_1", "callback", "reopened", "resolved_2", "closed_2",
    "cancelled",
)  # fmt: skip


@dataclass(frozen=True)
class Tickets:
    """Every ticket with its whole story: times in minutes since 1970 local time, `NEVER` for what does not happen."""

    times: dict[str, IntArray]
    facts: pl.DataFrame

    def __len__(self) -> int:
        """Number of tickets."""
        return len(self.facts)

    def as_reported(self, since: int, until: int) -> pl.DataFrame:
        """Rows of the tickets with an event in [since, until), as a system that knows the events before `until` says.

        Columns are those of the contract (and `reporter_name`); times are naive local timestamps.
        """
        touched = np.zeros(len(self), dtype=np.bool_)
        for name in EVENTS:
            touched |= (self.times[name] >= since) & (self.times[name] < until)
        chosen = np.flatnonzero(touched)
        known = {name: np.where(self.times[name][chosen] < until, self.times[name][chosen], NEVER) for name in EVENTS}
        again = known["resolved_2"] < NEVER
        resolved = np.where(again, known["resolved_2"], known["resolved_1"])
        closed = np.where(known["closed_2"] < NEVER, known["closed_2"], known["closed_1"])
        reopened = known["reopened"] < NEVER
        called = known["callback"] < NEVER
        status = np.full(len(chosen), 0)
        status[known["resolved_1"] < NEVER] = 1
        status[known["closed_1"] < NEVER] = 2
        status[reopened & ~again] = 0
        status[reopened & again] = 1
        status[known["closed_2"] < NEVER] = 2
        status[known["cancelled"] < NEVER] = 3
        updated = np.max([np.where(known[name] < NEVER, known[name], 0) for name in EVENTS], axis=0)
        facts = self.facts[chosen]
        is_resolved = pl.Series(resolved < NEVER)
        answered = pl.Series(called)
        nothing = pl.lit(None)
        return facts.select(
            "ticket_id",
            "channel",
            "category_1",
            "category_2",
            "area_code",
            "handling_unit",
            "parent_ticket_id",
            _moment("accepted_at", known["accepted"]),
            _moment("dispatched_at", known["dispatched"]),
            _moment("first_contact_at", known["contact"]),
            _moment("due_at", self.times["due"][chosen]),
            _moment("first_resolved_at", known["resolved_1"]),
            _moment("resolved_at", resolved),
            _moment("first_closed_at", known["closed_1"]),
            _moment("closed_at", closed),
            _moment("reopened_at", known["reopened"]),
            pl.Series("reopen_count", reopened.astype(np.int64)),
            pl.when(is_resolved).then("paused_minutes").otherwise(0).alias("paused_minutes"),
            pl.Series(np.array(["open", "resolved", "closed", "cancelled"])[status]).alias("status"),
            pl.when(is_resolved).then("on_time_reported").otherwise(nothing).alias("on_time_reported"),
            _moment("scheduled_at", self.times["scheduled"][chosen]),
            "exclusion_code",
            "department_count",
            _moment("callback_at", known["callback"]),
            pl.when(answered).then("callback_resolved").otherwise(nothing).alias("callback_resolved"),
            pl.when(answered).then("callback_satisfaction").otherwise(nothing).alias("callback_satisfaction"),
            "reporter_id",
            "reporter_phone",
            "description",
            "longitude",
            "latitude",
            _moment("updated_at", updated),
            "reporter_name",
        )


def _moment(name: str, minutes: IntArray) -> pl.Series:
    present = minutes < NEVER
    values = pl.Series(name, np.where(present, minutes, 0) * 60_000_000).cast(pl.Datetime("us"))
    return pl.select(pl.when(pl.Series(present)).then(values).otherwise(None).alias(name)).to_series()


def _day_weights(window: Window) -> tuple[IntArray, FloatArray]:
    """Days of the window (days since 1970) and how busy each is: week, season, holidays."""
    days = np.arange(day_number(window.start), day_number(window.cut) + 1, dtype=np.int64)
    weekday = (days + 3) % 7
    weight = np.array([1.16, 1.10, 1.06, 1.05, 1.02, 0.72, 0.62])[weekday]
    calendar = pl.Series(days.astype(np.int32)).cast(pl.Date)
    month, of_month = calendar.dt.month().to_numpy(), calendar.dt.day().to_numpy()
    season = np.array([0.90, 0.84, 0.97, 1.00, 1.02, 1.08, 1.12, 1.10, 1.03, 0.98, 0.98, 0.98])
    quiet = ((month == 10) & (of_month <= 7)) | ((month == 5) & (of_month <= 3)) | ((month == 1) & (of_month == 1))
    return days, weight * season[month - 1] * np.where(quiet, 0.55, 1.0)


def _accepted_days(rng: np.random.Generator, window: Window) -> tuple[IntArray, IntArray]:
    """Channel and accepted day (days since 1970) of every ticket."""
    days, weight = _day_weights(window)
    bounds = [day_number(first) for first in window.months] + [day_number(window.cut) + 1]
    monthly = np.array([weight[(days >= a) & (days < b)].sum() for a, b in pairwise(bounds)])
    usual = weight.sum() / len(days) * 30.44
    in_last_year = np.array([first.year == window.last_year for first in window.months])
    assemblies = np.rint(88.5 * monthly / usual).astype(np.int64)
    assemblies[in_last_year] = spread(ASSEMBLY_LAST_YEAR + _ASSEMBLY_EXCLUDED, monthly[in_last_year])
    channels, accepted = [], []
    for number, (first, busy) in enumerate(zip(window.months, monthly, strict=True)):
        inside = (days >= bounds[number]) & (days < bounds[number + 1])
        growth = 0.97 + 0.06 * number / 24
        for channel in range(len(CHANNELS)):
            if channel == VISIT:
                count = round(500 * busy / usual)
                if first == window.last_month:
                    count = VISITS_LAST_MONTH + _VISITS_EXCLUDED
            elif channel == ASSEMBLY:
                count = int(assemblies[number])
            else:
                count = round(_MONTHLY[channel] * busy / usual * growth * rng.uniform(0.97, 1.03))
            chance = weight[inside] / weight[inside].sum()
            accepted.append(rng.choice(days[inside], count, p=chance))
            channels.append(np.full(count, channel, dtype=np.int64))
    return np.concatenate(channels), np.concatenate(accepted).astype(np.int64)


def _into_daytime(rng: np.random.Generator, minutes: IntArray) -> IntArray:
    """Moves what falls into the night (20:00 to 8:00) to the next morning."""
    of_day = minutes % DAY
    late = rng.integers(0, 240, len(minutes))
    moved = np.where(of_day < 480, minutes - of_day + 480 + late, minutes)
    return np.where(of_day >= 1200, minutes - of_day + DAY + 480 + late, moved)


def make_tickets(rng: np.random.Generator, window: Window, places: Places) -> Tickets:
    """About 4,000 tickets a month over the window, in the order of acceptance."""
    channel, day = _accepted_days(rng, window)
    count = len(channel)
    of_day = np.clip(rng.triangular(390, 620, 1330, count), 390, 1320).astype(np.int64)
    of_day = np.where((channel == VISIT) | (channel == ASSEMBLY), rng.integers(840, 1020, count), of_day)
    order = np.lexsort((channel, day * DAY + of_day))
    channel, accepted = channel[order], (day * DAY + of_day)[order]
    cut = (day_number(window.cut) + 1) * DAY
    begin = day_number(window.start) * DAY
    elapsed = (accepted - begin) / (cut - begin)

    volume = places.community_population**0.92 * rng.lognormal(0.0, 0.30, COMMUNITIES + 1)
    community = rng.choice(COMMUNITIES + 1, count, p=volume / volume.sum()).astype(np.int64)
    merged_now = accepted >= day_number(window.merger) * DAY
    community[merged_now & (community == places.merged)] = places.heir
    category = np.zeros(count, dtype=np.int64)
    for number in range(len(CHANNELS)):
        chance = np.array([entry[4][number] for entry in _CATEGORIES], dtype=np.float64)
        rows = channel == number
        category[rows] = rng.choice(len(_CATEGORIES), int(rows.sum()), p=chance / chance.sum())

    times, facts = _story(rng, places, channel, category, community, accepted, elapsed)
    _settle(rng, window, channel, times, facts, cut)
    code = _area_codes(rng, window, places, channel, community, accepted)
    return Tickets(times, _describe(rng, places, channel, category, community, accepted, code, times, facts))


def _story(
    rng: np.random.Generator,
    places: Places,
    channel: IntArray,
    category: IntArray,
    community: IntArray,
    accepted: IntArray,
    elapsed: FloatArray,
) -> tuple[dict[str, IntArray], dict[str, IntArray]]:
    """Times of every event, and coded facts: exclusion, callback answer and satisfaction, pauses."""
    count = len(channel)
    area = COMMUNITIES + 1
    weak_street = places.community_street == WEAK_STREET
    slow = rng.normal(0.0, 0.16, area) + 0.50 * places.weak + 0.26 * weak_street
    stuck = np.exp(rng.normal(0.0, 0.30, area)) * np.where(places.weak, 4.5, 1.0) * np.where(weak_street, 2.4, 1.0)
    content = rng.normal(0.0, 0.02, area) - 0.10 * places.weak - 0.05 * weak_street

    allowed = np.array([entry[3] for entry in _CATEGORIES], dtype=np.int64)[category]
    due = np.where(rng.random(count) < 0.03, NEVER, accepted + allowed * DAY)
    dispatched = accepted + rng.integers(5, 120, count)
    contact = accepted + 10 + rng.exponential(np.where(rng.random(count) < 0.93, 330.0, 1900.0)).astype(np.int64)
    spread_of = rng.normal(-1.46 - 0.14 * elapsed + slow[community], 0.86)
    hours = np.minimum(allowed * DAY * np.exp(spread_of), 140 * DAY).astype(np.int64) + 25
    resolved = np.maximum(_into_daytime(rng, accepted + hours), dispatched + 10)
    never = rng.random(count) < np.minimum((0.027 - 0.016 * elapsed) * stuck[community], 0.6)
    resolved[never] = NEVER
    contact = np.minimum(contact, resolved)
    contact[(rng.random(count) < 0.02) & never] = NEVER

    closes = (resolved < NEVER) & (rng.random(count) < 0.95)
    closed = np.where(closes, resolved + rng.integers(40, 4000, count), NEVER)
    called = closes & (rng.random(count) < 0.87) & (channel != GRID) | (closes & (rng.random(count) < 0.35))
    callback = np.where(called, _into_daytime(rng, closed + rng.integers(DAY, 9 * DAY, count)), NEVER)
    yes = np.clip(0.865 + 0.02 * elapsed + content[community], 0.3, 0.99)
    draw = rng.random(count)
    answer = np.where(draw < yes, 0, np.where(draw < yes + (1 - yes) * 0.42, 1, 2))
    answer[rng.random(count) < 0.08] = 3
    levels = np.array(
        [[0.005, 0.015, 0.11, 0.36, 0.51], [0.05, 0.15, 0.50, 0.25, 0.05], [0.30, 0.32, 0.27, 0.09, 0.02]]
    )
    bounds = np.cumsum(levels, axis=1)[np.minimum(answer, 2)]
    satisfaction = 1 + (rng.random(count)[:, None] > bounds[:, :4]).sum(axis=1)
    satisfaction[(answer == 3) | (rng.random(count) < 0.05)] = 0

    cancelled = np.where(rng.random(count) < 0.006, accepted + rng.integers(60, 2 * DAY, count), NEVER)
    gone = cancelled < NEVER
    share = np.array([0.955, 0.014, 0.009, 0.016, 0.006])
    exclusion = rng.choice(5, count, p=share).astype(np.int64)
    exclusion[gone] = 0
    for series in (resolved, closed, callback):
        series[gone] = NEVER

    unhappy = (callback < NEVER) & (answer == 2)
    back = (closed < NEVER) & (rng.random(count) < np.where(unhappy, 0.17, 0.012))
    reopened = np.where(
        unhappy, callback + rng.integers(60, 3 * DAY, count), closed + rng.integers(DAY, 26 * DAY, count)
    )
    reopened[~back] = NEVER
    resolved_2 = np.where(back & (rng.random(count) < 0.94), reopened + rng.integers(600, 10 * DAY, count), NEVER)
    closed_2 = np.where(resolved_2 < NEVER, resolved_2 + rng.integers(60, 3000, count), NEVER)
    # A callback that would fall between reopening and the second resolution did not happen.
    callback[(reopened < NEVER) & (callback > reopened)] = NEVER

    booked = (channel == WISH) | (channel == VISIT)
    scheduled = np.where(booked & (rng.random(count) < 0.5), accepted + rng.integers(1, 8, count) * DAY, NEVER)
    paused = np.where(rng.random(count) < 0.045, rng.integers(60, 4320, count), 0)
    paused = np.where(resolved < NEVER, np.minimum(paused, (resolved - accepted) // 2), 0)
    times = {
        "accepted": accepted, "dispatched": dispatched, "contact": contact, "due": due, "scheduled": scheduled,
        "resolved_1": resolved, "closed_1": closed, "callback": callback, "reopened": reopened,
        "resolved_2": resolved_2, "closed_2": closed_2, "cancelled": cancelled,
    }  # fmt: skip
    return times, {"exclusion": exclusion, "answer": answer, "satisfaction": satisfaction, "paused": paused}


def _settle(
    rng: np.random.Generator,
    window: Window,
    channel: IntArray,
    times: dict[str, IntArray],
    facts: dict[str, IntArray],
    cut: int,
) -> None:
    """Makes the two published shares exact: station visits of the last month, assembly matters of the last year."""
    accepted = times["accepted"]

    def between(first: date, last: date) -> BoolArray:
        inside: BoolArray = (accepted >= day_number(first) * DAY) & (accepted < day_number(last) * DAY)
        return inside

    year = between(date(window.last_year, 1, 1), date(window.last_year + 1, 1, 1)) & (channel == ASSEMBLY)
    month = between(window.last_month, add_months(window.last_month, 1)) & (channel == VISIT)
    for rows, counted, solved in (
        (np.flatnonzero(year), ASSEMBLY_LAST_YEAR, ASSEMBLY_RESOLVED),
        (np.flatnonzero(month), VISITS_LAST_MONTH, VISITS_RESOLVED),
    ):
        mixed = rows[rng.permutation(len(rows))]
        kept, left_out = mixed[:counted], mixed[counted:]
        times["cancelled"][rows] = NEVER
        facts["exclusion"][kept] = 0
        facts["exclusion"][left_out] = 1 + rng.integers(0, 4, len(left_out))
        slowest = kept[np.argsort(times["resolved_1"][kept], kind="stable")]
        done, open_still = slowest[:solved], slowest[solved:]
        for name in ("resolved_1", "closed_1", "callback", "reopened", "resolved_2", "closed_2"):
            times[name][open_still] = NEVER
        facts["paused"][open_still] = 0
        too_late = done[times["resolved_1"][done] >= cut]
        room = cut - accepted[too_late]
        times["resolved_1"][too_late] = accepted[too_late] + (room * rng.uniform(0.5, 0.95, len(room))).astype(np.int64)
        for name in ("closed_1", "callback", "reopened", "resolved_2", "closed_2"):
            times[name][too_late] = NEVER
        facts["paused"][too_late] = 0
        early = np.minimum(times["resolved_1"][too_late], accepted[too_late] + 10)
        times["dispatched"][too_late], times["contact"][too_late] = early, early
        undone = done[(times["reopened"][done] < cut) & (times["resolved_2"][done] >= cut)]
        for name in ("reopened", "resolved_2", "closed_2"):
            times[name][undone] = NEVER


def _area_codes(
    rng: np.random.Generator,
    window: Window,
    places: Places,
    channel: IntArray,
    community: IntArray,
    accepted: IntArray,
) -> pl.Series:
    """Grid codes for the grid channel, community codes for the rest; some coarse, empty, stale or unknown."""
    count = len(channel)
    merged_now = accepted >= day_number(window.merger) * DAY
    moved = int(places.grid_is_moved.sum())
    grids = places.grid_count[community] - np.where((community == places.heir) & ~merged_now, moved, 0)
    grid = places.first_grid[community] + np.floor(rng.random(count) * grids).astype(np.int64)
    # One list of codes: communities, then grids, streets, an unknown code, and a code no longer in force.
    codes = pl.Series([*places.community_codes, *places.grid_codes, *places.street_codes, "990199001001"])
    communities, streets = len(places.community_codes), len(places.street_codes)
    index = np.where(channel == GRID, communities + grid, community)
    chance = rng.random(count)
    chance[(channel == VISIT) | (channel == ASSEMBLY)] = 1.0
    index = np.where(chance < 0.012, communities + len(places.grid_codes) + places.community_street[community], index)
    index = np.where(chance < 0.0015, communities + len(places.grid_codes) + streets, index)
    stale = np.flatnonzero((community == places.heir) & merged_now & (chance < 1.0) & (channel != GRID))[:8]
    index[stale] = places.merged
    text = codes.gather(index)
    empty = pl.Series((chance >= 0.0015) & (chance < 0.006))
    return pl.select(pl.when(empty).then(None).otherwise(text)).to_series()


def _describe(
    rng: np.random.Generator,
    places: Places,
    channel: IntArray,
    category: IntArray,
    community: IntArray,
    accepted: IntArray,
    code: pl.Series,
    times: dict[str, IntArray],
    facts: dict[str, IntArray],
) -> pl.DataFrame:
    """The columns of a ticket that hold no event time."""
    count = len(channel)
    second = [list(entry[1]) for entry in _CATEGORIES]
    first_second = np.cumsum([0] + [len(names) for names in second])[:-1]
    kinds = np.array([len(names) for names in second])
    sub = first_second[category] + np.floor(rng.random(count) ** 1.4 * kinds[category]).astype(np.int64)
    sub_names = pl.Series([name for names in second for name in names]).gather(sub)
    names = pl.Series([entry[0] for entry in _CATEGORIES]).gather(category)
    bureau = pl.Series([f"市{entry[2]}" for entry in _CATEGORIES]).gather(category)
    street = places.community_street[community]
    office = pl.Series([f"{name}办事处" for name in places.street_names]).gather(street)
    by_street = pl.Series((rng.random(count) < 0.62) | (channel == GRID) | (channel == ASSEMBLY))

    day = pl.Series((accepted // DAY).astype(np.int32)).cast(pl.Date).dt.strftime("%Y%m%d")
    serial = pl.Series(np.arange(1, count + 1)).cast(pl.String).str.zfill(6)
    ticket_id = pl.Series(list(_LETTERS)).gather(channel) + day + serial

    # Some residents call again and again: numbers inside a community follow a long-tailed law.
    person = np.minimum(np.floor(rng.pareto(1.1, count) * 60), 899).astype(np.int64) + community * 900
    nameless = pl.Series((channel == GRID) | (rng.random(count) < 0.03))
    named = person_names(rng, 900 * (COMMUNITIES + 1)).gather(person)
    phone = phone_numbers(20_000_000 + person)
    reporter = "P" + pl.Series(person + 1).cast(pl.String).str.zfill(7)
    community_name = pl.Series(places.community_names).gather(community)
    places_of = pl.Series(["小区门口", "主干道旁", "地下车库", "活动广场", "学校周边", "楼道内", "农贸市场"]).gather(
        rng.integers(0, 7, count)
    )
    endings = pl.Series(
        [
            "，希望尽快处理。", "，已持续一周，请核实。", ",请回电告知结果", "，居民反应强烈。\n请现场查看。",
            "，多次反映未果，“求解决”。", '，现场标识为"施工中"，请协调。',
        ]
    ).gather(rng.choice(6, count, p=[0.5, 0.2, 0.15, 0.05, 0.07, 0.03]))  # fmt: skip
    description = "来电人反映" + community_name + places_of + sub_names + "问题" + endings

    late = times["resolved_1"] > times["due"]
    verdict = ~late | (rng.random(count) < 0.95)
    twins = np.flatnonzero((facts["exclusion"] == 1) & (np.arange(count) > 200))
    parent = np.full(count, -1, dtype=np.int64)
    parent[twins] = twins - rng.integers(1, 200, len(twins))
    on_map = pl.Series((channel == GRID) | (channel == APP) | (rng.random(count) < 0.3))
    frame = pl.DataFrame(
        {
            "ticket_id": ticket_id,
            "channel": pl.Series(list(CHANNELS)).gather(channel),
            "category_1": names,
            "category_2": sub_names,
            "area_code": code,
            "office": office,
            "bureau": bureau,
            "by_street": by_street,
            "parent_ticket_id": ticket_id.gather(np.maximum(parent, 0)),
            "has_parent": parent >= 0,
            "paused_minutes": facts["paused"],
            "on_time_reported": verdict,
            "on_time_known": (channel == HOTLINE) & (times["due"] < NEVER),
            "exclusion": facts["exclusion"],
            "department_count": 1 + np.minimum(rng.poisson(0.07, count) + (rng.random(count) < 0.03), 5),
            "callback_resolved": pl.Series(["yes", "partly", "no", "no_answer"]).gather(facts["answer"]),
            "callback_satisfaction": facts["satisfaction"],
            "nameless": nameless,
            "reporter_id": reporter,
            "reporter_phone": phone,
            "description": description,
            "on_map": on_map,
            "longitude": np.round(places.longitude[community] + rng.normal(0, 0.003, count), 6),
            "latitude": np.round(places.latitude[community] + rng.normal(0, 0.003, count), 6),
            "reporter_name": named,
        }
    )
    nothing = pl.lit(None)
    exclusion_codes = {0: None, 1: "duplicate", 2: "out_of_jurisdiction", 3: "consultation", 4: "invalid"}
    return frame.with_columns(
        pl.when("by_street").then("office").otherwise("bureau").alias("handling_unit"),
        pl.when("has_parent").then("parent_ticket_id").otherwise(nothing).alias("parent_ticket_id"),
        pl.when("on_time_known").then("on_time_reported").otherwise(nothing).alias("on_time_reported"),
        pl.col("exclusion").replace_strict(exclusion_codes, return_dtype=pl.String).alias("exclusion_code"),
        pl.when(pl.col("callback_satisfaction") > 0).then("callback_satisfaction").alias("callback_satisfaction"),
        *(
            pl.when("nameless").then(nothing).otherwise(name).alias(name)
            for name in ("reporter_id", "reporter_phone", "reporter_name")
        ),
        *(pl.when("on_map").then(name).otherwise(nothing).alias(name) for name in ("longitude", "latitude")),
    )
