"""What happens when a refresh fails: the log, the note beside the editions, and a webhook if the city has one."""

import contextlib
import json
import logging
import os
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import dagster as dg
import duckdb
import httpx

from pipelines.city import City
from pipelines.ingest.ledger import open_refusals
from pipelines.ingest.refused import refused_hashes
from pipelines.publish import LAST_REFRESH, write_last_refresh
from pipelines.transform import CityResource

WEBHOOK_VARIABLE = "STREETWISE_WEBHOOK_URL"
_TIMEOUT_SECONDS = 10
#: Errors whose messages are our own and never quote data; of others only the kind is told.
_PLAIN_ERRORS = {
    "ConfigurationError",
    "ContractError",
    "SqlFileError",
    "AuditFailed",
    "WarehouseBusy",
    "PermissionError",
    "SourceFailed",
    "TableFailed",
}


def describe_failures(events: Iterable[dg.DagsterEvent]) -> list[str]:
    """One line for each failed step: the step, and our own message or the kind of error."""
    lines = []
    for event in events:
        error = event.step_failure_data.error if event.is_step_failure else None
        while error is not None and error.cause is not None:
            error = error.cause
        kind = error.cls_name if error else None
        told = re.sub(rf"^[\w.]*{kind}: ", "", error.message.strip()) if error and kind in _PLAIN_ERRORS else kind
        lines.append(f"{event.step_key}: {told or 'failed'}")
    return lines


def webhook_url(city: City) -> str | None:
    """Where failures are posted: STREETWISE_WEBHOOK_URL, else `webhook_url` of city.yaml, else nowhere."""
    return os.environ.get(WEBHOOK_VARIABLE) or city.settings.webhook_url


def problems_of(city: City, run_id: str, failures: list[str]) -> list[dict[str, Any]]:
    """Why a run failed, in both languages: refused deliveries, and the steps that failed. No data values.

    A refusal also has its file name, its moment (UTC) and whether the file was moved to `refused/`.
    """
    found: list[dict[str, Any]] = []
    if city.warehouse.exists():
        try:
            with duckdb.connect(str(city.warehouse), read_only=True) as con:
                found = _refusals(con, city, run_id)
        except duckdb.Error:  # no ledger yet, or the next refresh is at work
            found = []
    # The check that a refusal fails stops its step too; that is no news.
    others = [line for line in failures if not (found and "AssetCheckFailed" in line)] or ([] if found else ["?"])
    return found + [
        {"dataset": None, "message_zh": f"步骤失败 {line}", "message_en": f"A step failed: {line}"} for line in others
    ]


def _refusals(con: duckdb.DuckDBPyConnection, city: City, run_id: str) -> list[dict[str, Any]]:
    """What this run refused, and what earlier runs refused if it still stops every refresh."""
    rows = con.execute(
        "SELECT dataset, delivery_id, file_name, sha256, reason_zh, reason_en, loaded_at, coalesce(run_id = ?, FALSE)"
        " FROM landing.deliveries WHERE outcome = 'refused' ORDER BY dataset, loaded_at, file_name",
        [run_id],
    ).fetchall()
    aside = {dataset: refused_hashes(city, dataset) for dataset in {str(row[0]) for row in rows}}
    still = {d.delivery_id for dataset, names in aside.items() for d in open_refusals(con, dataset, names)}
    return [
        {
            "dataset": dataset, "message_zh": zh, "message_en": en, "file_name": name,
            "refused_at": f"{at.isoformat(timespec='seconds')}Z", "set_aside": sha256[:12] in aside[dataset],
        }
        for dataset, delivery, name, sha256, zh, en, at, of_run in rows if of_run or delivery in still
    ]  # fmt: skip


def announce_failure(city: City, run_id: str, failures: list[str]) -> list[dict[str, Any]]:
    """Write `last_refresh.json` and post to the webhook, if there is one; return the problems.

    Raises:
        httpx.HTTPError: the webhook cannot be reached or answers with an error.
    """
    problems = problems_of(city, run_id, failures)
    write_last_refresh(city, outcome="failed", edition=None, problems=problems)
    if url := webhook_url(city):
        lines = [f"{city.settings.name.zh}：刷新失败，页面仍为上一期数据。"] + [p["message_zh"] for p in problems]
        lines += [f"{city.settings.name.en}: the refresh failed; the pages still show the last edition."] + [
            p["message_en"] for p in problems
        ]
        body = {"text": "\n".join(lines), "city": city.settings.area_code, "run_id": run_id, "problems": problems}
        post(url, body)
    return problems


def post(url: str, body: dict[str, Any]) -> httpx.Response:
    """Post JSON to a webhook; the address, which may be a secret, stays out of the log.

    Raises:
        httpx.HTTPError: it cannot be reached or answers with an error.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every address
    try:
        return httpx.post(url, json=body, timeout=_TIMEOUT_SECONDS).raise_for_status()
    except httpx.InvalidURL as error:  # not an HTTPError
        raise httpx.UnsupportedProtocol(str(error)) from None


def announce_problems(city: City, edition: str, problems: list[dict[str, Any]]) -> None:
    """Say that an edition is out and something about it needs a hand: to the page, and to the webhook if it can be reached."""
    write_last_refresh(city, outcome="published", edition=edition, problems=problems)
    if url := webhook_url(city):
        names = city.settings.name
        lines = [f"{names.zh}：{p['message_zh']}" for p in problems]
        lines += [f"{names.en}: {p['message_en']}" for p in problems]
        with contextlib.suppress(httpx.HTTPError):
            post(url, {"text": "\n".join(lines), "city": city.settings.area_code, "run_id": None, "problems": problems})


def _published_since(city: City, moment: float) -> bool:
    """True when an edition was published after `moment` (seconds since 1970): a failure of before is no news."""
    path = city.published / LAST_REFRESH
    if not path.is_file():
        return False
    last = json.loads(path.read_text(encoding="utf-8"))
    return bool(last["outcome"] == "published" and datetime.fromisoformat(last["finished_at"]).timestamp() > moment)


@dg.run_failure_sensor(
    name="announce_failed_refresh", default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=30
)
def failure_sensor(context: dg.RunFailureSensorContext, city: CityResource) -> None:
    """Say that a run failed: to the log always, to the page and the webhook as far as they can be reached."""
    failures = describe_failures(context.get_step_failure_events())
    context.log.error(f"run {context.dagster_run.run_id} failed: {'; '.join(failures) or 'no step failed'}")
    record = context.instance.get_run_record_by_id(context.dagster_run.run_id)
    opened = city.open()
    # After a stop the sensor goes through every failure since, also those that a later refresh has made good.
    if record and record.end_time and _published_since(opened, record.end_time):
        return
    try:
        for problem in announce_failure(opened, context.dagster_run.run_id, failures):
            context.log.error(problem["message_en"])
    except (httpx.HTTPError, duckdb.Error) as error:
        context.log.error(f"the failure could not be announced everywhere ({type(error).__name__})")
