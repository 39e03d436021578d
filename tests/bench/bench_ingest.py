"""What ingestion costs beside a bare scan of the same file: `python tests/bench/bench_ingest.py --rows 10000000`.

Each step runs in a process of its own (seconds, CPU seconds and peak memory are its own), the scan just before the
ingestion of the same file. The scan is DuckDB's typed `read_csv` of all columns (Parquet: of all columns), summed up so
that nothing is skipped. Ingestion is everything from the bytes on disk: SHA-256, decoding, casting, contract, guards,
Parquet of the delivery, merge into landing. `validated` is the part up to checked rows, before they are written."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAPPED = """SELECT
    'T' || lpad(CAST(i AS VARCHAR), 9, '0') AS 工单编号,
    ['热线', '网格', '驻点联系', 'APP', '微心愿'][CAST(1 + hash(i, 1) % 5 AS BIGINT)] AS 受理渠道,
    ['环境卫生', '治安管理', '物业服务', '市政设施', '劳动保障'][CAST(1 + hash(i, 2) % 5 AS BIGINT)] AS 一级分类,
    ['噪声扰民', '路灯损坏', '垃圾清运', '占道经营', '供水供电'][CAST(1 + hash(i, 3) % 5 AS BIGINT)] AS 二级分类,
    'A' || lpad(CAST(hash(i, 4) % 239 AS VARCHAR), 4, '0') AS 社区代码,
    '第' || CAST(hash(i, 5) % 40 AS VARCHAR) || '办理单位' AS 承办单位,
    strftime(accepted, '%Y-%m-%d %H:%M:%S') AS 受理时间,
    strftime(accepted + INTERVAL 1 HOUR, '%Y-%m-%d %H:%M:%S') AS 派单时间,
    strftime(accepted + INTERVAL 2 HOUR, '%Y-%m-%d %H:%M:%S') AS 首次联系时间,
    strftime(accepted + INTERVAL 5 DAY, '%Y-%m-%d %H:%M:%S') AS 办结时限,
    CASE WHEN hash(i, 6) % 100 < 96 THEN strftime(resolved, '%Y-%m-%d %H:%M:%S') END AS 办结时间,
    CASE WHEN hash(i, 6) % 100 < 90 THEN strftime(resolved + INTERVAL 2 DAY, '%Y-%m-%d %H:%M:%S') END AS 结案时间,
    CASE WHEN hash(i, 6) % 100 < 90 THEN '已结案' WHEN hash(i, 6) % 100 < 96 THEN '已办结' ELSE '在办' END AS 工单状态,
    CASE WHEN hash(i, 8) % 10 = 0 THEN '1' END AS 重办次数,
    CASE WHEN hash(i, 9) % 5 < 3 THEN CAST(1 + hash(i, 9) % 5 AS VARCHAR) END AS 满意度评分,
    'R' || CAST(hash(i, 10) % 3000000 AS VARCHAR) AS 诉求人编号,
    '139' || lpad(CAST(hash(i, 11) % 100000000 AS VARCHAR), 8, '0') AS 诉求人电话,
    '居民反映小区内' || CAST(hash(i, 12) % 100000 AS VARCHAR) || '处存在问题，请尽快处理并回复。' AS 诉求内容,
    CAST(round(113.8 + (hash(i, 13) % 10000) / 10000.0 * 0.6, 6) AS VARCHAR) AS 经度,
    CAST(round(22.4 + (hash(i, 14) % 10000) / 10000.0 * 0.4, 6) AS VARCHAR) AS 纬度,
    strftime(updated, '%Y-%m-%d %H:%M:%S') AS 更新时间
FROM (
    SELECT i, accepted, accepted + INTERVAL 2 DAY + to_seconds(CAST(hash(i, 7) % 100000 AS BIGINT)) AS resolved, updated
    FROM ({rows})
)"""
TYPES = (
    ["VARCHAR"] * 6
    + ["TIMESTAMP"] * 6
    + ["VARCHAR", "BIGINT", "BIGINT"]
    + ["VARCHAR"] * 3
    + ["DOUBLE"] * 2
    + ["TIMESTAMP"]
)
FIRST = datetime(2024, 11, 1, tzinfo=UTC)


def rows(first: int, last: int, all_rows: int, updated: str = "accepted + INTERVAL 6 DAY") -> str:
    """SQL of tickets `first` to `last`, accepted evenly over two years."""
    step = 2 * 365 * 86_400 / all_rows
    return (
        f"SELECT i, TIMESTAMP '{FIRST:%Y-%m-%d}' + to_microseconds(CAST(i * {step * 1e6} AS BIGINT)) AS accepted,"
        f" {updated} AS updated FROM range({first}, {last}) AS r(i)"
    )


def tickets(source: str) -> str:
    return MAPPED.replace("{rows}", source)


def one_day(all_rows: int) -> str:
    """A day's delta: one row in 600 is new, one in 160 an update of an older ticket (8 of 1,000, as in a real city)."""
    new, old = all_rows // 600, all_rows // 160
    later = f"TIMESTAMP '{FIRST + timedelta(days=731):%Y-%m-%d}' + INTERVAL 10 HOUR"
    stride = 97
    return (
        f"{rows(all_rows, all_rows + new, all_rows, later)} UNION ALL"
        f" {rows(0, all_rows, all_rows, later)} WHERE i % {stride} = 0 AND i < {min(all_rows, old * stride)}"
    )


def make(folder: Path, all_rows: int) -> None:
    """Generate the files, in one process each, as generating takes more memory than reading."""
    import duckdb

    con = duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(folder / "spill")})
    con.execute("SET preserve_insertion_order = true")
    full, day = rows(0, all_rows, all_rows), one_day(all_rows)
    con.execute(f"COPY ({tickets(full)}) TO '{folder}/full.csv' (FORMAT csv)")
    con.execute(f"COPY ({tickets(full)}) TO '{folder}/full.parquet' (FORMAT parquet, COMPRESSION zstd)")
    con.execute(f"COPY ({tickets(day)}) TO '{folder}/day.csv' (FORMAT csv)")
    # The same day inside a full extract: the lines of the day take the places of the old ones, new ones come last.
    merged = f"SELECT * FROM ({full}) WHERE i NOT IN (SELECT i FROM ({day})) UNION ALL SELECT * FROM ({day})"
    con.execute(
        f"COPY ({tickets(f'SELECT * FROM ({merged}) ORDER BY i')}) TO '{folder}/full_with_day.csv' (FORMAT csv)"
    )
    with (folder / "full.csv").open("rb") as source, (folder / "full_gb18030.csv").open("wb") as target:
        import codecs

        decoder = codecs.getincrementaldecoder("utf-8")()
        while block := source.read(16 << 20):
            target.write(decoder.decode(block).encode("gb18030"))


def scan(file: Path) -> dict[str, float]:
    """The floor: every column of the file, typed, read once and counted."""
    import duckdb

    con = duckdb.connect(config={"memory_limit": "3GB"})
    if file.suffix == ".parquet":
        names = [str(r[0]) for r in con.execute(f"DESCRIBE FROM '{file}'").fetchall()]
        source = f"(SELECT {', '.join(f'TRY_CAST({n} AS {t}) AS {n}' for n, t in zip(names, TYPES, strict=True))} FROM '{file}')"
    else:
        with file.open(encoding="utf-8") as handle:
            names = handle.readline().strip().split(",")
        columns = ", ".join(f"'{n}': '{t}'" for n, t in zip(names, TYPES, strict=True))
        source = f"read_csv('{file}', header = true, auto_detect = false, delim = ',', quote = '\"', columns = {{{columns}}})"
    started = time.monotonic()
    counted = con.execute(f"SELECT {', '.join(f'count({n})' for n in names)} FROM {source}").fetchall()[0][0]
    return {"seconds": time.monotonic() - started, "rows": counted}


def ingest(file: Path, folder: Path, kind: str) -> dict[str, float]:
    """Load one file into the city of `folder`."""
    os.environ["STREETWISE_KEY"] = "a key for the bench"
    from pipelines.city import City
    from pipelines.contracts.model import load_contracts
    from pipelines.ingest import load
    from pipelines.ingest.ledger import create_landing
    from pipelines.warehouse import open_warehouse

    extracts = folder / "extracts" / "tickets"
    extracts.mkdir(parents=True, exist_ok=True)
    (folder / "city.yaml").write_text("name: {zh: 试, en: Bench}\ntime_zone: Asia/Shanghai\n")
    os.link(file, extracts / file.name)
    (extracts / f"{file.name}.done").write_text(f"kind: {kind}\n")
    contract = load_contracts()["tickets"]
    # Imported once a night whatever is loaded: 8 CPU seconds that say nothing about rows.
    import great_expectations  # noqa: F401

    validated: list[float] = []
    validate: Callable[..., object] = load.validate

    def timed(*arguments: object, **named: object) -> object:
        verdict = validate(*arguments, **named)
        validated.append(time.monotonic() - started)
        return verdict

    load.validate = timed  # type: ignore[assignment]
    started, before = time.monotonic(), cpu()
    try:
        with open_warehouse(City.open(folder)) as con:
            create_landing(con, [contract])
            result = load.load_dataset(con, City.open(folder), contract, run_id="bench")
    finally:
        load.validate = validate  # type: ignore[assignment]
    (delivery,) = result.deliveries
    if delivery.outcome != "loaded":
        raise SystemExit(delivery.reason_en)
    return {
        "seconds": time.monotonic() - started, "cpu": cpu() - before, "validated": validated[0], "rows": delivery.rows_in,
        "unchanged": delivery.rows_unchanged,
    }  # fmt: skip


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def in_a_process(step: str, *arguments: object) -> dict[str, float]:
    """Run one step in a process of its own."""
    command = [sys.executable, __file__, "--step", step, *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_step(name: str, *arguments: object) -> dict[str, float]:
    """One step in this process, and what the process used for it."""
    before = cpu()
    found: dict[str, float] = {}
    rest = list(map(str, arguments))
    if name == "make":
        make(Path(rest[0]), int(rest[1]))
    elif name == "scan":
        found = scan(Path(rest[0]))
        found["cpu"] = cpu() - before
    else:
        found = ingest(Path(rest[0]), Path(rest[1]), rest[2])
    found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    return found


#: What is measured: its name, the file, how it is delivered, the file whose scan it is held against, and whether the
#: warehouse is empty.
LINES = (
    ("CSV, full, into an empty warehouse", "full.csv", "full", "full.csv", True),
    ("the same day as a delta", "day.csv", "delta", "full.csv", False),
    ("CSV again, for the next", "full.csv", "full", "full.csv", True),
    ("the same day inside a full extract", "full_with_day.csv", "full", "full.csv", False),
    ("GB18030 CSV, full", "full_gb18030.csv", "full", "full.csv", True),
    ("Parquet, full", "full.parquet", "full", "full.parquet", True),
)


def bench(
    folder: Path, all_rows: int, run: Callable[..., dict[str, float]] = in_a_process
) -> Iterator[dict[str, object]]:
    """Every measurement as it is known, a row each; `run` runs one step."""
    run("make", folder, all_rows)
    city = folder / "city"
    for what, file, kind, floor_of, empty in LINES:
        if empty and city.exists():
            shutil.rmtree(city)
        floor = run("scan", folder / floor_of)
        cost = run("ingest", folder / file, city, kind)
        yield {
            "what": what, "rows": cost["rows"], "scan s": floor["seconds"], "scan cpu": floor["cpu"],
            "validated s": cost["validated"], "all s": cost["seconds"], "cpu": cost["cpu"], "peak GB": cost["peak"],
            "validated ×": cost["validated"] / floor["seconds"], "all ×": cost["seconds"] / floor["seconds"],
            "cpu ×": cost["cpu"] / floor["cpu"], "unchanged": cost["unchanged"],
        }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="where the files go (about 12 GB for ten million rows)")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.step:
        print(json.dumps(run_step(*arguments.step)))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for line in bench(Path(folder), arguments.rows):
            print(
                ", ".join(f"{k} {v:,.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in line.items()), flush=True
            )


if __name__ == "__main__":
    main()
