"""Agents of the contact centre, what they did, and their queues."""

import sqlalchemy as sa
from alembic import op

from argus_wfm.gateway.storage.types import Utc, Words

revision = "0002"
down_revision = "0001"
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Four tables more."""
    op.create_table(
        "agents",
        sa.Column("agent_id", Words(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("since", Utc(), nullable=False),
        sa.Column("call_id", Words(), nullable=True),
        sa.Column("queue", Words(), nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agents")),
    )
    op.create_index(op.f("ix_agents_status"), "agents", ["status"], unique=False)
    op.create_table(
        "agent_queues",
        sa.Column("agent_id", Words(), nullable=False),
        sa.Column("queue", Words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.agent_id"], name=op.f("fk_agent_queues_agent_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("agent_id", "queue", name=op.f("pk_agent_queues")),
    )
    op.create_index(op.f("ix_agent_queues_queue"), "agent_queues", ["queue"], unique=False)
    op.create_table(
        "agent_changes",
        sa.Column("sequence", NUMBER, autoincrement=False, nullable=False),
        sa.Column("event_id", Words(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("agent_id", Words(), nullable=False),
        sa.Column("timestamp", Utc(), nullable=False),
        sa.Column("old_status", sa.String(length=16), nullable=False),
        sa.Column("new_status", sa.String(length=16), nullable=False),
        sa.Column("call_id", Words(), nullable=True),
        sa.Column("queue", Words(), nullable=True),
        sa.Column("left_queue", Words(), nullable=True),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_agent_changes")),
        sa.UniqueConstraint("event_id", name=op.f("uq_agent_changes_event_id")),
    )
    op.create_index(op.f("ix_agent_changes_agent_id_sequence"), "agent_changes", ["agent_id", "sequence"], unique=False)
    op.create_index(
        op.f("ix_agent_changes_agent_id_timestamp"), "agent_changes", ["agent_id", "timestamp"], unique=False
    )
    op.create_index(op.f("ix_agent_changes_call_id"), "agent_changes", ["call_id"], unique=False)
    op.create_index(op.f("ix_agent_changes_timestamp"), "agent_changes", ["timestamp"], unique=False)
    op.create_table(
        "call_queues",
        sa.Column("queue", Words(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("longest_wait", sa.Integer(), nullable=False),
        sa.Column("measured_at", Utc(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_call_queues")),
    )
    op.create_index(op.f("ix_call_queues_version"), "call_queues", ["version"], unique=False)
