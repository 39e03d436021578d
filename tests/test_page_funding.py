"""The page of funding: what arrived and was spent against the schedule, community by community, floors, closed years."""

from __future__ import annotations

import json
import os
import re
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import duckdb
import pytest
import reading_pages
from editions import publish
from streamlit.testing.v1 import AppTest

from dashboards import editions, funding_charts, funds, i18n
from dashboards.controls import Scope

# The period that opens is October 2026, day 304 of 365.
OCTOBER = date(2026, 10, 1)
SCHEDULE = 304 / 365
LANGUAGES = pytest.mark.parametrize("lang", ["zh", "en"])


def open_page(city: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """The page over a city, as it stands after one run with these address parameters."""
    monkeypatch.setenv("STREETWISE_CITY", str(city))
    return reading_pages.open_page("funding", **query)


@cache
def october(city: Path, lang: str) -> AppTest:
    """The page as it opens, for tests that only read it."""
    with pytest.MonkeyPatch.context() as patch:
        return open_page(city, patch, lang=lang)


def words(app: AppTest) -> str:
    """All text of a page, tags taken away."""
    pieces = [re.sub(r"<[^>]+>", " ", h.value) for h in app.get("html")]
    for kind in ("markdown", "header", "subheader", "caption", "warning", "info"):
        pieces += [str(element.value) for element in app.get(kind)]
    return re.sub(r"\s+", " ", " ".join(pieces))


def lead(app: AppTest) -> str:
    """The lead sentence as text."""
    return re.sub(r"<[^>]+>", "", next(h.value for h in app.get("html") if "sw-lead" in h.value))


def tables(app: AppTest) -> list[list[list[str]]]:
    """The tables of the page, those of passports and popovers left out: rows of cells, tags taken away, lines kept."""
    popovers = {h.value for box in app.get("popover") for h in box.get("html")}
    found = []
    for html in (h.value for h in app.get("html") if "<tbody>" in h.value and h.value not in popovers):
        rows = re.findall(r"<tr>(.*?)</tr>", html.split("<tbody>")[1], re.S)
        cells = [re.findall(r"<td[^>]*>(.*?)</td>", row.replace("<div", "\n<div"), re.S) for row in rows]
        found.append([[re.sub(r"<[^>]+>", "", cell).strip() for cell in row] for row in cells])
    return found


def ask(city: Path, sql: str, *parameters: object) -> list[tuple[object, ...]]:
    """Rows of the published edition, on a connection of the test's own."""
    path = (city / "state/published/current").resolve()
    with duckdb.connect(path, read_only=True, config=dict(editions.READER)) as con:
        return con.execute(sql, list(parameters)).fetchall()


def money(
    city: Path, indicator: str, level: str = "city", dimension: str = "all", member: str = "all", month: date = OCTOBER
) -> dict[str, float]:
    """Numerators of a month by area."""
    rows = ask(
        city,
        "select area_code, numerator from marts.indicator_values where indicator_id = ? and grain = 'month' and "
        "period_start = ? and area_level = ? and dimension = ? and member = ?",
        indicator, month, level, dimension, member,
    )  # fmt: skip
    return {str(code): float(str(amount)) for code, amount in rows}


def only(found: dict[str, float]) -> float:
    """The one value of a level that has one area."""
    (value,) = found.values()
    return value


def points_behind(city: Path, level: str, dimension: str = "all", member: str = "all") -> dict[str, float]:
    """Payments ÷ budget less the share of the year gone, in percentage points, by area with a budget."""
    budget, paid = (money(city, i, level, dimension, member) for i in ("F01", "F03"))
    return {c: 100 * (paid[c] / amount - SCHEDULE) for c, amount in budget.items() if amount > 0 and c != "unlocated"}


@LANGUAGES
def test_the_lead_sets_payments_against_the_schedule_and_counts_who_is_behind_and_below_the_floor(
    lang: str, sample_city: Path
) -> None:
    said = lead(october(sample_city, lang))
    budget, received, paid = (only(money(sample_city, i)) for i in ("F01", "F02", "F03"))
    gap = 100 * (paid / budget - SCHEDULE)
    communities = points_behind(sample_city, "community")
    behind = sum(points < -5 for points in communities.values())
    floor = [money(sample_city, "F01", "community", "fund", fund) for fund in ("operating", "service")]
    below = sum(any(held.get(code, 0) < 200_000 for held in floor) for code in communities)
    assert gap < 0 and behind and below
    expected = (
        f"已到位 {received / budget:.1%}，已支出 {paid / budget:.1%}；财年已过 {SCHEDULE:.1%}，"
        f"支出落后序时 {-gap:.1f} 个百分点（允许 5 个以内）。"
        if lang == "zh"
        else f"{received / budget:.1%} received and {paid / budget:.1%} paid with {SCHEDULE:.1%} of the fiscal year gone: "
        f"payments are {-gap:.1f} points behind schedule (up to 5 is tolerated). "
    )
    assert expected in said
    assert (f"{budget / 1e8:.2f} 亿元" if lang == "zh" else f"¥{budget / 1e9:.2f} bn") in said
    service = points_behind(sample_city, "city", "fund", "service")
    name = "服务群众经费（▼ −" if lang == "zh" else "Serving residents (▼ −"
    assert f"{name}{-only(service):.1f}" in said
    told = (
        f"{len(communities)} 个社区中▼ {behind} 个落后超出允许范围。▼ {below} 个社区未达保底。"
        if lang == "zh"
        else f"▼ {behind} of {len(communities)} communities are further behind than is tolerated. ▼ {below} are below"
    )
    assert told.replace(" ", "") in said.replace(" ", "")


def test_the_choice_of_a_fund_is_in_the_address_and_changes_tiles_curve_and_table(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(sample_city, monkeypatch, part="fund.service")
    budget, paid = (only(money(sample_city, i, "city", "fund", "service")) for i in ("F01", "F03"))
    shown = words(app)
    assert f"{paid / 1e4:,.1f} 万元 / {budget / 1e4:,.1f} 万元" in shown
    assert "服务群众经费：到位、承诺、支出与序时" in shown
    app.selectbox(key="pick_part").select("spending_type.staff").run()
    assert not app.exception
    assert app.query_params["part"] in ("spending_type.staff", ["spending_type.staff"])
    staff = only(money(sample_city, "F03", "city", "spending_type", "staff"))
    assert f"{staff / 1e8:,.2f} 亿元 /" in words(app)
    app.query_params["part"] = "fund.<b>"
    refused = words(app.run())
    assert "“fund.<b>”" not in refused and "fund.&lt;b&gt;" in refused


def test_the_curve_draws_each_month_of_the_fiscal_year_beside_the_straight_schedule(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (chart,) = open_page(sample_city, monkeypatch, part="fund.service", lang="en").get("vega_lite_chart")
    layers = json.loads(chart.proto.spec)["layer"]
    schedule = [(row["day"][:10], row["value"]) for layer in layers[:2] for row in layer["data"]["values"]]
    assert schedule[0] == ("2026-01-01", 0) and schedule[-1] == ("2026-12-31", 100)
    assert schedule[1] == ("2026-10-31", pytest.approx(100 * SCHEDULE))
    paid = next(v["data"]["values"] for v in layers if v["data"]["values"][0].get("kind") == "paid")
    last_days = ["01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31"]
    assert [row["day"][5:10] for row in paid] == last_days
    for row in paid:
        month = date(2026, int(row["day"][5:7]), 1)
        spent, budget = (only(money(sample_city, i, "city", "fund", "service", month)) for i in ("F03", "F01"))
        assert row["value"] == pytest.approx(100 * spent / budget), row["day"]
    labels = [row["label"] for row in layers[-1]["data"]["values"]]
    gap = only(points_behind(sample_city, "city", "fund", "service"))
    assert f"▼ −{-gap:.1f} pp" in labels
    assert f"Schedule {SCHEDULE:.1%}" in labels


@pytest.mark.parametrize(
    ("begins", "day", "span", "gone"),
    [
        (1, date(2026, 10, 31), (date(2026, 1, 1), date(2026, 12, 31)), 304 / 365),
        (4, date(2026, 3, 31), (date(2025, 4, 1), date(2026, 3, 31)), 1.0),
        (4, date(2024, 4, 1), (date(2024, 4, 1), date(2025, 3, 31)), 1 / 365),
        (7, date(2023, 12, 31), (date(2023, 7, 1), date(2024, 6, 30)), 184 / 366),
    ],
)
def test_the_schedule_follows_a_fiscal_year_that_begins_in_another_month(
    begins: int, day: date, span: tuple[date, date], gone: float
) -> None:
    scope = cast(Scope, SimpleNamespace(city=SimpleNamespace(fiscal_year_start=begins)))
    assert funds.fiscal_span(scope, day) == span
    assert funds.elapsed(scope, day) == pytest.approx(gone)


def test_labels_at_the_ends_of_lines_never_cover_each_other() -> None:
    mark = funding_charts.Mark(OCTOBER, 81.0, "81.0%", "", False)
    paces = [funding_charts.Pace(kind, kind, "accent", (mark,)) for kind in ("received", "committed", "paid")]
    span = (date(2026, 1, 1), date(2026, 12, 31))
    spec = funding_charts.year_curve(
        paces, span, (OCTOBER, 81.5), "schedule", ("gap", True), {"month_format": "%b", "day": "", "indicator": "", "value": "", "count": ""}
    )  # fmt: skip
    placed = sorted(row["at"] for row in spec["layer"][-1]["data"]["values"])
    pixel = spec["layer"][-1]["encoding"]["y"]["scale"]["domain"][1] / spec["height"]
    assert len(placed) == 5
    assert all(after - before > 15 * pixel for before, after in pairwise(placed))


def test_communities_stand_by_their_distance_from_the_schedule_and_are_found_by_name(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(sample_city, monkeypatch, area="990105")
    inside = {c: p for c, p in points_behind(sample_city, "community").items() if c.startswith("990105")}
    names = dict(ask(sample_city, "select area_code, area_name from marts.areas where is_current"))
    order = sorted(inside, key=lambda code: (inside[code], code))
    (listed,) = [t for t in tables(app) if len(t) == len(inside) and len(t[0]) == 10]
    assert [row[0].split("\n")[0] for row in listed] == [names[code] for code in order]
    assert [row[6] for row in listed] == [
        f"{'▼ ' if inside[c] < -5 else ''}{inside[c]:+.1f}".replace("-", "−") for c in order
    ]
    budget, paid = (money(sample_city, i, "community")[order[0]] for i in ("F01", "F03"))
    assert listed[0][7] == f"{(SCHEDULE * budget - paid) / 1e4:,.1f} 万元"
    assert "不是考核名次" in words(app)
    wanted = str(names[order[7]])
    app.text_input(key="search_community").set_value(wanted).run()
    assert [row[0].split("\n")[0] for row in tables(app)[1]] == [wanted]
    app.text_input(key="search_community").set_value("<script>alert(1)</script>").run()
    assert "没有名称或代码含“&lt;script&gt;alert(1)&lt;/script&gt;”" in words(app)


def test_streets_and_what_lies_above_them_add_up_to_their_district(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tables(open_page(sample_city, monkeypatch, area="990105", lang="en"))[0]
    streets = {c: b for c, b in money(sample_city, "F01", "street").items() if c.startswith("990105")}
    whole = money(sample_city, "F01", "district")["990105"]
    assert len(table) == len(streets) + 2
    assert table[-1][:2] == ["Chengling District", f"¥{whole / 1e9:,.2f} bn"]
    assert table[-2][:2] == ["Above streets, or not located", f"¥{(whole - sum(streets.values())) / 1e9:,.2f} bn"]


@LANGUAGES
def test_every_community_below_the_floor_is_named_with_what_it_still_misses(lang: str, sample_city: Path) -> None:
    app = october(sample_city, lang)
    held = [money(sample_city, "F01", "community", "fund", fund) for fund in ("operating", "service")]
    name = "area_name" if lang == "zh" else "area_name_en"
    names = dict(
        ask(sample_city, f"select area_code, {name} from marts.areas where level = 'community' and is_current")
    )
    missing = {c: sum(max(0.0, 200_000 - h.get(c, 0.0)) for h in held) for c in names}
    short = {names[c]: amount for c, amount in missing.items() if amount > 0}
    assert short
    (listed,) = [t for t in tables(app) if t and len(t[0]) == 4]
    shown = {row[0].split("\n")[0]: row[3] for row in listed}
    assert set(shown) == set(short)
    for community, amount in short.items():
        zh = f"{amount / 1e4:,.1f} 万元" if amount >= 1e4 else f"{amount:,.0f} 元"
        assert shown[str(community)] == (
            zh if lang == "zh" else f"¥{amount / 1e3:,.1f} k" if amount >= 1e4 else f"¥{amount:,.0f}"
        )
    assert any("▼" in cell for row in listed for cell in row)


def test_co_funding_names_both_amounts_as_money(sample_city: Path) -> None:
    ((district, city),) = ask(
        sample_city,
        "select numerator, denominator from marts.indicator_values where indicator_id = 'F11' and grain = 'month' and "
        "period_start = ? and area_level = 'city'",
        OCTOBER,
    )
    shown = words(october(sample_city, "en"))
    assert f"¥{float(str(district)) / 1e6:,.2f} m / ¥{float(str(city)) / 1e6:,.2f} m" in shown


def test_closed_years_show_what_was_left_of_each_fund_and_the_year_under_way_does_not(
    sample_city: Path,
) -> None:
    table = tables(october(sample_city, "zh"))[-1]
    assert [row[0] for row in table if "合计" in row[0]] == ["2025年 合计", "2024年 合计"]
    rows = ask(
        sample_city,
        "select member, max(denominator), max(numerator) from marts.indicator_values where indicator_id = 'F03' and "
        "grain = 'year' and period_start = '2025-01-01' and area_level = 'city' and dimension = 'fund' group by member",
    )
    left = {str(m): 1 - float(str(paid)) / float(str(budget)) for m, budget, paid in rows if budget}
    service = next(row for row in table if row[0] == "服务群众经费")
    assert service[2].startswith(f"▼ {left['service']:.1%}") and left["service"] > 0.1
    operating = next(row for row in table if row[0] == "运转经费")
    assert operating[2].startswith(f"{left['operating']:.1%}") and left["operating"] <= 0.1


def test_january_is_compared_with_its_schedule_and_never_with_december(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(sample_city, monkeypatch, period="2026-01")
    budget, paid = (only(money(sample_city, i, month=date(2026, 1, 1))) for i in ("F01", "F03"))
    gap = 100 * (paid / budget - 31 / 365)
    said = lead(app)
    assert f"财年已过 {31 / 365:.1%}" in said and f"落后序时 {-gap:.1f} 个百分点" in said
    shown = words(app)
    assert shown.count(i18n.text("zh", "new_fiscal_year")) >= 6
    assert "较上月" not in shown


def test_a_month_under_way_is_marked_provisional_and_nobody_is_blamed_yet(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(sample_city, monkeypatch, period="2026-11")
    said = lead(app)
    # The data end on 21 November, day 325.
    assert f"财年已过 {325 / 365:.1%}" in said
    assert "◌ 本期未结束，数字暂定。" in said
    assert "落后超出允许范围" not in said


def test_a_week_ends_its_curve_on_its_own_last_day(sample_city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (chart,) = open_page(sample_city, monkeypatch, grain="week", period="2026-W42").get("vega_lite_chart")
    layers = json.loads(chart.proto.spec)["layer"]
    paid = next(v["data"]["values"] for v in layers if v["data"]["values"][0].get("kind") == "paid")
    assert [row["day"][:10] for row in paid[-2:]] == ["2026-09-30", "2026-10-18"]


@LANGUAGES
def test_an_older_edition_opens_and_says_what_it_does_not_hold(
    lang: str, older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = words(open_page(older, monkeypatch, lang=lang))
    assert i18n.text(lang, "closed_none") in shown
    assert i18n.text(lang, "idle_unknown") in shown


def test_an_edition_without_any_figure_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = publish(tmp_path)
    spoil(file, "delete from marts.indicator_values where indicator_id like 'F%'")
    app = open_page(tmp_path, monkeypatch)
    assert i18n.text("zh", "nothing_to_draw") in lead(app)
    assert not app.get("vega_lite_chart")


def test_hostile_names_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = publish(tmp_path)
    spoil(
        file,
        "update marts.areas set area_name = '<script>x()</script>[x](http://e.org)$a$' where level <> 'city'",
        "update marts.indicator_values set member = '<img src=x>' where dimension = 'fund' and member = 'service'",
    )
    app = open_page(tmp_path, monkeypatch)
    shown = [h.value for h in app.get("html")]
    assert any("&lt;script&gt;" in html for html in shown)
    assert not any("<script" in html or "<img src=x" in html for html in shown)
    text = " ".join(str(e.value) for kind in ("markdown", "caption", "subheader") for e in app.get(kind))
    assert "e.org" not in text and "<img" not in text


def spoil(file: Path, *statements: str) -> None:
    """Change a published edition of the test's own."""
    os.chmod(file, 0o644)
    with duckdb.connect(file) as con:
        for statement in statements:
            con.execute(statement)


@LANGUAGES
def test_a_target_of_the_whole_year_is_grey_until_the_year_is_over(
    sample_city: Path, lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "到位率" if lang == "zh" else "Received rate"
    shown = reading_pages.tile(october(sample_city, lang), name)
    assert ("全年目标 100%，年末评判" if lang == "zh" else "Judged at the end of the year: target 100%") in shown
    assert "▼" not in shown
    for period in ("2025-12", "2025"):
        over = reading_pages.tile(open_page(sample_city, monkeypatch, lang=lang, period=period), name)
        assert ("✓ 达标" if lang == "zh" else "✓ Met") in over
    monkeypatch.setenv("STREETWISE_CITY", str(sample_city))
    atlas = reading_pages.words(reading_pages.open_page("map", indicator="F02", lang=lang))
    assert ("全年目标，年末评判" if lang == "zh" else "Judged at the end of the year") in atlas and "▼" not in atlas
