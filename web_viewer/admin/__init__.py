"""How the service does: what the admin page shows."""
