"""Keeps answers in memory for all visitors, and keeps what lives long out of the way of garbage collection."""

from __future__ import annotations

import functools
import gc
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

#: Seconds after which what has become garbage since is looked for among everything again.
_SETTLED_FOR = 300.0
_settling = threading.Lock()
_settled: float | None = None


class Cached(Generic[P, T]):
    """A function whose newest answers are kept by its arguments, one object for all visitors: nobody may change it.

    `st.cache_data` unpickles a copy at every hit, which was a third of the work of a page."""

    def __init__(self, function: Callable[P, T], max_entries: int) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.max_entries = max_entries
        self.kept: OrderedDict[Hashable, T] = OrderedDict()
        self.lock = threading.Lock()
        self.busy: dict[Hashable, threading.Lock] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer; visitors who ask the same at once wait for the first."""
        key = (args, tuple(sorted(kwargs.items()))) if kwargs else args
        with self.lock:
            if key in self.kept:
                self.kept.move_to_end(key)
                return self.kept[key]
            alone = self.busy.setdefault(key, threading.Lock())
        with alone:
            with self.lock:
                if key in self.kept:
                    return self.kept[key]
            try:
                answer = self.function(*args, **kwargs)
                with self.lock:
                    self.kept[key] = answer
                    while len(self.kept) > self.max_entries:
                        self.kept.popitem(last=False)
            finally:
                with self.lock:
                    self.busy.pop(key, None)
        return answer

    def clear(self) -> None:
        """Forget all answers."""
        with self.lock:
            self.kept.clear()


def cached(max_entries: int) -> Callable[[Callable[P, T]], Cached[P, T]]:
    """Keep that many answers of a function whose arguments are hashable, the edition among them."""

    def wrap(function: Callable[P, T]) -> Cached[P, T]:
        return Cached(function, max_entries)

    return wrap


def settle() -> None:
    """Take what lives as long as the server out of the collections that Streamlit makes after every run.

    Each goes through all objects of the process, 60 ms of modules and answers that never become garbage. Now and then the
    whole is gone through once, so that what ended since (sessions above all) is found."""
    global _settled
    with _settling:
        now = time.monotonic()
        if _settled is not None and now - _settled < _SETTLED_FOR:
            return
        _settled = now
    gc.unfreeze()
    gc.collect()
    gc.freeze()
