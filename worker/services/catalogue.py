"""The services that answer: what is known of each, and those that are built in."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pydantic import SecretStr

HOSTED_MODEL = "qwen3-asr-flash-realtime"
LOCAL_MODEL = "pocketsphinx-en-us"
# A careful multiple of real time until a probe has measured more: ten times was once seen to come back whole.
HOSTED_PACE = 4.0
# Alibaba's real-time recognition page, "language" of session.update.
PROTOCOL_LANGUAGES = frozenset(
    "zh yue en ja de ko ru fr pt ar it es hi id th tr uk vi cs da fil fi is ms no pl sv".split()
)
QWEN_HOSTS = {
    "intl": ("dashscope-intl.aliyuncs.com", ".ap-southeast-1.maas.aliyuncs.com"),
    "cn": ("dashscope.aliyuncs.com", ".cn-beijing.maas.aliyuncs.com"),
}


@dataclass(frozen=True, kw_only=True)
class Service:
    """One recogniser as this fleet uses it.

    ``identity`` is who it really is, whatever it is called here: a change of name, port or host changes no answer.
    """

    name: str
    url: str
    model: str
    key: SecretStr | None = None
    languages: frozenset[str] = PROTOCOL_LANGUAGES
    pace: float = 0.0
    depth: int = 1
    sessions: int = 16
    permits: int = 20
    segment_limit_ms: int = 60_000
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    proxy: str | None = field(default=None, repr=False)  # its URL may hold a password
    hosted: bool = True
    same_as: str = ""  # another name of the service that this one is

    @property
    def identity(self) -> str:
        """The service's name in a recognition key: hosts of one region of Qwen's are one service."""
        return self.same_as or region_of(urlsplit(self.url).hostname or "") or self.name


def region_of(host: str) -> str | None:
    """Which of Qwen's two services answers at the host, a workspace's too; None where it is somebody else's."""
    for region, (alias, workspaces) in QWEN_HOSTS.items():
        if host == alias or host.endswith(workspaces):
            return region
    return None


BUILT_IN = (
    Service(name="local", url="", model=LOCAL_MODEL, languages=frozenset({"en"}), sessions=4, permits=8, hosted=False),
    Service(
        name="intl",
        url="wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime",
        model=HOSTED_MODEL,
        pace=HOSTED_PACE,
    ),
    Service(
        name="cn",
        url="wss://dashscope.aliyuncs.com/api-ws/v1/realtime",
        model=HOSTED_MODEL,
        pace=HOSTED_PACE,
    ),
)
