"""Hill climbing as a search algorithm of Twinsieve: `plugin` describes it, `hill_climb` is it."""
