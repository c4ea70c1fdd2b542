"""Handling connections: silently, and breaking them off where a test wants it."""

import socket

from werkzeug.serving import WSGIRequestHandler
from werkzeug.wrappers import Request


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        pass


def hang_up(request: Request, after: int) -> None:
    """Take some bytes of a request's body and break the connection."""
    if request.content_length or request.environ.get("wsgi.input_terminated"):
        request.stream.read(after)
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError
