"""The language codes that the protocol knows."""

# Alibaba's real-time recognition page, "language" of session.update.
PROTOCOL_LANGUAGES = frozenset(
    "zh yue en ja de ko ru fr pt ar it es hi id th tr uk vi cs da fil fi is ms no pl sv".split()
)
