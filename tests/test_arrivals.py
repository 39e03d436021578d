"""The drop folder: what is whole is ready, what grows waits, what is no file is named and left alone."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_city import ARRIVED, SmallCity

from pipelines.ingest import arrivals as module
from pipelines.ingest.arrivals import Arrivals, FileIdentity, find_arrivals, is_unchanged

NOW = datetime(2026, 4, 10, 2, 0, tzinfo=UTC)
ROWS = "ticket_id,status\n1,open\n"
SHA256 = hashlib.sha256(ROWS.encode()).hexdigest()


def look(city: SmallCity, known: dict[FileIdentity, str] | None = None, *, now: datetime = NOW) -> Arrivals:
    return find_arrivals(city.open(), "tickets", now=now, known=known or {})


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def names(found: Arrivals) -> tuple[list[str], list[str], list[str]]:
    return tuple([item.path.name for item in part] for part in (found.ready, found.waiting, found.unsafe))  # type: ignore[return-value]


# -- whole or growing ------------------------------------------------------------------------------------------------


def test_a_file_that_nobody_has_written_to_for_a_minute_is_ready(city: SmallCity) -> None:
    city.drop("tickets", "old.csv", ROWS, arrived=ago(60))
    city.drop("tickets", "new.csv", ROWS, arrived=ago(59))
    found = look(city)
    assert names(found) == (["old.csv"], ["new.csv"], [])
    (arrival,) = found.ready
    assert (arrival.sha256, arrival.size, str(arrival.arrived_at)) == (SHA256, len(ROWS), "2026-04-10 01:59:00")
    assert arrival.dropped and arrival.mapping == "tickets" and arrival.refusal is None
    assert found.waiting[0].seconds == 1


def test_how_long_a_file_must_rest_is_set_in_city_yaml(city: SmallCity) -> None:
    city.drop("tickets", "a.csv", ROWS, arrived=ago(200))
    city.settings(settle_seconds=300)
    assert look(city).waiting[0].seconds == 100
    city.settings(settle_seconds=0)
    assert names(look(city))[0] == ["a.csv"]


def test_a_fresh_file_with_the_digest_of_its_manifest_is_ready_at_once(city: SmallCity) -> None:
    city.drop("tickets", "a.csv", ROWS, arrived=ago(0), done=f"sha256: {SHA256}")
    assert names(look(city))[0] == ["a.csv"]


def test_a_fresh_file_with_another_digest_waits_and_an_old_one_is_refused(city: SmallCity) -> None:
    city.drop("tickets", "a.csv", ROWS[:-3], arrived=ago(0), done=f"sha256: {SHA256}")
    assert names(look(city)) == ([], ["a.csv"], [])
    (arrival,) = look(city, now=NOW + timedelta(minutes=2)).ready
    assert arrival.refusal is not None and arrival.refusal.code == "manifest_sha256"


def test_a_manifest_written_after_its_file_says_that_the_file_is_finished(city: SmallCity) -> None:
    path = city.drop("tickets", "a.csv", ROWS, arrived=ago(5), done="rows: 1")
    done = path.with_name("a.csv.done")
    os.utime(done, (ago(10).timestamp(), ago(10).timestamp()))
    assert names(look(city)) == ([], ["a.csv"], [])
    os.utime(done, (ago(5).timestamp(), ago(5).timestamp()))
    assert names(look(city))[0] == ["a.csv"]


def test_a_wrong_manifest_refuses_its_own_file_and_no_other(city: SmallCity) -> None:
    city.drop("tickets", "a.csv", ROWS, done="row: 1")
    city.drop("tickets", "b.csv", ROWS + "2,open\n")
    found = look(city)
    refused = {arrival.path.name: arrival.refusal for arrival in found.ready}
    assert refused["b.csv"] is None
    refusal = refused["a.csv"]
    assert refusal is not None and refusal.code == "manifest"
    assert "a.csv.done" in refusal.zh and 'did you mean "rows"' in refusal.en


def test_a_manifest_that_is_a_link_is_not_followed(city: SmallCity, tmp_path: Path) -> None:
    path = city.drop("tickets", "a.csv", ROWS)
    (tmp_path / "elsewhere").write_text("rows: 1")
    path.with_name("a.csv.done").symlink_to(tmp_path / "elsewhere")
    (arrival,) = look(city).ready
    assert arrival.refusal is not None and arrival.manifest.rows is None


def test_a_time_of_change_in_the_future_is_replaced_by_the_time_of_arrival(city: SmallCity) -> None:
    path = city.drop("tickets", "a.csv", ROWS, arrived=datetime(2126, 1, 1, tzinfo=UTC))
    arrived = datetime.fromtimestamp(path.stat().st_ctime, UTC)
    assert names(look(city, now=arrived + timedelta(seconds=10)))[1] == ["a.csv"]
    (arrival,) = look(city, now=arrived + timedelta(seconds=61)).ready
    assert arrival.arrived_at == arrived.replace(tzinfo=None)


def test_a_file_that_is_written_to_while_it_is_hashed_waits(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    path = city.drop("tickets", "a.csv", ROWS)
    true_digest = hashlib.file_digest

    def digest_while_it_grows(handle, name):  # type: ignore[no-untyped-def]
        with path.open("a") as more:
            more.write("2,open\n")
        os.utime(path, (ARRIVED.timestamp(), ARRIVED.timestamp()))
        return true_digest(handle, name)

    monkeypatch.setattr(module.hashlib, "file_digest", digest_while_it_grows)
    assert names(look(city)) == ([], ["a.csv"], [])


def test_a_file_that_dribbles_in_is_taken_only_when_it_is_whole(city: SmallCity) -> None:
    whole = "".join(f"{n},open\n" for n in range(2000))
    path = city.drop("tickets", "a.csv", "")
    go_on = threading.Event()

    def dribble() -> None:
        with path.open("w", buffering=1) as handle:
            for start in range(0, len(whole), 1000):
                handle.write(whole[start : start + 1000])
                go_on.wait(5)
                go_on.clear()

    writer = threading.Thread(target=dribble)
    writer.start()
    while writer.is_alive():
        found = look(city, now=datetime.now(UTC))
        assert not [a for a in found.ready if a.size and a.size < len(whole)]
        go_on.set()
    writer.join()
    (arrival,) = look(city, now=datetime.now(UTC) + timedelta(seconds=61)).ready
    assert arrival.sha256 == hashlib.sha256(whole.encode()).hexdigest()


# -- known files -----------------------------------------------------------------------------------------------------


def test_only_files_that_are_not_known_are_hashed(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    city.drop("tickets", "a.csv", ROWS)
    city.drop("tickets", "b.csv", ROWS + "2,open\n")
    found = look(city)
    assert sorted(identity.name for identity in found.identities) == [
        "extracts/tickets/a.csv",
        "extracts/tickets/b.csv",
    ]
    monkeypatch.setattr(module.hashlib, "file_digest", lambda *_: pytest.fail("hashed again"))
    assert look(city, found.identities).identities == found.identities


def test_new_bytes_of_the_same_length_and_time_are_hashed_again(city: SmallCity) -> None:
    city.drop("tickets", "a.csv", ROWS)
    before = look(city)
    city.drop("tickets", "a.csv", ROWS.replace("1", "2"))
    (arrival,) = look(city, before.identities).ready
    assert arrival.sha256 != before.ready[0].sha256


def test_the_same_bytes_under_two_names_are_read_once(city: SmallCity) -> None:
    city.drop("tickets", "a.csv", ROWS)
    city.drop("tickets", "b.csv", ROWS)
    found = look(city)
    assert (names(found)[0], [copy.path.name for copy in found.copies]) == (["a.csv"], ["b.csv"])
    assert len(found.identities) == 2


def test_the_oldest_data_comes_first(city: SmallCity) -> None:
    city.drop("tickets", "a.csv", ROWS, done='as_of: "2026-04-03T00:00:00Z"')
    city.drop("tickets", "b.csv", ROWS + "2,open\n", done='as_of: "2026-04-02T00:00:00Z"')
    city.drop("tickets", "c.csv", ROWS + "3,open\n", arrived=ago(90))
    city.drop("tickets", "d.csv", ROWS + "4,open\n", arrived=ago(100))
    assert names(look(city))[0] == ["d.csv", "c.csv", "b.csv", "a.csv"]


def test_a_file_that_changed_after_it_was_found_is_noticed(city: SmallCity) -> None:
    path = city.drop("tickets", "a.csv", ROWS)
    (arrival,) = look(city).ready
    assert is_unchanged(city.open(), arrival)
    with path.open("a") as handle:
        handle.write("2,open\n")
    assert not is_unchanged(city.open(), arrival)
    path.unlink()
    assert not is_unchanged(city.open(), arrival)


# -- what is no file -------------------------------------------------------------------------------------------------


def test_hidden_and_half_written_files_and_locks_of_excel_are_left_alone(city: SmallCity) -> None:
    for name in (".a.csv", "a.csv.part", "a.tmp", "a.csv.crdownload", "~$a.xlsx", "a.csv.done", "..a"):
        city.drop("tickets", name, ROWS)
    assert names(look(city)) == ([], [], [])


def test_links_pipes_sockets_and_folders_are_named_and_never_opened(city: SmallCity, tmp_path: Path) -> None:
    city.drop("tickets", "good.csv", ROWS)
    folder = city.folder / "extracts" / "tickets"
    (tmp_path / "secret").write_text("CANARY")
    (folder / "link.csv").symlink_to(tmp_path / "secret")
    (folder / "dangling.csv").symlink_to(tmp_path / "nothing")
    os.mkfifo(folder / "pipe.csv")
    (folder / "folder.csv").mkdir()
    here = os.getcwd()
    os.chdir(folder)  # a path of a socket may have 108 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.csv")
    os.chdir(here)
    found = look(city)
    assert names(found)[0] == ["good.csv"]
    assert names(found)[2] == ["dangling.csv", "folder.csv", "link.csv", "pipe.csv", "socket.csv"]
    said = {item.path.name: item.refusal for item in found.unsafe}
    assert "符号链接" in said["link.csv"].zh and "symbolic link" in said["link.csv"].en
    assert "a folder" in said["folder.csv"].en and "a pipe" in said["pipe.csv"].en


def test_a_file_exchanged_for_a_link_between_two_looks_is_not_followed(
    city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = city.drop("tickets", "a.csv", ROWS)
    (tmp_path / "secret").write_text("CANARY")
    true_open = os.open

    def exchange(place, flags, **more):  # type: ignore[no-untyped-def]
        if str(place).endswith("a.csv"):
            path.unlink()
            path.symlink_to(tmp_path / "secret")
        return true_open(place, flags, **more)

    monkeypatch.setattr(module.os, "open", exchange)
    assert names(look(city)) == ([], [], ["a.csv"])


@pytest.mark.parametrize(
    "name", ["a\nb.csv", "a\x1b[2J.csv", "abc\u202evsc.exe", "长" * 67 + ".csv", os.fsdecode(b"\xff.csv")]
)
def test_names_that_could_mislead_are_refused_and_shown_harmlessly(city: SmallCity, name: str) -> None:
    city.drop("tickets", name, ROWS)
    (unsafe,) = look(city).unsafe
    assert unsafe.refusal.code == "unsafe_name"
    for text in (unsafe.refusal.zh, unsafe.refusal.en):
        assert text.isprintable() and text.encode()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=40))
def test_any_name_that_a_file_can_have_is_ready_or_named_or_left_alone(city: SmallCity, name: str) -> None:
    folder = city.folder / "extracts" / "tickets"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        path = folder / name
        if path.parent != folder:
            return
        path.write_text(ROWS)
    except (OSError, UnicodeEncodeError):
        return
    os.utime(path, (ARRIVED.timestamp(), ARRIVED.timestamp()))
    found = look(city)
    path.unlink()
    assert len(found.ready) + len(found.unsafe) <= 1 and not found.waiting
    assert all(item.refusal.en.encode() for item in found.unsafe)


def test_a_missing_drop_folder_is_an_empty_one(city: SmallCity) -> None:
    assert names(look(city)) == ([], [], [])


# -- configured sources ----------------------------------------------------------------------------------------------


def test_links_to_configured_sources_are_followed_and_the_drop_folder_is_not_read(
    city: SmallCity, tmp_path: Path
) -> None:
    (tmp_path / "real.csv").write_text(ROWS)
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    city.settings(sources={"tickets": {"files": [str(tmp_path / "link.csv")]}})
    city.drop("tickets", "dropped.csv", ROWS + "2,open\n")
    (arrival,) = look(city, now=datetime.now(UTC) + timedelta(minutes=2)).ready
    assert arrival.path.name == "link.csv" and not arrival.dropped and arrival.sha256 == SHA256
    assert is_unchanged(city.open(), arrival)


def test_corrected_rejects_are_read_from_the_drop_folder_even_beside_configured_sources(city: SmallCity) -> None:
    source = city.drop("elsewhere", "a.csv", ROWS)
    city.settings(sources={"tickets": {"files": [str(source)]}})
    city.drop("tickets", "mended.csv", "交付编号 · delivery,行号 · row,ticket_id\ntickets-1,2,1\n")
    assert names(look(city))[0] == ["a.csv", "mended.csv"]
