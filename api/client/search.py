"""What is looked for in transcripts."""

from collections.abc import Iterator
from typing import Any

from api.client.transport import Transport


class SearchCalls(Transport):
    """Words and phrases."""

    def search(self, words: str, **asked: str) -> Iterator[dict[str, Any]]:
        """Hits, newest first; ``archive`` and ``language`` where they are not empty."""
        return self.pages("/v1/search", {"q": words, **{name: value for name, value in asked.items() if value}})
