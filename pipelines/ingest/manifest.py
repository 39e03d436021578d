"""`<file>.done`: what the sender says of a file."""

from __future__ import annotations

from pipelines.city import Instant, Strict


class FetchState(Strict):
    """What a source needs to go on from the file that it wrote: a digest of what was asked for (`selection`) and of the
    rows, whatever their order (`digest`), and the greatest high-water value in it, as the database writes it."""

    name: str
    selection: str
    digest: str
    high_water: str | None = None


class Manifest(Strict):
    """The content of `<file>.done`; `source` is there if Streetwise fetched the file itself."""

    as_of: Instant | None = None
    rows: int | None = None
    sha256: str | None = None
    kind: str | None = None
    source: FetchState | None = None
