"""What the queue and the checks need of Redis. Imported only where REDIS_URL is set: the library takes 6 MB.

broker(url, patience_seconds, middleware)   a Dramatiq broker that gives up after so long
ask(url)                                    what is wrong with Redis, or None
"""

from __future__ import annotations

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

FAULTS: tuple[type[Exception], ...] = (RedisError, dramatiq.BrokerConnectionError)


class _Broker(RedisBroker):
    def close(self) -> None:
        super().close()  # type: ignore[no-untyped-call]
        self.client.close()


def broker(url: str, patience_seconds: float, middleware: list[Middleware]) -> dramatiq.Broker:
    client = Redis.from_url(
        url,
        socket_connect_timeout=patience_seconds,
        socket_timeout=patience_seconds,
        retry=Retry(NoBackoff(), 0),  # redis-py's own would wait for seconds in between
    )
    return _Broker(client=client, namespace="tuike", middleware=middleware)  # type: ignore[no-untyped-call,no-any-return]


def ask(url: str) -> str | None:
    try:
        with Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    except RedisError as fault:
        return type(fault).__name__
    return None
