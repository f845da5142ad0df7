"""Plain values that everything speaks of: searches, people, ids. No SQL, no HTTP."""
