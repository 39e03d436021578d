"""Speaks to Dagster's GraphQL API: what can be run, starting a run, and how the newest one stands."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

URL = "STREETWISE_DAGSTER_URL"
JOB = "nightly"
ASKED_BY = "streetwise/asked_by"
ACTIVE = {"QUEUED", "NOT_STARTED", "MANAGED", "STARTING", "STARTED", "CANCELING"}
_SECONDS = 10
#: Without a queue Dagster answers only when the run's process is there: 12 s on a busy machine.
_LAUNCH_SECONDS = 90

_NODES = """{ assetNodes { assetKey { path } dependencyKeys { path } jobNames isMaterializable
  repository { name location { name } } } }"""
_LAUNCH = """mutation Launch($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
  ... on LaunchRunSuccess { run { runId } } } }"""
_NEWEST = """query Newest($job: String!) { runsOrError(filter: {pipelineName: $job}, limit: 1) { __typename
  ... on Runs { results { runId status creationTime startTime endTime assetSelection { path }
  assetMaterializations { assetKey { path } } tags { key value } } } } }"""
_FAILURES = """query Failures($id: ID!, $after: String, $limit: Int) { runOrError(runId: $id) { ... on Run {
  eventConnection(afterCursor: $after, limit: $limit) { cursor hasMore events {
  ... on ExecutionStepFailureEvent { stepKey error { className cause { className cause { className } } } } } } } } }"""
#: Dagster gives the oldest events first and at most a thousand of them; a whole nightly run stores 1,400.
_EVENTS = 1_000

Key = tuple[str, ...]


class NoAnswer(RuntimeError):
    """Dagster cannot be reached, or answers with something else than what was asked; the message is its kind."""


@dataclass(frozen=True, slots=True)
class Graph:
    """The assets of the job with what each reads, and where Dagster keeps the job."""

    reads: Mapping[Key, frozenset[Key]]
    repository: str
    location: str

    def downstream(self, start: Key) -> list[Key]:
        """The asset and everything made of it, in order of name."""
        found, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            for key, read in self.reads.items():
                if here in read and key not in found:
                    found.add(key)
                    waiting.append(key)
        return sorted(found)


@dataclass(frozen=True, slots=True)
class Run:
    """The newest run of the job: `made` of `planned` assets are done (planned 0: all of the job)."""

    run_id: str
    status: str
    created: datetime | None
    ended: datetime | None
    planned: int
    made: int
    asked_by: str

    @property
    def active(self) -> bool:
        """Whether it waits or is at work."""
        return self.status in ACTIVE


def url() -> str | None:
    """Where the configuration says that Dagster is; None where runs are not offered."""
    return os.environ.get(URL, "").strip().rstrip("/") or None


def _ask(
    address: str, query: str, variables: Mapping[str, Any] | None = None, seconds: int = _SECONDS
) -> dict[str, Any]:
    """The data of one answer. POST only: Dagster runs mutations from links too, and a gateway closes GET."""
    try:
        # No proxy of the environment may see the question.
        with httpx.Client(timeout=seconds, trust_env=False, follow_redirects=False) as client:
            answer = client.post(f"{address}/graphql", json={"query": query, "variables": dict(variables or {})})
        answer.raise_for_status()
        content = answer.json()
    except httpx.HTTPStatusError as error:
        raise NoAnswer(f"HTTP {error.response.status_code}") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise NoAnswer(type(error).__name__) from None
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, dict) or content.get("errors"):
        raise NoAnswer("GraphQL")
    return data


def graph(address: str) -> Graph:
    """What the job is made of. Raises NoAnswer if Dagster does not have the job."""
    nodes = [n for n in _ask(address, _NODES)["assetNodes"] if JOB in n["jobNames"] and n["isMaterializable"]]
    if not nodes:
        raise NoAnswer(JOB)
    reads = {tuple(n["assetKey"]["path"]): frozenset(tuple(k["path"]) for k in n["dependencyKeys"]) for n in nodes}
    home = nodes[0]["repository"]
    return Graph(reads, home["name"], home["location"]["name"])


def launch(address: str, made_of: Graph, keys: Iterable[Key] | None, asked_by: str) -> str:
    """Start the job for these assets (None: all of them) and return the run's id."""
    selector: dict[str, Any] = {
        "repositoryLocationName": made_of.location,
        "repositoryName": made_of.repository,
        "jobName": JOB,
    }
    if keys is not None:
        selector["assetSelection"] = [{"path": list(key)} for key in keys]
    tags = [{"key": ASKED_BY, "value": asked_by}]
    params = {"selector": selector, "executionMetadata": {"tags": tags}}
    found = _ask(address, _LAUNCH, {"params": params}, _LAUNCH_SECONDS)["launchRun"]
    if found["__typename"] != "LaunchRunSuccess":
        raise NoAnswer(found["__typename"])
    return str(found["run"]["runId"])


def newest(address: str) -> Run | None:
    """The newest run of the job, None before the first."""
    found = _ask(address, _NEWEST, {"job": JOB})["runsOrError"]
    if found["__typename"] != "Runs":
        raise NoAnswer(found["__typename"])
    if not found["results"]:
        return None
    run = found["results"][0]
    made = {tuple(event["assetKey"]["path"]) for event in run["assetMaterializations"] if event["assetKey"]}
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}
    return Run(
        run["runId"],
        run["status"],
        _moment(run["creationTime"]),
        _moment(run["endTime"]),
        len(run["assetSelection"] or []),
        len(made),
        tags.get(ASKED_BY, ""),
    )


def failures(address: str, run_id: str) -> list[tuple[str, str]]:
    """Step and kind of error of each step that failed. The messages of errors may quote data and are not asked for."""
    found, after = list[tuple[str, str]](), None
    while True:
        run = _ask(address, _FAILURES, {"id": run_id, "after": after, "limit": _EVENTS})["runOrError"]
        page = run.get("eventConnection") or {}
        for event in page.get("events", []):
            if "stepKey" in event:
                error = event["error"] or {}
                while error.get("cause"):
                    error = error["cause"]
                found.append((str(event["stepKey"]), str(error.get("className") or "")))
        if not page.get("hasMore") or page["cursor"] == after:
            return found
        after = page["cursor"]


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
