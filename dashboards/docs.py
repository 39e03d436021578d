"""Prepares the Data Docs of an edition to open inside a page: one document whose links work without scripts or network."""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import join, normpath
from urllib.parse import unquote

from dashboards import editions
from dashboards.caches import cached

# The frame shares the origin of the dashboard: the policy forbids every script and every request.
_RULES = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'"
_POLICY = f'<meta http-equiv="Content-Security-Policy" content="{_RULES}">'
#: A page is shown while it or a part of it is the target of the address; the first one while nothing is.
_SHOW = """article.sw-page { display: none }
article.sw-page:target, article.sw-page:has(:target) { display: block }
body:not(:has(:target)) > article.sw-page:first-of-type { display: block }"""
_LIMIT = 200


@cached(max_entries=8)
def pages(edition: str) -> list[str]:
    """The pages of the edition's Data Docs as paths inside their folder, the index first."""
    folder = editions.docs_folder(edition)
    found = sorted(folder.rglob("*.html"), key=lambda f: (f.name != "index.html", str(f)))[:_LIMIT]
    return [file.relative_to(folder).as_posix() for file in found]


@cached(max_entries=2)
def book(edition: str) -> str:
    """All pages as one HTML document: a link to another page leads to its place in the document, others are taken away.

    The document says that its own address is `about:srcdoc`; without that a frame would open the dashboard at the link."""
    folder = editions.docs_folder(edition)
    known = {path: f"p{number}" for number, path in enumerate(pages(edition))}
    styles: dict[str, None] = {}
    articles = []
    for path, name in known.items():
        html = (folder / path).read_text(encoding="utf-8", errors="replace")
        for style in _styles(folder, path, html):
            styles.setdefault(style)
        body = re.search(r"<body[^>]*>(.*?)</body>", html, re.S | re.I)
        inner = _without_scripts(body[1] if body else html)
        inner = re.sub(r"\sid=([\"'])(.*?)\1", lambda m, n=name: f' id="{n}-{m[2]}"', inner)  # type: ignore[misc]
        inner = re.sub(
            r"(<a\b[^>]*?\shref=)([\"'])(.*?)\2",
            lambda m, p=path, n=name: f'{m[1]}"{_link(m[3], p, n, known)}"',  # type: ignore[misc]
            inner,
            flags=re.S | re.I,
        )
        articles.append(f'<article class="sw-page" id="{name}">{inner}</article>')
    sheet = "\n".join(styles)
    return (
        f'<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8">{_POLICY}<base href="about:srcdoc">'
        f"<style>{sheet}\n{_SHOW}</style></head><body>{''.join(articles)}</body></html>"
    )


def _link(href: str, path: str, name: str, known: dict[str, str]) -> str:
    """Where a link of a page leads inside the document; to the top of its own page if it led anywhere else."""
    target, _, part = href.partition("#")
    if not target:
        return f"#{name}-{part}" if part else f"#{name}"
    there = known.get(normpath(join(path.rpartition("/")[0], unquote(target))))
    return f"#{there or name}" + (f"-{part}" if there and part else "")


def _styles(folder: Path, path: str, html: str) -> list[str]:
    """The style sheets of a page: those written in it and those beside it in the folder."""
    found = re.findall(r"<style[^>]*>(.*?)</style>", html, re.S | re.I)
    for link in re.findall(r"<link\b[^>]*>", html, re.I):
        address = re.search(r"href=[\"']([^\"']+)[\"']", link)
        if address is None or "stylesheet" not in link:
            continue
        beside = (folder / path).parent.joinpath(address[1]).resolve()
        if beside.is_relative_to(folder.resolve()) and beside.is_file():
            found.append(beside.read_text(encoding="utf-8", errors="replace"))
    return found


def _without_scripts(html: str) -> str:
    """The policy forbids scripts to run; they are left out all the same, with style sheets that stand in the body."""
    return re.sub(r"<(script|style)\b.*?</\1\s*>|<(link|base|meta)\b[^>]*>", "", html, flags=re.S | re.I)
