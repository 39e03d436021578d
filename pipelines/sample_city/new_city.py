"""The empty folder of a new city."""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.paths import CONTRACTS

_CITY = """\
# What the city is. Every figure is cut in this time zone and counted in this currency.
name: {{zh: {name_zh}, en: {name_en}}}
# Code of the city in the dataset `areas`. Text: keep the quotes, leading zeros count.
area_code: {area_code}
time_zone: {time_zone}
currency: CNY
# Month in which the fiscal year starts.
fiscal_year_start: 1
# Language in which the pages open: zh or en.
language: zh
# A published figure about fewer people than this is hidden (never below 5).
people_minimum: 10

# Targets, floors and staffing that differ from data_contracts/standards.yaml go here:
# standards:
#   fund_floor: 300000

# Only to replay a past day: take this instant as "now".
# as_of: "2026-03-01T23:59:59+08:00"
"""

_MAPPINGS = """\
# Mappings

A file `<dataset>.yaml` in this folder says how an extract of this city differs from the contract in
`data_contracts/<dataset>.odcs.yaml`. None is needed while the headers, the words of enumerations and the dates are
among those that the contract knows. For example `tickets.yaml`:

    formats: ["%d.%m.%Y %H:%M"]          # of dates and times, where the usual ones do not fit
    columns:
      ticket_id: 流水编码                  # canonical column: header of the source
      channel: {constant: hotline}
      status:
        column: 进度
        values: {归档: closed, 流转: open}
        otherwise: open
    recognise: true                      # columns not named here are found by their headers

Run a refresh and look at the rejected rows before adding a line: each names its column and its rule.
"""

_EXTRACTS = """\
# Extracts

Drop each file into the folder of its dataset: CSV (comma, tab or semicolon), XLSX or XLS, JSON (an array or one object a
line) or Parquet; each also gzipped or alone in a zip archive.
Headers may be Chinese or English, in any order; columns that the contract does not know are ignored.

A file `<file>.done` beside a delivery (YAML) says what it holds and that it is complete:

    as_of: "2026-03-01T23:59:59+08:00"
    rows: 4210
    kind: full        # full replaces what was delivered before, delta adds to it
"""


def make_new_city(directory: Path, *, name_zh: str, name_en: str, area_code: str, time_zone: str) -> None:
    """Write city.yaml, mappings/ and extracts/<dataset>/ for a city that has delivered nothing yet.

    Raises FileExistsError if `directory` exists and is not empty, ValueError if `area_code` is not a code.
    """
    if not (area_code.isascii() and area_code.isalnum() and len(area_code) <= 40):
        raise ValueError("the area code must be 1 to 40 letters or digits")
    if directory.exists() and any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty")
    (directory / "mappings").mkdir(parents=True, exist_ok=True)
    # A JSON string is a YAML string: names with colons or quotes stay what they are.
    quoted = {
        key: json.dumps(value, ensure_ascii=False)
        for key, value in (
            ("name_zh", name_zh),
            ("name_en", name_en),
            ("area_code", area_code),
            ("time_zone", time_zone),
        )
    }
    (directory / "city.yaml").write_text(_CITY.format(**quoted), encoding="utf-8")
    (directory / "mappings" / "README.md").write_text(_MAPPINGS, encoding="utf-8")
    (directory / "extracts").mkdir()
    (directory / "extracts" / "README.md").write_text(_EXTRACTS, encoding="utf-8")
    for contract in sorted(CONTRACTS.glob("*.odcs.yaml")):
        (directory / "extracts" / contract.name.removesuffix(".odcs.yaml")).mkdir()
