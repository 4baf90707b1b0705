"""FastAPI within layers that see every request before it does, and every answer after it, also that of a defect."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

Layer = Callable[[ASGIApp], ASGIApp]


class Application(FastAPI):
    """``layers`` lie around all of the framework, the first outermost.

    Its own middleware would lie within what answers defects, so that these went out without it.
    """

    def __init__(self, layers: Sequence[Layer], **options: Any) -> None:  # noqa: ANN401  # as FastAPI has them
        super().__init__(redirect_slashes=False, **options)
        self._layers = layers

    def build_middleware_stack(self) -> ASGIApp:
        app = super().build_middleware_stack()
        for layer in reversed(self._layers):
            app = layer(app)
        return app
