"""The object storage behind lakeFS, with addresses signed for one transfer.

It stands apart, on a port of its own, and like the real ones refuses a request that carries a
signature and credentials both.
"""

import hashlib
import secrets
import threading

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.lakefs_server.faults import CUT, DROP, Faults
from tests.lakefs_server.quiet import Quiet, hang_up


class Storage:
    """Bytes by address."""

    def __init__(self, faults: Faults) -> None:
        self.signs = True  # or it gives no address to sign, as a local folder does
        self.objects: dict[str, bytes] = {}
        self._signed: set[tuple[str, str, str]] = set()  # method, address, signature
        self._faults = faults
        self._server = make_server("127.0.0.1", 0, self._answer, True, request_handler=Quiet)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def address(self) -> str:
        return f"local://data/{secrets.token_hex(8)}"

    def add(self, content: bytes) -> str:
        address = self.address()
        self.objects[address] = content
        return address

    def sign(self, method: str, address: str) -> str:
        """Return a URL that serves one kind of transfer of one object."""
        signature = secrets.token_hex(8)
        self._signed.add((method, address, signature))
        name = address.removeprefix("local://")
        return f"http://127.0.0.1:{self._server.server_port}/{name}?signature={signature}"

    def flip(self, content: bytes) -> None:
        """Flip a bit of every object with this content."""
        for address, held in self.objects.items():
            if held == content:
                self.objects[address] = bytes([held[0] ^ 1]) + held[1:]

    def lose(self, content: bytes) -> None:
        """Lose every object with this content."""
        for address in [address for address, held in self.objects.items() if held == content]:
            del self.objects[address]

    @Request.application
    def _answer(self, request: Request) -> Response:
        address = f"local://{request.path[1:]}"
        signed = (request.method, address, request.args.get("signature", "")) in self._signed
        if not signed or "Authorization" in request.headers:
            return Response(status=403)
        fault = self._faults.take(f"storage {request.method}")
        if isinstance(fault, int):
            return Response(status=fault)
        if fault == DROP:
            hang_up(request, 1000)
        if request.method == "PUT":
            self.objects[address] = request.get_data()
            return Response(headers={"ETag": f'"{etag(self.objects[address])}"'})
        if address not in self.objects:
            return Response(status=404)
        response = ranged(self.objects[address], request)
        return cut_short(response) if fault == CUT else response


def etag(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


def ranged(content: bytes, request: Request) -> Response:
    """Return the bytes that were asked for."""
    wanted = request.range
    if wanted is None:
        return Response(content, 200, content_type="application/octet-stream")
    start, stop = wanted.range_for_length(len(content)) or (0, 0)
    if stop <= start:
        return Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
    response = Response(content[start:stop], 206, content_type="application/octet-stream")
    response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
    return response


def cut_short(response: Response) -> Response:
    """Promise the whole body and send half of it; then the connection breaks."""
    body = response.get_data()
    response.response = [body[: len(body) // 2]]
    response.headers["Content-Length"] = str(len(body))
    response.headers["Connection"] = "close"
    return response
