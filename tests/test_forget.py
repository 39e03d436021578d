"""A person who asks for it is taken out of everything under `state/`, stays out, and the proof says so."""

from __future__ import annotations

import csv
import gzip
import hashlib
import hmac
import io
import json
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import fastexcel
import polars as pl
import pytest
from conftest import run_cli
from small_city import CONTRACTS, KEY, SmallCity, lines
from test_rebuild import Content, Story, landing, landing_as_of
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.headline import headline_table
from pipelines.ingest import landed
from pipelines.ingest.forget import Outcome, forget
from pipelines.ingest.forgotten import load_forgotten
from pipelines.ingest.load import clear_state
from pipelines.ingest.search import NotSearchable, Word, find_words

REJECTED = "440300199012124326"


def pseudonym(key: str) -> str:
    return hmac.new(KEY.encode(), key.encode(), hashlib.sha256).hexdigest()


def forgotten(city: SmallCity, key: str) -> Outcome:
    return forget(city.open(), CONTRACTS, key, now=datetime.now(UTC))


def proof_of(city: SmallCity) -> dict[str, object]:
    path = max((city.folder / "forgotten").iterdir())
    content: dict[str, object] = json.loads(path.read_text("utf-8"))
    return content


def hits(folder: Path, text: str) -> list[str]:
    return [
        str(p.relative_to(folder)) for p in folder.rglob("*")
        if p.is_file() and not p.is_symlink() and p.suffix != ".pdf" and find_words(p, (Word("w", text),))
    ]  # fmt: skip


# -- from a whole city -----------------------------------------------------------------------------------------------


def test_a_member_is_taken_out_of_every_table_and_file(published_city: SmallCity) -> None:
    city, person = published_city, pseudonym("M003")
    state = city.folder / "state"
    assert city.rows(f"SELECT count(*) FROM core.memberships WHERE member_id = '{person}'") == [(1,)]
    assert len(hits(state, person)) == 2  # the warehouse and the kept delivery
    others = city.rows(f"SELECT * FROM landing.members WHERE member_id <> '{person}' ORDER BY ALL")
    assert list(state.rglob("bulletin-*.pdf"))  # cannot be searched, and is made again from the edition
    result = run_cli("forget", "--member-key", "M003", "--city", str(city.folder))
    assert result.exit_code == 0, result.output
    assert [p for p in city.open().bulletins.rglob("*") if p.is_file()] == []
    assert hits(state, person) == [] and hits(state, "M003") == []
    assert city.rows("SELECT * FROM landing.members ORDER BY ALL") == others
    assert "extracts/members/members.csv" in result.output
    assert "M003" not in result.output and person not in result.output
    path = max((city.folder / "forgotten").iterdir())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((city.folder / "forgotten.yaml").stat().st_mode) == 0o600
    text = path.read_text("utf-8")
    assert "M003" not in text and person not in text
    proof = proof_of(city)
    assert proof["pseudonym_sha256"] == hashlib.sha256(person.encode()).hexdigest()
    assert proof["found"] is True and proof["still_in_extracts"] == ["extracts/members/members.csv"]
    removed = proof["removed"]
    assert isinstance(removed, dict)
    assert removed["landing.members"] == removed["core.memberships"] == removed["state/landing/members"] == 1
    files = proof["files"]
    assert isinstance(files, list)
    gone = [file["file"] for file in files if file["sha256_after"] is None]
    assert gone and all("/bulletins/" in name for name in gone)
    for file in files:
        if file["sha256_after"] is not None:
            assert hashlib.sha256((city.folder / file["file"]).read_bytes()).hexdigest() == file["sha256_after"]


def test_the_rejected_row_of_a_person_leaves_every_list_and_edition(published_city: SmallCity) -> None:
    city = published_city
    (delivery,) = [d for (d,) in city.rows("SELECT delivery_id FROM landing.deliveries WHERE dataset = 'members'")]
    rows = f"SELECT DISTINCT source_row FROM landing.rejects WHERE delivery_id = '{delivery}' ORDER BY 1"
    assert city.rows(rows) == [(26,), (27,)]
    edition = (city.open().published / "current").resolve()
    result = run_cli("forget", "--member-key", REJECTED, "--city", str(city.folder))
    assert result.exit_code == 0, result.output
    assert city.rows(rows) == [(27,)]
    with (city.open().rejects / f"{delivery}.csv").open(encoding="utf-8-sig", newline="") as handle:
        assert [line["source_row"] for line in csv.DictReader(handle)] == ["27"]
    sheet = fastexcel.read_excel(city.open().rejects / f"{delivery}.xlsx").load_sheet(0, dtypes="string").to_polars()
    assert sheet["行号 · row"].to_list() == ["27"]
    kept = pl.read_parquet(city.open().landing / "members" / f"{delivery}.rejects.parquet")
    assert kept["source_row"].to_list() == [27]
    assert (city.open().published / "current").resolve() == edition
    manifest = json.loads(edition.with_suffix(".json").read_text("utf-8"))
    assert manifest["sha256"] == hashlib.sha256(edition.read_bytes()).hexdigest() and "sha256_next" not in manifest
    assert stat.S_IMODE(edition.stat().st_mode) == 0o440
    with duckdb.connect(str(edition), read_only=True) as con:
        listed = "SELECT DISTINCT source_row FROM marts.rejects WHERE dataset = 'members'"
        assert con.execute(listed).fetchall() == [(27,)]
        for table, count in manifest["tables"].items():
            assert con.execute(f"SELECT count(*) FROM marts.{table}").fetchall() == [(count,)]
    assert headline_table(city.open()).row_count > 0
    # The ticket that they reported was rejected too: it is an event, and stays on its list.
    assert city.rows("SELECT count(*) FROM landing.rejects WHERE dataset = 'tickets'") == [(2,)]


def test_an_unknown_person_is_proved_to_be_nowhere(published_city: SmallCity) -> None:
    before = landing(published_city)
    result = CliRunner().invoke(
        app, ["forget", "--member-key", "-", "--city", str(published_city.folder)], input="nobody-at-all\n"
    )
    assert result.exit_code == 0, result.output
    assert landing(published_city) == before
    proof = proof_of(published_city)
    assert (proof["found"], proof["removed"], proof["still_in_extracts"]) == (False, {}, [])
    assert "nobody-at-all" not in (published_city.folder / "forgotten.yaml").read_text("utf-8")


def test_what_remains_is_named_and_fails(published_city: SmallCity) -> None:
    left = published_city.folder / "state" / "notes.gz"
    left.write_bytes(gzip.compress("人员 M003 的备注".encode()))
    result = run_cli("forget", "--member-key", "M003", "--city", str(published_city.folder))
    assert result.exit_code == 1
    assert "state/notes.gz" in result.output
    search = proof_of(published_city)["search"]
    assert isinstance(search, dict) and search["still_there"] == ["state/notes.gz"]


# -- from landing ----------------------------------------------------------------------------------------------------

TICKETS = "ticket_id,status,accepted_at,reporter_id"


def people(*keys: str) -> str:
    return lines("member_id,org_id", *(f"{key},O1" for key in keys))


def test_a_ticket_stays_and_forgets_who_reported_it(city: SmallCity) -> None:
    city.drop("tickets", "a.csv", lines(TICKETS, "T1,open,2026-03-01,R-100000", "T2,open,2026-03-01,R-200000"))
    city.load("tickets")
    forgotten(city, "　R-100000 ")
    assert city.rows("SELECT ticket_id, reporter_id FROM landing.tickets ORDER BY 1") == [
        ("T1", None), ("T2", pseudonym("R-200000")),
    ]  # fmt: skip
    city.drop("tickets", "b.csv", lines(TICKETS, "T3,open,2026-03-02,R-100000"))
    assert city.load_one("tickets").rows_loaded == 1
    assert city.rows("SELECT reporter_id FROM landing.tickets WHERE ticket_id = 'T3'") == [(None,)]


def test_nobody_comes_back_with_a_later_delivery_or_a_rebuild(city: SmallCity) -> None:
    city.drop("members", "a.csv", people(*(f"M-{n:06d}" for n in range(20))))
    city.load("members")
    forgotten(city, "M-000004")
    city.mapping("members", "leave_out: [{where: \"org_id = 'O9'\", reason: {zh: 测试, en: test}}]\n")
    clear_state(city.open())
    again = city.load_one("members")
    assert (again.rows_in, again.rows_loaded, again.rows_left_out) == (20, 19, 1)
    assert city.rows("SELECT reason_zh, reason_en, rows FROM landing.left_out") == [
        ("已按个人申请删除", "removed at the person's request", 1)
    ]
    assert hits(city.folder / "state", pseudonym("M-000004")) == []


def test_every_past_state_is_as_it_was_without_the_person(city: SmallCity) -> None:
    story = Story(city)
    for n, step in enumerate((Story.whole, Story.roll, Story.delta, Story.mend, Story.roll)):
        step(story, 3 + n)
    outcomes = [forgotten(city, "M3"), forgotten(city, "R5")]
    assert [outcome.remains for outcome in outcomes] == [(), ()]
    assert all(outcome.removed for outcome in outcomes)
    for moment, content in story.moments:
        assert landing_as_of(city, moment) == without(content, pseudonym("M3"), pseudonym("R5"))
    assert landing_as_of(city, None) == landing(city)


def without(content: Content, *persons: str) -> Content:
    """The members without these, the tickets without them as reporters."""
    members = [row for row in content.get("members", []) if not set(row) & set(persons)]
    tickets = [tuple(None if cell in persons else cell for cell in row) for row in content.get("tickets", [])]
    changed = {"members": members, "tickets": tickets}
    return {name: changed.get(name) or rows for name, rows in content.items()}


def test_a_kill_while_kept_files_are_written_leaves_them_whole(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.drop("members", "a.csv", people(*(f"M-{n:06d}" for n in range(20))))
    city.load("members")
    written, times = landed.write_manifest, [0]

    class KilledError(Exception):
        pass

    for survived in (0, 1):
        times[0] = 0

        def write(path: Path, content: dict[str, object], survived: int = survived) -> None:
            if times[0] == survived:
                raise KilledError
            times[0] += 1
            written(path, content)

        monkeypatch.setattr(landed, "write_manifest", write)
        with pytest.raises(KilledError):
            forgotten(city, f"M-{survived:06d}")
        assert landing_as_of(city, None)["members"]
    monkeypatch.setattr(landed, "write_manifest", written)
    assert [forgotten(city, f"M-{n:06d}").remains for n in range(2)] == [(), ()]
    assert len(landing_as_of(city, None)["members"]) == 18


def test_past_states_that_hold_the_person_are_removed(city: SmallCity) -> None:
    city.drop("members", "a.csv", people("M-000001", "M-000002"))
    city.load("members")
    rebuilt = city.open().state / "rebuilt" / "x.duckdb"
    rebuilt.parent.mkdir()
    rebuilt.write_bytes(city.open().warehouse.read_bytes())
    assert forgotten(city, "M-000001").remains == ()
    assert not rebuilt.exists()


def test_refused_and_packed_files_in_which_the_person_stands_are_named(city: SmallCity) -> None:
    city.drop("members", "good.csv", people("M-000001", "M-000002"))
    city.drop("members", "without_header.csv", "M-000001,O1\nM-000002,O2\n".encode("gb18030"))
    city.load("members")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", people("M-000001"))
    city.drop("members", "packed.zip", packed.getvalue())
    city.drop("members", "closed.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40))
    city.drop("members", "other.csv", people("M-000003"))
    outcome = forgotten(city, "M-000001")
    assert [Path(name).name.split("-")[-1] for name in outcome.extracts] == [
        "good.csv", "packed.zip", "without_header.csv",
    ]  # fmt: skip
    assert outcome.unsearchable == ("extracts/members/closed.7z",)


def test_without_the_key_of_the_pseudonyms_nothing_is_claimed(
    city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STREETWISE_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    result = CliRunner().invoke(app, ["forget", "--member-key", "x", "--city", str(city.folder)])
    assert result.exit_code == 1 and "there is no key of the pseudonyms" in result.output
    assert not (city.folder / "forgotten.yaml").exists()


def test_a_damaged_list_is_named_with_its_line(city: SmallCity) -> None:
    (city.folder / "forgotten.yaml").write_text("- {pseudonym: abc, at: 2026-01-01T00:00:00Z}\n")
    with pytest.raises(ValueError, match=r"forgotten.yaml line 1: .*pseudonym"):
        load_forgotten(city.open())


# -- the search ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16-le", "utf-16-be"])
def test_a_word_is_found_in_every_encoding_also_across_blocks(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(("甲" * 2).encode(encoding) * (1 << 20) + "编号欧阳-0001止".encode(encoding))
    assert find_words(path, (Word("w", "欧阳-0001"),)) == {"w"}
    path.write_bytes(b"\0" * ((4 << 20) - 3) + "M-0000001".encode(encoding) + b"\0" * 9)
    assert find_words(path, (Word("w", "M-0000001"),)) == {"w"}


def test_a_short_word_counts_only_where_it_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("M0031,XM003")
    assert find_words(path, (Word("w", "M003"),)) == frozenset()
    pl.DataFrame({"a": ["XM003"]}).write_parquet(tmp_path / "a.parquet")
    assert find_words(tmp_path / "a.parquet", (Word("w", "M003"),)) == frozenset()
    path.write_text("M0031,M003")
    assert find_words(path, (Word("w", "M003"),)) == {"w"}
    assert find_words(path, (Word("w", "M0"),)) == frozenset()


def test_an_archive_that_is_locked_is_not_called_clean(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "x")
    data = bytearray(path.read_bytes())
    for place in (6, data.index(b"PK\x01\x02") + 8):
        data[place] |= 1
    path.write_bytes(data)
    with pytest.raises(NotSearchable):
        find_words(path, (Word("w", "M-0000001"),))
