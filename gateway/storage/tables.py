"""The tables of the gateway; gateway/migrations brings them about (a test compares the two).

On SQLite dbos has tables of its own beside them, `queues` among others: a name of theirs is none for ours.
"""

from __future__ import annotations

import sqlalchemy as sa

from argus_wfm.gateway.storage.types import Utc, Words

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

operations = sa.Table(
    "operations",
    metadata,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("priority", sa.SmallInteger, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("redriven", sa.Integer, nullable=False, default=0),
    sa.Column("turn", sa.Integer, nullable=False, default=0),
    sa.Column("enqueued", sa.Boolean, nullable=False, default=False),
    sa.Column("cancelling", sa.Boolean, nullable=False, default=False),
    sa.Column("idempotency_key", Words),
    sa.Column("payload_digest", sa.String(64), nullable=False),
    sa.Column("principal", Words, nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("submitted_at", Utc, nullable=False),
    sa.Column("due_at", Utc),
    sa.Column("started_at", Utc),
    sa.Column("finished_at", Utc),
    sa.Column("done", sa.Integer, nullable=False, default=0),
    sa.Column("total", sa.Integer),
    sa.Column("reason", Words),
    sa.Column("result", sa.JSON(none_as_null=True)),
    sa.Column("error", sa.JSON(none_as_null=True)),
    sa.UniqueConstraint("principal", "kind", "idempotency_key"),
    sa.Index(None, "status", "due_at"),
    sa.Index(None, "status", "kind"),
)

payloads = sa.Table(
    "payloads",
    metadata,
    sa.Column("operation", NUMBER, sa.ForeignKey("operations.number", ondelete="CASCADE"), primary_key=True),
    sa.Column("payload", sa.LargeBinary, nullable=False),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("operation", NUMBER, sa.ForeignKey("operations.number", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("ended_at", Utc),
    sa.Column("code", sa.String(64)),
    sa.Column("last_error", Words),
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("operation", NUMBER, sa.ForeignKey("operations.number", ondelete="CASCADE"), primary_key=True),
    sa.Column("batch", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("result", sa.JSON, nullable=False),
)

report_files = sa.Table(
    "report_files",
    metadata,
    sa.Column("operation", NUMBER, sa.ForeignKey("operations.number", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", Words, nullable=False),
    sa.Column("media_type", sa.String(127), nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("etag", sa.String(64), nullable=False),
    sa.Column("expires_at", Utc, nullable=False, index=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

employees = sa.Table(
    "employees",
    metadata,
    sa.Column("employee_id", Words, primary_key=True),
    sa.Column("external_employee_id", Words, nullable=False, unique=True),
    sa.Column("employee_code", Words, nullable=False),
    sa.Column("last_name", Words, nullable=False),
    sa.Column("first_name", Words, nullable=False),
    sa.Column("middle_name", Words),
    sa.Column("position_id", Words, nullable=False),
    sa.Column("department_id", Words, nullable=False, index=True),
    sa.Column("hire_date", sa.Date, nullable=False),
    sa.Column("standard_hours", sa.Float, nullable=False),
    sa.Column("fte_percentage", sa.Float, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False, index=True),
    sa.Column("inactive_from", sa.Date),
    sa.Column("updated_at", Utc, nullable=False),
)

sync_runs = sa.Table(
    "sync_runs",
    metadata,
    sa.Column("operation", NUMBER, sa.ForeignKey("operations.number", ondelete="CASCADE"), primary_key=True),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("finished_at", Utc),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("batches", sa.JSON, nullable=False),
    sa.Column("created", sa.Integer, nullable=False, default=0),
    sa.Column("updated", sa.Integer, nullable=False, default=0),
    sa.Column("deactivated", sa.Integer, nullable=False, default=0),
    sa.Column("unchanged", sa.Integer, nullable=False, default=0),
    sa.Column("rejected", sa.Integer, nullable=False, default=0),
    sa.Column("rejections", sa.JSON, nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("direction", sa.String(8), nullable=False),
    sa.Column("system", sa.String(32), nullable=False),
    sa.Column("requested_at", Utc, nullable=False, index=True),
    sa.Column("responded_at", Utc, nullable=False),
    sa.Column("principal", Words),
    sa.Column("operation", sa.String(64), index=True),
    sa.Column("method", sa.String(16)),
    sa.Column("path", Words),
    sa.Column("payload", sa.JSON(none_as_null=True)),
    sa.Column("status", sa.Integer),
    sa.Column("error", sa.JSON(none_as_null=True)),
    sa.Column("failed", sa.Boolean, nullable=False),
    sa.Column("duration_ms", sa.Float, nullable=False),
    sa.Column("retries", sa.Integer, nullable=False, default=0),
    sa.Column("request_id", sa.String(64), index=True),
    sa.Column("operation_ref", sa.String(64), index=True),
    sa.Column("transport", sa.String(8)),
    sa.Column("warning", Words),
)

agents = sa.Table(
    "agents",
    metadata,
    sa.Column("agent_id", Words, primary_key=True),
    sa.Column("status", sa.String(16), nullable=False, index=True),
    sa.Column("since", Utc, nullable=False),
    sa.Column("call_id", Words),
    sa.Column("queue", Words),
    sa.Column("reason", sa.String(16)),
)

agent_queues = sa.Table(
    "agent_queues",
    metadata,
    sa.Column("agent_id", Words, sa.ForeignKey("agents.agent_id", ondelete="CASCADE"), primary_key=True),
    sa.Column("queue", Words, primary_key=True, index=True),
)

agent_changes = sa.Table(
    "agent_changes",
    metadata,
    sa.Column("sequence", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("event_id", Words, nullable=False, unique=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("agent_id", Words, nullable=False),
    sa.Column("timestamp", Utc, nullable=False, index=True),
    sa.Column("old_status", sa.String(16), nullable=False),
    sa.Column("new_status", sa.String(16), nullable=False),
    sa.Column("call_id", Words, index=True),
    sa.Column("queue", Words),
    sa.Column("left_queue", Words),
    sa.Index(None, "agent_id", "sequence"),
    sa.Index(None, "agent_id", "timestamp"),
)

call_queues = sa.Table(
    "call_queues",
    metadata,
    sa.Column("queue", Words, primary_key=True),
    sa.Column("waiting", sa.Integer, nullable=False),
    sa.Column("longest_wait", sa.Integer, nullable=False),
    sa.Column("measured_at", Utc, nullable=False),
    sa.Column("version", NUMBER, nullable=False, index=True),
)

revoked_tokens = sa.Table(
    "revoked_tokens",
    metadata,
    sa.Column("token_id", sa.String(64), primary_key=True),
    sa.Column("expires_at", Utc, nullable=False, index=True),
)

login_failures = sa.Table(
    "login_failures",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("first_at", Utc, nullable=False, index=True),
    sa.Column("locked_until", Utc),
)

actuals = sa.Table(
    "actuals",
    metadata,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("site", sa.String(32), nullable=False),
    sa.Column("shift_id", Words, nullable=False),
    sa.Column("sequence", NUMBER),
    sa.Column("employee_id", Words, nullable=False),
    sa.Column("start_at", Utc, nullable=False),
    sa.Column("end_at", Utc, nullable=False),
    sa.Column("date", sa.Date, nullable=False),
    sa.Column("received_at", Utc, nullable=False),
    sa.Column("late_s", NUMBER, nullable=False),
    sa.Column("repeats", sa.Integer, nullable=False, default=0),
    sa.Column("operation", NUMBER),
    sa.Column("transferred_at", Utc),
    sa.Column("refusal", Words),
    sa.UniqueConstraint("site", "shift_id"),
    sa.Index(None, "employee_id", "start_at"),
    sa.Index(None, "date", "site"),
    sa.Index(None, "site", "sequence"),
    sa.Index(None, "operation"),
)

payroll_confirmations = sa.Table(
    "payroll_confirmations",
    metadata,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("document_id", Words, nullable=False, unique=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("period", sa.String(7), nullable=False),
    sa.Column("confirmed_at", Utc, nullable=False),
    sa.Column("received_at", Utc, nullable=False),
)

confirmed_employees = sa.Table(
    "confirmed_employees",
    metadata,
    sa.Column(
        "confirmation", NUMBER, sa.ForeignKey("payroll_confirmations.number", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("site", sa.String(32), primary_key=True),
    sa.Column("employee_id", Words, primary_key=True),
    sa.Index(None, "site", "confirmation"),
)

schedules = sa.Table(
    "schedules",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("seen_at", Utc, nullable=False),
    sa.Column("due_at", Utc),
    sa.Column("submitted_at", Utc),
    sa.Column("operation", sa.String(64)),
)

switches = sa.Table(
    "switches",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.String(255), nullable=False),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("seen_at", Utc, nullable=False),
    sa.Column("running", sa.Integer, nullable=False),
)
