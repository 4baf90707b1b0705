"""How a campaign is judged: comparison of texts, rules, summaries, votes, the page."""
