"""Train the micro model that words drafts where no larger LLM is at hand."""
