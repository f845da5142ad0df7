"""Searches as rows: submitted, queued, leased, measured, ended."""
