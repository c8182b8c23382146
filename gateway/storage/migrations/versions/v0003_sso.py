"""Tokens that were ended before their time, and failed logins."""

import sqlalchemy as sa
from alembic import op

from argus_wfm.gateway.storage.types import Utc

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Two tables more."""
    op.create_table(
        "revoked_tokens",
        sa.Column("token_id", sa.String(length=64), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_revoked_tokens")),
    )
    op.create_index(op.f("ix_revoked_tokens_expires_at"), "revoked_tokens", ["expires_at"], unique=False)
    op.create_table(
        "login_failures",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("first_at", Utc(), nullable=False),
        sa.Column("locked_until", Utc(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_login_failures")),
    )
    op.create_index(op.f("ix_login_failures_first_at"), "login_failures", ["first_at"], unique=False)
