"""WeChat Work (企业微信) on your desk: its HTTP API, its callbacks, and a page to chat in.

A program of its own that imports nothing of the app, so that it can contradict it. `create_simulator` gives a Flask
app whose `simulator` attribute starts and stops what runs beside it; `Server` serves it.

    with Server(create_simulator(options), port=8001) as server:
        print(server.url)
"""

from __future__ import annotations

from flask import Flask, request
from flask import Response as FlaskResponse

from .control import create_control
from .options import (
    DEFAULT_FANS,
    DEFAULT_GUESTS,
    DEFAULT_MEMBERS,
    ContactOptions,
    Customer,
    Fan,
    Guest,
    KfOptions,
    Limits,
    Member,
    OfficialOptions,
    Options,
    RobotOptions,
)
from .page import create_page
from .server import Server
from .simulator import Simulator

__all__ = [
    "DEFAULT_FANS",
    "DEFAULT_GUESTS",
    "DEFAULT_MEMBERS",
    "ContactOptions",
    "Customer",
    "Fan",
    "Guest",
    "KfOptions",
    "Limits",
    "Member",
    "OfficialOptions",
    "Options",
    "RobotOptions",
    "Server",
    "Simulator",
    "create_simulator",
]


class SimulatorApp(Flask):
    """A Flask app that knows its simulator."""

    simulator: Simulator


def create_simulator(options: Options) -> SimulatorApp:
    """The simulator as a Flask app: `/cgi-bin/…` the platform, `/official/cgi-bin/…` the 公众号, `/sim/…` their
    control, `/` the page.

    ValueError: the key is not 43 letters and digits, or the clock file holds no number.
    """
    app = SimulatorApp(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.simulator = Simulator(options)
    app.extensions["simulator"] = app.simulator
    app.register_blueprint(create_control(app.simulator))
    app.register_blueprint(create_page(options.app_name))

    @app.route("/cgi-bin/<path:path>", methods=["GET", "POST"])
    def api(path: str) -> FlaskResponse:
        return app.simulator.api.answer(path)

    @app.route("/official/cgi-bin/<path:path>", methods=["GET", "POST"])
    def official_api(path: str) -> FlaskResponse:
        account = app.simulator.official
        return account.api.answer(path) if account else FlaskResponse("", 404)

    @app.after_request
    def never_cache_answers(response: FlaskResponse) -> FlaskResponse:
        if request.path.startswith(("/sim/", "/cgi-bin/", "/official/")) and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response

    return app
