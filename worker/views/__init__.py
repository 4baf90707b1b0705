"""Rows as people and programs see them: the JSON of jobs, lists, batches, recordings, transcripts and services."""
