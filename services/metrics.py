"""What Prometheus reads: counters of this service, and gauges that are read from the database at each scrape.

    metrics.orders.labels(result="created").inc()

Counters live in a process. Where several serve one address (gunicorn, workers), set PROMETHEUS_MULTIPROC_DIR to a
directory that is empty at the start and shared by all of them: prometheus-client then keeps the counters in files there
and a scrape of any process adds them up. Gauges come from the database and are the same from every process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.message import Outbox

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
ORDER_RESULTS = (
    "created", "same", "completed", "refunded", "shipped", "kept", "conflict", "invalid", "unauthorized", "refused",
)  # fmt: skip

disable_created_metrics()  # type: ignore[no-untyped-call]  # the time of a counter's birth, which nobody asks for
_registry = CollectorRegistry()
messages = Counter(
    "tuike_messages_total", "Messages handled, by channel and intent.", ["channel", "intent"], registry=_registry
)
orders = Counter(
    "tuike_orders_total", "Pushes to the order API, by what became of them.", ["result"], registry=_registry
)
wecom_calls = Counter(
    "tuike_wecom_calls_total",
    "Calls of WeChat Work's API, by path and errcode.",
    ["path", "errcode"],
    registry=_registry,
)
for _result in ORDER_RESULTS:
    orders.labels(result=_result)  # shown at 0 from the start, so that the first increase is seen as one


@dataclass(frozen=True, slots=True)
class Waiting:
    """The outbox at one moment: how many messages wait, and for how many seconds the oldest has."""

    count: int
    oldest_seconds: float

    def collect(self) -> Iterator[Metric]:
        """As prometheus-client reads a collector; never a Gauge, which would leave a file behind at each scrape."""
        yield GaugeMetricFamily("tuike_outbox_waiting", "Messages that wait to be sent.", value=self.count)
        yield GaugeMetricFamily(
            "tuike_outbox_oldest_seconds", "How long the oldest of them has waited.", value=self.oldest_seconds
        )


def outbox(session: Session, *, now: datetime) -> Waiting:
    count, oldest = session.execute(
        select(func.count(), func.min(Outbox.created_at)).where(Outbox.state == "waiting")
    ).one()
    return Waiting(count, max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)


def exposition(waiting: Waiting | None, *, shared_directory: str | None) -> bytes:
    """The text that a scrape gets; without the gauges while the database cannot be asked.

    `shared_directory` is PROMETHEUS_MULTIPROC_DIR: where the counters of all processes lie.
    """
    counted = _registry
    if shared_directory:
        counted = CollectorRegistry()
        MultiProcessCollector(counted, path=shared_directory)  # type: ignore[no-untyped-call]
    text = generate_latest(counted)
    if waiting is not None:
        gauges = CollectorRegistry()
        gauges.register(waiting)
        text += generate_latest(gauges)
    return text
