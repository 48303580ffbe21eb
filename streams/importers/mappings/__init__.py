"""Mappings that are shipped: examples to copy, and the exports of tools that shops use."""
