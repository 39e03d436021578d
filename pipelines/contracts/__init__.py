"""Data contracts: typed model, compilation to Great Expectations, validation."""
