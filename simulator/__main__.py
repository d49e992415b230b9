"""`python -m simulator`: the simulator alone, for an app that runs somewhere else.

Every flag has an environment variable of the same name as the app's own configuration, so that both can read one file;
as there, one that is set and empty counts as unset.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from . import ContactOptions, Options, Server, create_simulator


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    missing = [name for name in ("corp_id", "agent_id", "secret", "token", "aes_key") if not getattr(chosen, name)]
    if missing:
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        sys.stderr.write(f"{flags}: missing; give the flag or set WECOM_{missing[0].upper()} and so on\n")
        return 2
    try:
        app = create_simulator(_options(chosen))
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    server = Server(app, chosen.host, chosen.port)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: server.ask_to_stop())
    sys.stderr.write(f"simulator on {server.url}, callbacks to {chosen.callback_url}\n")
    server.run()
    server.stop()
    return 0


def _options(chosen: argparse.Namespace) -> Options:
    return Options(
        corp_id=chosen.corp_id,
        agent_id=int(chosen.agent_id),
        secret=chosen.secret,
        token=chosen.token,
        aes_key=chosen.aes_key,
        callback_url=chosen.callback_url,
        robot_keys=tuple(key for key in chosen.robot_keys.split(",") if key),
        clock_file=Path(chosen.clock_file) if chosen.clock_file else None,
        state_path=Path(chosen.state) if chosen.state else None,
        mall_url=chosen.mall_url or None,
        mall_secret=chosen.mall_secret or None,
        contact=ContactOptions(chosen.contact_secret) if chosen.contact_secret else None,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="WeChat Work on your desk.")

    def env(name: str, default: str) -> str:
        return os.environ.get(name) or default

    base = env("BASE_URL", "http://127.0.0.1:8000")
    parser.add_argument("--host", default=env("HOST", "127.0.0.1"))
    parser.add_argument("--port", type=int, default=int(env("SIMULATOR_PORT", "8001")))
    parser.add_argument("--corp-id", default=env("WECOM_CORP_ID", ""))
    parser.add_argument("--agent-id", default=env("WECOM_AGENT_ID", ""))
    parser.add_argument("--secret", default=env("WECOM_SECRET", ""))
    parser.add_argument("--token", default=env("WECOM_TOKEN", ""))
    parser.add_argument("--aes-key", default=env("WECOM_AES_KEY", ""))
    parser.add_argument("--callback-url", default=env("CALLBACK_URL", f"{base}/callback/wecom"))
    parser.add_argument("--contact-secret", default=env("WECOM_CONTACT_SECRET", ""))
    parser.add_argument("--robot-keys", default=env("WECOM_ROBOT_KEYS", ""))
    parser.add_argument("--clock-file", default=env("CLOCK_FILE", ""))
    parser.add_argument("--state", default=env("SIMULATOR_STATE", ""), help="SQLite file for chats that survive")
    parser.add_argument("--mall-url", default=base)
    parser.add_argument("--mall-secret", default=env("ORDER_API_SECRET", ""))
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
