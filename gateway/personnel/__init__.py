"""Employees: their store, the mapping to 1C's fields, the sync and the schedule uploads."""
