"""Compile templates in Jinja2's sandbox, and know which facts can change what each of them says."""

from __future__ import annotations

from collections.abc import MutableMapping
from io import StringIO
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.idtracking import VAR_LOAD_RESOLVE
from jinja2.meta import find_referenced_templates
from jinja2.sandbox import ImmutableSandboxedEnvironment


class _Generator(CodeGenerator):
    """Notes the names that its template looks up in the context, as `jinja2.meta` finds them.

    That would generate the whole code once more, and nothing else at start takes as long.
    """

    names: set[str]

    def enter_frame(self, frame: Frame) -> None:
        super().enter_frame(frame)
        loads = frame.symbols.loads.values()
        self.names |= {name for action, name in loads if action == VAR_LOAD_RESOLVE and name}


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """The templates of one folder; what they name besides what they are given is a fault."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(".html.j2"),
            auto_reload=False,
            # Without a limit it is a plain dictionary, which every piece of a text is looked up in.
            cache_size=-1,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._names: dict[str, frozenset[str]] = {}
        self._pieces: dict[str, frozenset[str | None]] = {}

    def names_in(self, name: str) -> frozenset[str]:
        """Return which facts a template names itself. Raises what Jinja2 raises where it is wrong.

        It is compiled by then, and stays so.
        """
        self.get_template(name)
        return self._names[name]

    def names_within(self, name: str) -> frozenset[str] | None:
        """Return which facts a template names, itself or in its pieces; None if that is not known.

        A piece may be chosen by a fact, or not be compiled yet.
        """
        found, waiting, seen = set[str](), [name], {name}
        while waiting:
            one = waiting.pop()
            if one not in self._names:
                return None
            found |= self._names[one]
            pieces = self._pieces[one]
            if None in pieces:
                return None
            waiting += [piece for piece in pieces if piece is not None and piece not in seen]
            seen |= {*waiting}
        return frozenset(found)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return what is there besides the facts: none of Jinja2's own range, lipsum, cycler."""
        return d or {}

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,
    ) -> str:
        """Generate a template's code (Jinja2's hook for that)."""
        pieces = frozenset(find_referenced_templates(source))
        code = StringIO()
        generator = _Generator(self, name, filename, code, defer_init, self.optimized)
        generator.names = set()
        generator.visit(source)
        if name is not None:
            self._names[name], self._pieces[name] = frozenset(generator.names), pieces
        return code.getvalue()
