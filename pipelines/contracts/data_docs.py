"""Great Expectations' Data Docs as plain pages that open offline: its renderers, our page frame."""

from __future__ import annotations

import copy
import html
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pipelines.contracts.validation import value_free

if TYPE_CHECKING:
    from great_expectations.render.components import RenderedDocumentContent
    from great_expectations.render.view.view import DefaultJinjaPageView

#: Great Expectations writes its validation pages four folders deep; here they lie one folder deep.
_DEEP_LINK, _LINK = "../../../../expectations/", "../expectations/"

_STYLE = """
:root { color-scheme: light; --ink: #1d2733; --dim: #5b6876; --line: #dde3ea; --back: #f5f7f9; --blue: #1f5fa8;
  --good: #1c6b45; --good-back: #e4f3ea; --bad: #a61b29; --bad-back: #fbe7e8; --warn: #7a5200; --warn-back: #fff3d6; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--back); line-height: 1.5; font-size: 15px;
  font-family: system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans", sans-serif; }
a { color: var(--blue); }
header.top { background: #fff; border-bottom: 1px solid var(--line); padding: 14px 24px; }
header.top a { text-decoration: none; color: var(--ink); font-weight: 600; font-size: 17px; }
header.top span { color: var(--dim); margin-left: 12px; overflow-wrap: anywhere; }
.layout { display: grid; grid-template-columns: minmax(0, 220px) minmax(0, 1fr); gap: 24px; max-width: 1240px;
  margin: 0 auto; padding: 24px; align-items: start; }
.layout.wide { grid-template-columns: minmax(0, 1fr); }
nav.contents { position: sticky; top: 16px; max-height: calc(100vh - 32px); overflow: auto; font-size: 14px; }
nav.contents a { display: block; padding: 3px 8px; text-decoration: none; overflow-wrap: anywhere; }
.ge-section { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 16px 20px;
  margin-bottom: 16px; overflow-x: auto; }
h1, h2, h5, h6 { margin: 0 0 8px; line-height: 1.3; }
h5 { font-size: 17px; } h6, .h6 { font-size: 14px; font-weight: 600; }
table { border-collapse: collapse; width: 100%; margin: 8px 0; }
th, td { text-align: left; vertical-align: top; padding: 7px 10px; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 600; font-size: 13px; }
td { overflow-wrap: anywhere; }
tbody tr:last-child td { border-bottom: 0; }
td:last-child { font-variant-numeric: tabular-nums; }
.badge { background: #eaf0f7; border-radius: 4px; padding: 0 5px; }
i.fas { font-style: normal; font-size: 13px; font-weight: 600; border-radius: 10px; padding: 1px 9px;
  white-space: nowrap; }
i.text-success { color: var(--good); background: var(--good-back); }
i.text-success::before { content: "✓ 通过 passed"; }
i.text-danger { color: var(--bad); background: var(--bad-back); }
i.text-danger::before { content: "✗ 未通过 failed"; }
i.text-warning { color: var(--warn); background: var(--warn-back); }
i.text-warning::before { content: "! 出错 error"; }
ul { padding-left: 20px; } hr { display: none; } h6 { margin-top: 16px; }
details { margin: 8px 0; } summary { cursor: pointer; color: var(--blue); }
footer { color: var(--dim); font-size: 13px; padding: 0 24px 24px; max-width: 1240px; margin: 0 auto; }
@media (max-width: 760px) { .layout { grid-template-columns: minmax(0, 1fr); padding: 12px; }
  nav.contents { position: static; max-height: none; columns: 2; } .ge-section { padding: 12px; } }
@media print { nav.contents { display: none; } .layout { display: block; } .ge-section { break-inside: avoid-page; } }
"""

_FRAME = """<!DOCTYPE html>
<html lang="zh">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ frame_title | e }}{% if page_name %} · {{ page_name | e }}{% endif %}</title>
<style>{{ frame_style }}</style>
</head>
<body>
<header class="top"><a href="{{ home }}">{{ frame_title | e }}</a>
{%- if page_name %}<span>{{ page_name | e }}</span>{% endif %}</header>
<div class="layout{% if is_index %} wide{% endif %}">
{% if not is_index %}
<nav class="contents">
{% for section in sections %}<a href="#section-{{ loop.index }}">{{ section["section_name"] | e }}</a>
{% endfor %}</nav>
{% endif %}
<main>
{% for section in sections %}
{% set section_loop = loop -%}
{% include 'section.j2' %}
{% endfor %}
</main>
</div>
<footer>Great Expectations {{ ge_version }}</footer>
</body>
</html>
"""

#: The stock templates of these blocks fill tables, fold text and switch tabs with scripts from content networks.
_TEMPLATES = {
    "page.j2": _FRAME,
    "bootstrap_table.j2": """
<table><thead><tr>
{% for column in content_block["table_columns"] if column["field"] not in hidden_fields %}<th>{{ column["title"] }}</th>
{% endfor %}</tr></thead><tbody>
{% for row in content_block["table_data"] %}<tr>
{% for column in content_block["table_columns"] if column["field"] not in hidden_fields %}<td>
{%- set cell = row[column["field"]] -%}
{%- if column["field"] in ("asset_name", "expectation_suite_name") and cell is string -%}
<a href="{{ row["_table_row_link_path"] }}">{{ cell | e }}</a>
{%- else -%}{{ cell | render_content_block }}{%- endif -%}
</td>{% endfor %}
</tr>{% endfor %}
</tbody></table>
""",
    "collapse.j2": """
<details><summary>{{ content_block.get("collapse_toggle_link", "…") | render_content_block }}</summary>
{% for block in content_block["collapse"] %}
{% set content_block_id = content_block_id ~ "-item-" ~ loop.index %}
{{ block | render_content_block(content_block_id=content_block_id) }}
{% endfor %}
</details>
""",
    "tabs.j2": """
{% for tab in content_block["tabs"] %}<h6>{{ tab["tab_name"] | e }}</h6>
{{ tab["tab_content"] | render_content_block }}
{% endfor %}
""",
}


def build_data_docs(folder: Path, verdicts: Mapping[str, Mapping[str, Any]], *, title: str) -> Path:
    """Write the Data Docs of the latest validation results: an index, one page a result and one page a suite.

    Args:
        folder: a folder of its own; it is made if missing, pages of datasets that are no longer given are removed.
        verdicts: dataset → `Verdict.suite_result`.
        title: heading of every page.

    Returns:
        Path of `index.html`. The pages ask no host for anything, hold no scripts, and are the same bytes each time.
    """
    for part in ("validations", "expectations"):
        (folder / part).mkdir(parents=True, exist_ok=True)
        for stale in (folder / part).glob("*.html"):
            stale.unlink()
    links: dict[str, Any] = {"site_name": title, "expectations_links": [], "validations_links": []}
    for dataset in sorted(verdicts):
        result = _renderable(verdicts[dataset], dataset)
        (folder / "validations" / f"{dataset}.html").write_text(_validation_page(result, title), encoding="utf-8")
        (folder / "expectations" / f"{dataset}.html").write_text(_suite_page(result, title), encoding="utf-8")
        suite_link = f"expectations/{quote(dataset)}.html"
        links["expectations_links"].append({"expectation_suite_name": dataset, "filepath": suite_link})
        links["validations_links"].append(
            {
                "expectation_suite_name": dataset,
                "expectation_suite_filepath": suite_link,
                "filepath": f"validations/{quote(dataset)}.html",
                "validation_success": result["success"],
                "run_time": result["meta"]["run_id"]["run_time"],
                "asset_name": dataset,
            }
        )
    index = folder / "index.html"
    index.write_text(_index_page(links, title), encoding="utf-8")
    return index


def _renderable(result: Mapping[str, Any], dataset: str) -> dict[str, Any]:
    out = value_free(copy.deepcopy(dict(result)))
    out["meta"]["batch_spec"] = {"data_asset_name": dataset}
    for item in out["results"]:
        config = item["expectation_config"]
        # Descriptions go into the page as a template: neither escaped nor safe from its `$`.
        config["description"] = html.escape(config.get("description") or "").replace("$", "&#36;")
    return out


def _validation_page(result: dict[str, Any], title: str) -> str:
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResultSchema
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    loaded = ExpectationSuiteValidationResultSchema().load(copy.deepcopy(result))
    page = ValidationResultsPageRenderer().render(loaded)
    return _page(page, title, page_name=result["suite_name"]).replace(_DEEP_LINK, _LINK)


def _suite_page(result: dict[str, Any], title: str) -> str:
    import great_expectations as gx
    from great_expectations.render.renderer.page_renderer import ExpectationSuitePageRenderer

    configurations = [copy.deepcopy(item["expectation_config"]) for item in result["results"]]
    suite = gx.ExpectationSuite(name=result["suite_name"], expectations=configurations)
    page = ExpectationSuitePageRenderer().render(suite)  # type: ignore[no-untyped-call]
    return _page(page, title, page_name=result["suite_name"])


def _index_page(links: dict[str, Any], title: str) -> str:
    from great_expectations.render.renderer.site_index_page_renderer import SiteIndexPageRenderer

    class Index(SiteIndexPageRenderer):
        """The stock index, with times in UTC instead of the time zone of the machine."""

        @classmethod
        def _get_formatted_datetime(cls, _datetime: str) -> str:
            return datetime.fromisoformat(_datetime).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")

    page = Index.render(links)  # type: ignore[no-untyped-call]
    return _page(page, title, is_index=True)


@cache
def _view() -> DefaultJinjaPageView:
    """The view of all pages: each of its own would compile every template anew."""
    from great_expectations.render.view.view import DefaultJinjaPageView
    from jinja2 import ChoiceLoader, DictLoader

    view = DefaultJinjaPageView()
    stock = view.env.loader
    view.env.loader = ChoiceLoader([DictLoader(_TEMPLATES), *([stock] if stock else [])])
    view.env.filters["generate_html_element_uuid"] = lambda prefix=None: prefix or ""
    return view


def _page(document: RenderedDocumentContent, title: str, *, page_name: str = "", is_index: bool = False) -> str:
    page: str = _view().render(  # type: ignore[no-untyped-call]
        document,
        frame_title=title,
        frame_style=_STYLE,
        page_name=page_name,
        is_index=is_index,
        home="index.html" if is_index else "../index.html",
        hidden_fields=("batch_identifier", "run_name"),
    )
    return "\n".join(line.rstrip() for line in page.splitlines() if line.strip()) + "\n"
