"""Campaigns: transcribing an archive again, from the plan over the canary to the promotion, and back."""
