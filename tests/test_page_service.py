"""The page of services: its figures against SQL of the test's own, the dates of waves, and empty and hostile editions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import pytest
from editions import CITY, publish
from landing import build, empty_warehouse, insert
from reading_pages import HOSTILE, TINY, change, lines, open_page, reader, table_rows, tile, words
from streamlit.testing.v1 import AppTest
from test_indicators import AREAS

OCTOBER = date(2026, 10, 1)
NAMES = {
    "Q01": ("群众满意度（调查）", "Satisfaction (survey)"),
    "Q02": ("群众知晓度（调查）", "Awareness (survey)"),
    "Q03": ("群众参与度（调查）", "Participation (survey)"),
    "Q04": ("物业服务满意度（调查）", "Property service (survey)"),
}


@pytest.fixture(autouse=True)
def _serve(sample_city: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(sample_city))


@cache
def opened(**query: str) -> AppTest:
    """The page over the sample city; who changes it opens one of their own."""
    return open_page("service", **query)


@pytest.fixture(scope="module")
def con(sample_city: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection of the test's own to the edition of the sample city."""
    found = reader(sample_city)
    yield found
    found.close()


def waves(
    con: duckdb.DuckDBPyConnection, indicator_id: str, until: date, final: bool = False
) -> list[tuple[date, float, float]]:
    """The months of the city up to one in which an indicator has cases, newest first: month, numerator, denominator."""
    rows = con.execute(
        "select period_start, numerator, denominator from marts.indicator_values where indicator_id = ? and grain = 'month' "
        "and area_level = 'city' and dimension = 'all' and denominator > 0 and period_start <= ? "
        "and (not ? or status <> 'provisional') order by period_start desc",
        [indicator_id, until, final],
    ).fetchall()
    return [(start, float(top), float(bottom)) for start, top, bottom in rows]


def month(start: date, lang: str) -> str:
    """A month as the page writes it."""
    return f"{start:%B %Y}" if lang == "en" else f"{start.year}年{start.month}月"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("indicator_id", NAMES)
def test_a_survey_shows_its_last_wave_with_its_date_and_the_change_since_the_wave_before(
    indicator_id: str, lang: str, con: duckdb.DuckDBPyConnection
) -> None:
    (now, top, bottom), (before, was_top, was_bottom), *_ = waves(con, indicator_id, OCTOBER)
    assert (OCTOBER - now).days > 90
    shown = tile(opened(lang=lang), NAMES[indicator_id][lang == "en"])
    assert shown.startswith(f"{month(now, lang)} {100 * top / bottom:.1f}% ")
    assert f" {top:,.0f} / {bottom:,.0f} " in shown
    step = f"{100 * (top / bottom - was_top / was_bottom):+.1f}".replace("-", "−")
    said = f"{step} pp on {month(before, lang)}" if lang == "en" else f"较{month(before, lang)} {step} 个百分点"
    assert said in shown


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_bars_of_survey_answers_are_said_to_be_intervals_too(lang: str, con: duckdb.DuckDBPyConnection) -> None:
    kinds = con.execute(
        "select interval from marts.indicators where indicator_id in ('L01', 'Q01', 'A02') order by sort_order"
    ).fetchall()
    assert ("wilson_design",) in kinds
    said = "横线为 95% 区间" if lang == "zh" else "Bars are 95% intervals"
    shown = [caption for caption in opened(lang=lang).caption if said in str(caption.value)]
    assert len(shown) == sum(kind != "none" for (kind,) in kinds)


def test_no_wave_after_the_chosen_month_is_shown(con: duckdb.DuckDBPyConnection) -> None:
    (now, top, bottom), *_ = waves(con, "Q01", date(2026, 3, 1))
    assert now.year == 2025
    shown = tile(opened(period="2026-03", lang="en"), NAMES["Q01"][1])
    assert shown.startswith(f"{month(now, 'en')} {100 * top / bottom:.1f}%")


def test_the_lead_names_needs_survey_and_appraisal_each_with_its_time(con: duckdb.DuckDBPyConnection) -> None:
    text = words(opened(lang="en"))
    ((_, _, needs), *_), ((survey, top, bottom), *_) = waves(con, "L01", OCTOBER), waves(con, "Q01", OCTOBER)
    ((appraisal, points, most), *_) = waves(con, "A01", OCTOBER)
    assert f"needs registered: {needs:,.0f}" in text
    assert f"The last survey ({month(survey, 'en')}): Satisfaction (survey) {100 * top / bottom:.1f}%" in text
    assert f"The last appraisal ({month(appraisal, 'en')}): Appraisal score {100 * points / most:.1f} points" in text


def test_projects_are_of_the_last_final_month_because_a_young_one_says_little(con: duckdb.DuckDBPyConnection) -> None:
    (young, top, bottom), *_ = waves(con, "L02", OCTOBER)
    assert young == OCTOBER and top / bottom < 0.2
    (start, top, bottom), *_ = waves(con, "L02", OCTOBER, final=True)
    shown = tile(opened(lang="zh"), "项目完成率")
    assert shown.startswith(f"{month(start, 'zh')}（最近定论） {100 * top / bottom:.1f}% ")
    assert f" {top:,.0f} / {bottom:,.0f} " in shown
    rows = table_rows(opened(lang="zh"), "类别", "需求对接率 · 2026年10月", f"项目完成率 · {month(start, 'zh')}")
    assert sum(int(row[1].split(" / ")[1].split()[0]) for row in rows) == waves(con, "L01", OCTOBER)[0][2]
    assert sum(int(row[2].split(" / ")[1].split()[0]) for row in rows) == bottom


def test_the_question_lives_in_the_address_and_an_unknown_one_is_refused() -> None:
    app = open_page("service", question="Q03", lang="en")
    assert "Participation · June 2026" in words(app)
    app.segmented_control(key="pick_question").set_value("Q04").run()
    assert app.query_params["question"] == "Q04"
    assert "Property service · June 2026" in words(app)
    assert "“Q99” is no choice of “Question”; you are seeing Satisfaction." in words(
        open_page("service", question="Q99", lang="en")
    )


def test_communities_below_the_target_stand_beside_how_many_chance_would_give(con: duckdb.DuckDBPyConnection) -> None:
    ((everyone, below),) = con.execute(
        "select count(*), count_if(upper < target) from marts.indicator_values where indicator_id = 'Q01' and grain = 'month' "
        "and period_start = date '2026-06-01' and area_level = 'community' and dimension = 'all' and value is not null "
        "and area_code <> 'unlocated'"
    ).fetchall()
    said = f"Of {everyone} communities, {below} have a 95% interval wholly below the target; if all were exactly on it, about "
    assert said + f"{round(everyone / 40)} would by chance." in words(opened(lang="en"))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_vetoes_are_counted_by_reason_and_name_no_organisation(lang: str, con: duckdb.DuckDBPyConnection) -> None:
    expected = con.execute(
        "select item, sum(rows)::varchar from marts.vetoes where grain = 'month' and period_start = ? and veto_id = 'appraisal' "
        "group by item order by sum(rows) desc, item",
        [OCTOBER],
    ).fetchall()
    assert expected
    heads = ("事由", "次数") if lang == "zh" else ("Reason", "Number")
    assert [tuple(row[:2]) for row in table_rows(opened(lang=lang), *heads)] == expected
    named = con.execute(
        f"select distinct {'a.area_name' if lang == 'zh' else 'a.area_name_en'} from marts.vetoes v join marts.areas a "
        "using (area_code) where v.grain = 'month' and v.period_start = ?",
        [OCTOBER],
    ).fetchall()
    written = [h.value for h in opened(lang=lang).get("html")]
    assert named and not any(name in text for (name,) in named for text in written)


def test_appraisals_stand_by_kind_of_organisation(con: duckdb.DuckDBPyConnection) -> None:
    ((start, *_), *_) = waves(con, "A01", OCTOBER)
    expected = con.execute(
        "select member, numerator, denominator from marts.indicator_values where indicator_id = 'A02' and grain = 'month' and "
        "period_start = ? and area_level = 'city' and dimension = 'org_kind' order by member",
        [start],
    ).fetchall()
    names = {"community": "Community", "rural": "Rural"}
    rows = {row[0]: row[2] for row in table_rows(opened(lang="en"), "Kind", "Appraisal score")}
    assert rows.keys() == {names[member] for member, *_ in expected}
    for member, top, bottom in expected:
        assert rows[names[member]].startswith(f"{100 * top / bottom:.1f}% {top:.0f} / {bottom:.0f}")


def test_a_community_a_week_and_a_year_open() -> None:
    assert "— No cases" in words(opened(area="990103005004", lang="en"))
    assert "一票否决" not in words(opened(grain="week"))
    assert "2025年" in words(opened(grain="year", period="2025"))


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The edition of a made-up city that is served; it lacks the newer tables and indicators until a test adds them."""
    file = publish(tmp_path, shape=TINY)
    monkeypatch.setenv("STREETWISE_CITY", str(tmp_path))
    return file


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_older_edition_says_that_there_is_no_survey_no_appraisal_and_no_list(lang: str, tiny: Path) -> None:
    text = words(open_page("service", lang=lang))
    for zh, en in (
        ("这里还没有调查结果。", "There is no survey here"),
        ("这里还没有考核结果。", "There is no appraisal here"),
        ("本版没有清单条目。", "This edition has no entries of the lists here."),
    ):
        assert (zh, en)[lang == "en"] in text
    assert tiny.stem in text


LISTS = (
    "create table marts.service_lists as select 'city' as area_level, '440300' as area_code, * from (values "
    "('need', 'matched', 60, 0), ('need', 'waiting', 20, 15), ('need', 'withdrawn', 3, 0), ('resource', 'free', 5, 0), "
    "('project', 'completed', 10, 0), ('project', 'under_way', 6, 2), ('project', 'unclaimed', 4, 0)) as l(list, state, entries, late)"
)


def test_the_three_lists_are_drawn_by_what_became_of_their_entries(tiny: Path) -> None:
    change(tiny, LISTS)
    shown = lines(open_page("service", lang="en"))
    assert shown == {
        "80 needs": ("80 needs 3 withdrawn 60 matched 20 waiting (15 over 30 days)", [75.0, 25.0]),
        "5 resources": ("5 resources 0 in use 5 not used", [100.0]),
        "20 projects": ("20 projects 10 completed 6 under way (2 over 180 days), 4 unclaimed", [50.0, 30.0, 20.0]),
    }


def test_a_survey_with_too_few_answers_says_so_and_shows_no_number(tiny: Path) -> None:
    change(
        tiny,
        "insert into marts.indicators select * replace (99 as sort_order, 'Q01' as indicator_id, 30 as minimum_count, "
        "'surveys' as dataset, 'satisfaction (survey)' as name_en) from marts.indicators where indicator_id = 'T02'",
        "insert into marts.indicator_values select * replace ('Q01' as indicator_id, null as numerator, null as denominator, null as "
        "value, null as lower, null as upper, 'suppressed' as status) from marts.indicator_values where indicator_id = 'T02' "
        "and grain = 'month' and dimension = 'all' and period_start = date '2026-09-01'",
    )
    app = open_page("service", lang="en")
    shown = tile(app, "Satisfaction (survey)")
    assert shown.startswith("September 2026 Suppressed")
    assert "Suppressed: fewer than 30 cases" in shown
    assert "2 more have fewer than 30 answers and are hidden." in words(app)


def test_markup_in_the_data_stays_text(tiny: Path) -> None:
    change(
        tiny,
        "insert into marts.indicators select * replace (99 as sort_order, replace(indicator_id, 'T02', 'A01') as indicator_id) "
        "from marts.indicators where indicator_id = 'T02'",
        "insert into marts.indicator_values select * replace ('A01' as indicator_id, 'org_kind' as dimension, "
        f"'{HOSTILE}' as member) from marts.indicator_values where indicator_id = 'T02' and dimension = 'channel' and member = 'app'",
        "insert into marts.indicator_values select * replace ('A01' as indicator_id) from marts.indicator_values "
        "where indicator_id = 'T02' and dimension = 'all'",
        f"create table marts.vetoes as select 'month' as grain, date '{OCTOBER}' as period_start, 'city' as area_level, '{CITY}' as "
        f"area_code, 'appraisal' as veto_id, 'x' as name_zh, 'x' as name_en, '{HOSTILE}' as item, 2 as rows, 'fail' as cap, "
        "date '2026-09-30' as ended_on",
        f"create table marts.grades as select 'fail' as grade, '{HOSTILE}' as name_zh, '{HOSTILE}' as name_en",
    )
    app = open_page("service", lang="en")
    written = [h.value for h in app.get("html")]
    assert not any("<script" in text for text in written)
    assert sum("&lt;script&gt;" in text for text in written) == 2
    assert table_rows(app, "Reason", "Number")[0][:3] == [HOSTILE, "2", HOSTILE]
    for kind in ("markdown", "caption", "subheader", "info"):
        assert not any("example.org" in str(element.value) for element in app.get(kind)), kind


def entry(item_id: str, kind: str, registered: str, code: str | None = "K1", **more: object) -> dict[str, object]:
    return {
        "item_id": item_id,
        "list": kind,
        "area_code": code,
        "registered_on": registered,
        "status": "registered",
        **more,
    }


def test_the_lists_are_counted_by_state_at_the_cut() -> None:
    con = empty_warehouse()
    insert(con, "areas", AREAS)
    insert(
        con,
        "service_items",
        [
            # matched; matched to an entry that is registered after the cut; waiting for 30 days and for 29
            entry("n1", "need", "2026-01-05", matched_item_id="r1", status="matched"),
            entry("n2", "need", "2026-05-01", matched_item_id="r9", status="matched"),
            entry("n3", "need", "2026-04-20"),
            entry("n4", "need", "2026-04-21", "K3"),
            entry("n5", "need", "2026-01-05", status="withdrawn", matched_item_id="r2"),
            # r1 is used; r2 by a need that was withdrawn; r9 is not known yet
            entry("r1", "resource", "2026-01-01"),
            entry("r2", "resource", "2026-01-01"),
            entry("r9", "resource", "2026-06-01"),
            # completed; completed after the cut, claimed 180 days before it; claimed 179 days before; not claimed; nowhere
            entry(
                "p1", "project", "2025-01-01", claimed_on="2025-01-10", completed_on="2025-02-01", status="completed"
            ),
            entry(
                "p2", "project", "2025-01-01", claimed_on="2025-11-21", completed_on="2026-06-01", status="completed"
            ),
            entry("p3", "project", "2025-01-01", claimed_on="2025-11-22", status="claimed"),
            entry("p4", "project", "2025-01-01"),
            entry("p5", "project", "2025-01-01", None),
        ],
    )
    build(con, {"service_items": "2026-05-20 12:00", "areas": "2026-05-20 12:00"}, wanted={"marts.service_lists"})

    def counts(level: str, code: str) -> set[tuple[object, ...]]:
        return set(
            con.execute(
                "select list, state, entries, late from marts.service_lists where area_level = ? and area_code = ?",
                [level, code],
            ).fetchall()
        )

    assert counts("city", "C") == {
        ("need", "matched", 1, 0), ("need", "waiting", 3, 1), ("need", "withdrawn", 1, 0), ("resource", "used", 1, 0),
        ("resource", "free", 1, 0), ("project", "completed", 1, 0), ("project", "under_way", 2, 1), ("project", "unclaimed", 2, 0),
    }  # fmt: skip
    assert counts("district", "D2") == {("need", "waiting", 1, 0)}
    assert counts("community", "unlocated") == {("project", "unclaimed", 1, 0)}
