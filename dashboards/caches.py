"""Keeps answers in memory for all visitors, and keeps what lives long out of the way of garbage collection."""

from __future__ import annotations

import functools
import gc
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

#: Seconds after which what has become garbage since is looked for among everything again.
_SETTLED_FOR = 300.0
#: New answers after which they are taken out of the collections.
_NEW_ANSWERS = 100


@dataclass
class _Settled:
    """When everything was gone through, what there was when it was last taken out of the collections, and answers made."""

    at: float = 0.0
    modules: int = 0
    answers: int = 0
    made: int = 0


_settled = _Settled()
_settling = threading.Lock()


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
                    _settled.made += 1
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


class Gathered(Generic[K, T]):
    """Answers to parts of a question, kept as parts are asked for: one visitor at a time, the others find what it found."""

    def __init__(self) -> None:
        self.kept: dict[K, T] = {}
        self.lock = threading.Lock()

    def get(self, keys: Iterable[K], find: Callable[[list[K]], Mapping[K, T]]) -> dict[K, T]:
        """The answers for `keys`; `find` is asked for those that are not kept."""
        asked = list(dict.fromkeys(keys))
        with self.lock:
            if missing := [key for key in asked if key not in self.kept]:
                self.kept.update(find(missing))
            return {key: self.kept[key] for key in asked}


def settle() -> None:
    """Take what lives long out of the collections that Streamlit makes after every run.

    Each goes through all objects of the process, 60 ms of modules and answers that hardly ever become garbage. Now and then
    they are gone through once, so that what ended since (sessions above all) is found."""
    if not _settling.acquire(blocking=False):
        return
    try:
        now, modules, answers = time.monotonic(), len(sys.modules), _settled.made
        if whole := not _settled.at or now - _settled.at > _SETTLED_FOR:
            gc.unfreeze()
            _settled.at = now
        if whole or modules != _settled.modules or answers - _settled.answers > _NEW_ANSWERS:
            gc.collect()
            gc.freeze()
            _settled.modules, _settled.answers = modules, answers
    finally:
        _settling.release()
