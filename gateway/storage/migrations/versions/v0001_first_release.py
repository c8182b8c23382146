"""The schema of the first release: queue, personnel, documents, audit trail."""

import sqlalchemy as sa
from alembic import op

from argus_wfm.gateway.storage.types import Utc, Words

revision = "0001"
down_revision = None
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Every table."""
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("system", sa.String(length=32), nullable=False),
        sa.Column("requested_at", Utc(), nullable=False),
        sa.Column("responded_at", Utc(), nullable=False),
        sa.Column("principal", Words(), nullable=True),
        sa.Column("operation", sa.String(length=64), nullable=True),
        sa.Column("method", sa.String(length=16), nullable=True),
        sa.Column("path", Words(), nullable=True),
        sa.Column("payload", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.Column("duration_ms", sa.Float(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("operation_ref", sa.String(length=64), nullable=True),
        sa.Column("transport", sa.String(length=8), nullable=True),
        sa.Column("warning", Words(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_operation"), "audit", ["operation"], unique=False)
    op.create_index(op.f("ix_audit_operation_ref"), "audit", ["operation_ref"], unique=False)
    op.create_index(op.f("ix_audit_request_id"), "audit", ["request_id"], unique=False)
    op.create_index(op.f("ix_audit_requested_at"), "audit", ["requested_at"], unique=False)
    op.create_table(
        "employees",
        sa.Column("employee_id", Words(), nullable=False),
        sa.Column("external_employee_id", Words(), nullable=False),
        sa.Column("employee_code", Words(), nullable=False),
        sa.Column("last_name", Words(), nullable=False),
        sa.Column("first_name", Words(), nullable=False),
        sa.Column("middle_name", Words(), nullable=True),
        sa.Column("position_id", Words(), nullable=False),
        sa.Column("department_id", Words(), nullable=False),
        sa.Column("hire_date", sa.Date(), nullable=False),
        sa.Column("standard_hours", sa.Float(), nullable=False),
        sa.Column("fte_percentage", sa.Float(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("inactive_from", sa.Date(), nullable=True),
        sa.Column("updated_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("employee_id", name=op.f("pk_employees")),
        sa.UniqueConstraint("external_employee_id", name=op.f("uq_employees_external_employee_id")),
    )
    op.create_index(op.f("ix_employees_active"), "employees", ["active"], unique=False)
    op.create_table(
        "operations",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("redriven", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("enqueued", sa.Boolean(), nullable=False),
        sa.Column("cancelling", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", Words(), nullable=True),
        sa.Column("payload_digest", sa.String(length=64), nullable=False),
        sa.Column("principal", Words(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.Column("submitted_at", Utc(), nullable=False),
        sa.Column("due_at", Utc(), nullable=True),
        sa.Column("started_at", Utc(), nullable=True),
        sa.Column("finished_at", Utc(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("reason", Words(), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_operations")),
        sa.UniqueConstraint("id", name=op.f("uq_operations_id")),
        sa.UniqueConstraint(
            "principal", "kind", "idempotency_key", name=op.f("uq_operations_principal_kind_idempotency_key")
        ),
    )
    op.create_index(op.f("ix_operations_status_due_at"), "operations", ["status", "due_at"], unique=False)
    op.create_index(op.f("ix_operations_status_kind"), "operations", ["status", "kind"], unique=False)
    op.create_table(
        "switches",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_switches")),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.Column("running", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "attempts",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("operation", NUMBER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("ended_at", Utc(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("last_error", Words(), nullable=True),
        sa.ForeignKeyConstraint(
            ["operation"], ["operations.number"], name=op.f("fk_attempts_operation"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_operation"), "attempts", ["operation"], unique=False)
    op.create_table(
        "batches",
        sa.Column("operation", NUMBER, nullable=False),
        sa.Column("batch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operation"], ["operations.number"], name=op.f("fk_batches_operation"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("operation", "batch", name=op.f("pk_batches")),
    )
    op.create_table(
        "documents",
        sa.Column("operation", NUMBER, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=127), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operation"], ["operations.number"], name=op.f("fk_documents_operation"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("operation", name=op.f("pk_documents")),
    )
    op.create_table(
        "payloads",
        sa.Column("operation", NUMBER, nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operation"], ["operations.number"], name=op.f("fk_payloads_operation"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("operation", name=op.f("pk_payloads")),
    )
    op.create_table(
        "sync_runs",
        sa.Column("operation", NUMBER, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("started_at", Utc(), nullable=False),
        sa.Column("finished_at", Utc(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("batches", sa.JSON(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("deactivated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("rejections", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operation"], ["operations.number"], name=op.f("fk_sync_runs_operation"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("operation", name=op.f("pk_sync_runs")),
    )
