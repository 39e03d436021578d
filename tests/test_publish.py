"""Publishing: whatever happens and whenever, a reader finds the old edition or the new one, whole."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from conftest import Refreshed
from small_city import SmallCity
from whole_edition import MAY, check_valid, read

from pipelines import publish as publishing
from pipelines.paths import CONTRACTS, ROOT
from pipelines.publish import AUDITS, AuditFailed, current_edition, publish, write_last_refresh
from pipelines.tables import read_tables
from pipelines.warehouse import open_warehouse


@pytest.fixture
def quick_docs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Data Docs of one line; building them takes a second and is not what these tests are about."""

    def write(con: duckdb.DuckDBPyConnection, city: object, folder: Path) -> None:
        folder.mkdir()
        (folder / "index.html").write_text("docs")

    monkeypatch.setattr(publishing, "_write_data_docs", write)


def publish_now(city: SmallCity, *, day: int = 0, run_id: str = "run-2") -> str:
    with open_warehouse(city.open()) as con:
        return publish(con, city.open(), run_id=run_id, now=MAY + timedelta(days=day))


def change(city: SmallCity, sql: str) -> None:
    with open_warehouse(city.open()) as con:
        con.execute(sql)


def test_a_refresh_publishes_a_whole_edition(published_city: SmallCity) -> None:
    folder = published_city.open().published
    edition = check_valid(folder)
    assert current_edition(published_city.open()) == edition
    assert {path.name for path in folder.iterdir()} == {
        "archive", "bulletins", "current", "last_refresh.json", f"{edition}.duckdb", f"{edition}.json", f"{edition}-data-docs",
    }  # fmt: skip
    assert (folder / f"{edition}.duckdb").stat().st_mode & 0o777 == 0o440
    last = json.loads((folder / "last_refresh.json").read_text(encoding="utf-8"))
    assert (last["outcome"], last["edition"], last["problems"]) == ("published", edition, [])
    assert datetime.fromisoformat(last["finished_at"]).tzinfo is not None
    assert "小城" in (folder / f"{edition}-data-docs" / "index.html").read_text(encoding="utf-8")


def test_the_manifest_says_from_what_the_edition_was_made(published_city: SmallCity, quick_docs: None) -> None:
    before = current_edition(published_city.open())
    edition = publish_now(published_city)
    folder = published_city.open().published
    manifest = json.loads((folder / f"{edition}.json").read_text(encoding="utf-8"))
    assert edition.startswith("edition-21260501T020000Z-") and len(edition.rsplit("-", 1)[1]) == 8
    assert manifest["previous"] == before
    assert manifest["run_id"] == "run-2"
    assert manifest["bytes"] == (folder / f"{edition}.duckdb").stat().st_size
    assert {i["dataset"] for i in manifest["inputs"]} == {
        p.name for p in (published_city.folder / "extracts").iterdir()
    }
    assert manifest["as_of"]["tickets"] == "2026-04-15T04:00:00Z"
    assert manifest["code_version"].startswith("0.1.0")
    assert set(manifest["table_sha256"]) == {table.name for table in read_tables()}
    assert set(manifest["contract_sha256"]) == {path.name for path in CONTRACTS.glob("*.yaml")}
    assert manifest["indicators"]["T03"]["version"] == 1 and "target:T03" in manifest["standards"]
    assert manifest["forgotten"] == 0


def test_the_figures_of_an_edition_bear_its_name_and_run(published_city: SmallCity, quick_docs: None) -> None:
    edition = publish_now(published_city)
    file = published_city.open().published / f"{edition}.duckdb"
    assert read(file, "SELECT DISTINCT edition, run_id FROM marts.indicator_values") == [(edition, "run-2")]
    assert read(file, "SELECT edition, run_id, published_at FROM marts.edition") == [
        (edition, "run-2", MAY.replace(tzinfo=None))
    ]
    schemas = read(file, "SELECT DISTINCT schema_name FROM duckdb_tables()")
    assert schemas == [("marts",)]  # nothing of landing or core leaves the warehouse


def test_a_reader_keeps_the_edition_that_it_has_open(published_city: SmallCity, quick_docs: None) -> None:
    folder = published_city.open().published
    query = "SELECT count(*), sum(numerator) FROM marts.indicator_values"
    with duckdb.connect(str((folder / "current").resolve()), read_only=True) as reader:
        before = reader.execute(query).fetchall()
        opened = str(reader.execute("SELECT edition FROM marts.edition").fetchall()[0][0])
        change(published_city, "DELETE FROM cube.figures WHERE indicator_id <> 'T01'")
        for day in range(4):
            publish_now(published_city, day=day)
        assert not (folder / f"{opened}.duckdb").exists()
        assert reader.execute(query).fetchall() == before
    assert read(folder / "current", query) != before


def test_the_newest_three_editions_are_kept_with_all_that_belongs_to_them(
    published_city: SmallCity, quick_docs: None
) -> None:
    editions = [publish_now(published_city, day=day) for day in range(4)]
    folder = published_city.open().published
    kept = {f"{edition}{suffix}" for edition in editions[-3:] for suffix in (".duckdb", ".json", "-data-docs")}
    assert {path.name for path in folder.iterdir()} == kept | {"archive", "bulletins", "current", "last_refresh.json"}


def test_the_current_edition_is_kept_even_if_the_clock_went_back(published_city: SmallCity, quick_docs: None) -> None:
    for day in range(3):
        publish_now(published_city, day=day)
    edition = publish_now(published_city, day=-30000)
    assert check_valid(published_city.open().published) == edition


def test_the_pointer_is_there_at_every_moment(published_city: SmallCity, quick_docs: None) -> None:
    pointer = published_city.open().published / "current"
    missing, looks, done = [], [0], threading.Event()

    def look() -> None:
        while not done.is_set():
            looks[0] += 1
            if not pointer.exists():
                missing.append(looks[0])

    watcher = threading.Thread(target=look)
    watcher.start()
    for day in range(3):
        publish_now(published_city, day=day)
    done.set()
    watcher.join()
    assert looks[0] > 100 and not missing


def of_figures(table: str, what: str) -> dict[str, str]:
    """How a table of figures can be broken, by the audit that finds it."""
    return {
        f"a {what} appears twice": f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1",
        f"a {what} has no entry in the catalogue": "DELETE FROM marts.indicators WHERE indicator_id = 'T01'",
        f"a {what} is a proportion outside 0 to 1 or its interval": f"UPDATE {table} SET value = 1.01 WHERE indicator_id = 'T02'",
        f"a {what} is a rate without cases and has a value": f"UPDATE {table} SET denominator = 0 WHERE indicator_id = 'T02'",
        f"a {what} about too few people, or leaving too few, is shown": f"""
            UPDATE {table} SET status = NULL, numerator = 21, denominator = 24, value = 0.875, lower = 0.875, upper = 0.875
            WHERE indicator_id = 'M05'""",
        f"a {what} is suppressed and carries a number": f"UPDATE {table} SET status = 'suppressed' WHERE indicator_id = 'T01'",
    }


CORRUPTIONS = of_figures("marts.indicator_values", "figure") | {
    "the rows of a delivery are not all accounted for": "UPDATE marts.deliveries SET rows_in = rows_in + 1 WHERE dataset = 'tickets'",
    "the districts do not add up to the city": "UPDATE marts.indicator_values SET numerator = numerator + 1 WHERE indicator_id = 'T01' AND area_level = 'city'",
}

#: Tried on the file of an edition, which the copied city's own figures would be too few for.
CORRUPTIONS_OF_THE_FILE = of_figures("marts.rebased_values", "re-based figure") | {
    "a comparison, change, control chart or score tells of a figure that is not shown": """
        UPDATE marts.indicator_values SET status = 'suppressed', numerator = NULL, denominator = NULL, value = NULL, lower = NULL,
        upper = NULL WHERE indicator_id = 'T02'""",
}


def test_every_audit_has_a_corruption_that_it_finds() -> None:
    assert set(CORRUPTIONS) | set(CORRUPTIONS_OF_THE_FILE) == set(AUDITS)


def test_every_audit_finds_its_corruption_in_the_file_of_an_edition(refreshed: Refreshed, tmp_path: Path) -> None:
    folder = refreshed.city.open().published
    file = Path(shutil.copy(folder / "current", tmp_path / "edition.duckdb"))
    file.chmod(0o600)
    with duckdb.connect(str(file)) as con:
        con.execute(
            "INSERT INTO marts.rebased_values BY NAME SELECT * EXCLUDE (edition, target, run_id) FROM marts.indicator_values"
        )
        assert [name for name, sql in AUDITS.items() if con.execute(sql).fetchall() != [(0,)]] == []
        for name, corruption in (CORRUPTIONS | CORRUPTIONS_OF_THE_FILE).items():
            con.execute("BEGIN")
            con.execute(corruption)
            assert con.execute(AUDITS[name]).fetchall() > [(0,)], name
            con.execute("ROLLBACK")


@pytest.mark.parametrize("audit", CORRUPTIONS)
def test_an_edition_that_breaks_a_rule_is_not_published(
    published_city: SmallCity, quick_docs: None, audit: str
) -> None:
    folder = published_city.open().published
    before = check_valid(folder)
    # what is a table in an edition is a view of the figures in the warehouse
    change(published_city, CORRUPTIONS[audit].replace("marts.indicator_values", "cube.figures"))
    with pytest.raises(AuditFailed, match=audit):
        publish_now(published_city)
    assert check_valid(folder) == before
    assert [path.name for path in folder.glob("edition-*.duckdb")] == [f"{before}.duckdb"]


def test_an_edition_after_a_failed_one_leaves_no_rest_of_it(published_city: SmallCity, quick_docs: None) -> None:
    folder = published_city.open().published
    change(
        published_city,
        "CREATE TABLE cube.kept AS SELECT * FROM cube.figures; UPDATE cube.figures SET status = 'suppressed'",
    )
    with pytest.raises(AuditFailed):
        publish_now(published_city)
    change(published_city, "CREATE OR REPLACE TABLE cube.figures AS FROM cube.kept; DROP TABLE cube.kept")
    edition = publish_now(published_city)
    assert check_valid(folder) == edition
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


KILL_LOOP = """
import json, os, signal, sys
from datetime import timedelta
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from pipelines import publish as p
from pipelines.city import City
from pipelines.lineage import definition_sha256, lineages
from pipelines.warehouse import open_warehouse
import whole_edition as t

def docs(con, city, folder):
    folder.mkdir()
    (folder / "index.html").write_text("docs")

p._write_data_docs = docs
p.code_version = lambda: "0"
# Read once here: every child would parse contracts and SQL anew.
contracts = p.load_contracts()
p.load_contracts = lambda: contracts
for table in p.read_tables():
    definition_sha256(table)
lineages(p.read_tables(), {"T01": "tickets"})
city = City.open(sys.argv[1])
calls = 0

def watched(function, last):
    def call(*args, **kwargs):
        global calls
        calls += 1
        if calls == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return call

def attempt(last):
    for name in ("_write", "_audit", "_write_data_docs", "_sha256", "_write_synced", "_sync", "_move_pointer", "_forget_old"):
        setattr(p, name, watched(getattr(p, name), last))
    for name in ("keep", "settle", "repair"):
        setattr(p.Archive, name, watched(getattr(p.Archive, name), last))
    for name in ("mkdir", "rename", "replace", "symlink_to", "chmod", "rmdir"):
        setattr(Path, name, watched(getattr(Path, name), last))
    with open_warehouse(city) as con:
        p.publish(con, city, run_id=f"run-{last}", now=t.MAY + timedelta(minutes=last))

seen, point = set(), 0
after = t.check_valid(city.published)
while True:
    point, before = point + 1, after
    child = os.fork()
    if child == 0:
        attempt(point)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    after = t.check_valid(city.published)
    seen.add((os.WIFSIGNALED(status), after != before))
    if not os.WIFSIGNALED(status):
        break
assert os.WEXITSTATUS(status) == 0
rest = sorted(path.name for path in city.published.iterdir())
print(point, sorted(seen))
print(json.dumps(rest))
"""


def test_a_kill_at_any_step_leaves_the_old_edition_or_the_new_one(published_city: SmallCity) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILL_LOOP, str(published_city.folder), str(ROOT / "tests")],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    counts, rest = ended.stdout.splitlines()
    points, seen = counts.split(" ", 1)
    assert int(points) > 20
    # Killed with the old edition, killed with the new one, and in the end not killed.
    assert seen == "[(False, True), (True, False), (True, True)]"
    names = json.loads(rest)
    editions = [name.removesuffix(".duckdb") for name in names if name.endswith(".duckdb")]
    assert len(editions) == 3
    wanted = {f"{edition}{suffix}" for edition in editions for suffix in (".duckdb", ".json", "-data-docs")}
    assert set(names) == wanted | {"archive", "bulletins", "current", "last_refresh.json"}
    city = published_city.open()
    assert {path.stem for path in city.row_versions.iterdir()} == set(editions)


def test_a_kill_at_a_random_moment_leaves_the_old_edition_or_the_new_one(published_city: SmallCity) -> None:
    folder = published_city.open().published
    before = check_valid(folder)
    script = KILL_LOOP.split("calls = 0")[0] + (
        "print('ready', flush=True)\n"
        "n = 0\n"
        "while True:\n"
        "    n += 1\n"
        "    with open_warehouse(city) as con:\n"
        "        p.publish(con, city, run_id=str(n), now=t.MAY + timedelta(minutes=n))\n"
        "    print(n, flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(published_city.folder), str(ROOT / "tests")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    assert process.stdout.readline() == "1\n"  # one is through, the second is at work
    process.kill()
    process.wait()
    assert check_valid(folder) != before


def test_a_failed_refresh_is_told_beside_the_editions(published_city: SmallCity) -> None:
    city = published_city.open()
    before = check_valid(city.published)
    problem = {"dataset": "tickets", "message_zh": "文件是空的", "message_en": "The file is empty"}
    write_last_refresh(city, outcome="failed", edition=None, problems=[problem])
    text = (city.published / "last_refresh.json").read_text(encoding="utf-8")
    assert json.loads(text)["problems"] == [problem]
    assert "文件是空的" in text
    assert check_valid(city.published) == before
