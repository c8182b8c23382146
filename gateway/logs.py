"""The JSON log: one line per exchange, Cyrillic readable, no credentials, no bodies, no personal data."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from argus_wfm.gateway.upstream.breaker import BreakerTransition
from argus_wfm.openapi import ServedExchange

SECRET = re.compile(r"password|authorization|token|secret|cookie|session", re.IGNORECASE)
log = structlog.stdlib.get_logger("argus.gateway")


def configure(level: str, stream: TextIO = sys.stderr) -> None:
    """Send this process's log to `stream`; libraries' own records get the same form."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redacted,
    ]
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger("argus")
    root.handlers, root.propagate = [handler], False
    root.setLevel(level)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def exchange(closed: ServedExchange) -> None:
    """Log a closed exchange; unknown paths are not repeated, since anything may stand in them."""
    operation = closed.operation
    log.info(
        "exchange",
        request_id=closed.request_id,
        method=closed.method if operation else None,
        path=operation.path if operation else None,
        operation=operation.id if operation else None,
        principal=closed.principal,
        status=closed.status,
        code=closed.error,
        duration_ms=round(closed.duration_s * 1000, 1),
    )


def breaker(upstream: str, change: BreakerTransition) -> None:
    """Log that a breaker opened, let a call through, or closed."""
    log.warning("breaker", upstream=upstream, state=change.state.value, why=change.why)


def operation(id_: str, kind: str, status: str, retries: int, request_id: str) -> None:
    """Log how an operation of the queue ended."""
    log.info("operation", id=id_, kind=kind, status=str(status), retries=retries, request_id=request_id)


def purged(records: int) -> None:
    """Log that the audit trail has forgotten records older than the retention period."""
    if records:
        log.info("audit_purged", records=records)


def redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blot out the values of members whose names promise a secret."""
    return {name: "***" if SECRET.search(name) and value else value for name, value in event.items()}
