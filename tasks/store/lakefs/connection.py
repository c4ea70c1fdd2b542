"""Asking a lakeFS server: credentials, patience, and what is said when it stays in vain."""

import json
import os
import time
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from lakefs.client import Client
from lakefs.exceptions import ServerException
from lakefs_sdk.exceptions import ApiException
from pydantic.v1 import ValidationError
from urllib3 import Retry, Timeout
from urllib3.exceptions import HTTPError

from configs.schema.store import LakeFSSettings
from tasks.store.protocol import Conflict, MissingRef, StoreError

KEY, SECRET = "LAKEFS_ACCESS_KEY_ID", "LAKEFS_SECRET_ACCESS_KEY"  # environment variables
IN_PASSING = {408, 423, 429, 500, 502, 503, 504}  # HTTP states; 423, 429: the branch is busy
CONNECT_S = 5.0  # [s] a server that takes longer to be reached is not there

T = TypeVar("T")


class Absent(MissingRef):
    """The server has no such repository, branch, tag or object, or lost its bytes."""


class Taken(Conflict):
    """The name exists, or the branch has moved on."""


KINDS: dict[int | None, type[StoreError]] = {404: Absent, 410: Absent, 409: Taken}
REFUSALS: dict[int | None, str] = {
    404: "{said}",
    410: "{said}",
    409: "{said}; try again",
    401: f"credentials are refused; correct {KEY} and {SECRET}",
    403: "not allowed ({said}); ask for a policy that allows it",
    412: "refused by a hook of the repository: {said}",
    None: "no answer ({said}); start the server or correct store.endpoint, and run the same "
    "command again",
}


class Connection:
    """A server and who we are to it."""

    def __init__(self, config: LakeFSSettings) -> None:
        """Make ready; nothing is sent yet.

        Raises:
            StoreError: the environment holds no credentials.
        """
        self.place = f"lakeFS at {config.endpoint}, repository {config.repository}"
        self._attempts, self._pause_s = config.attempts, config.pause_s
        key, secret = os.environ.get(KEY, ""), os.environ.get(SECRET, "")
        if not key or not secret:
            raise StoreError(f"{self.place}: no credentials; set {KEY} and {SECRET}")
        # All three are given, so that the SDK looks for no file of its own.
        self.client = Client(host=config.endpoint, username=key, password=secret)
        self.api = self.client.sdk_client
        connect_s = min(CONNECT_S, config.timeout_s)
        self.patience: dict[str, Any] = {"_request_timeout": (connect_s, config.timeout_s)}
        # The SDK sends bytes past its own time limit, and urllib3 tries again without a pause
        # and says so on the terminal.
        pool = self.api.objects_api.api_client.rest_client.pool_manager
        pool.connection_pool_kw["timeout"] = Timeout(connect=connect_s, read=config.timeout_s)
        pool.connection_pool_kw["retries"] = Retry(
            connect=0, read=0, other=0, redirect=3, respect_retry_after_header=False
        )

    def again(self, what: str, request: Callable[[], T], passing: Container[int] = IN_PASSING) -> T:
        """Return a request's answer, after as many attempts as it needs and may have.

        `passing` are the HTTP states that another attempt may mend.

        Raises:
            Absent: HTTP 404, 410. Taken: 409. StoreError: any other failure.
        """
        for attempt in range(self._attempts):
            try:
                return request()
            except (ApiException, ServerException, HTTPError) as error:
                status = getattr(error, "status", None) or getattr(error, "status_code", None)
                if (status or 503) not in passing or attempt == self._attempts - 1:
                    raise self._refusal(what, status, words(error)) from None
            except OSError as error:  # of the file, or of the SDK's own copy of it
                raise StoreError(
                    f"{self.place}: {what}: {error.strerror or error}; free some space"
                ) from None
            except ValidationError:  # the SDK's, of an answer that is not in its models
                raise StoreError(
                    f"{self.place}: {what}: no lakeFS answers so; correct store.endpoint"
                ) from None
            time.sleep(self._pause_s * 2**attempt)
        raise AssertionError("at least one attempt is made")

    def _refusal(self, what: str, status: int | None, said: str) -> StoreError:
        """Return the one line that a person reads, as the error that the protocol names."""
        later = " and run the same command again" if status in IN_PASSING else ""
        other = f"{{said}} (HTTP {status}); see the server's log{later}"
        line = REFUSALS.get(status, other).format(said=said)
        return KINDS.get(status, StoreError)(f"{self.place}: {what}: {line}")


def words(error: Exception) -> str:
    """Return what a server said, or how it failed to answer, in one line without the request."""
    body = getattr(error, "body", None)
    with suppress(ValueError):
        body = json.loads(body) if isinstance(body, str | bytes) else body
    if isinstance(body, Mapping) and body.get("message"):
        return " ".join(str(body["message"]).split())
    reason = getattr(error, "reason", None)
    if isinstance(reason, Exception):  # urllib3 wraps what happened
        return type(reason).__name__
    return " ".join(str(reason or type(error).__name__).split())
