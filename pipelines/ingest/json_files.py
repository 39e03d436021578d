"""Opens JSON: an array of objects, an object around one such array, or one object a line."""

from __future__ import annotations

import json
import os
import re

import duckdb

from pipelines.ingest.extract import (
    NO_COLUMN,
    Extract,
    FileRefused,
    Note,
    Source,
    not_a_table,
    quote_name,
    quote_path,
    quote_text,
    require_known,
    temporary_copy,
    too_large,
    unique_headers,
)
from pipelines.ingest.text_files import Text, control_note, raw_lines, tidy

_LARGEST_OBJECT = 64 << 20
#: An object around an array is one value to the reader, which holds all of it several times over in memory.
_LARGEST_WRAPPED = 500_000_000


def is_json_lines(name: str, start: str) -> bool:
    """Whether a text that begins like JSON holds one object a line: by its name, or because its first line is a whole
    object and another line follows."""
    if re.search(r"\.(jsonl|ndjson)\b", name.lower()):
        return True
    lines = [line for line in re.split(r"[\r\n]+", start) if line.strip()]
    return len(lines) > 1 and start.startswith("{") and _is_object(lines[0])


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def open_json(
    con: duckdb.DuckDBPyConnection, source: Source, text: Text, start: str, known: frozenset[str], notes: list[Note]
) -> Extract:
    """Open JSON that is UTF-8.

    Raises:
        FileRefused: it is broken (with its place), no table, or without usable names.
    """
    given, lines = source, None
    as_lines = is_json_lines(source.name, start)
    if text.controls or (as_lines and text.kinds not in ([], ["\\n"])):
        source = tidy(source, text, None, 0)
    try:
        if as_lines:
            lines = raw_lines(source, "\\n", skip=0)
            rows = f"(SELECT line AS json FROM {lines} WHERE trim(line) <> '')"
            _check_lines(con, source, lines)
        else:
            if not start.startswith("["):
                source = _unwrapped(con, source)
            rows = (
                f"read_json_objects({quote_path(source.place)}, format = 'array', compression = 'none',"
                f" maximum_object_size = {_LARGEST_OBJECT})"
            )
            _check_objects(con, source, rows)
        keys = con.execute(
            "SELECT key, min(i), bool_or(twice) FROM (SELECT unnest(keys) AS key, generate_subscripts(keys, 1) AS i,"
            f" length(keys) > length(list_distinct(keys)) AS twice FROM (SELECT json_keys(json) AS keys FROM {rows}))"
            " GROUP BY key ORDER BY 2, 1"
        ).fetchall()
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise _broken(source.name, str(error)) from None
    if any(row[2] for row in keys):
        raise FileRefused(
            "duplicate_header",
            zh=f"{source.name} 中有对象把同一个键写了两次。请只保留一个。",
            en=f"{source.name} has an object that holds the same key twice. Keep one.",
        )
    names = [str(row[0]) for row in keys]
    headers = unique_headers(source.name, names)
    if headers:
        require_known(source.name, headers, known, 1)
    original = dict(zip(headers, names, strict=True))

    def relation(wanted: tuple[str, ...]) -> str:
        # All keys in one call: the object is parsed once, not once for each.
        pointers = ", ".join(quote_text(_pointer(original[name])) for name in wanted)
        listed = ", ".join(f"cells[{n}] AS {quote_name(name)}" for n, name in enumerate(wanted, start=1))
        return f"(SELECT {listed or NO_COLUMN} FROM (SELECT json_extract_string(json, CAST([{pointers}] AS VARCHAR[])) AS cells FROM {rows}))"

    return Extract(
        source.path,
        headers,
        relation,
        first_row=1,
        held=tuple(s.held for s in {id(source): source, id(given): given}.values() if s.held),
        lines=lines,
        layout="json lines" if lines else "",
        notes=(*notes, *control_note(given.name, text)),
    )


def _check_lines(con: duckdb.DuckDBPyConnection, source: Source, lines: str) -> None:
    bad = con.execute(
        f"SELECT min(n) FROM (SELECT row_number() OVER () AS n, line FROM {lines})"
        " WHERE trim(line) <> '' AND (NOT json_valid(line) OR json_type(line) <> 'OBJECT')"
    ).fetchall()[0][0]
    if bad:
        raise FileRefused(
            "broken_json",
            zh=f"{source.name} 第 {bad} 行不是完整的 JSON 对象（空行不计）。请重新导出，每行一个对象。",
            en=f"{source.name} line {bad} is not a complete JSON object (blank lines not counted). Export it again, one object a line.",
        )


def _check_objects(con: duckdb.DuckDBPyConnection, source: Source, rows: str) -> None:
    with source.open() as handle:
        handle.seek(max(0, os.stat(source.place).st_size - 4096))
        # The reader takes `[{…}, ` without a word.
        if not handle.read().rstrip().endswith(b"]"):
            raise _broken(source.name, "")
    other = con.execute(f"SELECT count(*) FILTER (json_type(json) <> 'OBJECT') FROM {rows}").fetchall()[0][0]
    if other:
        raise FileRefused(
            "broken_json",
            zh=f"{source.name} 的数组中有 {other} 个元素不是对象。每个元素应为一行，即一个对象。",
            en=f"{other} elements of the array in {source.name} are no objects. Each element should be a row, that is an object.",
        )


def _unwrapped(con: duckdb.DuckDBPyConnection, source: Source) -> Source:
    """A copy of the one array of objects inside an object. Unnesting it in place took 64 s for 110 MB."""
    size = os.stat(source.place).st_size
    if size > _LARGEST_WRAPPED:
        raise too_large(source.name, _LARGEST_WRAPPED)
    document = (
        f"read_json_objects({quote_path(source.place)}, format = 'unstructured', compression = 'none',"
        f" maximum_object_size = {max(size + 1, _LARGEST_OBJECT)})"
    )
    found = con.execute(f"SELECT json_keys(json) FROM {document}").fetchall()
    pointers = [_pointer(str(key)) for key in found[0][0]] if len(found) == 1 else []
    arrays = []
    for pointer in pointers:
        first = con.execute(
            f"SELECT json_type(json, {quote_text(pointer + '/0')}), json_type(json, {quote_text(pointer)}) FROM {document}"
        ).fetchall()
        if first == [("OBJECT", "ARRAY")]:
            arrays.append(pointer)
    if len(arrays) != 1:
        raise not_a_table(source.name, "没有（唯一的）对象数组的 JSON", "JSON without (exactly one) array of objects")
    copy, held = temporary_copy(source)
    content = con.execute(
        f"SELECT CAST(json_extract(json, {quote_text(arrays[0])}) AS VARCHAR) FROM {document}"
    ).fetchall()
    held.write(str(content[0][0]).encode())
    held.flush()
    return copy


def _broken(name: str, message: str) -> FileRefused:
    """The reader's message quotes the file's path only; the place in it is all that is taken."""
    found = re.search(r"at byte (\d+) in record/value (\d+)", message)
    zh, en = (
        (f"第 {found[2]} 个对象第 {found[1]} 字节处", f" at byte {found[1]} of object {found[2]}")
        if found
        else ("", "")
    )
    return FileRefused(
        "broken_json",
        zh=f"{name} {zh}不是完整的 JSON（可能被截断）。请重新导出。",
        en=f"{name} is not complete JSON{en} (it may be cut short). Export it again.",
    )


def _pointer(key: str) -> str:
    """JSON pointer of a key of the object; a JSON path cannot name one that holds a quote."""
    return "/" + key.replace("~", "~0").replace("/", "~1")
