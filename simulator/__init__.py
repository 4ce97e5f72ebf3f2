"""The other side of the wire: platforms that behave, misbehave and can be looked into."""
