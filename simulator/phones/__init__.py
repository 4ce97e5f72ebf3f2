"""The phones page: the simulated world as a wall of phones and a grid of channels in a browser."""

from simulator.phones.director import Cast, ChannelMark, Director, Step, Words
from simulator.phones.page import mount

__all__ = ["Cast", "ChannelMark", "Director", "Step", "Words", "mount"]
