"""Every case of the list of faults, played on a small city through the real load."""

from __future__ import annotations

import pytest
from faults import CASES
from faults.case import Case, play
from small_city import SmallCity


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.number)
def test_a_fault_is_handled_as_the_list_demands(city: SmallCity, case: Case) -> None:
    play(city, case)
