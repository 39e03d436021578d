"""The monthly bulletin: what it says is what the edition says, in both languages, and it is whole or not there."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import fastexcel
import pytest
import yaml
from bulletin_city import over_sample, over_tiny, settings
from conftest import run_cli

from pipelines.bulletin import drawings, making, typeset
from pipelines.bulletin.facts import NoSuchMonth, months_over
from pipelines.bulletin.nightly import after_edition
from pipelines.bulletin.settings import Bulletin, Mail, Webhook
from pipelines.bulletin.words import word
from pipelines.city import City
from pipelines.editions import bulletin_asset
from pipelines.publish import write_last_refresh
from pipelines.transform import CityResource
from pipelines.yaml_model import ConfigurationError

pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
OCTOBER, SEPTEMBER = date(2026, 10, 1), date(2026, 9, 1)
LANGUAGES = ("zh", "en")


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, sample_city: Path) -> City:
    """A city with the edition of the sample city and the bulletins of its newest two months."""
    made = over_sample(tmp_path_factory.mktemp("bulletin"), sample_city)
    making.make_bulletins(made, current(made))
    return made


def current(city: City) -> Path:
    return (city.published / "current").resolve()


def ask(city: City, sql: str) -> list[tuple[Any, ...]]:
    with making.opened(current(city)) as con:
        return con.execute(sql).fetchall()


def path_of(city: City, month: date, name: str) -> Path:
    return city.bulletins / current(city).stem / f"{month:%Y-%m}" / name


def text_of(city: City, month: date, lang: str) -> str:
    """The words of a PDF in reading order, blanks as one."""
    return words_of(path_of(city, month, f"bulletin-{month:%Y-%m}-{lang}.pdf"))


@cache
def words_of(path: Path) -> str:
    reader = pypdf.PdfReader(path)
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages))


def sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    reader = fastexcel.read_excel(path)
    return {
        name: list(reader.load_sheet(name, header_row=None).to_arrow().to_pandas().itertuples(index=False, name=None))
        for name in reader.sheet_names
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pdf_says_value_count_interval_and_target_as_the_edition_has_them(city: City, lang: str) -> None:
    shown = text_of(city, OCTOBER, lang)
    rows = ask(
        city,
        "select indicator_id, value, numerator, denominator, lower, upper from marts.indicator_values"
        " where indicator_id in ('T02', 'T03', 'M12') and grain = 'month' and period_start = '2026-10-01'"
        " and area_level in ('city', 'district') and area_code <> 'unlocated' and dimension = 'all'",
    )
    assert len(rows) == 18
    for _, value, top, below, lower, upper in rows:
        assert f"{top:,.0f} / {below:,.0f}" in shown
        assert f"{100 * lower:.1f}–{100 * upper:.1f}%" in shown
        assert f"{100 * value:.1f}%" in shown or f"{100 * value:.2f}%" in shown
    assert ("目标 97%" if lang == "zh" else "target 97%") in shown
    ((spent, budget),) = ask(
        city,
        "select numerator, denominator from marts.indicator_values where indicator_id = 'F06' and grain = 'month'"
        " and period_start = '2026-10-01' and area_level = 'city' and dimension = 'all'",
    )
    assert (
        f"{spent / 1e8:.2f} / {budget / 1e8:.2f} 亿元"
        if lang == "zh"
        else f"¥{spent / 1e9:.2f} / ¥{budget / 1e9:.2f} bn"
    ) in shown


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pdf_names_city_month_data_cut_edition_and_its_pages(city: City, lang: str) -> None:
    reader = pypdf.PdfReader(path_of(city, OCTOBER, f"bulletin-2026-10-{lang}.pdf"))
    pages = [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]
    everything = " ".join(pages)
    assert ("示例市" in everything and "2026年10月" in everything.replace(" ", "")) or "October 2026" in everything
    assert "2026-11-21 23:59" in pages[0] and all(current(city).stem in page for page in pages)
    last = f"第 {len(pages)} 页，共 {len(pages)} 页" if lang == "zh" else f"Page {len(pages)} of {len(pages)}"
    assert last in pages[-1]
    fonts = [
        descriptor
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
        for descriptor in [font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]]
    ]
    assert fonts and all("/FontFile3" in descriptor or "/FontFile2" in descriptor for descriptor in fonts)
    assert reader.metadata is not None and reader.metadata.title is not None
    moment = current(city).stem.split("-")[1]
    assert str(reader.metadata["/CreationDate"]).startswith(f"D:{moment[:8]}{moment[9:13]}"), (
        "the edition's, not the clock's"
    )
    assert reader.trailer["/Root"]["/Lang"].startswith(lang)


def test_sentences_of_the_edition_lead_and_rectification_stands_before_the_watch_list(city: City) -> None:
    told = json.loads(path_of(city, OCTOBER, making.ABOUT).read_text(encoding="utf-8"))
    for lang in LANGUAGES:
        expected = ask(
            city,
            f"select sentence_{lang} from marts.insights where area_level = 'city' and month = '2026-10-01'"
            " and severity <> 'note' order by place limit 6",
        )
        assert told[lang]["lead"] == [sentence for (sentence,) in expected]
    shown = text_of(city, OCTOBER, "zh")
    ((standing, part),) = ask(
        city,
        "select count(*), count(part_of) from marts.rectification where closed_on is null and state <> 'mended'"
        " and opened_on <= '2026-10-01'",
    )
    assert f"{standing} 条" in shown and f"{part} 条" in shown
    assert 0 < shown.index("整改清单") < shown.index("观察清单")
    book = sheets(path_of(city, OCTOBER, "bulletin-2026-10-zh.xlsx"))
    ((lines, watched),) = ask(
        city,
        "select (select count(*) from marts.rectification where closed_on is null and opened_on <= '2026-10-01'),"
        " (select count(*) from marts.watch_list where period_start = '2026-10-01')",
    )
    assert (len(book["整改清单"]) - 1, len(book["观察清单"]) - 1) == (lines, watched)


def test_a_month_with_figures_that_may_change_is_preliminary_and_the_one_before_final(city: City) -> None:
    first, before = text_of(city, OCTOBER, "zh"), text_of(city, SEPTEMBER, "zh")
    assert "快报" in first and "◌" in first and "暂定" in first
    assert "定稿" in before and "快报" not in before
    provisional = ask(
        city,
        "select count(*) from marts.indicator_values v where grain = 'month' and period_start = '2026-10-01'"
        " and area_level = 'city' and dimension = 'all' and status = 'provisional'"
        " and indicator_id in (select indicator_id from marts.weights where sheet = 'district')",
    )
    assert f"{provisional[0][0]} 项考核指标仍为暂定值" in first


def test_the_workbook_has_numbers_with_formats_and_says_where_they_come_from(city: City) -> None:
    path = path_of(city, SEPTEMBER, "bulletin-2026-09-en.xlsx")
    book = sheets(path)
    assert list(book) == ["In short", "City", "Districts", "Rectification", "Watch list", "Definitions", "Passport"]
    ((value, lower),) = ask(
        city,
        "select value, lower from marts.indicator_values where indicator_id = 'T02' and grain = 'month'"
        " and period_start = '2026-09-01' and area_level = 'city' and dimension = 'all'",
    )
    (row,) = [row for row in book["City"] if row[0] == "T02"]
    assert float(row[4]) == pytest.approx(value) and float(row[8]) == pytest.approx(lower)
    assert current(city).stem in str(book["Passport"]) and "2026-11-21 23:59" in str(book["Passport"])
    with zipfile.ZipFile(path) as archive:
        everything = {name: archive.read(name).decode() for name in archive.namelist()}
    assert not any("<f>" in text for text in everything.values())
    assert all(f'formatCode="{code}"' in everything["xl/styles.xml"] for code in ("0.0%", "#,##0.00", "yyyy-mm-dd"))


@pytest.mark.parametrize(("lang", "wilson", "none"), [("zh", "Wilson 95%", "无"), ("en", "Wilson, 95%", "none")])
def test_the_definition_of_a_survey_figure_says_that_it_has_an_interval(
    city: City, lang: str, wilson: str, none: str
) -> None:
    book = sheets(path_of(city, SEPTEMBER, f"bulletin-2026-09-{lang}.xlsx"))
    header, *rows = book[word(lang, "sheet_definitions")]
    at = header.index(word(lang, "method_word"))
    said = {str(row[0]).split()[0]: row[at] for row in rows}
    assert (said["Q01"], said["T02"], said["T01"]) == (wilson, wilson, none)


def test_the_same_edition_gives_the_same_bytes_and_the_note_beside_them_their_digests(
    city: City, tmp_path: Path, sample_city: Path
) -> None:
    again = over_sample(tmp_path, sample_city)
    made = making.make_bulletins(again, current(again), [SEPTEMBER])
    assert [path.name for path in made[0].files] == [
        f"bulletin-2026-09-{lang}.{kind}" for lang in ("en", "zh") for kind in ("pdf", "xlsx")
    ]
    for path in made[0].files:
        assert path.read_bytes() == path_of(city, SEPTEMBER, path.name).read_bytes(), path.name
    about = json.loads((made[0].folder / making.ABOUT).read_text(encoding="utf-8"))
    assert [e["sha256"] for e in about["files"]] == [hashlib.sha256(p.read_bytes()).hexdigest() for p in made[0].files]


def test_only_months_that_are_over_have_a_bulletin(city: City) -> None:
    with making.opened(current(city)) as con:
        assert months_over(con)[:2] == [OCTOBER, SEPTEMBER]
    assert sorted(path.name for path in (city.bulletins / current(city).stem).iterdir()) == ["2026-09", "2026-10"]
    with pytest.raises(NoSuchMonth):
        making.make_bulletins(city, current(city), [date(2026, 11, 1)])


def test_the_command_makes_a_bulletin_of_an_earlier_month_and_says_where_it_lies(tmp_path: Path) -> None:
    city = over_tiny(tmp_path)
    result = run_cli("bulletin", "--city", str(city.folder), "--month", "2026-03")
    assert result.exit_code == 0, result.output
    assert "2026-03/bulletin-2026-03-zh.pdf" in result.output and path_of(city, date(2026, 3, 1), making.ABOUT).exists()
    running = run_cli("bulletin", "--city", str(city.folder), "--month", "2026-11")
    assert running.exit_code == 1 and "还没有结束" in running.output
    assert run_cli("bulletin", "--city", str(city.folder), "--month", "last").exit_code == 1
    nobody = run_cli("bulletin", "--city", str(city.folder), "--send")
    assert nobody.exit_code == 1 and "city.yaml" in nobody.output


HOSTILE = '#read("/etc/passwd") *b* $x$ <script>alert(1)</script> [x](http://x.example) \\ _i_ =1+1'


def test_names_are_text_and_an_older_edition_without_lists_still_has_its_bulletin(tmp_path: Path) -> None:
    city = over_tiny(tmp_path)
    with duckdb.connect(str(current(city))) as con:
        con.execute("update marts.areas set area_name = $1 where area_code = '440301'", [HOSTILE])
        con.execute(
            "update marts.indicator_values set status = 'suppressed', numerator = null, denominator = null, value = null,"
            " lower = null, upper = null where indicator_id = 'M09' and area_level = 'district'"
        )
    making.make_bulletins(city, current(city), [OCTOBER])
    shown = text_of(city, OCTOBER, "zh").replace(" ", "")
    assert HOSTILE.replace(" ", "")[:20] in shown and "<script>alert(1)</script>" in shown and "root:" not in shown
    assert "本版本没有这份清单" in shown and "已隐去" in shown
    book = sheets(path_of(city, OCTOBER, "bulletin-2026-10-zh.xlsx"))
    rows = [row for row in book["各区"] if row[0] == "M09"]
    assert len(rows) == 2 and not any(
        isinstance(cell, float) and cell == cell and cell != 0.95 for row in rows for cell in row
    )
    assert all({row[4], row[6], row[7]} == {"已隐去"} for row in rows)
    with zipfile.ZipFile(path_of(city, OCTOBER, "bulletin-2026-10-zh.xlsx")) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist())


def test_labels_of_a_chart_are_escaped() -> None:
    drawn = drawings.dots(
        [drawings.Mark('<image href="http://x"/>', 97.0, "97%", "met", 96, 98)], (90, 100), 97, "a & b", 'F"'
    )
    assert "<image" not in drawn and "&lt;image" in drawn and "a &amp; b" in drawn and 'family="F&quot;"' in drawn


@pytest.mark.parametrize(
    ("values", "target", "ends"),
    [([97.0, 98.5], 97.0, (90.0, 100.0)), ([82.0, 91.0], 85.0, (80.0, 95.0)), ([2.0], None, (0.0, 10.0))],
)
def test_a_scale_of_percentages_spans_ten_points_and_stays_between_0_and_100(
    values: list[float], target: float | None, ends: tuple[float, float]
) -> None:
    assert drawings.scale(values, target, percent=True, from_zero=False) == ends
    assert drawings.scale([3.0, 9.0], None, percent=False, from_zero=True)[0] == 0


def test_without_a_chinese_font_there_is_the_workbook_and_a_problem_that_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nothing:
        def families(self) -> list[str]:
            return ["DejaVu Sans"]

    monkeypatch.setattr(typeset, "_machine_fonts", Nothing)
    city = over_tiny(tmp_path)
    report = after_edition(city)
    assert [path.suffix for path in path_of(city, OCTOBER, "x").parent.glob("bulletin-*")] == [".xlsx", ".xlsx"]
    assert len(report.problems) == 1 and "fonts-noto-cjk" in report.problems[0]["message_zh"]
    note = json.loads((city.published / "last_refresh.json").read_text(encoding="utf-8"))
    assert note["outcome"] == "published" and "fonts-noto-cjk" in note["problems"][0]["message_en"]


def test_a_font_that_the_city_names_is_taken_and_one_that_is_none_is_a_problem(tmp_path: Path) -> None:
    found = [f for f in typeset._machine_fonts().fonts() if f.family == "Noto Serif CJK SC" and f.path]
    if not found:
        pytest.skip("no second Chinese font on this machine")
    assert found[0].path is not None
    city = over_tiny(tmp_path, font=found[0].path)
    assert typeset.Typesetter(city.settings.bulletin.font, city.folder).family == "Noto Serif CJK SC"
    (tmp_path / "letters.ttf").write_bytes(b"no font")
    with pytest.raises(typeset.NoFont, match="no_such_font"):
        typeset.Typesetter("letters.ttf", tmp_path)


def test_what_fails_half_way_leaves_nothing_and_the_edition_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = over_tiny(tmp_path)
    write_last_refresh(city, outcome="published", edition=current(city).stem, problems=[])

    def full(facts: object, lang: str) -> bytes:
        if lang == "en":
            raise OSError("CANARY no space left")
        return b"x"

    monkeypatch.setattr(making, "workbook", full)
    report = after_edition(city)
    assert report.made == 0 and "OSError" in report.problems[0]["message_en"] and "CANARY" not in str(report.problems)
    assert [path for path in city.bulletins.rglob("*") if path.is_file()] == []
    assert list(city.bulletins.glob("*")) == []
    note = json.loads((city.published / "last_refresh.json").read_text(encoding="utf-8"))
    assert note["outcome"] == "published" and note["edition"] == current(city).stem


def test_bulletins_go_with_their_edition(tmp_path: Path) -> None:
    city = over_tiny(tmp_path)
    making.make_bulletins(city, current(city), [OCTOBER])
    older = current(city)
    making.forget_old(city)
    assert (city.bulletins / older.stem).exists()
    older.unlink()
    making.forget_old(city)
    assert not (city.bulletins / older.stem).exists()


def test_the_asset_comes_after_the_edition_and_makes_the_bulletins(tmp_path: Path) -> None:
    city = over_tiny(tmp_path)
    asset = bulletin_asset()
    assert asset.asset_deps[dg.AssetKey(["published", "bulletin"])] == {dg.AssetKey(["published", "edition"])}
    result = dg.materialize([asset], resources={"city": CityResource(folder=str(city.folder))})
    assert result.success
    assert {path.name for path in (city.bulletins / current(city).stem).iterdir()} == {"2026-09", "2026-10"}


def test_the_document_names_every_setting_and_what_it_shows_is_valid(tmp_path: Path) -> None:
    document = (Path(__file__).parents[1] / "docs" / "bulletin.md").read_text(encoding="utf-8")
    for key in (*Bulletin.model_fields, *Mail.model_fields, *Webhook.model_fields):
        assert f"`{key}`" in document, key
    (shown,) = re.findall(r"```yaml\n(.*?)```", document, flags=re.DOTALL)
    read = settings(tmp_path, **yaml.safe_load(shown)["bulletin"]).settings.bulletin
    assert read.mail[0].chosen_port == 587 and read.webhooks[1].kind == "dingtalk"


@pytest.mark.parametrize(
    ("bulletin", "message"),
    [
        ({"fnt": "x"}, "fnt"),
        ({"send_when": "always"}, "send_when"),
        ({"webhooks": [{"kind": "wecom", "url": "https://qyapi.example/key=1"}]}, "does not belong in a file"),
        ({"mail": [{"host": "h", "sender": "a@b", "to": ["c@d"], "user": "u", "password": "p"}]}, "does not belong"),
        ({"mail": [{"host": "h", "sender": "a@b", "to": ["c@d"], "user": "u"}]}, "belong together"),
        ({"mail": [{"host": "h", "sender": "a@b\nBcc: x@y", "to": ["c@d"]}]}, "control character"),
        (
            {
                "mail": [
                    {"host": "h", "sender": "a@b", "to": ["c@d"], "user": "u", "password": "${P}", "security": "none"}
                ]
            },
            "without starttls or tls",
        ),
        ({"webhooks": [{"kind": "slack", "url": "${U}", "secret": "${S}"}]}, "only dingtalk signs"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, bulletin: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        settings(tmp_path, **bulletin)
