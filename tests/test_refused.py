"""Refused files are set aside with their reason, and cleared away after their time."""

from __future__ import annotations

import errno
import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from small_city import SmallCity

from pipelines.ingest import refused as module
from pipelines.ingest.arrivals import find_arrivals
from pipelines.ingest.files import FileRefused
from pipelines.ingest.refused import RefusedFile, move_refused, purge_refused, refused_hashes

NOW = datetime(2026, 4, 12, 1, 2, 3, tzinfo=UTC)
REFUSAL = FileRefused("no_rows", zh="没有数据行。请重新导出。", en="There are no rows of data. Export it again.")


def refuse(
    city: SmallCity, path: Path, *, now: datetime = NOW, dataset: str = "tickets", **more: object
) -> RefusedFile:
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return move_refused(city.open(), dataset, path, sha256=sha256, refusal=REFUSAL, run_id="run-7", now=now, **more)  # type: ignore[arg-type]


def stored(city: SmallCity) -> list[str]:
    return sorted(path.name for path in (city.folder / "refused" / "tickets").iterdir())


SHORT = hashlib.sha256(b"abc").hexdigest()[:12]


def test_a_refused_file_is_moved_with_its_manifest_and_its_reason(city: SmallCity) -> None:
    path = city.drop("tickets", "三月 工单.csv", "abc", done="rows: 1")
    moved = refuse(city, path)
    name = f"20260412T010203Z-{SHORT}-三月_工单.csv"
    assert stored(city) == [name, f"{name}.done", f"{name}.reason.txt"]
    assert moved == RefusedFile(
        city.folder / "refused/tickets" / name, city.folder / f"refused/tickets/{name}.reason.txt"
    )
    assert moved.path.read_text() == "abc" and not path.exists() and not path.with_name(path.name + ".done").exists()
    assert {oct(p.stat().st_mode & 0o777) for p in (moved.path, moved.reason)} == {"0o600"}
    assert oct(moved.path.parent.stat().st_mode & 0o777) == "0o700"
    assert refused_hashes(city.open(), "tickets") == {SHORT}


def test_the_reason_says_in_both_languages_what_is_wrong_and_what_to_do(city: SmallCity) -> None:
    text = refuse(city, city.drop("tickets", "a.csv", "abc")).reason.read_text(encoding="utf-8")
    chinese, english = text.split("\n\n")
    assert chinese.splitlines() == [
        "文件：a.csv",
        "数据集：tickets",
        "时间：2026-04-12 09:02 (Asia/Shanghai)",
        "原因（no_rows）：没有数据行。请重新导出。",
        "处理办法：改正后重新放入 extracts/tickets/（有清单 .done 的，一并放入）。本文件夹中的副本 30 天后删除。",
        "运行编号：run-7",
    ]
    assert english.splitlines()[3] == "Reason (no_rows): There are no rows of data. Export it again."
    assert "drop it again into extracts/tickets/" in english and english.rstrip().endswith("Run: run-7")


def test_a_file_outside_the_drop_folder_stays_and_has_one_reason_however_often_it_is_refused(city: SmallCity) -> None:
    path = city.drop("elsewhere", "a.csv", "abc")
    first = refuse(city, path)
    again = refuse(city, path, now=NOW + timedelta(days=1))
    assert first == again == RefusedFile(path, first.reason)
    assert path.read_text() == "abc"
    assert "2026-04-13" in again.reason.read_text() and "mend it where it lies" in again.reason.read_text()
    assert len(stored(city)) == 1 and refused_hashes(city.open(), "tickets") == set()


def test_a_file_that_city_yaml_names_stays_even_if_it_lies_in_the_drop_folder(city: SmallCity) -> None:
    path = city.drop("tickets", "a.csv", "abc")
    city.settings(sources={"tickets": {"files": ["extracts/tickets/a.csv"]}})
    assert refuse(city, path).path == path and path.exists()


def test_the_same_bytes_dropped_and_refused_again_are_kept_beside_the_first(city: SmallCity) -> None:
    refuse(city, city.drop("tickets", "a.csv", "abc"))
    refuse(city, city.drop("tickets", "a.csv", "abc"), now=NOW + timedelta(days=1))
    assert [name[:8] for name in stored(city)] == ["20260412", "20260412", "20260413", "20260413"]


def test_a_file_that_was_replaced_since_it_was_refused_is_not_moved(city: SmallCity) -> None:
    path = city.drop("tickets", "a.csv", "abc")
    (arrival,) = find_arrivals(city.open(), "tickets", now=NOW, known={}).ready
    path.unlink()
    city.drop("tickets", "a.csv", "a good one")
    moved = move_refused(
        city.open(), "tickets", path, sha256=arrival.sha256, refusal=REFUSAL, run_id=None, now=NOW,
        identity=arrival.identity,
    )  # fmt: skip
    assert moved.path == path and path.read_text() == "a good one"
    assert "运行编号：—" in moved.reason.read_text()


def test_a_link_put_in_the_place_of_a_refused_file_is_not_moved(city: SmallCity, tmp_path: Path) -> None:
    path = city.drop("tickets", "a.csv", "abc")
    target = tmp_path / "other"
    target.write_text("abc")
    path.unlink()
    path.symlink_to(target)
    assert refuse(city, path).path == path
    assert target.read_text() == "abc" and oct(target.stat().st_mode & 0o777) != "0o600"


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM])
def test_across_file_systems_the_file_is_copied_and_then_removed(
    city: SmallCity, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = city.drop("tickets", "a.csv", "abc", done="rows: 1")

    def refuse_to_rename(*_: object, **__: object) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr(module.os, "rename", refuse_to_rename)
    moved = refuse(city, path)
    assert moved.path.read_text() == "abc" and not path.exists() and len(stored(city)) == 3
    assert oct(moved.path.stat().st_mode & 0o777) == "0o600"


def test_a_move_cut_short_is_finished_by_the_next_refusal(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    path = city.drop("tickets", "a.csv", "abc", done="rows: 1")
    with monkeypatch.context() as patch:
        patch.setattr(module, "_move", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            refuse(city, path)
    assert path.exists() and path.with_name("a.csv.done").exists()
    moved = refuse(city, path, now=NOW + timedelta(hours=1))
    assert moved.path.name.startswith("20260412T010203Z") and len(stored(city)) == 3


@pytest.mark.parametrize(
    "name", ["a b\n;c.csv", "名" * 66 + ".xlsx", "..x", "a\u202eb.csv", os.fsdecode(b"\xff\xfe.csv")]
)
def test_the_stored_name_is_made_of_harmless_characters(city: SmallCity, name: str) -> None:
    moved = refuse(city, city.drop("tickets", name, "abc"))
    assert moved.path.is_file() and moved.path.name.isprintable() and len(moved.path.name.encode()) <= 200
    assert " " not in moved.path.name and moved.reason.read_text(encoding="utf-8")


def test_what_was_refused_is_removed_after_thirty_days(city: SmallCity) -> None:
    refuse(city, city.drop("tickets", "a.csv", "abc", done="rows: 1"))
    refuse(city, city.drop("tickets", "b.csv", "def"), now=NOW + timedelta(days=1))
    (city.folder / "refused" / "tickets" / "note.txt").write_text("of the office")
    assert purge_refused(city.open(), now=NOW + timedelta(days=30)) == 0
    assert purge_refused(city.open(), now=NOW + timedelta(days=30, seconds=1)) == 1
    assert [name[:8] for name in stored(city)] == ["20260413", "20260413", "note.txt"]
    city.settings(refused_days=1)
    assert purge_refused(city.open(), now=NOW + timedelta(days=3)) == 1


def test_a_city_in_which_nothing_was_refused_has_nothing_to_remove(city: SmallCity) -> None:
    assert purge_refused(city.open(), now=NOW) == 0
