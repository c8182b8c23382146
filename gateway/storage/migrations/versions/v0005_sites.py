"""Actual work time of the sites, payroll confirmations, and what the schedule has run."""

import sqlalchemy as sa
from alembic import op

from argus_wfm.gateway.storage.types import Utc, Words

revision = "0005"
down_revision = "0004"
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Four tables more, and employees by department."""
    op.create_table(
        "actuals",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("shift_id", Words(), nullable=False),
        sa.Column("sequence", NUMBER, nullable=True),
        sa.Column("employee_id", Words(), nullable=False),
        sa.Column("start_at", Utc(), nullable=False),
        sa.Column("end_at", Utc(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("received_at", Utc(), nullable=False),
        sa.Column("late_s", NUMBER, nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("operation", NUMBER, nullable=True),
        sa.Column("transferred_at", Utc(), nullable=True),
        sa.Column("refusal", Words(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_actuals")),
        sa.UniqueConstraint("site", "shift_id", name=op.f("uq_actuals_site_shift_id")),
    )
    op.create_index(op.f("ix_actuals_employee_id_start_at"), "actuals", ["employee_id", "start_at"], unique=False)
    op.create_index(op.f("ix_actuals_date_site"), "actuals", ["date", "site"], unique=False)
    op.create_index(op.f("ix_actuals_site_sequence"), "actuals", ["site", "sequence"], unique=False)
    op.create_index(op.f("ix_actuals_operation"), "actuals", ["operation"], unique=False)
    op.create_table(
        "payroll_confirmations",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("document_id", Words(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("confirmed_at", Utc(), nullable=False),
        sa.Column("received_at", Utc(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_payroll_confirmations")),
        sa.UniqueConstraint("document_id", name=op.f("uq_payroll_confirmations_document_id")),
    )
    op.create_table(
        "confirmed_employees",
        sa.Column("confirmation", NUMBER, nullable=False),
        sa.Column("site", sa.String(length=32), nullable=False),
        sa.Column("employee_id", Words(), nullable=False),
        sa.ForeignKeyConstraint(
            ["confirmation"],
            ["payroll_confirmations.number"],
            name=op.f("fk_confirmed_employees_confirmation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("confirmation", "site", "employee_id", name=op.f("pk_confirmed_employees")),
    )
    op.create_index(
        op.f("ix_confirmed_employees_site_confirmation"), "confirmed_employees", ["site", "confirmation"], unique=False
    )
    op.create_table(
        "schedules",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("seen_at", Utc(), nullable=False),
        sa.Column("due_at", Utc(), nullable=True),
        sa.Column("submitted_at", Utc(), nullable=True),
        sa.Column("operation", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_schedules")),
    )
    op.create_index(op.f("ix_employees_department_id"), "employees", ["department_id"], unique=False)
