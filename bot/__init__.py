"""Composition and commands: read the settings, wire the rooms together, run, demonstrate, examine."""

__version__ = "0.1.0"
