"""Beyond membership itself no ethnic, religious, health or political-opinion field enters, under whatever name."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from small_city import CONTRACTS, SmallCity

from pipelines.contracts.model import ContractError, load_contract
from pipelines.contracts.sensitive import sensitive_field
from pipelines.ingest.mapping import load_mapping
from pipelines.paths import CONTRACTS as FOLDER
from pipelines.paths import ROOT
from pipelines.yaml_model import ConfigurationError

SENSITIVE = {
    "ethnicity": ["民族", "民　族", "民族成份", "申请人民族", "是否少数民族", "ethnicity", "EthnicGroup", "race", "RACE_CODE", "Race/Ethnicity"],
    "religion": ["宗教", "宗教信仰", "信仰", "信教情况", "religion", "religious_affiliation", "Faith"],
    "health": [
        "健康状况", "健康", "既往病史", "病史", "残疾等级", "是否残疾", "残疾证号", "血型", "慢性病", "诊断结果", "health", "health_status",
        "HealthStatus", "healthstatus", "disability", "is_disabled", "diagnosis", "Blood Type", "blood_group", "medical history",
    ],
    "political opinion": [
        "政治面貌", "政治倾向", "政治观点", "党派", "political_opinion", "PoliticalAffiliation", "political views", "party",
        "party_affiliation", "Voting-Intention",
    ],
}  # fmt: skip
HARMLESS = [
    "trace", "brace", "terrace", "racecourse", "race_track", "party_secretary", "party_member_count", "third_party", "responsible_party",
    "党员编号", "党组织编号", "流动党员", "居民族谱", "民族路小学", "民族乡名称", "卫生健康委员会", "健康服务中心面积", "残疾人服务中心", "健康步道长度",
    "health_centre_floor_area", "Health Center", "health_services", "disabled_parking_bays", "political_ward", "接种点数量", "宗教场所数", "诉求类别",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in SENSITIVE.items() for name in names])
def test_a_field_that_tells_such_a_fact_about_a_person_is_known_by_its_name(kind: str, name: str) -> None:
    assert sensitive_field(name) == kind


@pytest.mark.parametrize("name", HARMLESS)
def test_a_name_that_only_looks_like_one_passes(name: str) -> None:
    assert sensitive_field(name) is None


@given(st.sampled_from([name for names in SENSITIVE.values() for name in names]), st.data())
@settings(max_examples=25, deadline=None)
def test_no_prefix_suffix_or_case_hides_such_a_field(name: str, data: st.DataObject) -> None:
    before = data.draw(st.sampled_from(["", "resident_", "申请人", "Person ", "1-", "（", "member."]))
    after = data.draw(st.sampled_from(["", "_2", " code", "（必填）", ")", "-value"]))
    if name == "party" and (before or after):
        return  # a third party and a party of six are harmless: only the bare word is refused
    spelled = data.draw(st.sampled_from([name, name.lower(), name.upper()])) if "_" in name else name
    assert sensitive_field(before + spelled + after) is not None


def test_every_column_and_spelling_of_every_contract_passes() -> None:
    for contract in CONTRACTS.values():
        for column in contract.columns:
            for spelling in (column.name, column.landing_name, column.label_zh, *column.synonyms):
                assert sensitive_field(spelling) is None, spelling


def real_headers(folder: Path) -> dict[str, set[str]]:
    """Header row of every real extract that is a table or a list of objects."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".csv", ".tsv", ".tab"}:
            with path.open(encoding="utf-8-sig", newline="") as handle:
                found[path.name] = set(next(csv.reader(handle, delimiter="," if path.suffix == ".csv" else "\t")))
        elif path.suffix == ".json":
            rows = json.loads(path.read_text(encoding="utf-8"))
            found[path.name] = {key for row in rows if isinstance(row, dict) for key in row}
    return found


def test_no_header_of_a_real_extract_is_taken_for_one() -> None:
    shared = Path(os.environ.get("STREETWISE_SHARED", ROOT.parent / "shared")) / "data"
    if not shared.is_dir():
        pytest.skip("the real extracts are not on this machine")
    headers = real_headers(shared)
    assert len(headers) > 15
    assert {(file, name) for file, names in headers.items() for name in names if sensitive_field(name)} == set()


@pytest.mark.parametrize(
    ("place", "spelling", "kind"),
    [
        ("name", "health_status", "health"),
        ("physicalName", "race", "ethnicity"),
        ("businessName", "政治面貌", "political opinion"),
        ("synonyms", "宗教信仰", "religion"),
        ("synonyms", "ethnic group", "ethnicity"),
    ],
)
def test_a_contract_that_names_such_a_column_is_refused(tmp_path: Path, place: str, spelling: str, kind: str) -> None:
    document: dict[str, Any] = yaml.safe_load((FOLDER / "members.odcs.yaml").read_text(encoding="utf-8"))
    column: dict[str, Any] = {"name": "trait", "logicalType": "string", "physicalType": "VARCHAR", "description": "x"}
    column[place] = [{"synonym": spelling, "locale": "zh"}] if place == "synonyms" else spelling
    document["schema"][0]["properties"].append(column)
    path = tmp_path / "members.odcs.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ContractError, match=rf'members\.odcs\.yaml: .*"{spelling}" tells a person\'s {kind}.*不予接收'):
        load_contract(path)


@pytest.mark.parametrize(
    ("mapping", "line"),
    [
        ("columns:\n  ticket_id: 编号\n  category_2: 民族\n", 3),
        ("columns:\n  category_2:\n    column: 健康状况\n", 3),
        ("columns:\n  category_2: {expression: \"upper(\\\"政治面貌\\\")\"}\n", 2),
        ("recognise: true\nleave_out:\n  - where: religion = 'x'\n    reason: {zh: 甲, en: a}\n", 3),
    ],
)  # fmt: skip
def test_a_mapping_cannot_bring_such_a_field_in_under_another_name(city: SmallCity, mapping: str, line: int) -> None:
    city.mapping("tickets", mapping)
    with pytest.raises(ConfigurationError, match=rf"(?m)^tickets\.yaml line {line}: .* is never accepted"):
        load_mapping(city.open(), CONTRACTS["tickets"], "tickets")


def test_such_a_column_in_a_file_is_not_read(city: SmallCity) -> None:
    city.drop("meetings", "m.csv", "meeting_id,kind,held_on,民族\nG1,assembly,2026-03-10,某族\n")
    assert city.load("meetings").ignored_headers == {"m.csv": ("民族",)}
