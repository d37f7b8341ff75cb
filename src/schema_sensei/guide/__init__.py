"""Walks the decision tree, explains it, searches it and renders it."""
