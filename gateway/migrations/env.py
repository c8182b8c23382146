"""Alembic's entry: the connection comes from gateway/database.py."""

from alembic import context
from argus_wfm.gateway.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
