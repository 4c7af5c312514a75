"""Which settings a function asks for, followed from its main.py through the wiring by reading the source."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[3]
WIRING = "shared.wiring"
ASKS = frozenset({"setting", "listed"})


@dataclass(slots=True)
class Asked:
    """`always`: needed for the function to work at all; `maybe`: resolved only where it is used (`partial`)."""

    always: set[str] = field(default_factory=set)
    maybe: set[str] = field(default_factory=set)


class Module:
    """One source file: what it defines, and what the names of the wiring mean in it."""

    def __init__(self, path: Path) -> None:
        self.tree = ast.parse(path.read_text())
        own = (ast.FunctionDef, ast.ClassDef)
        self.defined = {one.name: one for one in self.tree.body if isinstance(one, own)}
        self.modules: dict[str, str] = {}
        self.names: dict[str, tuple[str, str]] = {}
        for one in ast.walk(self.tree):
            if isinstance(one, ast.ImportFrom) and one.module == WIRING:
                self.modules |= {alias.asname or alias.name: f"{WIRING}.{alias.name}" for alias in one.names}
            elif isinstance(one, ast.ImportFrom) and (one.module or "").startswith(f"{WIRING}."):
                self.names |= {alias.asname or alias.name: (str(one.module), alias.name) for alias in one.names}

    def wired(self, node: ast.AST) -> Iterator[tuple[str, str]]:
        """The functions of the wiring, by module and name, that a piece of it mentions."""
        for one in ast.walk(node):
            if isinstance(one, ast.Name) and one.id in self.names:
                yield self.names[one.id]
            elif isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id in self.modules:
                yield self.modules[one.value.id], one.attr


def asked_by(function: str) -> Asked:
    """What the function with this folder asks for."""
    main = Module(ROOT / "functions" / function / "main.py")
    asked, known, todo = Asked(), set[tuple[str, str]](), list(main.wired(main.tree))
    while todo:
        module_name, name = todo.pop()
        if (module_name, name) in known:
            continue
        known.add((module_name, name))
        module = Module(ROOT / (module_name.replace(".", "/") + ".py"))
        node = module.defined[name]
        own = (
            (module_name, one.id) for one in ast.walk(node) if isinstance(one, ast.Name) and one.id in module.defined
        )
        todo += [*module.wired(node), *own]
        _collect(node, asked)
    return asked


def _collect(node: ast.AST, asked: Asked) -> None:
    for one in ast.walk(node):
        if not isinstance(one, ast.Call):
            continue
        texts = [each.value for each in one.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        if _name(one.func) in ASKS:
            asked.always |= set(texts)
        elif _name(one.func) == "partial" and _name(one.args[0]) in ASKS:
            asked.maybe |= set(texts)


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
