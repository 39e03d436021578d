"""Finds out where quotes in a delimited text are regular, and rewrites those that are not so that no reader can guess."""

from __future__ import annotations

import re

from pipelines.ingest.encodings import line_ends
from pipelines.ingest.extract import FileRefused

_LONGEST_FIELD = 64 << 20
_LINE_END = re.compile(rb'("(?:[^"]++|"")*+")|\r\n?')


class Quotes:
    """The quotes of one file, fed with blocks that end at line ends.

    Regular is a quote at the beginning of a field whose partner ends it. DuckDB's reader guesses at others (measured:
    `"a" "b"` becomes `a b`, a quote after a blank swallows the rest of the file without a word), so they never reach it."""

    def __init__(self, name: str, delimiter: str) -> None:
        mark = re.escape(delimiter.encode())
        begin, end = rb"(?:(?<=[\r\n])|(?<=" + mark + rb"))", rb"(?=[\r\n]|" + mark + rb"|\Z)"
        if len(delimiter.encode()) == 1:
            begin, end = rb"(?<=[\r\n" + mark + rb"])", rb"(?:(?=[\r\n" + mark + rb"])|\Z)"
        self._name = name
        self._delimiter = delimiter.encode()
        self._one_line = re.compile(rb'(?:[^"]*+' + begin + rb'"(?:[^"\r\n]++|"")*+"' + end + rb')*+[^"]*+')
        self._regular = re.compile(rb'(?:[^"]*+' + begin + rb'"(?:[^"]++|"")*+"' + end + rb')*+[^"]*+')
        self._quoted = re.compile(rb'"(?:[^"]++|"")*+"')
        self._to_end = re.compile(rb"(?:(?!" + mark + rb")[^\r\n])*+")
        self._boundary = re.compile(rb"[\r\n]|" + mark)
        self._rest = b""
        self._line = 1
        #: Whether a field holds a line end, and whether there are quotes that are not regular.
        self.multiline = self.irregular = False

    def look(self, block: bytes, *, final: bool = False) -> None:
        """Find out about the quotes of the next block."""
        if self.irregular or not (self._rest or b'"' in block):
            return
        # The line feed in front makes the beginning of the file, or of what is left of a field, a boundary.
        data, self._rest = b"\n" + self._rest + block, b""
        reached = 0
        if not self.multiline:
            reached = self._match(self._one_line, data, 1)
            if reached == len(data):
                return
            self.multiline = True
        reached = self._match(self._regular, data, max(reached, 1))
        if reached < len(data):
            unfinished = not final and self._boundary.match(data, reached - 1) and not self._quoted.match(data, reached)
            # Not told from a stray quote until its partner comes, or never does.
            if unfinished and len(data) - reached < _LONGEST_FIELD:
                self._rest = data[reached:]
            else:
                self.irregular = True

    def mend(self, block: bytes, columns: int, *, final: bool = False) -> bytes:
        """The next block with every line end outside quotes a line feed, and every quote regular: a field with quotes
        inside is quoted; one that goes on after its closing quote gets so many cells that its row is rejected.

        Raises:
            FileRefused: a quote is not closed.
        """
        data, self._rest = b"\n" + self._rest + block, b""
        if b'"' not in data:
            self._line += line_ends(data[1:])
            return data[1:].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        out: list[bytes] = []
        done = 1
        while done < len(data):
            quote = self._match(self._regular, data, done)
            if quote == len(data):
                out.append(_with_line_feeds(data[done:]))
                done = quote
                continue
            start = quote
            while start > done and not self._boundary_before(data, start):
                start -= 1
            out.append(_with_line_feeds(data[done:start]))
            blank = not data[start:quote].strip(b" ")
            quoted = self._quoted.match(data, quote) if blank else None
            if blank and quoted is None:
                line = self._line + line_ends(data[1:quote])
                if final or len(data) - start > _LONGEST_FIELD:
                    raise self._unclosed(line)
                self._rest = data[start:]
                self._line += line_ends(data[1:start])
                return b"".join(out)
            inside = quoted.end() if quoted else start
            after = self._to_end.match(data, inside)
            done = after.end() if after else len(data)
            if quoted is None:
                out.append(b'"' + data[start:done].replace(b'"', b'""') + b'"')
            elif not data[inside:done].strip(b" "):
                out.append(quoted[0])
            elif b"\n" in quoted[0] or b"\r" in quoted[0]:
                raise self._unclosed(self._line + line_ends(data[1:quote]))
            else:
                # Cells that are empty would not be counted as too many.
                out.append((self._delimiter + b"!") * columns)
        self._line += line_ends(data[1:])
        return b"".join(out)

    def _match(self, pattern: re.Pattern[bytes], data: bytes, start: int) -> int:
        found = pattern.match(data, start)
        return found.end() if found else start

    def _boundary_before(self, data: bytes, place: int) -> bool:
        return data[place - 1 : place] in (b"\r", b"\n") or data.endswith(self._delimiter, 0, place)

    def _unclosed(self, line: int) -> FileRefused:
        return FileRefused(
            "unclosed_quote",
            zh=f"{self._name} 第 {line} 行起引号没有成对（文件可能被截断）。请检查后重新导出。",
            en=f"{self._name} has an unclosed quote from line {line} on (it may be cut short). Check it and export it again.",
        )


def _with_line_feeds(data: bytes) -> bytes:
    """Regular text with line feeds at the ends of its records; texts in quotes stay as they are."""
    if b"\r" not in data:
        return data
    return _LINE_END.sub(lambda found: found[1] or b"\n", data)
