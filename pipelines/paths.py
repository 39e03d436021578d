"""Where the product's own files lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "data_contracts"
SQL = ROOT / "sql"
