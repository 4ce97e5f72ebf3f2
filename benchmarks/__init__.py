"""One file a measured claim; each prints one JSON line."""
