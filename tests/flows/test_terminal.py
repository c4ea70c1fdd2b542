"""Tables and progress: wrapped in their last column on a terminal, a row a line elsewhere."""

import io

import pytest

from flows.commands.terminal import count_of, progress, size, table

ROWS = [("a" * 12, "1.5 s", "words " * 30), ("b", "100 s", "[passed]")]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_row_is_a_line_where_nobody_looks():
    lines = table(ROWS, right=(1,)).splitlines()
    assert lines[0] == f"{'a' * 12}  1.5 s  {('words ' * 30).strip()}"
    assert lines[1] == f"b{' ' * 11}  100 s  [passed]"


def test_a_terminal_wraps_the_last_column_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("NO_COLOR", "1")
    lines = table(ROWS, right=(1,)).splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert all(line.startswith(" " * 21 + "words") for line in lines[1:-1])
    monkeypatch.setenv("COLUMNS", "30")
    assert table([("c" * 40, "d" * 20)]) == f"{'c' * 40}  {'d' * 20}"


def test_progress_is_lines_in_a_log_and_a_bar_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    with progress("verify") as report:
        report(5, 5, "objects")
    assert "verify" in (line := capsys.readouterr().out)
    assert "5 / 5 objects" in line
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    with progress("verify") as report:
        report(2, 4, "objects")
        report(4, 4, "objects")
    assert "4 / 4 objects" in terminal.getvalue()


def test_sizes_and_counts_as_people_read_them():
    assert [size(1023), size(14.2 * 2**20)] == ["1023 B", "14.2 MiB"]
    assert [count_of(1, "entry"), count_of(2000, "entry")] == ["1 entry", "2,000 entries"]
