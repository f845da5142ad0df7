"""What happened, told to whoever follows: the journal, streams, webhooks."""
