"""Jobs from their submission to their end: the verbs, the queries behind them, and what they share."""
