"""Live output of the running step: the last lines, fed in batches from the ring."""

from textual.widgets import Log

from ..bridge import Output
from ..literal import terminal_line

KEPT = 5000


class LiveOutput(Log):
    """Shown once there is something; it follows the end until the person scrolls up."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, max_lines=KEPT, auto_scroll=True)
        self.lost = 0

    def begin(self) -> None:
        """Another step: nothing said yet."""
        self.clear()
        self.lost = 0
        self.display = False

    def add(self, output: Output) -> None:
        """Show a batch."""
        dropped = output.dropped[0]
        if dropped:
            self.lost += dropped
            self.write_line(f"… {dropped} lines went by too fast to show")
        self.write_lines([terminal_line(line) for line in output.lines])
        self.display = True
