"""Finds rules that cannot work, or that do not do what they look like.

Each check is one small function over the whole company; ``table.py`` lists them. A check speaks of
what is certain or very likely wrong: a company that works has no findings.
"""
