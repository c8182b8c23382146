"""Brings the steps in; the target comes from conformance.plugin."""

pytest_plugins = (
    "features.steps.roster",
    "features.steps.replies",
    "features.steps.personnel_agents",
    "features.steps.authentication",
    "features.steps.schedule_upload",
    "features.steps.norm_hours",
    "features.steps.timesheet",
    "features.steps.error_format",
    "features.steps.faults",
    "features.steps.circuit_breaker",
    "features.steps.operations",
    "features.steps.queue_retry",
    "features.steps.personnel_sync",
    "features.steps.performance_cache",
    "features.steps.audit",
)
