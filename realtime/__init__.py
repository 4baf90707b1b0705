"""The Qwen real-time speech recognition protocol, both ends of it. Knows nothing of jobs."""
