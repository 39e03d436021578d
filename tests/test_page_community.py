"""The card of a community beside its peers, and the list of communities that need attention first."""

from __future__ import annotations

import base64
import re
import shutil
import statistics
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest
from editions import publish
from streamlit.testing.v1 import AppTest

from dashboards import community, editions, formats, strips
from dashboards.community import Band

ROOT = Path(__file__).parent.parent
ENTRY = ROOT / "dashboards" / "streamlit_app.py"
MONTH = date(2026, 10, 1)
CODE = "990102001001"
HOSTILE = "<script>alert(1)</script>[x](http://evil.example)$x$"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
Ask = Callable[..., list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small city of hostile names without the newer tables, in which one community's staff is suppressed."""
    folder = tmp_path_factory.mktemp("small")
    file = publish(folder)
    with duckdb.connect(str(file)) as con:
        con.execute(
            "update marts.areas set area_name = area_code || ?, area_name_en = area_code || ? where level = 'community'",
            [HOSTILE] * 2,
        )
        con.execute("update marts.areas set area_kind = ? where area_code = '440301001002'", [HOSTILE])
        con.execute(
            "update marts.indicator_values set value = null, numerator = null, denominator = null, lower = null, "
            "upper = null, status = 'suppressed' where indicator_id = 'M11' and area_code = '440301001001'"
        )
        con.execute(
            "update marts.indicator_values set member = ? where dimension = 'category_1' and member = 'noise'",
            [HOSTILE],
        )
    return folder


def open_page(**query: str) -> AppTest:
    """The page as it stands after one run with these address parameters."""
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page("app_pages/community.py").run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def blocks(app: AppTest) -> list[str]:
    """Each piece of HTML of the page."""
    return [str(h.value) for h in app.get("html")]


def words(app: AppTest) -> str:
    """All text of a page, tags taken away."""
    pieces = [re.sub(r"<[^>]+>", " ", block) for block in blocks(app)]
    for kind in ("header", "subheader", "caption", "info"):
        pieces += [str(element.value) for element in app.get(kind)]
    return re.sub(r"\s+", " ", " ".join(pieces))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_card_shows_every_block_with_value_count_and_interval(lang: str, ask: Ask) -> None:
    app = open_page(area=CODE, lang=lang)
    shown = words(app)
    titles = {str(s.value) for s in app.get("subheader")}
    assert titles >= ({"需求", "力量", "经费", "成效"} if lang == "zh" else {"Need", "Capacity", "Money", "Outcome"})
    for indicator_id in ("T10", "M02", "T02", "T03", "T05", "T06"):
        top, bottom, value, lower, upper = ask(
            "select numerator, denominator, value, lower, upper from marts.indicator_values where indicator_id = ? "
            "and grain = 'month' and period_start = ? and area_level = 'community' and area_code = ? and dimension = 'all'",
            indicator_id,
            MONTH,
            CODE,
        )[0]
        assert formats.percent(float(str(value))) in shown
        assert f"{top:,.0f} / {bottom:,.0f} · 95% {'区间' if lang == 'zh' else 'CI'}" in shown
        assert f"{100 * float(str(lower)):.1f}–{100 * float(str(upper)):.1f}%" in shown
    (people,) = ask("select population from marts.areas where area_code = ? and is_current", CODE)[0]
    assert f"{people:,}" in shown


def test_rates_are_set_beside_their_peer_class_and_other_figures_beside_their_kind(ask: Ask) -> None:
    (kind,) = ask("select area_kind from marts.areas where area_code = ? and is_current", CODE)[0]
    of_class = ask(
        "select value from marts.comparisons where indicator_id = 'T03' and grain = 'month' and period_start = ? and "
        "area_level = 'community' and peer_class = (select peer_class from marts.comparisons where indicator_id = 'T03' "
        "and grain = 'month' and period_start = ? and area_code = ?)",
        MONTH,
        MONTH,
        CODE,
    )
    of_kind = ask(
        "select v.value from marts.indicator_values v join marts.areas a on a.area_code = v.area_code and a.is_current "
        "where v.indicator_id = 'M11' and v.grain = 'month' and v.period_start = ? and v.area_level = 'community' and "
        "v.dimension = 'all' and a.area_kind = ? and v.value is not null",
        MONTH,
        kind,
    )
    shown = words(open_page(area=CODE))
    for rows, write in ((of_class, formats.percent), (of_kind, lambda value: f"{value:,.1f}")):
        values = [float(str(value)) for (value,) in rows]
        lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
        assert f"同类 {len(values)} 个：{write(median)}（{write(lower)} 至 {write(upper)}）" in shown


def test_of_a_yes_or_no_standard_it_is_said_how_many_peers_meet_it(ask: Ask) -> None:
    (met, everyone) = ask(
        "select count(*) filter (v.value >= v.target), count(v.value) from marts.indicator_values v join marts.areas a on "
        "a.area_code = v.area_code and a.is_current where v.indicator_id = 'M12' and v.grain = 'month' and "
        "v.period_start = ? and v.area_level = 'community' and v.dimension = 'all' and a.area_kind = 'urban'",
        MONTH,
    )[0]
    assert f"同类 {everyone} 个中 {met} 个达标" in words(open_page(area=CODE))


def test_fewer_than_five_peers_make_no_band(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(small))
    edition = editions.current()
    assert edition is not None
    assert community.bands(edition, ("M11",), "month", MONTH, HOSTILE, "440301001002") == {}
    found = community.bands(edition, ("M11",), "month", MONTH, "ordinary", "440301001001")["M11"]
    with duckdb.connect(edition, read_only=True, config=dict(editions.READER)) as con:
        values = con.execute(
            "select value from marts.indicator_values where indicator_id = 'M11' and grain = 'month' and period_start = ? and "
            "area_level = 'community' and dimension = 'all' and value is not null and area_code in "
            "(select area_code from marts.areas where area_kind = 'ordinary')",
            [MONTH],
        ).fetchall()
    assert found.peers == len(values), "the suppressed one takes no part"


def test_a_suppressed_figure_stays_so_and_has_no_strip(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(small))
    pieces = blocks(open_page(area="440301001001"))
    at = next(n for n, piece in enumerate(pieces) if "sw-card-value" in piece and "已隐去" in piece)
    assert "sw-strip" not in pieces[at + 1]
    assert "同类" not in pieces[at + 1]
    open_ones = blocks(open_page(area="440301001003"))
    assert not any("sw-card-value" in piece and "已隐去" in piece for piece in open_ones)


def test_lines_watch_list_and_sentences_are_those_of_the_community(ask: Ask) -> None:
    app = open_page(area=CODE, lang="en")
    shown = words(app)
    lines = ask(
        "select count(*) from marts.rectification where area_code = ? and state in ('opened', 'confirmed', 'reopened')",
        CODE,
    )
    watch = ask("select count(*) from marts.watch_list where area_code = ?", CODE)
    assert f"{lines[0][0]} open on the rectification list, {watch[0][0]} on the watch list" in shown
    said = ask(
        "select sentence_en from marts.insights where area_code = ? and month = ? and severity <> 'note' order by place limit 6",
        CODE,
        MONTH,
    )
    assert len(said) > 2
    for (sentence,) in said:
        assert re.sub(r"\s+", " ", str(sentence)) in shown.replace("&#x27;", "'").replace("&amp;", "&")
    assert "due 20 January 2027" in shown


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_communities_with_a_veto_come_first_each_with_a_link_to_its_card(lang: str, ask: Ask) -> None:
    app = open_page(lang=lang)
    table = next(block for block in blocks(app) if "<table" in block and "community?" in block)
    listed = re.findall(r"area=(\d+)", table)
    vetoed = {
        row[0]
        for row in ask(
            "select area_code from marts.rectification where rule = 'veto' and state <> 'closed' and area_level = 'community'"
        )
    }
    assert vetoed
    assert set(listed[: len(vetoed)]) == vetoed
    expected = ask(
        "select area_code from marts.rectification where area_level = 'community' and state in ('opened', 'confirmed', "
        "'reopened') group by 1 order by count(*) filter (rule = 'veto') desc, count(*) filter (rule = 'floor') desc, "
        "count(*) filter (rule = 'target') desc, sum(rows) filter (rule = 'overdue') desc nulls last, area_code limit 20"
    )
    assert listed == [str(code) for (code,) in expected]
    assert ("lang=en" in table) == (lang == "en")
    pressing = ask(
        "select count(distinct area_code) from marts.rectification where area_level = 'community' and rule <> 'overdue' "
        "and state in ('opened', 'confirmed', 'reopened')"
    )
    assert str(pressing[0][0]) in words(app)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_passport_of_an_earlier_survey_names_the_month_of_the_survey(lang: str, ask: Ask) -> None:
    ((code, wave),) = ask(
        "select area_code, max(period_start) from marts.indicator_values where indicator_id = 'Q01' and grain = 'month' "
        "and area_level = 'community' and dimension = 'all' and value is not null and period_start < date '2026-10-01' "
        "group by 1 order by 2 desc, 1 limit 1"
    )
    (passport,) = [block for block in blocks(open_page(area=code, lang=lang)) if "Q01 v" in block]
    month = f"{wave:%B %Y}" if lang == "en" else f"{wave.year}年{wave.month}月"
    assert f" · {month}</dd>" in passport
    assert ("October 2026" if lang == "en" else "2026年10月") not in passport


def test_an_edition_of_an_earlier_version_has_no_lines_and_says_so(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(small))
    assert "没有整改清单" in words(open_page())
    assert "没有整改事项，也没有观察指标" in words(open_page(area="440301001003"))


@pytest.mark.parametrize("query", [{}, {"area": "440301001002"}])
def test_hostile_names_do_nothing(query: dict[str, str], small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(small))
    app = open_page(**query)
    shown = " ".join(blocks(app))
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    for kind in ("header", "subheader", "caption", "markdown"):
        assert all(HOSTILE not in str(element.value) for element in app.get(kind))


def _svg(address: str) -> str:
    return base64.b64decode(address.partition("base64,")[2]).decode()


def test_a_miss_is_a_red_triangle_and_anything_else_a_blue_dot() -> None:
    band = Band(9, None, 0.5, 0.6, 0.7, 0.8, 0.9)
    dot = _svg(strips.strip((0.5, 1.0), band, 0.75, 0.7, 0.8, None, missed=False))
    miss = _svg(strips.strip((0.5, 1.0), band, 0.55, None, None, 0.9, missed=True))
    assert "<circle" in dot
    assert "#d64a3f" not in dot
    assert "#d64a3f" in miss
    assert "<circle" not in miss
    # half of the scale of 246 pixels between the edges of 7
    assert "cx='130.0'" in dot


@pytest.mark.parametrize(
    ("form", "low", "high", "value", "ends"),
    [
        ("percent", 0.62, 0.97, 0.55, (0.5, 1.0)),
        ("percent", 1.0, 1.0, 1.0, (0.9, 1.0)),
        ("percent", 0.0, 0.0, 0.0, (0.0, 0.1)),
        ("points", -6.0, 2.0, None, (-10.0, 10.0)),
        ("count", 3.0, 41.0, 12.0, (0.0, 45.0)),
    ],
)
def test_strips_of_counts_start_at_zero_and_those_of_rates_at_tenths(
    form: str, low: float, high: float, value: float | None, ends: tuple[float, float]
) -> None:
    found = strips.scale(form, Band(9, None, low, low, low, high, high), value)
    assert found == pytest.approx(ends)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_the_card_prints_on_one_page_in_both_languages(sample_city: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
    from visits import serving

    with serving(sample_city) as address, playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        page = browser.new_page()
        for lang in ("zh", "en"):
            page.goto(f"{address}/community?area={CODE}&lang={lang}", timeout=60_000)
            page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=60_000)
            page.wait_for_selector(".sw-list", timeout=60_000)
            printed = page.pdf(format="A4", print_background=True)
            assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1, lang
        browser.close()
