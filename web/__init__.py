"""What a browser or a platform asks over HTTP: public pages, feeds, webhooks."""
