"""A small lakeFS that remembers: the operations that the store uses, true to their description.

Every request and every response is held against description.yaml; what differs is noted in
`violations`, and the tests look there when they end.
"""

import base64
import re
import threading
from pathlib import Path

import yaml
from openapi_core import OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from openapi_core.exceptions import OpenAPIError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.lakefs_server.faults import CUT, DROP, LOSE, Faults
from tests.lakefs_server.history import Refused
from tests.lakefs_server.operations import Operations, answer, failure
from tests.lakefs_server.quiet import Quiet, hang_up
from tests.lakefs_server.storage import Storage, cut_short

DESCRIPTION = Path(__file__).with_name("description.yaml")
API = OpenAPI.from_file_path(DESCRIPTION)
KEY, SECRET = "AKIA-TEST", "secret of the tests"


def rules() -> Map:
    """Return the description's paths as rules, each named by its operation."""
    paths = yaml.safe_load(DESCRIPTION.read_text())["paths"]
    return Map(
        [
            Rule(
                "/api/v1" + path.replace("{", "<").replace("}", ">"),
                methods=[method.upper()],
                endpoint=operation["operationId"],
            )
            for path, operations in paths.items()
            for method, operation in operations.items()
            if method != "parameters"
        ]
    )


class LakeFSServer:
    """Serves from its making to `close`."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.storage = Storage(self.faults)
        self.violations: list[str] = []
        self._operations = Operations(self.storage)
        self._rules = rules()
        self._lock = threading.Lock()
        self._server = make_server("127.0.0.1", 0, self._answer, True, request_handler=Quiet)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.storage.close()

    @Request.application
    def _answer(self, request: Request) -> Response:
        try:
            operation, names = self._rules.bind_to_environ(request.environ).match()
        except HTTPException as error:
            self.violations.append(f"{request.method} {request.path}: {error}")
            return failure(404, "invalid API endpoint")
        fault = self.faults.take(operation)
        if fault == DROP:
            hang_up(request, 1000)
        asked = WerkzeugOpenAPIRequest(request)
        try:
            API.validate_request(asked)
        except OpenAPIError as error:
            self.violations.append(f"{operation}: {error!r} {error.__cause__!r}")
            return failure(400, "not as described")
        response = self._do(operation, names, request, fault)
        try:
            API.validate_response(asked, WerkzeugOpenAPIResponse(response))
        except OpenAPIError as error:
            self.violations.append(f"{operation}: answer: {error!r} {error.__cause__!r}")
        if fault == LOSE:
            hang_up(request, 0)
        return response

    def _do(
        self, operation: str, names: dict[str, str], request: Request, fault: str | int | None
    ) -> Response:
        word = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {word}":
            return failure(401, "error authenticating request")
        if fault == 409 and operation == "mergeIntoBranch":
            return answer(409, {"reference": ""})
        if isinstance(fault, int):
            return failure(fault, f"injected {fault}")
        try:
            with self._lock:
                method = getattr(self._operations, in_python(operation))
                response = method(request, **{in_python(n): value for n, value in names.items()})
                return cut_short(response) if fault == CUT else response
        except Refused as refusal:
            if refusal.status == 409 and operation == "mergeIntoBranch":
                return answer(409, {"reference": ""})
            return failure(refusal.status, str(refusal))


def in_python(name: str) -> str:
    """Return a name of the description as Python writes names."""
    return re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name)
