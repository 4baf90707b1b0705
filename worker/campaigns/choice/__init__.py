"""What a campaign is to do: which recordings, by which spec, what it would cost."""
