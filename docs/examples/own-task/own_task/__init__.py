"""Counting as a task of Twinsieve, with data for it.

`task` and `data` describe them without torch, `rules` and `pictures` are what workers import.
"""
