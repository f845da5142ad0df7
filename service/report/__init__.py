"""What a search leaves to be read: facts first, then one document of them in several forms."""
