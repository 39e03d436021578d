"""What every kind of source shares: how it fails, how often it tries, what it hands over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import tenacity

Say = Callable[[str], None]


class SourceFailed(Exception):
    """A source gave nothing; `zh` and `en` say why and what to do, without address, login or data.

    `passing` is a fault that may be gone at the next attempt; `retry_after` (seconds) is when the source asked for it."""

    def __init__(self, *, zh: str, en: str, passing: bool = False, retry_after: float | None = None) -> None:
        super().__init__(f"{en}\n{zh}")
        self.zh, self.en, self.passing, self.retry_after = zh, en, passing, retry_after


@dataclass(frozen=True)
class Remark:
    """Something that did not stop a fetch and should be known."""

    zh: str
    en: str


@dataclass(frozen=True)
class Draft:
    """What a fetch wrote. `digest` is of the rows, whatever their order; `high_water` where the next fetch may begin."""

    rows: int
    as_of: datetime
    kind: str
    digest: str
    high_water: str | None = None
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Patience:
    """How often a passing fault is tried again and how long (seconds) is waited, twice as long each time, with jitter."""

    attempts: int = 4
    first_wait: float = 2.0
    longest_wait: float = 120.0
    sleep: Callable[[float], None] = field(default=time.sleep)

    def tries(self, say: Say) -> Iterator[tenacity.AttemptManager]:
        """`for attempt in patience.tries(say): with attempt: ...`; the last failure is raised as it was."""
        doubling = tenacity.wait_exponential_jitter(
            multiplier=self.first_wait, max=self.longest_wait, jitter=self.first_wait
        )

        def wait(state: tenacity.RetryCallState) -> float:
            failure = state.outcome.exception() if state.outcome else None
            asked = failure.retry_after if isinstance(failure, SourceFailed) else None
            return min(max(doubling(state), asked or 0.0), self.longest_wait)

        def tell(state: tenacity.RetryCallState) -> None:
            failure = state.outcome.exception() if state.outcome else None
            if isinstance(failure, SourceFailed):
                say(f"{failure.en} Trying again in {state.upcoming_sleep:.0f} s.")

        return iter(
            tenacity.Retrying(
                stop=tenacity.stop_after_attempt(self.attempts),
                wait=wait,
                retry=tenacity.retry_if_exception(lambda e: isinstance(e, SourceFailed) and e.passing),
                before_sleep=tell,
                sleep=self.sleep,
                reraise=True,
            )
        )
