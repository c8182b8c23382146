"""Files of reports with size, ETag and an end; those that were kept without are taken over."""

import datetime as dt
import hashlib

import sqlalchemy as sa
from alembic import op

from argus_wfm.gateway.storage.types import Utc, Words

revision = "0004"
down_revision = "0003"
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = dt.timedelta(hours=72)


def upgrade() -> None:
    """One table in another's place."""
    files = op.create_table(
        "report_files",
        sa.Column("operation", NUMBER, nullable=False),
        sa.Column("name", Words(), nullable=False),
        sa.Column("media_type", sa.String(length=127), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("etag", sa.String(length=64), nullable=False),
        sa.Column("expires_at", Utc(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operation"], ["operations.number"], name=op.f("fk_report_files_operation"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("operation", name=op.f("pk_report_files")),
    )
    op.create_index(op.f("ix_report_files_expires_at"), "report_files", ["expires_at"], unique=False)
    until = dt.datetime.now(dt.UTC) + KEPT
    documents = sa.table("documents", *(sa.column(name) for name in ("operation", "name", "media_type", "content")))
    for row in op.get_bind().execute(sa.select(documents)).all():
        digest = hashlib.sha256(row.content).hexdigest()[:32]
        kept = {"size": len(row.content), "rows": row.content.count(b"\n") - 1, "etag": digest, "expires_at": until}
        op.get_bind().execute(files.insert().values(**row._mapping, **kept))
    op.drop_table("documents")
