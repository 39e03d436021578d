"""Serves the pages: `python -m dashboards.serve`, with the flags of `streamlit run`; all is loaded before the first visitor comes."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import sys
from pathlib import Path

from streamlit.web import cli

import dashboards
from dashboards import caches, controls, data, deliveries, editions, lead, parts, rectification

#: Scripts, which run where they are imported, and what warns where no server runs yet.
_NOT_BEFORE = {"app_pages", "query_child", "reruns", "serve", "streamlit_app"}

#: What Streamlit imports with the first table that can be sorted: half a second.
_LATE = ("pandas", "pyarrow")


def warm() -> None:
    """Import what pages import, and ask what the first of them asks, so that a new server's first visitor does not wait for it."""
    edition = editions.current()
    if edition is not None and data.periods(edition):
        scope = controls.default_scope(edition)
        lead.overview(scope, parts.readings(scope, lead.OVERVIEW))
        deliveries.marked(edition)
        data.open_refusals(edition)
        rectification.lines(edition)
        rectification.watched(edition)
    for module in pkgutil.iter_modules(dashboards.__path__):
        if module.name not in _NOT_BEFORE:
            importlib.import_module(f"dashboards.{module.name}")
    for library in _LATE:
        importlib.import_module(library)
    caches.settle()


def main() -> None:
    """Get ready, then start the server; what goes wrong before is told and stops nothing."""
    try:
        warm()
    except Exception:
        logging.getLogger("streamlit").exception("the pages could not get ready; the first visitor waits for them")
    sys.argv = ["streamlit", "run", str(Path(__file__).with_name("streamlit_app.py")), *sys.argv[1:]]
    cli.main()


if __name__ == "__main__":
    main()
