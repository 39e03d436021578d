"""Says where an area lies."""

from __future__ import annotations

from dashboards import data, formats
from dashboards.controls import Scope
from dashboards.data import Area


def above(scope: Scope, area: Area) -> str:
    """The areas between the chosen one and `area`, from above: 'district · street'; '' where there are none."""
    everyone = data.areas(scope.edition)
    between = [code for code in area.path[1:-1] if code not in scope.area.path]
    return " · ".join(formats.name(everyone[code].name, scope.lang) for code in between)
