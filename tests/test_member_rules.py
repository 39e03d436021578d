"""Rules about memberships: several organisations are allowed, two versions of one membership and an end before the start are not."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations_with_replacement, product

from landing import build, empty_warehouse, insert
from small_city import SmallCity, lines

HEADER = "党员编号,所在组织编号,加入日期,转出日期"
START = date(2020, 1, 1)
#: Every way in which a membership may begin and end within three days, or give no day.
Span = tuple[int | None, int | None]
SPANS: list[Span] = list(product((None, 0, 1, 2), repeat=2))


def written(person: str, organisation: str, span: Span) -> str:
    return ",".join([person, organisation, *("" if d is None else str(START + timedelta(days=d)) for d in span)])


def sound(span: Span) -> bool:
    joined, left = span
    return joined is None or left is None or joined < left


def test_two_versions_of_one_membership_count_neither_and_two_organisations_count_both(city: SmallCity) -> None:
    pairs = list(combinations_with_replacement(SPANS, 2))
    # One row in 200 may be rejected: so many good rows stand beside every pair of spans.
    filler = [f"F{n},O9,2019-01-01," for n in range(80_000)]
    same = [written(f"S{n}", "O1", span) for n, pair in enumerate(pairs) for span in pair]
    apart = [written(f"A{n}", f"O{place}", span) for n, pair in enumerate(pairs) for place, span in enumerate(pair)]
    city.drop("members", "roll.csv", lines(HEADER, *same, *filler, *apart))
    delivery = city.load_one("members")

    # In one organisation only a repeated row is one membership; in two each row stands for itself.
    once = sum(sound(a) for a, b in pairs if a == b)
    each = sum(sound(a) + sound(b) for a, b in pairs)
    assert delivery.rows_deduplicated == len(SPANS)
    assert delivery.rows_loaded == len(filler) + once + each
    broken = dict(city.rows("SELECT rule_id, count(DISTINCT source_row) FROM landing.rejects GROUP BY 1"))
    different = len(pairs) - len(SPANS)
    assert broken["key.unique"] == 2 * different
    rows_of = [(a,) if a == b else (a, b) for a, b in pairs]  # in one organisation a repeated row is dropped first
    assert broken["left_after_joined"] == sum(not sound(s) for row in [*rows_of, *pairs] for s in row)

    # A person is one pseudonym, in however many organisations.
    both = sum(sound(a) and sound(b) for a, b in pairs)
    persons = "SELECT count(*) AS n FROM landing.members WHERE org_id <> 'O9' GROUP BY member_id"
    assert city.rows(f"SELECT count(*) FROM ({persons}) WHERE n = 2") == [(both,)]


def test_a_later_roll_leaves_no_two_versions_of_a_membership_in_force(city: SmallCity) -> None:
    (city.folder / "overrides.yaml").write_text(
        "- {dataset: members, guard: deletions, who: 王主任, why: 测试, until: 2099-12-31}\n"
        "- {dataset: members, guard: key_stability, who: 王主任, why: 测试, until: 2099-12-31}\n"
    )
    states: list[Span | None] = [None, *filter(sound, SPANS)]
    changes = [(a, b) for a, b in product(states, repeat=2) if a != b] + [(a, a) for a in states[1:]]
    for place, (name, day) in enumerate((("march.csv", "2026-03-10"), ("april.csv", "2026-04-10"))):
        told = [written(f"M{n}", "O1", c[place]) for n, c in enumerate(changes) if c[place] is not None]  # type: ignore[arg-type]
        city.drop("members", name, lines(HEADER, *told), done=f"as_of: {day}T00:00:00+00:00\n")
        city.load("members")
    doubled = city.rows(
        "SELECT count(*) FROM landing.members AS a JOIN landing.members AS b USING (member_id, org_id)"
        " WHERE a._valid_from < b._valid_from AND b._valid_from < coalesce(a._valid_to, TIMESTAMP '9999-01-01')"
    )
    assert doubled == [(0,)]
    kept, gone, new, changed = (
        sum(a == b for a, b in changes),
        sum(b is None for _, b in changes),
        sum(a is None for a, _ in changes),
        sum(a != b and a is not None and b is not None for a, b in changes),
    )
    stretches = "SELECT count(*) FILTER (WHERE _valid_to IS NULL), count(*) FROM landing.members"
    assert city.rows(stretches) == [(kept + new + changed, kept + gone + new + 2 * changed)]


def test_a_person_in_two_organisations_is_one_member_in_the_one_joined_last() -> None:
    con = empty_warehouse()
    insert(con, "areas", [
        {"area_code": code, "valid_from": "2000-01-01", "area_name": code, "level": level, "parent_code": parent}
        for code, level, parent in (
            ("C", "city", None), ("D", "district", "C"), ("S", "street", "D"), ("A", "community", "S"), ("B", "community", "S"),
        )
    ])  # fmt: skip
    insert(con, "organisations", [
        {"org_id": f"O{area}", "org_level": "community_committee", "area_code": area, "founded_on": "2000-01-01"} for area in "AB"
    ])  # fmt: skip
    insert(con, "members", [
        {"member_id": person, "org_id": org, "joined_on": day, "_valid_from": "2026-01-01"}
        for person, org, day in [
            ("p00", "OA", "2020-01-01"), ("p00", "OB", "2021-01-01"),
            *((f"p{n}", "OA" if n < 30 else "OB", "2020-01-01") for n in range(1, 60)),
        ]
    ])  # fmt: skip
    insert(con, "tickets", [{"ticket_id": "1", "accepted_at": "2026-01-01 08:00", "status": "open"}])
    build(con, {"members": "2026-03-31 23:59:59", "tickets": "2026-03-31 23:59:59"})
    counts = con.execute(
        "SELECT area_code, numerator FROM marts.indicator_values WHERE indicator_id = 'M04' AND grain = 'month'"
        " AND period_start = DATE '2026-03-01' AND dimension = 'all' AND area_level <> 'grid' ORDER BY area_code"
    ).fetchall()
    assert counts == [("A", 29), ("B", 31), ("C", 60), ("D", 60), ("S", 60)]
