"""Fine-tune a large LLM on what radiologists signed, for a hospital with a GPU."""
