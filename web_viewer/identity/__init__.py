"""Who is at the viewer, and what they may do."""
