"""`longhand reprocess …`: campaigns, from the plan to the promotion and back."""
