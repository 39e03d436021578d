"""What the bulletin says in one language: sentences, tiles, tables and lists, every number already written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pipelines import wording
from pipelines.bulletin import drawings
from pipelines.bulletin.facts import STANDING, Facts, Row
from pipelines.bulletin.words import month_name, word
from pipelines.insights.telling import About

MARKS = {"met": "", "missed": "▼", "watch": "◐", "provisional": "◌"}
#: Sentences at the head, lines of each list in the PDF; the workbook has all.
MOST_SENTENCES = 6
MOST_LINES = 40
MOST_WATCHED = 30
#: Districts side by side in one table.
ACROSS = 5
NO_VALUE = "—"


def tell(facts: Facts, lang: str, font: str = "") -> dict[str, Any]:
    """The bulletin as plain data for the typesetter; `font` is the family that its charts are lettered in."""
    return {
        "lang": lang,
        "title": word(lang, "title"),
        "city": city_name(facts, lang),
        "month": month_name(lang, facts.month.year, facts.month.month),
        "standing": standing(facts, lang),
        "standing-short": standing_short(facts, lang),
        "final": facts.final,
        "meta": meta(facts, lang),
        "edition": facts.edition["edition"],
        "page": word(lang, "page", n="{n}", all="{all}"),
        "lead_title": word(lang, "lead"),
        "lead": lead(facts, lang),
        "tiles_title": word(lang, "tiles"),
        "tiles": [_tile(facts, lang, i) for i in facts.headline],
        "dots_title": word(lang, "dots"),
        "dots_note": word(lang, "dots_note"),
        "dots": _dots(facts, lang, font),
        "districts_title": word(lang, "districts"),
        "districts_note": word(lang, "districts_note"),
        "tables": tables(facts, lang),
        "rectification": _rectification(facts, lang),
        "watch": _watch(facts, lang),
        "method_title": word(lang, "method"),
        "method": method(facts, lang),
        "definitions_title": word(lang, "definitions"),
        "definitions": _definitions(facts, lang),
    }


def city_name(facts: Facts, lang: str) -> str:
    """The name of the city."""
    return str(facts.city["name_en"] if lang == "en" else facts.city["name_zh"])


def standing(facts: Facts, lang: str) -> str:
    """Whether the bulletin is final, in a sentence."""
    return word(lang, "final") if facts.final else word(lang, "provisional", n=len(facts.provisional))


def standing_short(facts: Facts, lang: str) -> str:
    """Whether the bulletin is final, in a word."""
    return word(lang, "final_short" if facts.final else "provisional_short")


def instant(moment: datetime, facts: Facts) -> str:
    """A UTC instant as date and time in the city."""
    return f"{moment.replace(tzinfo=UTC).astimezone(ZoneInfo(facts.city['time_zone'])):%Y-%m-%d %H:%M}"


def data_cut(facts: Facts) -> str:
    """The data cut, or the oldest and the newest of those of the datasets."""
    cuts = [cut for _, cut, _ in facts.cuts]
    oldest, newest = instant(min(cuts), facts), instant(max(cuts), facts)
    return newest if oldest == newest else f"{oldest} – {newest}"


def meta(facts: Facts, lang: str) -> str:
    """Data cut, edition and moment of publication."""
    edition = facts.edition
    return word(
        lang,
        "meta",
        as_of=data_cut(facts),
        edition=edition["edition"],
        published=instant(edition["published_at"], facts),
    )


def lead(facts: Facts, lang: str) -> list[str]:
    """What the edition itself says first of the city; an edition without sentences gets the count of targets missed."""
    told = [str(row[f"sentence_{lang}"]) for row in facts.insights if row["severity"] != "note"][:MOST_SENTENCES]
    if told:
        return told
    own = {i: facts.figures[(i, facts.city["area_code"])]["status"] for i in facts.sheet}
    judged = [i for i, status in own.items() if status in ("met", "missed", "watch")]
    missed = [i for i in judged if own[i] == "missed"]
    if not judged:
        return []
    kind = "summary_missed" if missed else "summary_none_missed"
    names = wording.listed(lang, [name_of(facts, i, lang) for i in missed], 5)
    return [wording.sentence(lang, kind, all=len(judged), n=len(missed), names=names)]


def name_of(facts: Facts, indicator_id: str, lang: str) -> str:
    """The name of an indicator."""
    name = wording.pick(lang, facts.about[indicator_id].names)
    return name[:1].upper() + name[1:]


def area_of(facts: Facts, code: str, lang: str) -> str:
    """The name of an area; of a community with its street before it."""
    area = facts.areas.get(code)
    if area is None:
        return code
    own = wording.pick(lang, area.names)
    above = facts.areas.get(area.parent or "")
    return f"{wording.pick(lang, above.names)} · {own}" if above and area.level in ("street", "community") else own


def shown(facts: Facts, row: Row | None, indicator_id: str, lang: str) -> str:
    """A value as it is printed: with decimals enough to keep it off its target, a word where it is suppressed."""
    if row is None or (row["value"] is None and row.get("status") != "suppressed"):
        return NO_VALUE
    if row.get("status") == "suppressed":
        return word(lang, "status_suppressed")
    about, value, target = facts.about[indicator_id], row["value"], row["target"]
    apart = target if target is not None and value != target else None
    if about.form == "points" and apart is not None:
        decimals = next((d for d in (1, 2, 3) if round(value, d) != round(apart, d)), 4)
        return f"{wording.points(value, decimals)} {wording.word(lang, 'points')}"
    return about.write(value, lang, apart)


def counted(facts: Facts, row: Row | None, indicator_id: str, lang: str) -> str:
    """The count behind a value, '3,550 / 3,625', money in 万 and 亿; '' where there is none or it is hidden."""
    if row is None or row["value"] is None or row["denominator"] is None:
        return ""
    about, over = facts.about[indicator_id], row["denominator"]
    if row["numerator"] is None:
        return f"n = {wording.whole(over)}"
    if not about.is_money:
        return f"{wording.whole(row['numerator'])} / {wording.whole(over)}"
    paid = wording.money(row["numerator"], lang)
    if about.unit == "currency_per_resident":
        return f"{paid} / {wording.whole(over)}"
    below = wording.money(over, lang)
    (number, _, unit), (_, _, same) = paid.partition(" "), below.partition(" ")
    return f"{number if unit == same else paid} / {below}"


def interval(row: Row | None) -> str:
    """The 95 % interval of a proportion, or ''."""
    if row is None or row["lower"] is None or row["upper"] is None or row.get("status") == "suppressed":
        return ""
    return wording.fractions_interval(row["lower"], row["upper"], row["target"])


def goal(facts: Facts, value: float | None, indicator_id: str, lang: str) -> str:
    """A target or floor as it is printed, with ≤ where less is better."""
    if value is None:
        return ""
    most = facts.indicators[indicator_id]["direction"] == "lower"
    return ("≤ " if most else "") + wording.target(value, facts.about[indicator_id].form, lang)


def _cell(facts: Facts, indicator_id: str, code: str, lang: str) -> dict[str, str]:
    """One figure; percentage points are written without their unit, which stands beside the target."""
    row = facts.figures.get((indicator_id, code))
    status = str(row["status"] or "") if row else "no_cases"
    return {
        "shown": shown(facts, row, indicator_id, lang).removesuffix(f" {wording.word(lang, 'points')}"),
        "mark": MARKS.get(status, ""),
        "status": status,
        "count": counted(facts, row, indicator_id, lang),
        "interval": interval(row),
    }


def _tile(facts: Facts, lang: str, indicator_id: str) -> dict[str, Any]:
    row = facts.figures[(indicator_id, facts.city["area_code"])]
    about = facts.about[indicator_id]
    target = row["target"] if facts.indicators[indicator_id]["direction"] != "none" else None
    words = word(lang, f"status_{row['status']}") if row["status"] in (*MARKS, "no_cases") else ""
    aim = goal(facts, target, indicator_id, lang)
    percent = about.form == "percent"
    times = 100.0 if percent else 1.0
    history = facts.histories.get(indicator_id, ())
    values = [None if f is None or f["value"] is None else times * f["value"] for _, f in history]
    known = [value for value in values if value is not None]
    drawing, trend = "", ""
    if len(known) > 1:
        aimed = None if target is None else times * target
        ends = drawings.scale(known, aimed, percent=percent, from_zero=about.form in ("count", "money"))
        drawing = drawings.history(values, ends, aimed, provisional=row["status"] == "provisional")
        low, high = (f"{end:.0f}%" if percent else f"{end:,.0f}".replace("-", "−") for end in ends)
        trend = word(lang, "trend", n=len(values), low=low, high=high)
    base = [counted(facts, row, indicator_id, lang)]
    if found := interval(row):
        base.append(word(lang, "interval", interval=found))
    against = [word(lang, "target", target=aim) if aim else word(lang, "no_target")]
    before = history[-2][1] if len(history) > 1 else None
    if before is not None and before["value"] is not None and not _starts_anew(facts, about):
        earlier = shown(facts, {**before, "target": None}, indicator_id, lang)
        against.append(word(lang, "before", value=earlier))
    if row["pending"]:
        against.append(word(lang, "pending", n=wording.whole(row["pending"])))
    return {
        **_cell(facts, indicator_id, facts.city["area_code"], lang),
        "shown": shown(facts, row, indicator_id, lang),
        "name": name_of(facts, indicator_id, lang),
        "base": " · ".join(part for part in base if part),
        "against": " · ".join(against),
        "words": words,
        "drawing": drawing,
        "trend": trend,
    }


def _starts_anew(facts: Facts, about: About) -> bool:
    """Whether the month begins a fiscal year, in which funds are counted from nothing again."""
    return about.is_money and facts.month.month == facts.city["fiscal_year_start"]


def _dots(facts: Facts, lang: str, font: str) -> list[dict[str, str]]:
    """Small charts of the headline proportions, district by district."""
    made = []
    for indicator_id in facts.headline:
        marks = []
        for code in facts.districts:
            row = facts.figures.get((indicator_id, code))
            if row is None or row["value"] is None or row["lower"] is None:
                continue
            label = wording.pick(lang, facts.areas[code].names)
            mark = MARKS.get(row["status"] or "", "")
            said = f"{mark} {shown(facts, row, indicator_id, lang)}".strip()
            marks.append(
                drawings.Mark(
                    label, 100 * row["value"], said, row["status"] or "", 100 * row["lower"], 100 * row["upper"]
                )
            )
        if len(marks) < 2:
            continue
        target = facts.figures[(indicator_id, facts.city["area_code"])]["target"]
        aim = None if target is None else 100 * target
        ends = [end for mark in marks for end in (mark.lower, mark.upper) if end is not None]
        reach = drawings.scale(ends, aim, percent=True, from_zero=False)
        said = word(lang, "target", target=goal(facts, target, indicator_id, lang)) if aim is not None else ""
        name = name_of(facts, indicator_id, lang)
        made.append(
            {
                "name": name,
                "drawing": drawings.dots(marks, reach, aim, said, font),
                "alt": f"{name}: " + "; ".join(f"{mark.label} {mark.shown}" for mark in marks),
            }
        )
    return made


def tables(facts: Facts, lang: str) -> list[dict[str, Any]]:
    """Indicators of the sheet down, the city and its districts across, a few districts to a table."""
    made = []
    groups = [facts.districts[at : at + ACROSS] for at in range(0, len(facts.districts), ACROSS)] or [()]
    for group in groups:
        codes = (facts.city["area_code"], *group)
        rows = []
        for indicator_id in facts.sheet:
            target = facts.figures[(indicator_id, facts.city["area_code"])]["target"]
            rows.append(
                {
                    "id": indicator_id,
                    "name": name_of(facts, indicator_id, lang),
                    "target": goal(facts, target, indicator_id, lang),
                    "cells": [_cell(facts, indicator_id, code, lang) for code in codes],
                }
            )
        names = [word(lang, "city"), *(wording.pick(lang, facts.areas[code].names) for code in group)]
        made.append({"head": [word(lang, "indicator"), *names], "goal": word(lang, "goal"), "rows": rows})
    return made


def matter(facts: Facts, row: Row, lang: str) -> str:
    """What a line of a list is about."""
    if row.get("indicator_id") in facts.about:
        return name_of(facts, row["indicator_id"], lang)
    known = {"tickets": "subject_tickets", "appraisal": "subject_appraisal"}
    return word(lang, known[row["subject"]]) if row["subject"] in known else str(row["subject"])


def rule_of(facts: Facts, row: Row, lang: str) -> str:
    """The rule by which a line is on the list."""
    name = wording.pick(lang, facts.rules.get(row["rule"], (row["rule"], row["rule"])))
    return name[:1].upper() + name[1:]


def _numbers(facts: Facts, row: Row, lang: str) -> tuple[str, str]:
    """The value of a line of a list, and its count with the interval; a line states a fact, whatever its standing."""
    told, indicator_id = {**row, "status": None}, row["indicator_id"]
    behind = (counted(facts, told, indicator_id, lang), interval(told))
    return shown(facts, told, indicator_id, lang), "　".join(part for part in behind if part)


def _line(facts: Facts, row: Row, lang: str) -> list[str]:
    """A line of the rectification list as the PDF prints it."""
    value = behind = aim = ""
    if row["indicator_id"] in facts.about:
        value, behind = _numbers(facts, row, lang)
        aim = goal(facts, row["floor"] if row["rule"] == "floor" else row["target"], row["indicator_id"], lang)
    elif row["rows"] is not None:
        value = wording.whole(row["rows"])
    return [
        area_of(facts, row["area_code"], lang),
        matter(facts, row, lang),
        value,
        behind,
        aim,
        str(row["months_below"] or ""),
        f"{row['due_on']:%Y-%m-%d}" if row["due_on"] else "",
        word(lang, f"state_{row['state']}"),
    ]


def _rectification(facts: Facts, lang: str) -> dict[str, Any]:
    """The lines that no line above them holds, rule by rule, the gravest first."""
    made: dict[str, Any] = {"title": word(lang, "rectification"), "note": "", "head": [], "groups": [], "after": []}
    if facts.rectification is None:
        return {**made, "note": word(lang, "no_list")}
    standing_lines = [row for row in facts.rectification if row["state"] in STANDING]
    mended = len(facts.rectification) - len(standing_lines)
    if mended:
        made["after"].append(word(lang, "mended", n=mended))
    if not standing_lines:
        return {**made, "note": word(lang, "rectification_none")}
    top = [row for row in standing_lines if row["part_of"] is None]
    if len(top) > MOST_LINES:
        made["after"].insert(0, word(lang, "rectification_more", n=len(top) - MOST_LINES))
    groups: dict[str, list[Row]] = {}
    for row in top:
        groups.setdefault(rule_of(facts, row, lang), []).append(row)
    room = MOST_LINES
    for title, rows in groups.items():
        if room > 0:
            lines = [_line(facts, row, lang) for row in rows[:room]]
            made["groups"].append({"title": word(lang, "group", name=title, n=len(rows)), "rows": lines})
            room -= len(lines)
    keys = ("area", "matter", "value", "behind", "goal", "months", "due", "status")
    note = word(lang, "rectification_note", all=len(standing_lines), part=len(standing_lines) - len(top))
    return {**made, "note": note, "head": [word(lang, key) for key in keys]}


def _watch(facts: Facts, lang: str) -> dict[str, Any]:
    made: dict[str, Any] = {"title": word(lang, "watch"), "note": "", "head": [], "groups": [], "after": []}
    if facts.watch is None:
        return {**made, "note": word(lang, "no_list")}
    listed = [row for row in facts.watch if row["area_level"] in ("city", "district", "street")]
    made["note"] = word(lang, "watch_note", n=len(facts.watch) - len(listed))
    if not listed:
        made["after"].append(word(lang, "watch_none"))
        return made
    if len(listed) > MOST_WATCHED:
        made["after"].append(word(lang, "rectification_more", n=len(listed) - MOST_WATCHED))
    rows = [
        [
            area_of(facts, row["area_code"], lang),
            matter(facts, row, lang),
            *_numbers(facts, row, lang),
            goal(facts, row["target"], row["indicator_id"], lang),
            word(lang, f"reason_{row['reason']}"),
        ]
        for row in listed[:MOST_WATCHED]
    ]
    keys = ("area", "matter", "value", "behind", "goal", "reason")
    return {**made, "head": [word(lang, key) for key in keys], "groups": [{"title": "", "rows": rows}]}


def _definitions(facts: Facts, lang: str) -> list[list[str]]:
    """What each printed indicator counts."""
    printed = [i for i in facts.indicators if i in (*facts.headline, *facts.sheet)]
    return [[name_of(facts, i, lang), str(facts.indicators[i][f"definition_{lang}"] or "")] for i in printed]


def method(facts: Facts, lang: str) -> list[str]:
    """How the figures are made and what is missing from them."""
    told = [word(lang, key) for key in ("method_1", "method_2", "method_3")]
    told.append(word(lang, "method_4", n=facts.city["people_minimum"]))
    lost = facts.figures.get(("T01", "unlocated"))
    if lost is not None and lost["numerator"]:
        told.append(word(lang, "method_unlocated", n=wording.whole(lost["numerator"])))
    if facts.restated:
        told.append(word(lang, "method_restated", n=wording.whole(facts.restated)))
    if facts.refused:
        told.append(word(lang, "method_refused", names=wording.listed(lang, list(facts.refused), 5)))
    return told


def preview(facts: Facts) -> Mapping[str, Any]:
    """What the page of bulletins shows without opening a file: lead and table, in both languages."""
    return {
        lang: {
            "standing": standing(facts, lang),
            "meta": meta(facts, lang),
            "lead": lead(facts, lang),
            "table": tables(facts, lang)[0],
        }
        for lang in wording.LANGUAGES
    }
