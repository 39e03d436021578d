"""Streetwise: from the extracts of a city to a published edition."""
