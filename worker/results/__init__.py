"""What came of a job: segments, answers, transcripts, and their forms."""
