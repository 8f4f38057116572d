"""Phantoms, data sets, and the training and evaluation of models."""
