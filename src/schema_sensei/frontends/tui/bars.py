"""The lines at the edges of every screen: what this is and where it points, and the keys that work now."""

from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Static

from ..requests import EnvironmentState
from .literal import one_line
from .marks import QUIET, standing_mark

KEY_NAMES = {
    "enter": "⏎",
    "escape": "esc",
    "question_mark": "?",
    "slash": "/",
    "up": "↑↓",
    "pageup": "⇞⇟",
    "left": "←",
    "ctrl+p": "^p",
    "ctrl+c": "^c",
    "ctrl+q": "^q",
    "tab": "⇥",
    "space": "space",
}
"""How a key is written in the keys line; a list of keys is shown by its first."""


FIRST_TO_GO = ("pageup", "up", "t", "ctrl+p")
"""Keys that a narrow line leaves out first: those that people press anyway."""


class EdgeLine(Static):
    """One line with a left and a right part; what does not fit is cut from the left part."""

    left: reactive[Content] = reactive(Content(""))
    right: reactive[Content] = reactive(Content(""))

    def render(self) -> Content:
        """The two parts and the space between them."""
        width = self.content_size.width
        right = self.right.truncate(width, ellipsis=True)
        room = width - right.cell_length
        left = self.left
        if left.cell_length > room - 2:
            left = left.truncate(max(room - 2, 0), ellipsis=True)
        return Content.assemble(left, " " * max(room - left.cell_length, 0), right)


class KeysLine(Widget):
    """The keys that work now, in the order they were bound; a click does what the key does."""

    def on_mount(self) -> None:
        """Follow the screen's bindings."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        """As many keys as fit; the last one, the way out, always does."""
        entries = self._shown()
        width = self.content_size.width
        for first_to_go in (*FIRST_TO_GO, *(key for key, _ in reversed(entries[:-1]))):
            if _width(entries) <= width:
                break
            entries = [entry for entry in entries if entry[0] != first_to_go]
        return Content("   ").join(_key_content(*entry) for entry in entries).truncate(max(width, 1), ellipsis=True)

    def _shown(self) -> list[tuple[str, str]]:
        seen: set[tuple[str, str]] = set()
        entries = []
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if not binding.show or not active.enabled or (binding.action, binding.description) in seen:
                continue
            seen.add((binding.action, binding.description))
            entries.append((binding.key, binding.description))
        # Bindings come from the focused widget outwards, the app's own last; leaving always stands at the end.
        entries.sort(key=lambda entry: entry[0] == "q")
        if not entries or entries[-1][0] != "q":  # a letter is text where text is typed
            entries.append(("ctrl+q", "quit"))
        return entries


def environments_line(states: tuple[EnvironmentState, ...], *, words: bool) -> Content:
    """Every environment with its mark; with its words where there is room."""
    parts = []
    for state in states:
        mark, style = standing_mark(state.standing)
        name = Content.styled(one_line(state.name), "bold $warning" if state.protected else "")
        more = f" {one_line(state.words)}" if words and state.words else ""
        parts.append(Content.assemble(name, " ", (mark, style), (more, QUIET)))
    return Content("   ").join(parts)


def _width(entries: list[tuple[str, str]]) -> int:
    return sum(len(KEY_NAMES.get(key, key)) + 1 + len(words) for key, words in entries) + 3 * (len(entries) - 1)


def _key_content(key: str, words: str) -> Content:
    press = Style.from_meta({"@click": f"app.simulate_key({key!r})"})
    name = Content.styled(KEY_NAMES.get(key, key), "bold $primary")
    return Content.assemble(name, " ", (words, QUIET)).stylize(press)
