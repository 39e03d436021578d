"""Dagster's home in the city folder: run history, telemetry off, one writer."""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.city import City

_SETTINGS = """\
# Written by Streetwise at every start; change it in pipelines/instance.py.
telemetry: {enabled: false}
# One writer: a pool without a limit does nothing.
concurrency: {pools: {default_limit: 1}}
# Without it a killed worker's slot is not free within a minute, and the next night hangs.
run_monitoring: {enabled: true, free_slots_after_run_end_seconds: 30, poll_interval_seconds: 30}
retention:
  schedule: {purge_after_days: 90}
  sensor: {purge_after_days: {skipped: 7, failure: 30, success: -1}}
event_log_storage:
  module: pipelines.run_history
  class: EventLog
  config: {base_dir: %s}
"""


def prepare_home(city: City) -> Path:
    """Make the folder that DAGSTER_HOME names for this city, with its settings."""
    home = city.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    # where Dagster keeps it by default; a text of JSON is one of YAML
    events = json.dumps(str((home / "history" / "runs").resolve()), ensure_ascii=False)
    (home / "dagster.yaml").write_text(_SETTINGS % events, encoding="utf-8")
    return home
