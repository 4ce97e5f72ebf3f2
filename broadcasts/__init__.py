"""A bulletin from draft to every channel, and the corrections that follow it."""
