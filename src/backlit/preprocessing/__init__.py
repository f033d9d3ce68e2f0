"""Data prepared on its way into a network: `image` moves and distorts pictures while it trains."""

from . import image

__all__ = ["image"]
