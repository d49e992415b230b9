"""The control API under `/sim/`: what a test or the page does to the enterprise, and what it may look at.

Bodies are JSON objects and must be sent as application/json (so that no other site's form can reach us). A refusal is
400 or 409 with `{"error": "…"}`. Nothing here shows a secret. Described in README.md of this folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify
from werkzeug.exceptions import HTTPException

from . import acts, levers, views
from .aibot import control as aibot
from .contact import control as contact
from .groupmsg import control as groupmsg
from .groups import control as groups
from .kf import control as kf
from .mall import MallError
from .official import control as official
from .people import Refused
from .wish import BadRequest

if TYPE_CHECKING:
    from .simulator import Simulator


def create_control(simulator: Simulator) -> Blueprint:
    sim = Blueprint("control", __name__, url_prefix="/sim")
    sim.register_error_handler(BadRequest, lambda error: (jsonify({"error": str(error)}), 400))
    sim.register_error_handler(ValueError, lambda error: (jsonify({"error": str(error)}), 400))
    sim.register_error_handler(Refused, lambda error: (jsonify({"error": str(error)}), 409))
    sim.register_error_handler(MallError, lambda error: (jsonify({"error": str(error)}), 409))
    sim.register_error_handler(HTTPException, lambda error: (jsonify({"error": error.description}), error.code or 500))
    for part in (acts, views, levers, official, kf, contact, groups, groupmsg, aibot):
        part.register(sim, simulator)
    return sim
