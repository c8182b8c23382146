"""Alembic's entry: the connection comes from gateway/storage/database.py."""

from alembic import context

from argus_wfm.gateway.storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
