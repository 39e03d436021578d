"""Onboarding: drafts the mapping of a new extract, and checks one before it is delivered."""
