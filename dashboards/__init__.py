"""The dashboard of a city's published figures."""
