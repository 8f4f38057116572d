"""From findings to a draft report, grounded in them."""
