"""Conversations: each update read, one use case called, its answer shown."""
