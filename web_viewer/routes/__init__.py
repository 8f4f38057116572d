"""The HTTP routes, one noun to a module."""
