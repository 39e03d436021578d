"""What the documents promise, the code has: commands, keys, variables, datasets, files."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from small_city import make_small_city
from typer.main import get_command

from pipelines.bulletin.send import SENT
from pipelines.city import Database, DatabaseSource, Open311, Open311Source, Settings
from pipelines.cli import app
from pipelines.contracts.model import load_contracts
from pipelines.ingest.mapping import ColumnMapping, Mapping

ROOT = Path(__file__).parents[1]
DOCUMENTS = {
    path.name: path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}
CODE = {
    path: path.read_text(encoding="utf-8")
    for folder in ("pipelines", "dashboards")
    for path in (ROOT / folder).rglob("*.py")
}
COMMANDS = get_command(app).commands  # type: ignore[attr-defined]


def first_cells(document: str, heading: str) -> set[str]:
    """The names in the first column of the table under a heading."""
    section = re.split(r"^## ", DOCUMENTS[document], flags=re.MULTILINE)
    body = next(part for part in section if part.startswith(heading))
    return {match for line in body.splitlines() for match in re.findall(r"^\| `([^`]+)` \|", line)}


def test_readme_shows_every_command_and_no_other() -> None:
    shown = {cell.split()[1] for cell in first_cells("README.md", "Commands")}
    assert shown == set(COMMANDS)


def test_every_option_that_a_document_shows_exists() -> None:
    options = {name for command in COMMANDS.values() for parameter in command.params for name in parameter.opts} | {
        "--help"
    }
    shown = {
        o
        for text in DOCUMENTS.values()
        for line in re.findall(r"streetwise [a-z-]+[^\n`|]*", text)
        for o in re.findall(r"--[a-z-]+", line)
    }
    assert shown <= options
    assert {"--rebuild", "--name-zh"} <= shown


def test_every_command_says_what_it_does_and_every_option_has_help() -> None:
    for name, command in COMMANDS.items():
        assert command.help, name
        for parameter in command.params:
            assert parameter.help, f"{name} {parameter.name}"


def test_the_reference_of_city_yaml_has_every_key() -> None:
    assert first_cells("city.md", "city.yaml") == set(Settings.model_fields)


def test_the_reference_of_mappings_has_every_key() -> None:
    assert first_cells("city.md", "Mappings") == set(Mapping.model_fields)
    for key in ColumnMapping.model_fields:
        assert f"`{key}`" in DOCUMENTS["city.md"]


def test_the_reference_of_sources_has_every_key() -> None:
    section = re.split(r"^## ", DOCUMENTS["city.md"], flags=re.MULTILINE)
    body = next(part for part in section if part.startswith("Sources"))
    shown = {
        key
        for line in body.splitlines()
        if line.startswith("| `")
        for key in re.findall(r"`(\w+)`", line.split("|")[1])
    }
    models = (DatabaseSource, Database, Open311Source, Open311)
    assert shown == {key for model in models for key in model.model_fields} - {"database", "open311"}


def test_the_sources_and_the_mapping_that_their_reference_shows_are_valid() -> None:
    import yaml

    shown = re.findall(r"```yaml\n(.*?)```", DOCUMENTS["city.md"], flags=re.DOTALL)
    sources, mapping = (block for block in shown if re.match("sources:|kind:", block))
    city = {"name": {"zh": "城", "en": "City"}, "time_zone": "Asia/Shanghai"}
    assert len(Settings.model_validate(city | yaml.safe_load(sources)).sources["tickets"]) == 2  # type: ignore[arg-type]
    assert Mapping.model_validate(yaml.safe_load(mapping)).columns


def test_the_mapping_that_readme_shows_is_valid() -> None:
    import yaml

    text = next(block for block in re.findall(r"```yaml\n(.*?)```", DOCUMENTS["README.md"], flags=re.DOTALL))
    assert Mapping.model_validate(yaml.safe_load(text)).columns


def test_the_documents_name_every_dataset() -> None:
    for dataset in load_contracts():
        assert f"`{dataset}`" in DOCUMENTS["city.md"]


def test_the_documents_name_every_variable_that_the_code_reads() -> None:
    read = {name for text in CODE.values() for name in re.findall(r"STREETWISE_[A-Z_]+", text)}
    assert first_cells("operations.md", "Variables") == read | {"STREETWISE_SHARED"}


def test_the_documents_show_every_make_target_and_no_other() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    shown = {
        t
        for text in DOCUMENTS.values()
        for t in re.findall(r"\bmake (run|test|refresh|lint|lock|[a-z]+)(?=[ `\n]+(?:CITY|#|$|`)|`)", text)
    }
    assert shown == targets


def test_the_tree_of_a_city_names_what_the_product_keeps_in_state(tmp_path: Path) -> None:
    city = make_small_city(tmp_path).open()
    tree = re.search(r"  state/.*?```", DOCUMENTS["city.md"], flags=re.DOTALL)
    kept = [city.warehouse, city.landing, city.rejects, city.row_versions, city.published, city.dagster_home]
    for name in (*(path.name for path in kept), SENT, "rebuilt"):
        assert tree is not None and re.search(rf"^    {re.escape(name)}\b", tree[0], flags=re.MULTILINE), name


def test_every_library_that_the_code_imports_is_declared() -> None:
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[\[<>=]", line)[0].lower() for line in metadata["dependencies"]}
    found = {
        name.split(".")[0]
        for text in CODE.values()
        for node in ast.walk(ast.parse(text))
        for name in ([a.name for a in node.names] if isinstance(node, ast.Import) else [node.module or ""] if isinstance(node, ast.ImportFrom) else [])
    } - {"pipelines", "dashboards", *sys.stdlib_module_names}  # fmt: skip
    by_module = packages_distributions()
    assert {"numpy", "duckdb"} <= found
    for module in found:
        assert declared & {name.lower().replace("_", "-") for name in by_module[module]}, module


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_link_and_picture_of_a_document_is_there(name: str) -> None:
    folder = ROOT if name == "README.md" else ROOT / "docs"
    for target in re.findall(r"\]\(([^)#]+)\)", DOCUMENTS[name]):
        if not target.startswith("http"):
            assert (folder / target).exists(), target


def test_every_page_has_its_line() -> None:
    pages = {p.stem for p in (ROOT / "dashboards" / "app_pages").glob("*.py") if p.stem != "__init__"}
    shown = set(re.findall(r"^\| `([a-z]+)` \| [^|]+\?[^|]* \|$", DOCUMENTS["pages.md"], flags=re.MULTILINE))
    assert shown == pages
