"""The lines at the edges of every screen: what this is and where it points, and the keys that work now."""

from collections.abc import Iterable

from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Static

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
        keys = [_key_content(key, words) for key, words in self._shown()]
        width = self.content_size.width
        while len(keys) > 2 and sum(key.cell_length for key in keys) + 3 * (len(keys) - 1) > width:
            del keys[-2]
        return Content("   ").join(keys).truncate(max(width, 1), ellipsis=True)

    def _shown(self) -> Iterable[tuple[str, str]]:
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
        return entries


def _key_content(key: str, words: str) -> Content:
    press = Style.from_meta({"@click": f"app.simulate_key({key!r})"})
    name = Content.styled(KEY_NAMES.get(key, key), "bold $primary")
    return Content.assemble(name, " ", (words, "$text-muted")).stylize(press)
