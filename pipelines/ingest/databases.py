"""Fetches a table or query of PostgreSQL, MySQL or MariaDB into a Parquet file, as text, inside one snapshot."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from pipelines.city import Database, expand_variables
from pipelines.ingest.fetching import Draft, Patience, Remark, Say, SourceFailed
from pipelines.ingest.files import quote_text

#: A transaction that began before the last fetch may have been committed after it, with the time at which it began.
_OVERLAP = timedelta(minutes=10)
#: What PostgreSQL's client library says at connecting carries no code. These pass; a wrong login or name does not.
_PASSING_TEXT = re.compile(
    r"timeout|refused|unreachable|no route|reset by peer|closed the connection|could not (receive|send|translate)|"
    r"resolve|name or service|temporary failure|starting up|shutting down|recovery|too many|remaining connection",
    re.IGNORECASE,
)
_PASSING_STATES = ("08", "40", "53", "57P")
_PASSING_NUMBERS = {1040, 1053, 1158, 1159, 1160, 1161, 1205, 1213, 2002, 2003, 2006, 2013, 2055}
_TIMED_OUT = {"57014", 1969, 3024}
_NO_LOGIN = {"28000", "28P01", 1044, 1045, 1698}
_NO_DATABASE = {"3D000", 1049}
_WRITES = {"25006", 1792, 1290}
_DENIED = {"42501", 1142, 1143, 1370}
_WRONG_SQL = {1054, 1060, 1064, 1146, 1248, 1305}


@dataclass(frozen=True)
class _Column:
    """A column of the source; `kind` is binary, moment, number or text, `sql` its text."""

    name: str
    quoted: str
    kind: str
    sql: str


class _Postgres:
    """What is PostgreSQL's own."""

    now = "SELECT now()"
    soon = "now() + INTERVAL '1 day'"
    text = "text"
    _MOMENTS = (1082, 1114, 1184)
    _NUMBERS = (20, 21, 23, 26, 700, 701, 1700)

    @staticmethod
    def connect_arguments(settings: Database) -> dict[str, Any]:
        alive = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
        return {
            "connect_timeout": int(settings.connect_timeout.total_seconds()) or 1,
            "client_encoding": "utf8",
        } | alive

    @staticmethod
    def begin(con: sa.Connection, settings: Database) -> None:
        con.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        timeout = int(settings.statement_timeout.total_seconds() * 1000)
        for name, value in (("timezone", "UTC"), ("datestyle", "ISO"), ("statement_timeout", timeout)):
            con.exec_driver_sql(f"SET LOCAL {name} = '{value}'")

    def columns(self, con: sa.Connection, origin: str) -> list[_Column]:
        result = con.exec_driver_sql(f"SELECT * FROM {origin} LIMIT 0")
        return [self._column(con, item[0], item[1]) for item in result.cursor.description]

    def _column(self, con: sa.Connection, name: str, oid: Any) -> _Column:
        quoted = _quote(con, name)
        kind = "moment" if oid in self._MOMENTS else "number" if oid in self._NUMBERS else "text"
        if oid == 17:
            return _Column(name, quoted, "binary", quoted)
        # The text of money depends on the server's locale.
        return _Column(name, quoted, kind, f"CAST({f'CAST({quoted} AS numeric)' if oid == 790 else quoted} AS text)")

    @staticmethod
    def floor(column: _Column, overlap: timedelta) -> str:
        if column.kind == "moment":
            seconds = overlap.total_seconds()
            return f"CAST(%(mark)s AS timestamptz) - INTERVAL '{seconds} seconds'"
        return "%(mark)s"

    @staticmethod
    def mark(column: _Column, mark: str) -> Any:
        return mark


class _MySQL:
    """What is MySQL's and MariaDB's own."""

    now = "SELECT UTC_TIMESTAMP(6)"
    soon = "UTC_TIMESTAMP(6) + INTERVAL 1 DAY"
    text = "char"
    _TIMESTAMP, _BIT, _GEOMETRY, _MOMENTS = 7, 16, 255, (7, 10, 12)
    _NUMBERS = (0, 1, 2, 3, 4, 5, 8, 9, 13, 246)
    _TEXTS = (15, 249, 250, 251, 252, 253, 254)

    @staticmethod
    def connect_arguments(settings: Database) -> dict[str, Any]:
        # The server's own timeout comes first; this one notices a server that says nothing any more.
        read = int((settings.statement_timeout + timedelta(minutes=1)).total_seconds())
        seconds = int(settings.connect_timeout.total_seconds()) or 1
        return {"connect_timeout": seconds, "read_timeout": read, "charset": "utf8mb4"}

    @staticmethod
    def begin(con: sa.Connection, settings: Database) -> None:
        seconds = settings.statement_timeout.total_seconds()
        mariadb = getattr(con.dialect, "is_mariadb", False)
        limit = f"max_statement_time = {seconds}" if mariadb else f"max_execution_time = {int(seconds * 1000)}"
        con.exec_driver_sql(f"SET SESSION {limit}")
        con.exec_driver_sql("SET SESSION time_zone = '+00:00', net_write_timeout = 600")
        con.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        con.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")

    def columns(self, con: sa.Connection, origin: str) -> list[_Column]:
        result = con.exec_driver_sql(f"SELECT * FROM {origin} LIMIT 0")
        described = [(item[0], _quote(con, item[0]), item[1]) for item in result.cursor.description]
        # The driver gives TEXT and BLOB one code; only their collation tells them apart. The join makes a row of none.
        listed = ", ".join(f"COLLATION(source.{quoted})" for _, quoted, _ in described)
        collations = con.exec_driver_sql(
            f"SELECT {listed} FROM (SELECT 1 AS one) AS one LEFT JOIN {origin} ON FALSE"
        ).one()
        return [self._column(*item, collation) for item, collation in zip(described, collations, strict=True)]

    def _column(self, name: str, quoted: str, code: Any, collation: str | None) -> _Column:
        if code == self._GEOMETRY or (code in self._TEXTS and collation == "binary"):
            return _Column(name, quoted, "binary", quoted)
        if code == self._BIT:
            return _Column(name, quoted, "number", f"CAST({quoted} + 0 AS CHAR)")
        text = f"CAST({quoted} AS CHAR)"
        if code in self._MOMENTS:
            # A TIMESTAMP is an instant, shown in the session's zone; a DATETIME has none.
            shown = f"CONCAT({text}, '+00:00')" if code == self._TIMESTAMP else text
            return _Column(name, quoted, "moment", f"CASE WHEN {text} LIKE '0000-00-00%%' THEN NULL ELSE {shown} END")
        return _Column(name, quoted, "number" if code in self._NUMBERS else "text", text)

    @staticmethod
    def floor(column: _Column, overlap: timedelta) -> str:
        if column.kind == "moment":
            return f"CAST(%(mark)s AS DATETIME(6)) - INTERVAL {overlap.total_seconds()} SECOND"
        return "%(mark)s"

    @staticmethod
    def mark(column: _Column, mark: str) -> Any:
        # A number that is compared with a text is compared as a double, which is too coarse for a long key.
        return int(mark) if column.kind == "number" and re.fullmatch(r"-?\d+", mark) else mark


_DRIVERS: dict[str, tuple[type[_Postgres] | type[_MySQL], str]] = {
    "postgresql": (_Postgres, "postgresql+psycopg"), "postgres": (_Postgres, "postgresql+psycopg"),
    "mysql": (_MySQL, "mysql+pymysql"), "mariadb": (_MySQL, "mysql+pymysql"),
}  # fmt: skip


def _quote(con: sa.Connection, name: str) -> str:
    return con.dialect.identifier_preparer.quote_identifier(name)


def fetch_database(
    settings: Database, part: Path, *, where: str, mark: str | None, patience: Patience, say: Say
) -> Draft:  # fmt: skip
    """Fetch into the Parquet file `part`, every column as text; a fault that may pass begins the whole fetch again.

    Args:
        where: name of the source in messages.
        mark: the high-water value of the last loaded fetch; None fetches everything.

    Raises:
        SourceFailed: the database cannot be reached, refuses, or does not hold what is asked for.
        ConfigurationError: a variable is not set.
    """
    engine = _engine(settings, where)
    for attempt in patience.tries(say):
        with attempt:
            return _fetch(engine, settings, part, where, mark)
    raise AssertionError("the last attempt returns or raises")


def _engine(settings: Database, where: str) -> sa.Engine:
    written = settings.url
    if re.fullmatch(r"\$\{\w+\}", written):
        written = expand_variables(written, where)
    try:
        url = sa.make_url(written)
        own, driver = _DRIVERS[url.drivername.partition("+")[0]]
    except (sa.exc.ArgumentError, KeyError, ValueError):
        raise SourceFailed(
            zh=f"{where}：数据库地址无法识别。请写成 postgresql://用户:密码@主机/库 或 mysql://用户:密码@主机/库。",
            en=f"{where}: the database address cannot be read. Write postgresql://user:password@host/database or "
            "mysql://user:password@host/database.",
        ) from None

    # Parsed first and expanded after: a password from a variable need not be encoded.
    def expanded(text: str | None) -> str | None:
        return None if text is None else expand_variables(text, where)

    password = None if url.password is None else expand_variables(str(url.password), where)
    url = url.set(
        drivername=driver, username=expanded(url.username), password=password, host=expanded(url.host),
        database=expanded(url.database),
    )  # fmt: skip
    return sa.create_engine(url, poolclass=NullPool, connect_args=own.connect_arguments(settings), hide_parameters=True)


def _fetch(engine: sa.Engine, settings: Database, part: Path, where: str, mark: str | None) -> Draft:
    try:
        with engine.connect() as con:
            return _copy(con, settings, part, where, mark)
    except sa.exc.DBAPIError as error:
        raise _failure(error, where, settings) from None
    except UnicodeDecodeError:
        # The error holds the bytes of a row.
        raise SourceFailed(
            zh=f"{where}：数据库中有与其声明的编码不符的文字。请先在数据库中改正。",
            en=f"{where}: the database holds text that is not in its declared encoding. Mend it there.",
        ) from None


def _copy(con: sa.Connection, settings: Database, part: Path, where: str, mark: str | None) -> Draft:
    own: _Postgres | _MySQL = _Postgres() if con.dialect.name == "postgresql" else _MySQL()
    own.begin(con, settings)
    as_of = _utc(con.exec_driver_sql(own.now).scalar_one())
    origin = f"{_table(con, settings.table, where)} AS source" if settings.table else _subquery(settings.query or "")
    found = own.columns(con, origin)
    columns, remarks = _choose(found, settings, where)
    condition, parameters, newest = "", dict[str, Any](), "NULL"
    if settings.high_water is not None:
        high = _named(found, settings.high_water, where)
        newest = f"CAST(max({high.quoted}) AS {own.text})"
        if settings.overlap is not None and high.kind != "moment":
            raise SourceFailed(
                zh=f"{where}：high_water 列 {high.name} 不是日期或时间，不能使用 overlap。",
                en=f"{where}: the high_water column {high.name} is no date or time; overlap cannot be used with it.",
            )
        if high.kind == "moment":
            # A row dated 2099 by mistake would otherwise keep every later row out until then.
            newest = f"CAST(max(CASE WHEN {high.quoted} <= {own.soon} THEN {high.quoted} END) AS {own.text})"
        if mark is not None:
            overlap = _OVERLAP if settings.overlap is None else settings.overlap
            condition = f" WHERE {high.quoted} >= {own.floor(high, overlap)} OR {high.quoted} IS NULL"
            parameters = {"mark": own.mark(high, mark)}
    expected, top = con.exec_driver_sql(f"SELECT count(*), {newest} FROM {origin}{condition}", parameters).one()
    order = f" ORDER BY {_named(found, settings.high_water, where).quoted}" if settings.high_water else ""
    select = f"SELECT {', '.join(c.sql for c in columns)} FROM {origin}{condition}{order}"
    rows = _write(con, select, parameters, [c.name for c in columns], settings.chunk_rows, part, as_of)
    if rows != expected:
        raise SourceFailed(
            zh=f"{where}：数据库报告 {expected} 行，实际取得 {rows} 行。取数期间数据有变动；请使用支持快照的表或稳定的查询。",
            en=f"{where}: the database counted {expected} rows and gave {rows}. The data changed meanwhile; "
            "use a table with snapshots (InnoDB) or a query that always gives the same.",
        )
    kind = "full" if settings.high_water is None else "delta"
    return Draft(rows, as_of, kind, rows_digest(part), mark if top is None else str(top), remarks)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _subquery(query: str) -> str:
    text = query.strip().rstrip(";").replace("%", "%%")
    return f"(\n{text}\n) AS source"


def _table(con: sa.Connection, wanted: str, where: str) -> str:
    """The table's quoted name, if the database's catalogue has it."""
    inspector = sa.inspect(con)
    schema, _, name = wanted.rpartition(".")
    known = _tables(inspector, None)
    if wanted in known:
        return _quote(con, wanted)
    if schema in inspector.get_schema_names():
        known = _tables(inspector, schema)
        if name in known:
            return f"{_quote(con, schema)}.{_quote(con, name)}"
        known = [f"{schema}.{table}" for table in known]
    raise _unknown("表", "table", wanted, known, where)


def _tables(inspector: sa.Inspector, schema: str | None) -> list[str]:
    names = inspector.get_table_names(schema) + inspector.get_view_names(schema)
    if inspector.dialect.name == "postgresql":
        names += inspector.get_materialized_view_names(schema)
        names += inspector.get_foreign_table_names(schema)  # type: ignore[attr-defined]
    return sorted(names)


def _unknown(zh: str, en: str, wanted: str, known: Sequence[str], where: str) -> SourceFailed:
    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.5) or list(known[:10])
    listed = "、".join(near)
    return SourceFailed(
        zh=f"{where}：数据库中没有{zh} {wanted}。" + (f"有：{listed}。" if near else "没有可读的。"),
        en=f"{where}: the database has no {en} {wanted}. "
        + (f"It has: {', '.join(near)}." if near else "There is none that may be read."),
    )


def _named(columns: Sequence[_Column], name: str, where: str) -> _Column:
    for column in columns:
        if column.name == name:
            return column
    raise _unknown("列", "column", name, [c.name for c in columns], where)


def _choose(found: list[_Column], settings: Database, where: str) -> tuple[list[_Column], tuple[Remark, ...]]:
    """The columns that are asked for; binary ones only if they are not."""
    if settings.columns is not None:
        chosen = [_named(found, name, where) for name in settings.columns]
        if binary := [c.name for c in chosen if c.kind == "binary"]:
            raise SourceFailed(
                zh=f"{where}：列 {'、'.join(binary)} 是二进制数据，不能取用。请从 columns 中去掉。",
                en=f"{where}: the column {', '.join(binary)} is binary and cannot be fetched. Leave it out of columns.",
            )
        return chosen, ()
    binary = [c.name for c in found if c.kind == "binary"]
    remarks = (
        Remark(
            f"{where}：二进制列未取用：{'、'.join(binary)}", f"{where}: binary columns left out: {', '.join(binary)}"
        ),
    )
    return [c for c in found if c.kind != "binary"], remarks if binary else ()


def _write(
    con: sa.Connection, select: str, parameters: dict[str, Any], names: list[str], chunk_rows: int, part: Path,
    as_of: datetime,
) -> int:  # fmt: skip
    # With the moment inside, data that returns to an earlier state is another file, which the ledger does not know yet.
    schema = pa.schema([(name, pa.string()) for name in names], metadata={"fetched_at": as_of.isoformat()})
    options = {"stream_results": True, "max_row_buffer": chunk_rows}
    rows = 0
    with pq.ParquetWriter(part, schema, compression="zstd") as writer:
        # The execution option yield_per is ignored for SQL that is text: everything came as one chunk.
        result = con.exec_driver_sql(select, parameters, execution_options=options).yield_per(chunk_rows)
        for chunk in result.partitions():
            arrays = [pa.array(values, pa.string()) for values in zip(*chunk, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            rows += len(chunk)
    return rows


def rows_digest(parquet: Path) -> str:
    """A digest of the rows of a Parquet file that does not depend on their order."""
    with duckdb.connect() as con:
        found = con.execute(
            "SELECT count(*), coalesce(sum(md5_number_lower(CAST(to_json(t) AS VARCHAR))), 0),"
            " coalesce(sum(md5_number_upper(CAST(to_json(t) AS VARCHAR))), 0)"
            f" FROM read_parquet({quote_text(str(parquet))}) AS t"
        ).fetchall()
    return "-".join(str(int(value)) for value in found[0])


def _failure(error: sa.exc.DBAPIError, where: str, settings: Database) -> SourceFailed:
    """What went wrong, by its code alone: the server's own words may hold rows or logins."""
    original = error.orig
    state = getattr(original, "sqlstate", None)
    number = original.args[0] if original is not None and original.args and isinstance(original.args[0], int) else None
    codes = {code for code in (state, number) if code is not None}
    text = str(original)
    if codes & _TIMED_OUT:
        seconds = settings.statement_timeout.total_seconds()
        return SourceFailed(
            zh=f"{where}：查询超过 {seconds:g} 秒未完成。请为 high_water 列建索引，或增大 statement_timeout。",
            en=f"{where}: the query did not end within {seconds:g} s. Index the high_water column, or raise statement_timeout.",
            passing=True,
        )
    if codes & _NO_LOGIN or (not codes and re.search(r"authentication failed|pg_hba|password|role ", text)):
        return SourceFailed(
            zh=f"{where}：数据库拒绝登录。请检查环境变量中的用户名和密码，以及该用户是否可从本机登录。",
            en=f"{where}: the database refuses the login. Check user and password in the environment, and whether the "
            "user may log in from this machine.",
        )
    if codes & _NO_DATABASE or (not codes and re.search(r"database .* does not exist", text)):
        return SourceFailed(
            zh=f"{where}：数据库服务器上没有所写的库。请检查地址末尾的库名。",
            en=f"{where}: the server has no database of that name. Check the end of the address.",
        )
    if codes & _WRITES:
        return SourceFailed(
            zh=f"{where}：该查询要写入数据库，已被拒绝。来源只能读取。",
            en=f"{where}: the query writes to the database and was refused. A source only reads.",
        )
    if codes & _DENIED:
        return SourceFailed(
            zh=f"{where}：该用户无权读取所要的表或列。请授予只读权限。",
            en=f"{where}: the user may not read the table or columns asked for. Grant the right to read them.",
        )
    if (state or "").startswith("42") or number in _WRONG_SQL:
        # Of this kind the server's words quote the query of city.yaml, never a row.
        told = getattr(getattr(original, "diag", None), "message_primary", None) or (
            original.args[-1] if original else ""
        )
        told = " ".join(str(told).split())[:200]
        return SourceFailed(
            zh=f"{where}：数据库不接受 city.yaml 中的查询：{told}",
            en=f"{where}: the database does not take the query of city.yaml: {told}",
        )
    lost = error.connection_invalidated or (not codes and bool(_PASSING_TEXT.search(text)))
    if lost or number in _PASSING_NUMBERS or (state or "").startswith(_PASSING_STATES):
        return SourceFailed(
            zh=f"{where}：无法连接数据库，或连接中断。请检查数据库是否在运行、网络是否通畅。",
            en=f"{where}: the database cannot be reached, or the connection broke. Check that it runs and the network to it.",
            passing=True,
        )
    code = state or number or type(original).__name__
    return SourceFailed(
        zh=f"{where}：数据库报错（代码 {code}）。请让数据库管理员查看其日志。",
        en=f"{where}: the database reported the error {code}. Have its administrator look at its log.",
    )
