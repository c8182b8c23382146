"""Versions of the database, oldest first; a kept database is brought up to the newest on start."""
