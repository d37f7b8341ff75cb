"""The system's clock; tests have their own."""

import time


class SystemClock:
    """Seconds since the epoch, and a clock that never goes back."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()
