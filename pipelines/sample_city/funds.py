"""Budget lines and the movements on them. Amounts are whole fen (hundredths of a yuan) until they are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from pipelines.sample_city.organisations import dates
from pipelines.sample_city.places import COMMUNITIES, WEAK_STREET, Places
from pipelines.sample_city.window import FloatArray, IntArray, Window, day_number, spread

FLOOR = 20_000_000
PROJECT_LAST_YEAR = 5_667_000_000
TRANSFER_LAST_YEAR, TRANSFER_RISE = 1_184_000_000_000, 251_000_000_000
_TRANSFER_PARTS = {"staff": 0.46, "operations": 0.17, "service": 0.27, "capital": 0.10}
_OPERATIONS_RISE = 33_000_000_000
_BELOW_FLOOR = (7, 10, 13)

OPERATING_STAFF, OPERATING_RUNNING, SERVICE, PROJECT, TRANSFER = range(5)
_FUND = ("operating", "operating", "service", "project", "transfer")
_LETTERS = ("Y", "G", "F", "X", "Z")


@dataclass(frozen=True)
class Lines:
    """Budget lines of all years; arrays side by side."""

    line_id: pl.Series
    area: pl.Series
    year: IntArray
    sort: IntArray
    spending: list[str]
    source: list[str]
    opening: IntArray
    adjustment: IntArray
    carried: IntArray
    slack: FloatArray
    """How far a line lags: 0 for most, more in the weak street and the weak communities."""

    @property
    def budget(self) -> IntArray:
        """Current budget in fen."""
        return self.opening + self.adjustment + self.carried

    def table(self) -> pl.DataFrame:
        """Rows in the form of the contract, amounts as text with two decimals."""
        return pl.DataFrame(
            {
                "line_id": self.line_id,
                "area_code": self.area,
                "fiscal_year": self.year,
                "fund": pl.Series(list(_FUND)).gather(self.sort),
                "spending_type": self.spending,
                "source": self.source,
                "opening_amount": yuan(self.opening),
                "adjustment_amount": yuan(self.adjustment),
                "carried_in_amount": yuan(self.carried),
            }
        )


def yuan(fen: IntArray) -> pl.Series:
    """Fen as text in yuan with two decimals, exact."""
    size = np.abs(fen)
    sign = pl.Series(["", "-"]).gather((fen < 0).astype(np.int64))
    return sign + pl.Series(size // 100).cast(pl.String) + "." + pl.Series(size % 100).cast(pl.String).str.zfill(2)


def _round_to(fen: FloatArray, unit: int) -> IntArray:
    rounded: IntArray = (np.rint(fen / unit) * unit).astype(np.int64)
    return rounded


def make_lines(rng: np.random.Generator, window: Window, places: Places) -> Lines:
    """Operating (staff, running), service and project lines of every community, transfers to every district."""
    staff_base = rng.uniform(12_000_000, 20_000_000, COMMUNITIES + 1) + places.community_population * 500
    running_base = rng.uniform(9_000_000, 17_000_000, COMMUNITIES + 1) + places.community_population * 300
    service_base = rng.uniform(21_000_000, 30_000_000, COMMUNITIES + 1) + places.community_population * 500
    share = rng.uniform(0.6, 1.4, COMMUNITIES + 1) * places.community_population**0.6
    below_order = rng.permutation(COMMUNITIES)
    district_share = rng.uniform(0.8, 1.3, 5)
    lag = 0.10 * places.weak + 0.13 * (places.community_street == WEAK_STREET)

    ids: list[pl.Series] = []
    areas: list[pl.Series] = []
    numbers: dict[str, list[IntArray]] = {name: [] for name in ("year", "sort", "opening", "adjustment", "carried")}
    slack: list[FloatArray] = []
    spending: list[str] = []
    source: list[str] = []

    def add(
        year: int,
        sort: int,
        area: pl.Series,
        opening: IntArray,
        adjustment: IntArray,
        carried: IntArray,
        kind: str,
        payer: str,
        lags: FloatArray,
        suffix: str = "",
    ) -> None:
        count = len(area)
        ids.append(f"YS{year}" + area + _LETTERS[sort] + suffix)
        areas.append(area)
        slack.append(lags)
        for name, values in (
            ("year", np.full(count, year, dtype=np.int64)),
            ("sort", np.full(count, sort, dtype=np.int64)),
            ("opening", opening),
            ("adjustment", adjustment),
            ("carried", carried),
        ):
            numbers[name].append(values)
        spending.extend([kind] * count)
        source.extend([payer] * count)

    for year in window.years:
        back = window.cut.year - year
        live = COMMUNITIES + (1 if year < window.merger.year else 0)
        area = pl.Series(places.community_codes[:live])
        growth = 0.955**back
        nothing = np.zeros(live, dtype=np.int64)
        adjusted = rng.random(live) < 0.12
        carries = rng.random(live) < 0.20
        below = below_order[: _BELOW_FLOOR[min(back, 2)]]
        staff = np.maximum(_round_to(staff_base[:live] * growth, 10_000), FLOOR // 2)
        running = np.maximum(_round_to(running_base[:live] * growth, 10_000), FLOOR // 2)
        change = np.where(adjusted, _round_to(rng.uniform(-1_200_000, 2_400_000, live), 10_000), 0)
        change = np.maximum(change, FLOOR - staff - running)
        add(year, OPERATING_STAFF, area, staff, nothing, nothing, "staff", "district", lag[:live] * 0.2)
        rest = np.where(carries, _round_to(rng.uniform(200_000, 1_600_000, live), 1), 0)
        add(year, OPERATING_RUNNING, area, running, change, rest, "operations", "district", lag[:live])
        service = np.maximum(_round_to(service_base[:live] * growth, 10_000), FLOOR)
        service[below] = _round_to(rng.uniform(15_500_000, 19_600_000, len(below)), 10_000)
        if back == 0:
            service[below_order[20:24]] = FLOOR
        add(year, SERVICE, area, service, nothing, nothing, "service", "city", lag[:live])
        total = int(PROJECT_LAST_YEAR * (1 + 0.08 * (year - window.last_year)))
        project = spread(total // 10_000, share[:live]) * 10_000
        project[0] += total - int(project.sum())
        add(year, PROJECT, area, project, nothing, nothing, "capital", "city", lag[:live])

        districts = pl.Series(places.district_codes)
        for part, (kind, weight) in enumerate(_TRANSFER_PARTS.items()):
            before = round(TRANSFER_LAST_YEAR * weight)
            rise = _OPERATIONS_RISE if kind == "operations" else 0
            if kind == "staff":
                rise = TRANSFER_RISE - _OPERATIONS_RISE - 90_000_000_000 - 34_000_000_000
            elif kind == "service":
                rise = 90_000_000_000
            elif kind == "capital":
                rise = 34_000_000_000
            amount = before + rise if back == 0 else int(before * 0.9 ** max(back - 1, 0))
            opening = spread(amount, district_share)
            none = np.zeros(5, dtype=np.int64)
            add(year, TRANSFER, districts, opening, none, none, kind, "city", np.zeros(5), str(part + 1))

    return Lines(
        line_id=pl.concat(ids),
        area=pl.concat(areas),
        spending=spending,
        source=source,
        slack=np.concatenate(slack),
        **{name: np.concatenate(parts) for name, parts in numbers.items()},
    )


def _parts(total: IntArray, shares: FloatArray) -> IntArray:
    """Splits each total by the shares of its row (rows sum to at most 1); a full row sums to the total to the fen."""
    ends = np.rint(total[:, None] * np.cumsum(shares, axis=1)).astype(np.int64)
    parts: IntArray = np.diff(ends, axis=1, prepend=0)
    return parts


def make_payments(rng: np.random.Generator, window: Window, lines: Lines) -> pl.DataFrame:
    """Releases, commitments, payments and refunds from the first day of the first year up to yesterday."""
    rows: list[tuple[IntArray, IntArray, IntArray, IntArray, IntArray]] = []
    new_year = np.array([day_number(date(int(year), 1, 1)) for year in range(window.years[0], window.cut.year + 2)])
    first_day = new_year[lines.year - window.years[0]]
    last_day = new_year[lines.year - window.years[0] + 1] - 1
    cut = day_number(window.cut)
    budget = lines.budget
    kinds = {"release": 0, "commitment": 1, "payment": 2, "refund": 3}
    no_commitment = -1

    def add(kind: str, line: IntArray, day: IntArray, amount: IntArray, commitment: IntArray | None = None) -> None:
        number = commitment if commitment is not None else np.full(len(line), no_commitment, dtype=np.int64)
        keep = (day <= np.minimum(last_day[line], cut)) & (amount != 0)
        code = np.full(len(line), kinds[kind], dtype=np.int64)
        rows.append((line[keep], day[keep], code[keep], amount[keep], number[keep]))

    def release(line: IntArray, months: tuple[int, ...], shares: tuple[float, ...]) -> None:
        parts = _parts(budget[line], np.tile(np.array(shares), (len(line), 1)))
        # At most 52 days late, so that every release still falls into its year.
        delay = (lines.slack[line] * 400).astype(np.int64)
        for number, month in enumerate(months):
            day = first_day[line] + (month - 1) * 30 + rng.integers(4, 24, len(line)) + delay
            add("release", line, day, parts[:, number])

    def pay(line: IntArray, share: FloatArray, times: int, late: float = 0.0) -> None:
        """Pays `share` of the budget in `times` movements over the year; `late` bends them towards its end."""
        cuts = rng.uniform(0.7, 1.3, (len(line), times))
        parts = _parts(budget[line], cuts / cuts.sum(axis=1, keepdims=True) * share[:, None])
        for number in range(times):
            at = ((number + 0.35 + 0.6 * rng.random(len(line))) / times) ** (1 / (1 + late))
            add("payment", line, first_day[line] + 12 + (at * 345).astype(np.int64), parts[:, number])

    issued = 0

    def commit(line: IntArray, share: FloatArray, from_day: int, to_day: int, settled: float) -> None:
        """One commitment a line, paid in up to three instalments; some are taken back in part, unpaid."""
        nonlocal issued
        number = issued + np.arange(len(line), dtype=np.int64)
        issued += len(line)
        delay = (lines.slack[line] * 260).astype(np.int64)
        signed = first_day[line] + rng.integers(from_day, to_day, len(line)) + delay
        amount = _round_to(budget[line] * share, 100)
        add("commitment", line, signed, amount, number)
        parts = _parts(amount, np.tile(np.array([0.3, 0.4, 0.3]), (len(line), 1)))
        signed_in_time = signed <= last_day[line]
        taken_back = rng.random(len(line)) < 0.02
        day = signed
        for place in range(3):
            day = day + rng.integers(12, 52, len(line)) + delay // 3
            paid = signed_in_time & (rng.random(len(line)) < settled) & ~(taken_back & (place == 2))
            chosen = np.flatnonzero(paid)
            add("payment", line[chosen], day[chosen], parts[chosen, place], number[chosen])
        back = np.flatnonzero(taken_back & signed_in_time)
        add("commitment", line[back], day[back] + 20, -parts[back, 2], number[back])

    of_sort = [np.flatnonzero(lines.sort == sort) for sort in range(5)]
    keeps = 1.0 - 0.5 * lines.slack
    for sort in (OPERATING_STAFF, OPERATING_RUNNING):
        release(of_sort[sort], (1, 4, 7, 10), (0.28, 0.25, 0.24, 0.23))
    release(of_sort[SERVICE], (2, 5, 8), (0.4, 0.35, 0.25))
    release(of_sort[PROJECT], (2, 5, 9), (0.5, 0.3, 0.2))
    release(of_sort[TRANSFER], tuple(range(1, 13)), (1 / 12,) * 12)
    line = of_sort[OPERATING_STAFF]
    pay(line, rng.uniform(0.965, 0.995, len(line)) * keeps[line], 12)
    line = of_sort[OPERATING_RUNNING]
    commit(line, rng.uniform(0.12, 0.22, len(line)), 40, 150, 0.97)
    pay(line, rng.uniform(0.70, 0.78, len(line)) * keeps[line], 9)
    line = of_sort[SERVICE]
    commit(line, rng.uniform(0.28, 0.42, len(line)), 55, 170, 0.985)
    pay(line, rng.uniform(0.50, 0.58, len(line)) * keeps[line], 6, late=0.25)
    line = of_sort[PROJECT]
    commit(line, rng.uniform(0.44, 0.55, len(line)), 60, 140, 0.985)
    commit(line, rng.uniform(0.21, 0.28, len(line)), 120, 215, 0.985)
    pay(line, rng.uniform(0.17, 0.21, len(line)) * keeps[line], 3, late=0.4)
    line = of_sort[TRANSFER]
    pay(line, rng.uniform(0.96, 0.99, len(line)), 12)

    line, day, kind, amount, commitment = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    paid = np.flatnonzero((kind == kinds["payment"]) & (lines.sort[line] != TRANSFER))
    returned = paid[rng.random(len(paid)) < 0.011]
    add(
        "refund",
        line[returned],
        day[returned] + rng.integers(4, 40, len(returned)),
        np.maximum(amount[returned] // rng.integers(4, 12, len(returned)), 1),
    )
    refunds = rows[-1]
    line, day, kind, amount, commitment = (
        np.concatenate([whole, part])
        for whole, part in zip((line, day, kind, amount, commitment), refunds, strict=True)
    )
    order = np.lexsort((line, kind, day))
    line, day, kind, amount, commitment = line[order], day[order], kind[order], amount[order], commitment[order]
    count = len(line)
    named = pl.Series(commitment >= 0)
    contract = "HT" + pl.Series(np.maximum(commitment, 0)).cast(pl.String).str.zfill(6)
    year_text = pl.Series(lines.year[line]).cast(pl.String)
    payees = pl.Series(["个体工商户", "小微企业", "社会组织", "国有企业", "个人劳务", "事业单位"]).gather(
        rng.choice(6, count, p=[0.22, 0.34, 0.18, 0.10, 0.10, 0.06])
    )
    moves_out = pl.Series((kind == kinds["payment"]) | (kind == kinds["refund"]))
    return pl.DataFrame(
        {
            "payment_id": "LS" + year_text + pl.Series(np.arange(1, count + 1)).cast(pl.String).str.zfill(6),
            "line_id": lines.line_id.gather(line),
            "commitment_id": pl.select(pl.when(named).then(contract).otherwise(None)).to_series(),
            "occurred_on": dates(day),
            "kind": pl.Series(list(kinds)).gather(kind),
            "amount": yuan(amount),
            "payee_category": pl.select(pl.when(moves_out).then(payees).otherwise(None)).to_series(),
            "voucher_no": "记-" + pl.Series((np.arange(count) % 9000) + 1).cast(pl.String).str.zfill(4),
        }
    )
