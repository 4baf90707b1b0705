"""Words and phrases in the current transcripts."""
