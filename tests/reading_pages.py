"""Opens a page over an edition and reads what stands on it; builds a few tables of a warehouse without the rest."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import duckdb
from editions import Shape
from streamlit.testing.v1 import AppTest

from dashboards.editions import READER

ENTRY = Path(__file__).parent.parent / "dashboards" / "streamlit_app.py"
HOSTILE = "<script>alert(1)</script>[x](https://example.org/x.png)$\\frac{1}{2}$"
#: A made-up city that is published in half a second.
TINY = Shape(districts=1, streets=1, communities=2, months=3, weeks=2)


def open_page(name: str, **query: str) -> AppTest:
    """The page as it stands after one run with these address parameters."""
    app = AppTest.from_file(str(ENTRY), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(f"app_pages/{name}.py").run()
    assert not app.exception, [e.value for e in app.exception]
    return app


def plain(html: str) -> str:
    """The text of some HTML."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def words(app: AppTest) -> str:
    """All text of a page."""
    pieces = [plain(h.value) for h in app.get("html")]
    for kind in ("markdown", "header", "subheader", "caption", "info"):
        pieces += [str(element.value) for element in app.get(kind)]
    return re.sub(r"\s+", " ", " ".join(pieces))


def lines(app: AppTest) -> dict[str, tuple[str, list[float]]]:
    """The lines of all pictures of bars: name → text of the line, widths of the pieces of its bar."""
    found: dict[str, tuple[str, list[float]]] = {}
    for element in app.get("html"):
        for row in element.value.split("<div class='sw-row'>")[1:]:
            widths = [float(w) for w in re.findall(r"width:([\d.]+)%", row)]
            found[plain(row.split("</b>")[0])] = (plain(row), widths)
    return found


def tile(app: AppTest, name: str) -> str:
    """The text of the tile that stands under the button with this name."""
    blocks = [b for b in app.get("popover") if b.proto.popover.label == name]
    assert blocks, name
    after = [h.value for h in app.get("html")]
    passport = next(h.value for h in blocks[0].get("html"))
    return plain(after[after.index(passport) + 1])


def table_rows(app: AppTest, *heads: str) -> list[list[str]]:
    """The rows of the first table whose heads begin so."""
    for element in app.get("html"):
        if tuple(map(plain, re.findall(r"<th[^>]*>(.*?)</th>", element.value)))[: len(heads)] == heads:
            body = element.value.split("<tbody>")[1]
            return [
                [plain(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
                for row in re.findall(r"<tr>(.*?)</tr>", body)
            ]
    raise AssertionError(f"no table under {heads}")


def reader(city: Path) -> duckdb.DuckDBPyConnection:
    """A connection to the current edition; DuckDB wants the settings of the pages, which have it open too."""
    return duckdb.connect(str((city / "state/published/current").resolve()), read_only=True, config=dict(READER))


def change(file: Path, *statements: str) -> None:
    """Write into a made-up edition before anyone opens it."""
    file.chmod(0o644)
    with duckdb.connect(file) as con:
        for statement in statements:
            con.execute(statement)
