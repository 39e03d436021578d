"""The page of bulletins: what it previews is what the files say, and nothing in it is markup."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest
from bulletin_city import over_sample, over_tiny
from streamlit.testing.v1 import AppTest

from dashboards import bulletins, i18n
from pipelines.bulletin.making import make_bulletins
from pipelines.city import City

ENTRY = Path(__file__).parents[1] / "dashboards" / "streamlit_app.py"
OCTOBER = date(2026, 10, 1)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, sample_city: Path) -> City:
    made = over_sample(tmp_path_factory.mktemp("page"), sample_city)
    make_bulletins(made, (made.published / "current").resolve())
    return made


def open_page(folder: Path, monkeypatch: pytest.MonkeyPatch, **query: str) -> AppTest:
    monkeypatch.setenv("STREETWISE_CITY", str(folder))
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page("app_pages/bulletin.py").run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def html(app: AppTest) -> str:
    return " ".join(h.value for h in app.get("html"))


def words(app: AppTest) -> str:
    pieces = [
        re.sub(r"<[^>]+>", " ", html(app)),
        *(str(e.value) for kind in ("header", "subheader", "caption") for e in app.get(kind)),
    ]
    return re.sub(r"\s+", " ", " ".join(pieces))


def labels(app: AppTest) -> list[str]:
    return [button.proto.label for button in app.get("download_button")]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_previews_the_newest_bulletin_and_offers_its_files(
    city: City, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    app = open_page(city.folder, monkeypatch, lang=lang)
    shown = words(app)
    with duckdb.connect(
        str((city.published / "current").resolve()), read_only=True, config=dict(bulletins.editions.READER)
    ) as con:
        sentences = con.execute(
            f"select sentence_{lang} from marts.insights where area_level = 'city' and month = '2026-10-01'"
            " and severity <> 'note' order by place limit 6"
        ).fetchall()
        figures = con.execute(
            "select value, numerator, denominator, lower, upper from marts.indicator_values where indicator_id = 'T03'"
            " and grain = 'month' and period_start = '2026-10-01' and area_level = 'district' and dimension = 'all'"
            " and area_code <> 'unlocated'"
        ).fetchall()
    assert sentences and all(sentence in shown for (sentence,) in sentences)
    for value, top, below, lower, upper in figures:
        assert f"{100 * value:.1f}% {top:,.0f} / {below:,.0f} {100 * lower:.1f}–{100 * upper:.1f}%" in shown
    assert i18n.text(lang, "title_bulletin") in shown
    assert (("快报" in shown) and ("2026年9月" in shown)) if lang == "zh" else "September 2026" in shown
    own, other = ("中文", "EN") if lang == "zh" else ("EN", "中文")
    assert [label.partition("，")[0].partition(",")[0] for label in labels(app)[:4]] == (
        [f"PDF（{own}）", f"Excel 附表（{own}）", f"PDF（{other}）", f"Excel 附表（{other}）"]
        if lang == "zh"
        else [f"PDF ({own})", f"Workbook ({own})", f"PDF ({other})", f"Workbook ({other})"]
    )


def test_an_earlier_bulletin_is_chosen_by_its_address_and_a_wrong_address_is_refused(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = words(open_page(city.folder, monkeypatch, bulletin="2026-09"))
    assert "定稿：考核指标均已到期" in shown and "项考核指标仍为暂定值" not in shown
    app = open_page(city.folder, monkeypatch, bulletin="1999-01<script>")
    assert "1999-01&lt;script&gt;" in html(app) and "项考核指标仍为暂定值" in words(app)


def test_a_file_is_read_whole_and_only_beside_its_note(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(city.folder))
    newest = bulletins.found()[0]
    assert newest.month == OCTOBER and [file.read()[:4] for file in newest.files if file.kind == "pdf"] == [b"%PDF"] * 2


def test_without_bulletins_the_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city = over_tiny(tmp_path)
    assert "还没有通报" in words(open_page(city.folder, monkeypatch))
    assert "no bulletin yet" in words(open_page(city.folder, monkeypatch, lang="en"))


def test_a_note_that_lies_is_not_followed_and_names_are_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city = over_tiny(tmp_path)
    edition = (city.published / "current").resolve()
    with duckdb.connect(str(edition)) as con:
        con.execute("update marts.areas set area_name = '<script>alert(1)</script>' where area_code = '440301'")
        con.execute("update marts.indicators set name_zh = '<script>alert(2)</script>' where indicator_id = 'T03'")
    made = make_bulletins(city, edition, [OCTOBER])[0]
    app = open_page(city.folder, monkeypatch)
    assert "<script>" not in html(app) and all(f"&lt;script&gt;alert({n})" in html(app) for n in (1, 2))
    note = made.folder / bulletins.ABOUT
    about = json.loads(note.read_text(encoding="utf-8"))
    about["files"] = [
        {"name": name, "lang": "zh", "kind": "pdf", "bytes": 1} for name in ("../../../../city.yaml", "gone.pdf")
    ]
    note.write_text(json.dumps(about), encoding="utf-8")
    assert labels(open_page(city.folder, monkeypatch)) == []
    assert "没有 PDF" in words(open_page(city.folder, monkeypatch))
    shutil.copytree(made.folder, city.bulletins / "edition-gone" / "2026-10")
    note.write_text("not JSON", encoding="utf-8")
    assert "还没有通报" in words(open_page(city.folder, monkeypatch))


@pytest.mark.parametrize(("lang", "said"), [("zh", "数字不受影响"), ("en", "figures complete")])
def test_a_problem_of_the_bulletin_does_not_say_that_figures_are_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str, said: str
) -> None:
    city = over_tiny(tmp_path)
    report = {
        "finished_at": "2026-11-22T01:00:00+00:00",
        "outcome": "published",
        "edition": "e",
        "problems": [{"dataset": None, "message_zh": "未能发到", "message_en": "could not be sent"}],
    }
    (city.published / "last_refresh.json").write_text(json.dumps(report), encoding="utf-8")
    shown = words(open_page(city.folder, monkeypatch, lang=lang))
    assert said in shown and "沿用旧数据" not in shown and "older data" not in shown
