"""Fetches the service requests of an Open311 GeoReport v2 endpoint into a file of JSON lines."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import httpx

from pipelines.city import Open311, expand_variables
from pipelines.ingest.fetching import Draft, Patience, Remark, Say, SourceFailed

#: The attributes of the standard; every line has them all, so that a mapping finds its columns in every fetch.
ATTRIBUTES = (
    "service_request_id", "token", "status", "status_notes", "service_name", "service_code", "service_group",
    "description", "agency_responsible", "service_notice", "requested_datetime", "updated_datetime",
    "expected_datetime", "address", "address_id", "zipcode", "lat", "long", "media_url",
)  # fmt: skip
_DATES = ("requested_datetime", "updated_datetime", "expected_datetime")
#: The standard lets a server cap a question at 90 days; a month at a time also bounds what is held in memory.
_SLICE = timedelta(days=30)
_SHORTEST = timedelta(seconds=2)
#: No server is known to cap an answer below this.
_SMALLEST_CAP = 50
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
# httpx logs every address, and the standard puts the key into it.
logging.getLogger("httpx").setLevel(logging.WARNING)

Request = dict[str, Any]


@dataclass
class _Tally:
    """What was met on the way."""

    rows: int = 0
    duplicates: int = 0
    digest: int = 0
    doubtful: bool = False
    seen: set[str] = field(default_factory=set)


def fetch_open311(
    settings: Open311, part: Path, *, where: str, since: datetime | None, city_zone: str, patience: Patience, say: Say
) -> Draft:  # fmt: skip
    """Fetch the requests of the last `since_days` days, and of all days after `since`, into `part`.

    Each page is tried again by itself. A request that comes twice (pages shift while they are read) is written once, as
    it was last updated.

    Raises:
        SourceFailed: the endpoint cannot be reached, refuses, or answers with something else than requests.
        ConfigurationError: a variable is not set.
    """
    as_of = datetime.now(UTC)
    start = as_of - timedelta(days=settings.since_days)
    if since is not None:
        start = min(start, since)
    zone = ZoneInfo(settings.time_zone or city_zone)
    tally = _Tally()
    with httpx.Client(timeout=_TIMEOUT, follow_redirects=True) as client:
        endpoint = _Endpoint(client, settings, where, patience, say)
        groups = endpoint.services()
        with part.open("w", encoding="utf-8") as out:
            for begin, end in _slices(start, as_of):
                answer = endpoint.requests_between(begin, end)
                tally.duplicates += answer.duplicates
                tally.doubtful = tally.doubtful or answer.doubtful
                _write(out, answer.requests, tally, groups, zone, as_of)
    remarks = []
    if tally.duplicates:
        n = tally.duplicates
        remarks.append(
            Remark(f"{where}：重复返回的诉求 {n} 条，已去重", f"{where}: {n} requests came twice and count once")
        )
    if tally.doubtful:
        remarks.append(
            Remark(
                f"{where}：服务器不分页，又不理会日期或同一时刻诉求过多，无法确认已取全",
                f"{where}: the server has no pages, and heeds no dates or holds many requests of one moment; "
                "whether it gave everything cannot be told",
            )
        )
    return Draft(tally.rows, as_of, "delta", f"{tally.rows}-{tally.digest:x}", None, tuple(remarks))


def _slices(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        yield start, min(start + _SLICE, end)
        start += _SLICE


def _write(
    out: TextIO, requests: dict[str, Request], tally: _Tally, groups: dict[str, Request], zone: ZoneInfo, as_of: datetime
) -> None:  # fmt: skip
    for key, request in requests.items():
        if key in tally.seen:  # of the second at which two slices meet
            continue
        tally.seen.add(key)
        line = _flat(request, groups, zone)
        tally.rows += 1
        text = json.dumps(line, ensure_ascii=False, sort_keys=True)
        tally.digest = (tally.digest + int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])) % (1 << 128)
        # With the moment inside, data that returns to an earlier state is another file, which the ledger does not know yet.
        out.write(json.dumps({**line, "fetched_at": as_of.isoformat()}, ensure_ascii=False) + "\n")


def _flat(request: Request, groups: dict[str, Request], zone: ZoneInfo) -> Request:
    """One line: the standard's attributes, what else there is as text, extended attributes one level up."""
    service = groups.get(str(request.get("service_code")), {})
    line: Request = dict.fromkeys(ATTRIBUTES)
    line |= {"service_name": service.get("service_name"), "service_group": service.get("group")}
    extended = request.get("extended_attributes")
    for name, value in extended.items() if isinstance(extended, dict) else ():
        line[f"extended_{name}"] = _text(value)
    for name, value in request.items():
        if name != "extended_attributes" and not (value in (None, "") and line.get(name)):
            line[name] = _text(value)
    for name in _DATES:
        line[name] = _with_offset(line[name], zone)
    return line


def _text(value: Any) -> Any:
    if value == "":
        return None
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _with_offset(value: Any, zone: ZoneInfo) -> Any:
    """A date without an offset gets that of the zone; what is no date stays, and the contract rejects it."""
    try:
        moment = datetime.fromisoformat(str(value).strip())
    except ValueError:
        return value
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()


@dataclass
class _Answer:
    """The requests of one stretch of time by their id; without one, by their content. `doubtful` is an answer of which
    nobody can tell whether it is whole."""

    requests: dict[str, Request] = field(default_factory=dict)
    duplicates: int = 0
    doubtful: bool = False

    def add(self, page: list[Request]) -> int:
        """Take a page in and return how many of its requests are new."""
        new = 0
        for request in page:
            number = request.get("service_request_id")
            key = f"id {number}" if number not in (None, "") else "line " + json.dumps(request, sort_keys=True)
            old = self.requests.get(key)
            if old is None:
                new += 1
            else:
                self.duplicates += 1
            if old is None or str(request.get("updated_datetime") or "") >= str(old.get("updated_datetime") or ""):
                self.requests[key] = request
        return new


class _Endpoint:
    """One GeoReport v2 server."""

    def __init__(self, client: httpx.Client, settings: Open311, where: str, patience: Patience, say: Say) -> None:
        self.client, self.settings, self.where, self.patience, self.say = client, settings, where, patience, say
        self.url = expand_variables(settings.url, where).rstrip("/")
        self.common = {"jurisdiction_id": settings.jurisdiction_id} if settings.jurisdiction_id else {}
        if settings.api_key:
            self.common["api_key"] = expand_variables(settings.api_key, where)

    def services(self) -> dict[str, Request]:
        """Name and group of each service by its code; empty where the server has no list."""
        found = self._ask("services.json", {}, optional=True)
        return {str(item["service_code"]): item for item in found if "service_code" in item}

    def requests_between(self, begin: datetime, end: datetime) -> _Answer:
        """All requests of a stretch of time, page after page."""
        answer, number = _Answer(), 1
        page = first = self._page(begin, end, 1)
        answer.add(first)
        # A short page is no end: a server may give fewer than it is asked for.
        while page:
            number += 1
            page = self._page(begin, end, number)
            if page and not answer.add(page):
                answer.duplicates -= len(page)  # the same page again, nothing shifted
                if number == 2 and len(first) >= _SMALLEST_CAP:
                    self._look_closer(answer, len(first), begin, end)
                break
        return answer

    def _look_closer(self, answer: _Answer, rows: int, begin: datetime, end: datetime) -> None:
        """Ask a server without pages, which may cap what it gives, for both halves; if they add up, nothing was kept back."""
        middle = begin + (end - begin) / 2
        halves = [((begin, middle), self._page(begin, middle, 1)), ((middle, end), self._page(middle, end, 1))]
        if halves[0][1] and halves[0][1] == halves[1][1]:
            answer.doubtful = True
            return
        for (start, stop), page in halves:
            new = answer.add(page)
            answer.duplicates -= len(page) - new
            # As many as of the whole: all of them may lie here, or the cap was met again.
            if not new and len(page) < max(rows, _SMALLEST_CAP):
                continue
            if stop - start > _SHORTEST:
                self._look_closer(answer, len(page), start, stop)
            else:
                answer.doubtful = True

    def _page(self, begin: datetime, end: datetime, number: int) -> list[Request]:
        asked = {
            "start_date": f"{begin:%Y-%m-%dT%H:%M:%SZ}", "end_date": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "page": str(number), "page_size": str(self.settings.page_size),
        }  # fmt: skip
        if self.settings.extensions:
            asked["extensions"] = "true"
        return self._ask("requests.json", asked)

    def _ask(self, name: str, asked: dict[str, str], *, optional: bool = False) -> list[Request]:
        for attempt in self.patience.tries(self.say):
            with attempt:
                return self._once(name, asked, optional)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, name: str, asked: dict[str, str], optional: bool) -> list[Request]:
        where = self.where
        try:
            response = self.client.get(f"{self.url}/{name}", params={**self.common, **asked})
        except httpx.InvalidURL:
            raise SourceFailed(zh=f"{where}：接口地址无法识别。", en=f"{where}: the address cannot be read.") from None
        except httpx.HTTPError:
            raise SourceFailed(
                zh=f"{where}：无法连接接口，或连接中断、超时。请检查地址和网络。",
                en=f"{where}: the endpoint cannot be reached, broke off or took too long. Check address and network.",
                passing=True,
            ) from None
        status = response.status_code
        if optional and status in (400, 404, 405, 501):
            return []
        if status != 200:
            raise _refusal(where, status, response.headers.get("retry-after"))
        try:
            found = json.loads(response.content)
        except ValueError:
            raise SourceFailed(
                zh=f"{where}：接口返回的不是完整的 JSON（可能是网页，或在中途被截断）。请检查地址。",
                en=f"{where}: the answer is not complete JSON (a web page, or cut off in the middle). Check the address.",
                passing=True,
            ) from None
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            raise SourceFailed(
                zh=f"{where}：接口返回的不是诉求列表。请检查地址是否为 GeoReport v2。",
                en=f"{where}: the answer is not a list of requests. Check that the address is that of a GeoReport v2.",
            )
        return found


def _refusal(where: str, status: int, retry_after: str | None) -> SourceFailed:
    if status == 429:
        return SourceFailed(
            zh=f"{where}：接口要求放慢请求（429）。请申请密钥（api_key）或增大 page_size。",
            en=f"{where}: the endpoint asks for fewer requests (429). Ask for a key (api_key), or raise page_size.",
            passing=True, retry_after=_seconds(retry_after),
        )  # fmt: skip
    if status in (401, 403):
        return SourceFailed(
            zh=f"{where}：接口拒绝访问（{status}）。请检查环境变量中的密钥和 jurisdiction_id。",
            en=f"{where}: the endpoint refuses access ({status}). Check the key in the environment and jurisdiction_id.",
        )
    passing = status >= 500 or status == 408
    return SourceFailed(
        zh=f"{where}：接口返回错误 {status}。请检查地址和 jurisdiction_id，或稍后再试。",
        en=f"{where}: the endpoint answers with the error {status}. Check address and jurisdiction_id, or try later.",
        passing=passing, retry_after=_seconds(retry_after) if passing else None,
    )  # fmt: skip


def _seconds(retry_after: str | None) -> float | None:
    """What the header Retry-After asks for: seconds, or a date."""
    if retry_after is None:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max((until - datetime.now(UTC)).total_seconds(), 0.0) if until.tzinfo else None
