"""The processes of a running service, each put together from the rooms' parts."""
