"""What goes wrong: which request, how, how often."""

import threading
from dataclasses import dataclass

DROP = "drop"  # the connection breaks while the request is sent; nothing is done
LOSE = "lose"  # it is done, but the answer is lost
CUT = "cut"  # the answer breaks off in the middle


@dataclass
class Fault:
    operation: str
    how: str | int  # one of the words above, or an HTTP state that is answered, nothing done
    times: int


class Faults:
    """Faults that wait for their request, and how often each operation was asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self.asked: dict[str, int] = {}

    def add(self, operation: str, how: str | int, times: int = 1) -> None:
        with self._lock:
            self._waiting.append(Fault(operation, how, times))

    def waiting(self) -> list[Fault]:
        """Return the faults that did not find their request."""
        with self._lock:
            return [fault for fault in self._waiting if fault.times > 0]

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, operation: str) -> str | int | None:
        """Count a request, and return what befalls it."""
        with self._lock:
            self.asked[operation] = self.asked.get(operation, 0) + 1
            for fault in self._waiting:
                if fault.operation == operation and fault.times > 0:
                    fault.times -= 1
                    return fault.how
        return None
