"""What can go wrong around the practice project."""

from pathlib import Path

from ..terms.errors import HeldError, SenseiError, UsageError


class NotAPracticeProjectError(UsageError):
    """Something that we did not make stands where the practice project should be."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"{directory} is not a practice project.",
            means="It holds files that sensei did not make, so sensei leaves it alone.",
            remedy="Choose another folder: sensei practice --dir FOLDER",
        )


class InUseError(HeldError):
    """The practice project cannot be rebuilt under somebody's feet."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"The practice project in {directory} is open in another sensei.",
            means="Building it afresh would delete what the other one works on.",
            remedy="Quit the other one first, or practise elsewhere: sensei practice --dir FOLDER",
        )


class UnwritableError(SenseiError):
    """The project's files cannot be written or removed."""

    def __init__(self, directory: Path, error: OSError) -> None:
        super().__init__(
            f"The practice project cannot be made in {directory}: {error.strerror or error}.",
            means="Nothing was left half done that the next start does not clean.",
            remedy="Free some space, or choose a folder you may write to: sensei practice --dir FOLDER",
            where=str(error.filename or ""),
        )


class PreparationError(SenseiError):
    """The project's own migrations or rows did not go into a new database."""

    def __init__(self, directory: Path, said: str) -> None:
        super().__init__(
            "The practice databases cannot be built.",
            means=said,
            remedy="Build the whole project again: sensei practice --fresh",
            where=str(directory),
        )
