"""Searches on their way: the dispatcher, a driver process for each, and the chores beside them."""
