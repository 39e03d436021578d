"""city.yaml and the city folder: what is right is read, what is wrong is named with its line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from small_city import SmallCity, make_small_city

from pipelines.city import City
from pipelines.ingest.mapping import Mapping
from pipelines.yaml_model import ConfigurationError, read_yaml_model

GOOD = ["name: {zh: 小城, en: Smalltown}", "time_zone: Asia/Shanghai"]


def written(city: SmallCity, *more: str) -> str:
    """The message with which a city.yaml of these lines is refused."""
    (city.folder / "city.yaml").write_text("\n".join([*GOOD, *more]) + "\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        city.open()
    return str(error.value)


def test_a_city_of_two_lines_is_enough(city: SmallCity) -> None:
    (city.folder / "city.yaml").write_text("\n".join(GOOD), encoding="utf-8")
    settings = city.open().settings
    assert (settings.area_code, settings.currency, settings.language, settings.people_minimum) == (
        "city",
        "CNY",
        "zh",
        10,
    )
    assert settings.as_of is None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("time_zones: Asia/Tokyo", 'city.yaml line 3: unknown key "time_zones"; did you mean "time_zone"?'),
        ("colour: red", 'city.yaml line 3: unknown key "colour"; known keys: name, area_code, time_zone'),
        ("currency: yuan", 'city.yaml line 3: "currency"'),
        ("people_minimum: 4", 'city.yaml line 3: "people_minimum"'),
        ("fiscal_year_start: 13", 'city.yaml line 3: "fiscal_year_start"'),
        ("language: fr", 'city.yaml line 3: "language"'),
        ("as_of: 2026-03-31T23:59:59", 'city.yaml line 3: "as_of"'),
        ("webhook_url: ftp://example.org", 'city.yaml line 3: "webhook_url"'),
        ("sources: {tickets: {fils: [a.csv]}}", 'did you mean "files"?'),
        ("sources: {ticket: {files: [a.csv]}}", 'did you mean "tickets"?'),
        ("sources: {tickets: {files: []}}", "city.yaml line 3"),
        ("area_code: [", "city.yaml line 4: not valid YAML"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named_with_its_number_and_what_to_write(city: SmallCity, line: str, message: str) -> None:
    assert message in written(city, line)


def test_an_as_of_without_an_offset_is_refused_with_an_example(city: SmallCity) -> None:
    assert "needs an offset, for example 2026-11-21T23:59:59+08:00" in written(city, "as_of: 2026-03-31T23:59:59")


def test_every_wrong_line_is_named_at_once(city: SmallCity) -> None:
    message = written(city, "colour: red", "language: fr")
    assert "line 3" in message and "line 4" in message


def test_a_missing_key_is_named(city: SmallCity) -> None:
    (city.folder / "city.yaml").write_text("name: {zh: 小城}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        city.open()
    assert 'the key "name.en" is missing' in str(error.value)
    assert 'the key "time_zone" is missing' in str(error.value)


@pytest.mark.parametrize("zone", ["Asia/Peking", "CST", "+08:00", ""])
def test_a_time_zone_that_is_not_of_the_iana_list_is_refused(city: SmallCity, zone: str) -> None:
    city.settings(time_zone=zone)
    with pytest.raises(ConfigurationError, match="is not a time zone of the IANA list, for example Asia/Shanghai"):
        city.open()


def test_a_wrong_key_inside_a_mapping_gets_the_hint_of_its_own_level(tmp_path: Path) -> None:
    path = tmp_path / "tickets.yaml"
    path.write_text("columns:\n  status:\n    colum: 状态\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_yaml_model(path, Mapping)
    assert "tickets.yaml line 3" in str(error.value)
    assert 'did you mean "column"?' in str(error.value)
    assert 'did you mean "columns"?' not in str(error.value)


def test_a_city_yaml_that_is_not_utf8_says_so(city: SmallCity) -> None:
    (city.folder / "city.yaml").write_bytes("name: {zh: 小城, en: S}\n".encode("gb18030"))
    with pytest.raises(ConfigurationError, match="is not UTF-8 text"):
        city.open()


def test_an_empty_city_yaml_says_what_is_missing(city: SmallCity) -> None:
    (city.folder / "city.yaml").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match='"name" is missing'):
        city.open()


def test_a_folder_without_city_yaml_is_not_a_city_and_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"is not a city folder: it has no city\.yaml.*streetwise new-city DIR"
    ):
        City.open(tmp_path)


def test_the_city_is_that_of_the_argument_then_of_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = make_small_city(tmp_path / "one"), make_small_city(tmp_path / "two")
    monkeypatch.setenv("STREETWISE_CITY", str(one.folder))
    assert City.open().folder == one.folder
    assert City.open(two.folder).folder == two.folder
    monkeypatch.chdir(tmp_path)
    assert City.open("two").folder == two.folder


def test_days_are_cut_in_the_city_at_the_moment_of_the_replay(city: SmallCity) -> None:
    city.settings(as_of="2026-03-31T20:00:00Z", time_zone="Asia/Shanghai")
    assert city.open().now() == datetime(2026, 3, 31, 20, tzinfo=UTC)
    assert city.open().today() == date(2026, 4, 1)


def test_a_source_that_names_an_unset_variable_is_refused(city: SmallCity, monkeypatch: pytest.MonkeyPatch) -> None:
    city.settings(sources={"tickets": {"files": ["${SMALLTOWN_DROP}/*.csv"]}})
    with pytest.raises(ConfigurationError, match=r"sources\.tickets: \$\{SMALLTOWN_DROP\}/\*\.csv names a variable"):
        city.open().extract_files("tickets")
    drop = city.folder / "elsewhere"
    drop.mkdir()
    (drop / "b.csv").write_text("x")
    monkeypatch.setenv("SMALLTOWN_DROP", str(drop))
    assert city.open().extract_files("tickets") == [(drop / "b.csv", "tickets")]


DATABASE = "url: 'postgresql://u:${P}@h/d'"


@pytest.mark.parametrize(
    ("tickets", "message"),
    [
        ("{database: {url: 'postgresql://u:hunter2@h/d', table: t}}", "a password does not belong in a file: write ${VARIABLE}"),
        ("{database: {url: 'mysql://h/d?password=hunter2', table: t}}", "a password does not belong in a file"),
        ("{database: {url: 'oracle://h/d', table: t}}", "starts with postgresql://, mysql:// or mariadb://"),
        (f"{{database: {{{DATABASE}}}}}", "needs exactly one of table, query"),
        (f"{{database: {{{DATABASE}, table: t, query: q}}}}", "needs exactly one of table, query"),
        (f"{{database: {{{DATABASE}, table: t, hihg_water: u}}}}", 'did you mean "high_water"?'),
        (f"{{database: {{{DATABASE}, table: t, overlap: 5m}}}}", "overlap means nothing without high_water"),
        (f"{{database: {{{DATABASE}, table: t, connect_timeout: 5}}}}", "is not a duration, for example 30s, 10m, 2h or 1d"),
        (f"[{{database: {{{DATABASE}, table: t}}}}, {{files: [a.csv]}}]", "database is fetched whole and would replace the rows"),
        ("[{open311: {url: 'http://a'}}, {open311: {url: 'http://b'}}]", 'two sources are called "open311"'),
        ("{open311: {url: 'http://a', api_key: hunter2}}", "a key does not belong in a file: write ${VARIABLE}"),
        ("{open311: {url: 'http://u:hunter2@a'}}", "holds a login or key"),
        ("{open311: {url: 'http://a', pagesize: 5}}", 'did you mean "page_size"?'),
    ],
)  # fmt: skip
def test_a_wrong_source_is_named_with_its_line_and_without_secrets(city: SmallCity, tickets: str, message: str) -> None:
    told = written(city, f"sources: {{tickets: {tickets}}}")
    assert message in told and "city.yaml" in told and "hunter2" not in told
    assert told.count("city.yaml") == 1


def test_a_source_without_a_file_is_refused(city: SmallCity) -> None:
    city.settings(sources={"tickets": {"files": ["elsewhere/*.csv"]}})
    with pytest.raises(ConfigurationError, match=r"sources\.tickets: there is no file elsewhere/\*\.csv"):
        city.open().extract_files("tickets")


def test_several_sources_of_a_dataset_have_each_their_mapping(city: SmallCity) -> None:
    hotline = city.drop("tickets", "a.csv", "x")
    grid = city.drop("tickets", "b.csv", "x")
    files = ["extracts/tickets/a.csv"], ["extracts/tickets/b.csv"]
    city.settings(sources={"tickets": [{"files": files[0]}, {"files": files[1], "mapping": "tickets_grid"}]})
    assert city.open().extract_files("tickets") == [(hotline, "tickets"), (grid, "tickets_grid")]


def test_manifests_hidden_and_half_written_files_are_no_deliveries(city: SmallCity) -> None:
    wanted = city.drop("tickets", "b.csv", "x", done="rows: 1\n")
    for name in (".hidden.csv", "a.csv.part", "a.csv.tmp"):
        city.drop("tickets", name, "x")
    (wanted.parent / "folder").mkdir()
    assert city.open().extract_files("tickets") == [(wanted, "tickets")]
