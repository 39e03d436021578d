"""Formulas of honest comparison: arrays in, arrays out; no database, no file, no clock."""
