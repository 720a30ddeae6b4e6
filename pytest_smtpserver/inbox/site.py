"""Which request gets which answer, and which requests are refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .answers import sentence

if TYPE_CHECKING:
    import h11

    from .answers import Answer
    from .views import Views

# Names of this machine, with any port, because a port may be forwarded. A foreign name that
# resolves to this machine (DNS rebinding) does not match.
_HOST: Final = re.compile(rb"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_METHODS: Final = (b"GET", b"HEAD")
_NUMBER: Final = r"(?P<number>\d{1,9})"
#: Paths, and the method of `Views` that makes the answer.
_PATHS: Final = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"/", "page"),
        (r"/messages\.json", "listing"),
        (r"/events", "events"),
        (rf"/messages/{_NUMBER}", "page"),
        (rf"/messages/{_NUMBER}/view", "panel"),
        (rf"/messages/{_NUMBER}/raw", "raw"),
        (rf"/messages/{_NUMBER}\.eml", "eml"),
        (rf"/messages/{_NUMBER}/attachments/(?P<part>\d{{1,4}})", "attachment"),
    )
)
_AFTER: Final = re.compile(r"after=(\d{1,9})")
_MISSING: Final = "This message or attachment does not exist, or no longer exists."


class Site:
    """Answers requests from its own pages and from tools, and refuses those from other sites."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def answer(self, request: h11.Request) -> Answer:
        """Return the answer to a request."""
        fields = {bytes(name): bytes(value) for name, value in request.headers}
        if not _HOST.fullmatch(fields.get(b"host", b"")):
            return sentence(403, "This inbox answers to 127.0.0.1 and localhost only.")
        if request.method not in _METHODS:
            return sentence(405, "Only GET and HEAD are allowed here.", ("Allow", "GET, HEAD"))
        if _is_of_another_site(fields):
            return sentence(403, "Another site may not read this inbox.")
        path, _, query = bytes(request.target).decode("latin-1").partition("?")
        return self._of_path(path, _after(query, fields))

    def _of_path(self, path: str, after: int) -> Answer:
        for pattern, name in _PATHS:
            if match := pattern.fullmatch(path):
                if name == "events":
                    return self._views.events(after)
                numbers = {key: int(value) for key, value in match.groupdict().items()}
                answer: Answer | None = getattr(self._views, name)(**numbers)
                return answer or sentence(404, _MISSING)
        return sentence(404, "This page does not exist.")


def _is_of_another_site(fields: dict[bytes, bytes]) -> bool:
    # Fetch Metadata: the browser says which site a request comes from. Following a link to the
    # inbox is allowed from any site.
    by = fields.get(b"sec-fetch-site", b"none")
    is_followed_link = (
        fields.get(b"sec-fetch-mode") == b"navigate"
        and fields.get(b"sec-fetch-dest") == b"document"
    )
    return by not in (b"none", b"same-origin") and not is_followed_link


def _after(query: str, fields: dict[bytes, bytes]) -> int:
    # A browser that reconnects sends the id of the last event it got (HTML Standard, 9.2.4).
    last = fields.get(b"last-event-id", b"").decode("latin-1")
    found = _AFTER.fullmatch(f"after={last}") or _AFTER.fullmatch(query)
    return int(found[1]) if found else 0
