"""What goes over the wire of the Bot API: objects, entities, updates, ids and lengths."""
