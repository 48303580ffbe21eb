"""A shop that does not exist: a month of its messages, made from a seed, and what they amount to.

It stands in for a real shop where none is at hand, with what real shops send: visits, orders told
several times, returns, letters, and messages that come late, twice or broken. The truth it was made
from comes with it, so that whatever reads the messages can be held against it.
"""

from streams.simulator.month import Expected, Simulation, simulate

__all__ = ["Expected", "Simulation", "simulate"]
