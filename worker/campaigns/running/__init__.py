"""How a campaign goes on: its verbs, the steps that the dispatcher takes, its members, its promotion."""
