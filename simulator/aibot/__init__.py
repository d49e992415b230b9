"""The simulated 智能机器人 (URL mode): members talk to it alone or with @ in the internal groups."""

from .bot import Bot

__all__ = ["Bot"]
