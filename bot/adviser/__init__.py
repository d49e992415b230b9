"""A second opinion on a sentence that was not understood, from a model service; off unless LLM_API_BASE is set.

It chooses among intents that only read, and says which words of the sentence name a slot. What it answers is checked
word by word (advice.py), and the slots are read from the sentence by our own readers. It is asked outside every
transaction, for two seconds at most, and left alone for a minute after three failures (service.py).
"""

from bot.adviser.advice import ALLOWED, Advice
from bot.adviser.adviser import Adviser, worth_asking
from bot.adviser.service import Service

__all__ = ["ALLOWED", "Advice", "Adviser", "Service", "worth_asking"]
