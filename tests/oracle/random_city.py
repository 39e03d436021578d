"""Random small cities for the oracle: every dataset, areas that move and end, rows that miss what they may miss."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
from hypothesis import strategies as st
from landing import build, empty_warehouse, insert

Row = dict[str, Any]

AS_OF = "2026-05-20 12:00"
FIRST = datetime(2025, 11, 20, 9, tzinfo=UTC)
DATASETS = (
    "areas", "tickets", "meetings", "service_items", "surveys", "organisations", "members", "headcounts", "facilities",
    "appraisals", "budget_lines", "payments",
)  # fmt: skip
CODES = st.sampled_from(["K1", "K1", "K2", "K2", "K3", "K4", "G1", "G2", "G3", "S1", "S2", "D1", "D2", "C", "K9", None])
DAYS = st.dates(date(2025, 10, 1), date(2026, 5, 20))
MAYBE_DAY = st.none() | DAYS


@dataclass(frozen=True)
class RandomCity:
    """Rows by dataset and the settings that figures depend on."""

    rows: dict[str, list[Row]]
    fiscal_year_start: int
    people_minimum: int

    def built(self) -> duckdb.DuckDBPyConnection:
        """Land the rows and run the product's path over them, in memory."""
        con = empty_warehouse()
        for dataset, rows in self.rows.items():
            insert(con, dataset, rows)
        build(
            con,
            dict.fromkeys(DATASETS, AS_OF),
            fiscal_year_start=self.fiscal_year_start,
            people_minimum=self.people_minimum,
        )
        return con


@st.composite
def area(draw: st.DrawFn, code: str, level: str, parents: list[str]) -> list[Row]:
    """An area: still, moved to another parent on some day, ended, or founded late."""
    row = {
        "area_code": code,
        "level": level,
        "area_name": code,
        "parent_code": draw(st.sampled_from(parents)),
        "valid_from": date(2020, 1, 1),
        "valid_to": None,
        "area_kind": draw(st.sampled_from([None, "urban", "key", "rural"])),
        "population": draw(st.none() | st.integers(0, 9000)),
    }
    change = draw(st.sampled_from(["still", "still", "moved", "ended", "late", "gap"]))
    day = draw(DAYS)
    if change == "ended":
        return [row | {"valid_to": day}]
    if change == "late":
        return [row | {"valid_from": day}]
    if change in ("moved", "gap"):
        again = day + timedelta(days=20 if change == "gap" else 0)
        later = {"parent_code": draw(st.sampled_from(parents)), "population": draw(st.none() | st.integers(0, 9000))}
        return [row | {"valid_to": day}, row | later | {"valid_from": again}]
    return [row]


@st.composite
def areas(draw: st.DrawFn) -> list[Row]:
    """A ladder of two districts, two streets, four communities and three grids."""
    rows: list[Row] = [
        {"area_code": "C", "level": "city", "area_name": "C", "valid_from": date(2020, 1, 1), "population": 50_000}
    ]
    for level, codes, parents in (
        ("district", ["D1", "D2"], ["C"]),
        ("street", ["S1", "S2"], ["D1", "D2"]),
        ("community", ["K1", "K2", "K3", "K4"], ["S1", "S2"]),
        ("grid", ["G1", "G2", "G3"], ["K1", "K2"]),
    ):
        for code in codes:
            rows += draw(area(code, level, parents))
    return rows


@st.composite
def ticket(draw: st.DrawFn) -> Row:
    """A ticket as the contract lets it through: excluded, cancelled, reopened, with times missing."""
    accepted = FIRST + timedelta(hours=draw(st.integers(0, 24 * 180)))
    cut = datetime(2026, 5, 20, 4, tzinfo=UTC)

    def after(start: datetime) -> datetime | None:
        moment = start + timedelta(hours=draw(st.integers(0, 24 * 50)))
        return moment if draw(st.booleans()) and moment <= cut else None

    resolved, closed, callback = after(accepted), after(accepted), after(accepted)
    reopened = after(resolved or closed or accepted)
    row: Row = {
        "channel": draw(st.sampled_from(["hotline", "grid", "assembly", None])),
        "category_1": draw(st.sampled_from(["noise", "road", None])),
        "area_code": draw(CODES),
        "status": "resolved" if resolved and not (reopened and reopened > resolved) else "open",
        "exclusion_code": draw(st.sampled_from([None, None, None, "duplicate", "out_of_jurisdiction"])),
        "on_time_reported": draw(st.sampled_from([None, True, False])),
        "callback_resolved": draw(st.sampled_from([None, "yes", "partly", "no", "no_answer"])) if callback else None,
        "callback_satisfaction": draw(st.sampled_from([None, 1, 2, 3, 5])) if callback else None,
        "reporter_id": draw(st.sampled_from([None, "p1", "p2"])),
        "department_count": draw(st.sampled_from([None, 1, 2, 3])),
        "paused_minutes": draw(st.sampled_from([None, 0, 90])),
    }
    if draw(st.integers(0, 6)) == 0:
        row["status"] = "cancelled"
    due = accepted + timedelta(hours=draw(st.integers(0, 24 * 40)))
    first_resolved = draw(st.sampled_from([None, resolved, accepted + timedelta(hours=1)])) if resolved else None
    times = {
        "accepted_at": accepted,
        "first_contact_at": after(accepted),
        "due_at": due if draw(st.booleans()) else None,
        "first_resolved_at": first_resolved,
        "resolved_at": resolved,
        "first_closed_at": draw(st.sampled_from([None, closed])),
        "closed_at": closed,
        "reopened_at": reopened,
        "callback_at": callback,
    }
    return row | {name: local_text(moment) for name, moment in times.items() if moment is not None}


def local_text(moment: datetime) -> str:
    """An instant as the local time in Shanghai, as landing.insert takes it."""
    return (moment + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")


@st.composite
def organisation(draw: st.DrawFn) -> Row:
    """An organisation that may be founded late or dissolved."""
    founded = draw(MAYBE_DAY)
    dissolved = draw(st.none() | st.none() | DAYS)
    return {
        "org_name": "o",
        "org_level": draw(st.sampled_from(["community_committee", "grid_branch", "partner_unit"])),
        "area_code": draw(CODES),
        "founded_on": founded,
        "dissolved_on": dissolved if founded is None or dissolved is None or dissolved > founded else None,
    }


@st.composite
def group_of_members(draw: st.DrawFn, name: str) -> list[Row]:
    """Members alike, in two versions that differ: suppression needs small and large numbers of people."""
    joined = draw(st.none() | st.dates(date(2020, 1, 1), date(2026, 5, 20)))
    left = draw(st.none() | st.none() | DAYS)
    row: Row = {
        "org_id": draw(st.sampled_from(["o0", "o1", "o2", "o9"])),
        "birth_year": draw(st.sampled_from([None, 1950, 1965, 1966, 1990])),
        "joined_on": joined,
        "left_on": left if joined is None or left is None or left > joined else None,
    }
    states = [
        {
            "schooling": draw(st.sampled_from([None, "senior", "college", "bachelor"])),
            "is_secretary": draw(st.sampled_from([None, True, True, False])),
            "is_committee_member": draw(st.sampled_from([None, True, False])),
            "is_floating": draw(st.sampled_from([None, True, False])),
            "is_serving": draw(st.sampled_from([True, True, False])),
            "reported_area_code": draw(st.sampled_from([None, "K1", "K2", "K9"])),
            "reported_to_community_on": draw(MAYBE_DAY),
            "last_trained_on": draw(st.none() | st.dates(date(2024, 10, 1), date(2026, 5, 1))),
        }
        for _ in range(2)
    ]
    # the second delivery may come at the very end of a local day, 16:00 UTC
    first = datetime.fromisoformat("2026-02-10 03:00")
    second = datetime.fromisoformat(draw(st.sampled_from(["2026-04-30 16:00", "2026-04-15 02:00"])))
    rows: list[Row] = []
    for n in range(draw(st.sampled_from([1, 4, 5, 12, 31, 33]))):
        member = row | {"member_id": f"{name}-{n}"}
        rows.append(member | states[0] | {"_valid_from": first, "_valid_to": second})
        rows.append(member | states[1] | {"_valid_from": second, "_valid_to": None})
        if n == 0 and draw(st.booleans()) and joined is not None:
            elsewhere = {"org_id": "o3", "joined_on": joined + timedelta(days=7), "left_on": None}
            rows.append(rows[-1] | elsewhere)
    return rows


@st.composite
def payment(draw: st.DrawFn) -> Row:
    """A movement, perhaps of a line that nobody delivered, perhaps of another year than its line."""
    kind = draw(st.sampled_from(["release", "commitment", "payment", "payment", "refund"]))
    amount = draw(st.integers(0, 10_000_000)) / 100
    return {
        "line_id": draw(st.sampled_from(["l0", "l1", "l2", "l3", "zz"])),
        "commitment_id": draw(st.sampled_from([None, "c1", "c2"])) if kind == "payment" else None,
        "occurred_on": draw(DAYS),
        "kind": kind,
        "amount": -amount if kind == "commitment" and draw(st.integers(0, 4)) == 0 else amount,
    }


@st.composite
def service_item(draw: st.DrawFn, name: str) -> Row:
    """An entry of one of the three lists, in a state that the contract accepts."""
    which = draw(st.sampled_from(["need", "project", "resource"]))
    registered = draw(DAYS)
    row: Row = {"item_id": name, "list": which, "area_code": draw(CODES), "registered_on": registered}
    state = draw(st.sampled_from(["registered", "matched", "claimed", "completed", "withdrawn"]))
    if state in ("matched", "completed") and which == "need":
        row["matched_item_id"] = "x"
    if state in ("claimed", "completed", "withdrawn") and which == "project":
        row["claimed_on"] = min(registered + timedelta(days=draw(st.integers(0, 20))), date(2026, 5, 20))
    if state == "completed" or (state == "withdrawn" and row.get("claimed_on") and draw(st.booleans())):
        since = row.get("claimed_on", registered)
        row["completed_on"] = min(since + timedelta(days=draw(st.integers(0, 20))), date(2026, 5, 20))
    return row | {"status": state}


@st.composite
def appraisal(draw: st.DrawFn) -> list[Row]:
    """Self-check, spot-check and final appraisal of one organisation in one period, with or without a veto."""
    org, period = draw(st.sampled_from(["o0", "o1", "o2", "o9"])), draw(st.sampled_from(["2025Q4", "2026Q1"]))
    ended = {"2025Q4": date(2025, 12, 31), "2026Q1": date(2026, 3, 31)}[period]
    rows: list[Row] = []
    for method in ("self", "spot", "final"):
        for item, most in (("a", 60), ("b", 40)):
            if draw(st.integers(0, 4)):
                points = draw(st.sampled_from([most, most, most * 9 // 10, most // 2]))
                rows.append({"method": method, "item": item, "kind": "score", "points": points, "max_points": most})
    if draw(st.integers(0, 3)) == 0:
        rows.append({"method": "final", "item": "v", "kind": "veto", "points": None, "max_points": None})
    return [{"org_id": org, "period": period, "ended_on": ended, **row} for row in rows]


def unique(rows: list[Row], *keys: str) -> list[Row]:
    """The first row of each key."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), row)
    return list(found.values())


@st.composite
def random_city(draw: st.DrawFn) -> RandomCity:
    """A whole small city."""
    roles = ["cadre", "community_worker", "partner_head", "volunteer", "active_volunteer", "volunteer_team"]
    count = st.fixed_dictionaries(
        {
            "area_code": st.sampled_from(["K1", "K2", "K3", "S1", "K9"]),
            "role": st.sampled_from(roles),
            "as_of": st.sampled_from([date(2025, 12, 31), date(2026, 2, 28), date(2026, 4, 30)]),
            "headcount": st.none() | st.sampled_from([0, 3, 9, 10, 15, 20, 40, 80]),
        }
    )
    facility = st.fixed_dictionaries(
        {
            "area_code": CODES,
            "kind": st.sampled_from(["street_centre", "community_centre", "regional_centre"]),
            "floor_area_m2": st.sampled_from([None, 499.9, 500.0, 800.0]),
            "opened_on": MAYBE_DAY,
            "closed_on": st.none() | st.just(date(2026, 5, 19)),
        }
    )
    amounts = st.sampled_from([0, 150_000, 200_000.00, 260_000.37])
    line = st.fixed_dictionaries(
        {
            "area_code": CODES,
            "fiscal_year": st.sampled_from([2025, 2026]),
            "fund": st.sampled_from(["operating", "service", "project"]),
            "source": st.sampled_from([None, "city", "district"]),
            "opening_amount": amounts,
            "adjustment_amount": st.sampled_from([None, -50_000, 1.01]),
            "carried_in_amount": st.sampled_from([None, 0, 50_000]),
        }
    )
    survey = st.fixed_dictionaries(
        {
            "wave": st.sampled_from(["1", "2"]),
            "area_code": st.sampled_from(["K1", "K2", "K3", "S1", "K9"]),
            "question": st.sampled_from(["satisfaction", "awareness", "participation", "property_service"]),
            "ended_on": DAYS,
            "valid_respondents": st.sampled_from([0, 12, 29, 30, 100]),
            "design_effect": st.sampled_from([None, 1.0, 1.3, 2.0]),
        }
    )
    meeting = st.fixed_dictionaries(
        {"kind": st.sampled_from(["assembly", "visit"]), "area_code": CODES, "held_on": DAYS}
    )

    def numbered(key: str, rows: list[Row]) -> list[Row]:
        return [{key: f"{key[0]}{n}", **row} for n, row in enumerate(rows)]

    organisations = draw(st.lists(organisation(), min_size=4, max_size=6))
    commitments = [f"c{n}" for n in range(1, 9)]
    payments = draw(st.lists(payment(), max_size=14))
    for row in payments:
        if row["kind"] == "commitment" and commitments:
            # a commitment of a line that nobody delivered has its own test
            row |= {"commitment_id": commitments.pop(0), "line_id": "b2025"}
    surveys = unique(draw(st.lists(survey, max_size=8)), "wave", "area_code", "question")
    for row in surveys:
        row["positive_respondents"] = draw(st.integers(0, row["valid_respondents"]))
    heads = unique(draw(st.lists(count, max_size=14)), "area_code", "role", "as_of")
    for row in heads:
        row["is_suppressed"] = row["headcount"] is None
    rows = {
        "areas": draw(areas()),
        "tickets": numbered("ticket_id", draw(st.lists(ticket(), min_size=1, max_size=25))),
        "meetings": numbered("meeting_id", draw(st.lists(meeting, max_size=4))),
        "service_items": [draw(service_item(f"i{n}")) for n in range(draw(st.integers(0, 6)))],
        "surveys": surveys,
        "organisations": [{"org_id": f"o{n}", **row} for n, row in enumerate(organisations)],
        "members": [row for n in range(draw(st.integers(1, 4))) for row in draw(group_of_members(f"m{n}"))],
        "headcounts": heads,
        "facilities": numbered("facility_id", draw(st.lists(facility, max_size=4))),
        "appraisals": unique(
            [row for rows in draw(st.lists(appraisal(), max_size=3)) for row in rows],
            "org_id", "period", "method", "item",
        ),
        # a fiscal year without any line has its own test
        "budget_lines": [{"line_id": f"l{n}", **row} for n, row in enumerate(draw(st.lists(line, max_size=4)))]
        + [{"line_id": f"b{year}", **draw(line), "fiscal_year": year} for year in (2025, 2026)],
        "payments": numbered("payment_id", payments),
    }  # fmt: skip
    return RandomCity(rows, draw(st.sampled_from([1, 4, 7])), draw(st.sampled_from([5, 10])))
