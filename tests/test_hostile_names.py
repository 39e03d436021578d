"""Names from deliveries that hold Markdown: every page shows them as they are, and no browser fetches what they point to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from editions import publish
from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest

ENTRY = Path(__file__).parent.parent / "dashboards" / "streamlit_app.py"
NAME = "![x](http://evil.example/x.png) www.evil.example"
PAGES = (
    *("overview", "tickets", "organisations", "funding", "service", "community", "ranking", "map", "data", "query"),
    *("definitions", "bulletin"),
)
#: Elements whose text is no Markdown: HTML has tests of its own, charts draw text, options of a select box are plain.
PLAIN = ("Html", "VegaLiteChart", "Selectbox", "Arrow", "PlotlyChart")
#: Read by tests and screen readers only.
UNREAD = ("rawValues", "rawValue", "alt")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small city in which every name is hostile, one district's figures are suppressed and it has no money."""
    folder = tmp_path_factory.mktemp("hostile")
    with duckdb.connect(str(publish(folder))) as con:
        con.execute("update marts.areas set area_name = area_name || ?, area_name_en = area_name_en || ?", [NAME, NAME])
        con.execute("update marts.indicators set name_zh = name_zh || ?, name_en = name_en || ?", [NAME, NAME])
        con.execute("update marts.city set name_zh = ?, name_en = ?", [NAME, NAME])
        con.execute(
            "update marts.indicator_values set value = null, numerator = null, denominator = null, lower = null, "
            "upper = null, status = 'suppressed' where indicator_id[1] <> 'F' and area_code = '440301'"
        )
        con.execute(
            "delete from marts.indicator_values where indicator_id in ('F02', 'F03', 'F05') and area_code = '440301'"
        )
    return folder


def texts(node: Any) -> Iterator[str]:
    """Every text below a node of a page that a browser reads as Markdown."""
    for child in getattr(node, "children", {}).values():
        yield from texts(child)
    proto = getattr(node, "proto", None)
    if hasattr(proto, "DESCRIPTOR") and type(proto).__name__ not in PLAIN:
        yield from strings(MessageToDict(proto))


def strings(value: Any) -> Iterator[str]:
    """Every text in a message, those of UNREAD fields left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in UNREAD:
                yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("area", ["440300", "440301"])
@pytest.mark.parametrize("page", PAGES)
def test_no_name_is_read_as_markdown(page: str, area: str, hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREETWISE_CITY", str(hostile))
    monkeypatch.setenv("STREETWISE_ANALYSTS", "local")
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    app.query_params["area"] = area
    if page in ("tickets", "organisations"):
        app.query_params["group"] = "all"
    app.switch_page(f"app_pages/{page}.py").run()
    assert not app.exception, [e.value for e in app.exception]
    found = list(texts(app._tree))
    assert [text for text in found if re.search(r"(?<!\\)!\[|(?<!\\)\]\(http|https?://|www\.", text)] == []
    if (page, area) in (("overview", "440300"), ("tickets", "440300"), ("funding", "440301")):
        assert any("\\!\\[x\\]" in text for text in found), "the name is there, harmless"
