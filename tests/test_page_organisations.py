"""The page of organisations: coverage, gaps by name, the staffing standard, members through the small-cell rule."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import pytest
import reading_pages
from editions import publish
from streamlit.testing.v1 import AppTest

from dashboards import editions, exports, i18n

OCTOBER = date(2026, 10, 1)
LANGUAGES = pytest.mark.parametrize("lang", ["zh", "en"])


def open_page(city: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    """The page over a city, as it stands after one run with these address parameters."""
    monkeypatch.setenv("STREETWISE_CITY", str(city))
    return reading_pages.open_page("organisations", **query)


@cache
def october(city: Path, lang: str) -> AppTest:
    """The page as it opens, for tests that only read it."""
    with pytest.MonkeyPatch.context() as patch:
        return open_page(city, patch, lang=lang)


def plain(html: str) -> str:
    """Text without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def words(app: AppTest) -> str:
    """All text of a page, tags taken away."""
    pieces = [plain(h.value) for h in app.get("html")]
    for kind in ("markdown", "header", "subheader", "caption", "warning", "info"):
        pieces += [str(element.value) for element in app.get(kind)]
    return " ".join(pieces)


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


def cells(city: Path, indicator: str, level: str) -> dict[str, tuple[float, float]]:
    """Numerator and denominator of October by area; NaN where it is hidden."""
    rows = ask(
        city,
        "select area_code, coalesce(numerator, 'nan'), coalesce(denominator, 'nan') from marts.indicator_values where "
        "indicator_id = ? and grain = 'month' and period_start = ? and area_level = ? and dimension = 'all'",
        indicator, OCTOBER, level,
    )  # fmt: skip
    return {str(code): (float(str(top)), float(str(bottom))) for code, top, bottom in rows}


def names(city: Path, lang: str = "zh") -> dict[str, str]:
    """Names of the areas in force."""
    column = "area_name" if lang == "zh" else "area_name_en"
    return {str(c): str(n) for c, n in ask(city, f"select area_code, {column} from marts.areas where is_current")}


@LANGUAGES
def test_the_lead_counts_what_is_missing_and_marks_only_what_misses_its_target(lang: str, sample_city: Path) -> None:
    said = lead(october(sample_city, lang))
    ((organisations, _),) = cells(sample_city, "M01", "city").values()
    ((with_branch, grids),) = cells(sample_city, "M02", "city").values()
    ((staffed, communities),) = cells(sample_city, "M12", "city").values()
    ((trained, members),) = cells(sample_city, "M10", "city").values()
    below = communities - staffed
    assert grids > with_branch and below
    expected = (
        (f"组织 {organisations:,.0f} 个", f"▼ {grids - with_branch:.0f} 个网格没有党支部", f"▼ {below:.0f} 个社区人手未达标准")
        if lang == "zh"
        else (f"{organisations:,.0f} organisations", f"grids without a branch: ▼ {grids - with_branch:.0f}", f"standard: ▼ {below:.0f},")
    )  # fmt: skip
    assert all(piece in said for piece in expected), said
    assert f"▼ {trained / members:.1%}" in said


@LANGUAGES
def test_every_community_below_the_staffing_standard_is_named_with_what_it_lacks(lang: str, sample_city: Path) -> None:
    app = october(sample_city, lang)
    failing = [c for c, (top, _) in cells(sample_city, "M12", "community").items() if top == 0]
    workers = cells(sample_city, "M11", "community")
    (listed,) = [t for t in tables(app) if len(t[0]) == 6 and len(t) == len(failing)]
    called = names(sample_city, lang)
    assert sorted(row[0] for row in listed) == sorted(called[c] for c in failing)
    word = "社区工作者差 {:.0f} 名" if lang == "zh" else "community workers: {:.0f} short"
    few = [c for c in failing if workers[c][0] < 20]
    assert few and len(few) < len(failing)
    short = {(row[0], row[3], row[5]) for row in listed}
    for code in few:
        held = workers[code][0]
        assert (called[code], f"▼ {held:.0f}", word.format(20 - held)) in short
    cadres = "专职干部不足 1" if lang == "zh" else "fewer than 1"
    assert sum(row[5].startswith(cadres) for row in listed) == len(failing) - len(few)
    assert ("重点社区 15" if lang == "zh" else "key 15") in words(app)


def test_the_one_grid_without_a_branch_and_the_community_without_a_new_member_are_named(sample_city: Path) -> None:
    cards = [h.value for h in october(sample_city, "zh").get("html") if "sw-gaps" in h.value]
    called = names(sample_city)
    for indicator, lacks in (("M02", lambda top, of: of - top), ("M07", lambda top, of: top)):
        gaps = {c: lacks(*cell) for c, cell in cells(sample_city, indicator, "community").items() if lacks(*cell) > 0}
        ((code, count),) = gaps.items()
        (card,) = [card for card in cards if called[code] in card]
        if indicator == "M02":
            assert f"（{count:.0f} / {cells(sample_city, 'M02', 'community')[code][1]:.0f}）" in card


def test_centres_that_are_too_small_are_all_behind_one_button_and_add_up(sample_city: Path) -> None:
    popovers = [h.value for box in october(sample_city, "zh").get("popover") for h in box.get("html")]
    lists = [re.findall(r"<td class='sw-num'>(\d+)</td>", html) for html in popovers if "<tbody>" in html]
    ((good, of),) = cells(sample_city, "M16", "city").values()
    assert of - good in [sum(map(int, counts)) for counts in lists]


def test_the_table_of_gaps_shows_how_many_are_missing_in_each_district(sample_city: Path) -> None:
    table = tables(october(sample_city, "zh"))[0]
    called = names(sample_city)
    staff = cells(sample_city, "M12", "district")
    assert [row[0] for row in table] == [called[c] for c in sorted(c for c in staff if c != "unlocated")]
    for row, code in zip(table, sorted(c for c in staff if c != "unlocated"), strict=True):
        top, of = staff[code]
        assert row[4].removeprefix("▼ ") == f"{of - top:.0f} / {of:.0f}"
        assert row[1] == "·"


@LANGUAGES
def test_hidden_counts_of_people_stay_hidden_and_say_so(
    lang: str, sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = ask(
        sample_city,
        "select a.parent_code, a.area_code from marts.indicator_values v join marts.areas a using (area_code) where "
        "v.indicator_id = 'M04' and v.grain = 'month' and v.period_start = ? and v.area_level = 'community' and "
        "v.status = 'suppressed' and a.is_current order by 2 limit 1",
        OCTOBER,
    )
    street, community = map(str, found)
    app = open_page(sample_city, monkeypatch, area=street, lang=lang)
    hidden = i18n.text(lang, "suppressed")
    (row,) = [row for row in tables(app)[-1] if row[0] == names(sample_city, lang)[community]]
    assert row[2] == hidden
    # Trained members are a part of them: neither rate nor count would be safe.
    assert row[3] == hidden
    assert i18n.text(lang, "members_rule", n=10) in words(app)
    assert re.search(r"[1-9]\d* 格已隐去" if lang == "zh" else r"[1-9]\d* cells are suppressed", words(app))


def test_a_community_shows_its_own_standards_and_no_table_of_others(
    sample_city: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = next(c for c, (top, _) in cells(sample_city, "M12", "community").items() if top == 0)
    app = open_page(sample_city, monkeypatch, area=code)
    assert "▼ 1 个社区人手未达标准" in lead(app)
    assert not tables(app)


@LANGUAGES
def test_an_older_edition_opens_with_what_it_holds(lang: str, older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = words(open_page(older, monkeypatch, lang=lang))
    assert i18n.text(lang, "ladder_title") in shown
    assert i18n.text(lang, "short_M12") in shown
    assert i18n.text(lang, "short_M14") not in shown


def test_hostile_names_are_text_a_street_may_lack_its_own_centre_and_an_empty_edition_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = publish(tmp_path)
    os.chmod(file, 0o644)
    with duckdb.connect(file) as con:
        con.execute(
            "update marts.areas set area_name = '<script>x()</script>[x](http://e.org)$a$' where level <> 'city'"
        )
        con.execute("update marts.indicator_values set member = '<img src=x>' where member = 'grid_branch'")
        con.execute("update marts.indicator_values set numerator = 0, value = 0 where indicator_id in ('M03', 'M12')")
        con.execute("update marts.indicator_values set numerator = denominator where indicator_id = 'M16'")
        con.execute(
            "update marts.indicator_values set numerator = denominator - 1 where indicator_id = 'M16' and "
            "area_code in ('440300', '440301', '440301001')"
        )
    app = open_page(tmp_path, monkeypatch)
    shown = [h.value for h in app.get("html")]
    # Its communities lack nothing: what the street lacks is its own.
    assert any("（街道本级）" in html for html in shown)
    assert any("&lt;script&gt;" in html for html in shown) and any("&lt;img src=x&gt;" in html for html in shown)
    assert not any("<script" in html or "<img src=x" in html for html in shown)
    text = " ".join(str(e.value) for kind in ("markdown", "caption", "subheader") for e in app.get(kind))
    assert "e.org" not in text and "<img" not in text
    with duckdb.connect(publish(tmp_path, 2)) as con:
        con.execute("delete from marts.indicator_values where indicator_id like 'M%'")
    assert i18n.text("zh", "nothing_to_draw") in lead(open_page(tmp_path, monkeypatch))


def test_every_list_of_gaps_is_taken_away_whole(sample_city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered: dict[str, Callable[[], bytes]] = {}

    def keep(scope: object, name: str, form: str, file_name: str, mime: str, make: Callable[[], bytes]) -> None:
        offered[f"{name}.{form}"] = make

    monkeypatch.setattr(exports, "_button", keep)
    open_page(sample_city, monkeypatch, lang="en")
    con = reading_pages.reader(sample_city)

    def lacking(indicator_id: str, level: str) -> int:
        ((n,),) = con.execute(
            "select coalesce(sum(case when i.direction = 'lower' then v.numerator else v.denominator - v.numerator end), 0) "
            "from marts.indicator_values v join marts.indicators i using (indicator_id) where v.indicator_id = ? and "
            "v.grain = 'month' and v.period_start = ? and v.area_level = ? and v.dimension = 'all' and v.area_code <> 'unlocated'",
            [indicator_id, OCTOBER, level],
        ).fetchall()
        return int(n)

    def rows(name: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(offered[f"{name}.csv"]().decode("utf-8-sig"))))[1:]

    names = dict(con.execute("select indicator_id, name_en from marts.indicators").fetchall())
    gaps = rows("gaps")
    for indicator_id in ("M02", "M07", "M12", "M16"):
        mine = [row for row in gaps if row[0].lower() == names[indicator_id].lower()]
        assert sum(int(row[4]) for row in mine) == lacking(indicator_id, "street"), indicator_id
    assert len(rows("staffing")) == lacking("M12", "community") > 6
    assert len(rows("where")) == 6 * 5
    assert {"members_table.xlsx", "staff_table.xlsx"} <= set(offered)
    con.close()
