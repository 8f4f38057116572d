"""Quantise a large LLM to four bits, calibrated on the prompts that it will be sent."""
