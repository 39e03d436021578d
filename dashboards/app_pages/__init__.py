"""One page answers one question."""
