"""What can be said about a forwarded message before any person has looked at it."""
