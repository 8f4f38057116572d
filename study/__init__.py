"""The noun that every room shares: a study, its state, its files and its findings."""
