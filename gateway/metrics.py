"""Prometheus metrics of one process; names end in their unit, labels are few and bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from argus_wfm.gateway.agent_status.hub import Hub
from argus_wfm.gateway.audit import Record
from argus_wfm.gateway.storage.cache import Caches
from argus_wfm.gateway.upstream.breaker import BreakerState
from argus_wfm.json_type import Json
from argus_wfm.openapi import ServedExchange

SECONDS = (0.005, 0.025, 0.1, 0.5, 2, 5, 10, 30)
STREAM = {
    "changes": "Changes of agents' status.",
    "messages": "Messages to subscribers.",
    "slow": "Subscribers that were closed since they did not keep up.",
}
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Told of calls as they close; asks queue, breakers and caches when somebody looks."""

    def __init__(
        self, queue: Callable[[], Json], breakers: Callable[[], dict[str, Json]], caches: Caches, hub: Hub
    ) -> None:
        self._registry = CollectorRegistry()
        names: dict[str, Any] = {"registry": self._registry}
        self._requests = Counter("argus_requests", "Calls that came in.", ["operation", "status"], **names)
        self._request_s = Histogram(
            "argus_request_seconds", "How long they took.", ["operation"], buckets=SECONDS, **names
        )
        self._upstream = Counter(
            "argus_upstream_requests", "Calls to systems behind.", ["upstream", "operation", "outcome"], **names
        )
        self._upstream_s = Histogram(
            "argus_upstream_request_seconds", "How long they took.", ["upstream", "operation"], buckets=SECONDS, **names
        )
        self._registry.register(_StateCollector(queue, breakers, caches, hub))

    def exchange(self, closed: ServedExchange) -> None:
        """A call that came in."""
        name = closed.operation.id if closed.operation else "none"
        self._requests.labels(name, str(closed.status)).inc()
        self._request_s.labels(name).observe(closed.duration_s)

    def outbound(self, record: Record) -> None:
        """A call to a system behind."""
        outcome = record.error["code"] if record.error else "ok"
        self._upstream.labels(record.system, record.operation, outcome).inc()
        self._upstream_s.labels(record.system, record.operation).observe(record.duration_ms / 1000)

    def text(self) -> bytes:
        """The exposition format 0.0.4. Asks the database."""
        return generate_latest(self._registry)


class _StateCollector(Collector):
    def __init__(
        self, queue: Callable[[], Json], breakers: Callable[[], dict[str, Json]], caches: Caches, hub: Hub
    ) -> None:
        self._queue, self._breakers, self._caches, self._hub = queue, breakers, caches, hub

    def collect(self) -> Iterable[Metric]:
        """Asked at each look."""
        operations = GaugeMetricFamily("argus_operations", "Operations of the queue.", labels=["status"])
        for status, count in self._queue()["statuses"].items():
            operations.add_metric([status], count)
        yield operations
        breakers = GaugeMetricFamily("argus_breaker_open", "1 while no call is let through.", labels=["upstream"])
        for name, breaker in self._breakers().items():
            breakers.add_metric([name], float(breaker["state"] == BreakerState.OPEN.value))
        yield breakers
        for name, means in (("hits", "Looks that found."), ("misses", "Looks that did not.")):
            family = CounterMetricFamily(f"argus_cache_{name}", means, labels=["region"])
            for region in self._caches:
                family.add_metric([region.name], getattr(region, name))
            yield family
        yield GaugeMetricFamily("argus_stream_subscribers", "Sockets of the agent status stream.", value=len(self._hub))
        for name, means in STREAM.items():
            yield CounterMetricFamily(f"argus_stream_{name}", means, value=self._hub.counts[name])

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked before somebody looks."""
        return []
