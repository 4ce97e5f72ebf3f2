"""What a browser or a platform asks over HTTP: webhooks, health and metrics."""
