"""Streetwise: from the extracts of a city to a published edition."""

import os

# DuckDB does not clear the memory it takes: blocks that it spilled to disk held, behind their own rows, up to 662 lines of the
# extract that had lain there before. Its allocator reads this when DuckDB is first imported.
os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "zero:true")
