"""Finds the pages that name an indicator, by following what their code uses from module to module."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dashboards.caches import cached

_FOLDER = Path(__file__).parent
_PACKAGE = _FOLDER.name
#: These offer every indicator of the catalogue.
_ALL = ("map", "definitions")
#: These speak of tables and name indicators as examples only.
_NONE = ("data", "query")


@dataclass
class _Module:
    """The statements of a module by the name that they define, and what its imports stand for: module and name in it."""

    statements: list[ast.stmt]
    defined: dict[str, list[ast.stmt]] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)


def pages(indicator_id: str) -> list[str]:
    """The pages that show the indicator, in order of their names, those that offer every one last."""
    named = [page for page, words in _said().items() if re.search(rf"\b{re.escape(indicator_id)}\b", words)]
    return [*(page for page in named if page not in (*_ALL, *_NONE)), *_ALL]


@cached(max_entries=1)
def _said() -> dict[str, str]:
    """By page: all texts in the code that it runs."""
    modules: dict[str, _Module] = {}
    names = sorted(file.stem for file in (_FOLDER / "app_pages").glob("*.py") if file.stem != "__init__")
    return {name: "\n".join(_texts(f"app_pages/{name}", modules)) for name in names}


def _texts(page: str, modules: dict[str, _Module]) -> Iterator[str]:
    seen = set[tuple[str, str]]()
    waiting = [(page, _module(page, modules).statements)]
    while waiting:
        name, statements = waiting.pop()
        module = _module(name, modules)
        for node in _nodes(statements):
            used = None
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                target, inner = module.imported.get(node.value.id, ("", "?"))
                used = (target, node.attr) if target and not inner else None
            elif isinstance(node, ast.Name):
                used = (name, node.id) if node.id in module.defined else module.imported.get(node.id)
            if used is not None and used[1] and used not in seen:
                seen.add(used)
                waiting.append((used[0], _module(used[0], modules).defined.get(used[1], [])))


def _module(name: str, modules: dict[str, _Module]) -> _Module:
    if name in modules:
        return modules[name]
    module = modules[name] = _Module(ast.parse((_FOLDER / f"{name}.py").read_text(encoding="utf-8")).body)
    for statement in module.statements:
        if isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                here = alias.asname or alias.name
                if statement.module == _PACKAGE and (_FOLDER / f"{alias.name}.py").exists():
                    module.imported[here] = (alias.name, "")
                elif (statement.module or "").startswith(f"{_PACKAGE}."):
                    module.imported[here] = (str(statement.module).partition(".")[2].replace(".", "/"), alias.name)
        elif isinstance(statement, ast.FunctionDef | ast.ClassDef):
            module.defined.setdefault(statement.name, []).append(statement)
        else:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    module.defined.setdefault(node.id, []).append(statement)
    return module


def _nodes(statements: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Everything in the statements but texts that stand alone: docstrings say what is done and do nothing."""
    for statement in statements:
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
            yield statement
            yield from _nodes(ast.iter_child_nodes(statement))
