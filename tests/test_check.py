"""`streetwise check`: the verdict on a file, and nothing left behind."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import run_cli
from small_city import CANARIES, SmallCity, drop_unusable_files, fill, lines

from pipelines.ingest import staging

HEADER = "工单编号,受理渠道,社区代码,受理时间,办结时间,状态,备注"


def good(n: int) -> str:
    return f"T{n:02d},热线,A1,2026-03-{n % 28 + 1:02d} 10:00,,在办,x"


def contents(folder: Path) -> dict[str, str]:
    """Every file under a folder with its hash."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
    }


def test_a_check_says_what_would_be_loaded_rejected_left_out_and_deduplicated(city: SmallCity, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(lines(
        HEADER, *(good(n) for n in range(30)), good(0), "T40,热线,A1,2026-02-30 10:00,,在办,x",
        "T41,试,A1,2026-03-01 10:00,,在办,测试",
    ))  # fmt: skip
    city.mapping(
        "tickets", "recognise: true\nleave_out: [{where: \"备注 = '测试'\", reason: {zh: 测试数据, en: test data}}]\n"
    )
    result = run_cli("check", str(path), "--dataset", "tickets", "--city", str(city.folder))
    assert result.exit_code == 0, result.output
    assert (
        "rows: 33 = 可入库 would be loaded 30 + 拒收 rejected 1 + 去重 de-duplicated 1 + 不计 left out 1"
        in result.output
    )
    assert "accepted_at.readable" in result.output and "rows 33" in result.output
    assert "left out: 1 · 测试数据 · test data" in result.output
    assert "the file would be accepted" in result.output


def test_a_file_that_would_be_refused_ends_the_command_with_1_and_both_messages(
    city: SmallCity, tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(lines(HEADER.replace("状态", "某列"), good(1)))
    result = run_cli("check", str(path), "--dataset", "tickets", "--city", str(city.folder))
    assert result.exit_code == 1
    assert "缺少必需的列" in result.output and "lacks the required column" in result.output


@pytest.mark.parametrize("change", [lambda path: path.write_text("x"), Path.unlink])
def test_a_file_that_changes_while_it_is_checked_is_refused(
    city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(lines(HEADER, good(1)))
    stage = staging.stage_extract

    def staged_and_changed(*args: Any) -> None:
        stage(*args)
        change(path)

    monkeypatch.setattr(staging, "stage_extract", staged_and_changed)
    result = run_cli("check", str(path), "--dataset", "tickets", "--city", str(city.folder))
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert "在读取时被改写或移走" in result.output and "t.csv was written to or taken away while" in result.output


def test_what_a_file_holds_while_it_is_checked_is_let_go(
    city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(lines(HEADER, good(1)))
    stage, closed = staging.stage_extract, list[str]()

    def staged_with_a_hold(*args: Any) -> None:
        stage(*args)
        args[-1].close = lambda: closed.append("closed")

    monkeypatch.setattr(staging, "stage_extract", staged_with_a_hold)
    assert run_cli("check", str(path), "--dataset", "tickets", "--city", str(city.folder)).exit_code == 0
    monkeypatch.setattr(staging, "is_unchanged", lambda *_: False)
    assert run_cli("check", str(path), "--dataset", "tickets", "--city", str(city.folder)).exit_code == 1
    assert closed == ["closed", "closed"]


def test_a_mapping_of_another_name_can_be_tried(city: SmallCity, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(lines("a,b,c", "T1,2026-03-01 10:00,在办"))
    city.mapping("second", "columns: {ticket_id: a, accepted_at: b, status: c}\n")
    arguments = ("check", str(path), "--dataset", "tickets", "--city", str(city.folder))
    assert run_cli(*arguments).exit_code == 1
    assert run_cli(*arguments, "--mapping", "second").exit_code == 0
    wrong = run_cli(*arguments, "--mapping", "third")
    assert wrong.exit_code == 1 and "does not exist" in wrong.output


def test_a_check_leaves_city_temporary_folder_and_keys_as_they_were(
    city: SmallCity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(city)
    drop_unusable_files(city)
    scratch, config = tmp_path / "scratch", tmp_path / "config"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    before = contents(city.folder)
    shown = ""
    for dataset in ("members", "tickets"):
        for path in sorted((city.folder / "extracts" / dataset).glob("*.[cj]*")):
            if path.suffix != ".done":
                shown += run_cli("check", str(path), "--dataset", dataset, "--city", str(city.folder)).output
    assert "would be refused" in shown and "would be accepted" in shown
    assert contents(city.folder) == before
    assert list(scratch.iterdir()) == []
    assert not config.exists()
    for canary in CANARIES:
        assert canary not in shown
