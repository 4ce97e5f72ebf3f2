"""Chat platforms: our words into theirs, and theirs into our closed catalogue of outcomes."""
