"""The raw extracts of the sample city, counted again by other means than those that made them."""

from __future__ import annotations

import calendar
import hashlib
import io
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import yaml

from pipelines.city import City
from pipelines.ingest.mapping import Mapping
from pipelines.sample_city import CANARIES, make_new_city, make_sample_city

TODAY = date(2026, 11, 22)
CONTRACTS = Path(__file__).parent.parent / "data_contracts"
DATASETS = sorted(path.name.split(".")[0] for path in CONTRACTS.glob("*.odcs.yaml"))
LAST_YEAR = 2025
NOT_ASKED_FOR = {
    "序号",
    "备注",
    "填报单位",
    "民族",
    "籍贯",
    "中心名称",
    "填报人",
    "主管科室",
    "经办",
    "坐席工号",
    "数据批次",
    "诉求人姓名",
    "调查机构",
    "考评人员",
}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cities") / "sample"
    make_sample_city(folder, today=TODAY)
    return folder


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def contract_properties(dataset: str) -> list[dict[str, object]]:
    document = yaml.safe_load((CONTRACTS / f"{dataset}.odcs.yaml").read_text(encoding="utf-8"))
    properties: list[dict[str, object]] = document["schema"][0]["properties"]
    return properties


def known_headers(dataset: str) -> dict[str, str]:
    """Header spelling → column, read from the contract."""
    found = {}
    for item in contract_properties(dataset):
        for spelling in (item["businessName"], *(entry["synonym"] for entry in item.get("synonyms", []))):
            found[str(spelling)] = str(item["name"])
    return found


def known_values(dataset: str) -> dict[str, dict[str, str]]:
    """Column → spelling of a value → value, read from the contract."""
    found: dict[str, dict[str, str]] = {}
    for item in contract_properties(dataset):
        for entry in item.get("enum", []):
            spellings = [entry["label"]]
            for extra in entry.get("customProperties", []):
                spellings += extra["value"]
            found.setdefault(str(item["name"]), {}).update({word: entry["value"] for word in spellings})
    return found


def deliveries(city: Path, dataset: str) -> list[Path]:
    return sorted(path for path in (city / "extracts" / dataset).iterdir() if path.suffix != ".done")


def read_raw(path: Path) -> pl.DataFrame:
    """The file as text, under its own headers; empty cells are null."""
    if path.suffix == ".parquet":
        frame = pl.read_parquet(path)
    elif path.suffix == ".jsonl":
        frame = pl.read_ndjson(path, infer_schema_length=None)
    else:
        frame = pl.read_csv(
            io.BytesIO(path.read_bytes()),
            separator="\t" if path.suffix == ".tsv" else ",",
            infer_schema=False,
            null_values=["", "—"],
        )
    return frame.select(
        pl.col(name).dt.strftime("%Y-%m-%d %H:%M:%S") if kind == pl.Datetime else pl.col(name).cast(pl.String)
        for name, kind in frame.schema.items()
    )


def read_dataset(city: Path, dataset: str, *, only: str = "") -> pl.DataFrame:
    """All deliveries in the names and values of the contract, no exact repeats; `_file` is the place of the file."""
    headers, values = known_headers(dataset), known_values(dataset)
    frames = []
    for place, path in enumerate(deliveries(city, dataset)):
        if only not in path.name:
            continue
        raw = read_raw(path).unique(maintain_order=True)
        frame = raw.select(pl.col(header).alias(headers[header]) for header in raw.columns if header in headers)
        frame = frame.with_columns(
            pl.col(column).replace(words) for column, words in values.items() if column in frame.columns
        )
        frames.append(frame.with_columns(pl.lit(place).alias("_file")))
    return pl.concat(frames, how="diagonal")


def moment(column: str) -> pl.Expr:
    """A local time in any of the forms that the offices use; unreadable text is null."""
    forms = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y年%m月%d日 %H:%M")
    return pl.coalesce(pl.col(column).str.to_datetime(form, strict=False) for form in forms)


def day(column: str) -> pl.Expr:
    """A date in any of the forms that the offices use; unreadable text is null."""
    forms = ("%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%Y%m%d")
    return pl.coalesce(pl.col(column).str.to_date(form, strict=False) for form in forms)


def live(frame: pl.DataFrame, start: str, end: str) -> pl.DataFrame:
    """Rows in force at the end of yesterday."""
    yesterday = TODAY - timedelta(days=1)
    return frame.filter(
        (day(start).is_null() | (day(start) <= yesterday)) & (day(end).is_null() | (day(end) > yesterday))
    )


@pytest.fixture(scope="module")
def tickets(city: Path) -> pl.DataFrame:
    """The last known state of every good ticket."""
    names = ("accepted_at", "resolved_at", "reopened_at", "due_at", "closed_at", "callback_at", "updated_at")
    return (
        read_dataset(city, "tickets")
        .with_columns(moment(name).alias(name) for name in names)
        .filter(pl.col("ticket_id").is_not_null() & ~pl.col("ticket_id").str.starts_with("ZZ"))
        .sort("updated_at", "_file")
        .unique("ticket_id", keep="last", maintain_order=True)
        .with_columns(
            (
                pl.col("resolved_at").is_not_null()
                & (pl.col("reopened_at").is_null() | (pl.col("reopened_at") <= pl.col("resolved_at")))
            ).alias("resolved"),
            (pl.col("exclusion_code").is_not_null() | (pl.col("status") == "cancelled")).alias("excluded"),
        )
    )


@pytest.fixture(scope="module")
def members(city: Path) -> pl.DataFrame:
    """The good memberships of the latest roll that are live."""
    latest = read_dataset(city, "members", only="20261121")
    return live(latest.filter(~pl.col("member_id").str.starts_with("DYX")), "joined_on", "left_on")


@pytest.fixture(scope="module")
def money(city: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Budget lines, and payments that can be read, with amounts as exact decimals."""
    exact = pl.col("amount").str.replace_all(",", "").cast(pl.Decimal(18, 2), strict=False)
    payments = read_dataset(city, "payments").with_columns(exact, day("occurred_on"))
    lines = read_dataset(city, "budget_lines").with_columns(
        pl.col("opening_amount", "adjustment_amount", "carried_in_amount").cast(pl.Decimal(18, 2))
    )
    return lines, payments


def test_the_same_seed_and_date_give_the_same_bytes(city: Path, tmp_path: Path) -> None:
    make_sample_city(tmp_path / "again", today=TODAY)
    assert digests(tmp_path / "again") == digests(city)


def test_another_date_or_another_seed_gives_other_extracts(city: Path, tmp_path: Path) -> None:
    make_sample_city(tmp_path / "later", today=TODAY + timedelta(days=1))
    make_sample_city(tmp_path / "other", today=TODAY, seed=7)
    here = digests(city)
    assert digests(tmp_path / "later") != here
    other = digests(tmp_path / "other")
    assert other.keys() == here.keys()
    assert all(
        other[name] != here[name] for name in here if name.endswith((".csv", ".tsv", ".parquet", ".jsonl", ".gz"))
    )


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 3, 2), date(2024, 2, 29), date(2026, 12, 31)])
def test_the_published_figures_hold_on_awkward_days(tmp_path: Path, today: date) -> None:
    make_sample_city(tmp_path / "city", today=today)
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    frame = (
        read_dataset(tmp_path / "city", "tickets")
        .with_columns(moment(name).alias(name) for name in ("accepted_at", "resolved_at", "reopened_at", "updated_at"))
        .filter(pl.col("ticket_id").is_not_null() & ~pl.col("ticket_id").str.starts_with("ZZ"))
        .sort("updated_at", "_file")
        .unique("ticket_id", keep="last")
        .filter(pl.col("exclusion_code").is_null() & (pl.col("status") != "cancelled"))
    )
    solved = pl.col("resolved_at").is_not_null() & ~(pl.col("reopened_at") > pl.col("resolved_at")).fill_null(False)
    visits = frame.filter(
        (pl.col("channel") == "visit") & (pl.col("accepted_at").dt.month_start().dt.date() == last_month)
    )
    matters = frame.filter((pl.col("channel") == "assembly") & (pl.col("accepted_at").dt.year() == today.year - 1))
    assert (len(visits), len(visits.filter(solved))) == (500, 486)
    assert (len(matters), len(matters.filter(solved))) == (1062, 980)
    meetings = read_dataset(tmp_path / "city", "meetings").unique("meeting_id")
    assert len(meetings.filter(pl.col("kind") == "assembly", day("held_on").dt.year() == today.year - 1)) == 1300
    lines, payments = read_dataset(tmp_path / "city", "budget_lines"), read_dataset(tmp_path / "city", "payments")
    fund = lines.filter(pl.col("fund") == "project", pl.col("fiscal_year") == str(today.year - 1))
    released = payments.filter(pl.col("kind") == "release").join(fund, on="line_id", how="semi").unique("payment_id")
    amount = pl.col("amount").str.replace_all(",", "").cast(pl.Decimal(18, 2))
    assert fund["opening_amount"].cast(pl.Decimal(18, 2)).sum() == Decimal("56670000.00")
    assert released.select(amount.sum()).item() == Decimal("56670000.00")
    assert frame.filter((pl.col("accepted_at") >= today) | (pl.col("updated_at") >= today)).is_empty()


def test_a_folder_that_holds_something_is_left_alone(city: Path) -> None:
    with pytest.raises(FileExistsError):
        make_sample_city(city, today=TODAY)


def test_every_dataset_has_extracts_and_progress_tells_their_rows(tmp_path: Path) -> None:
    told: dict[str, int] = {}
    make_sample_city(tmp_path / "city", today=TODAY, progress=lambda dataset, rows: told.update({dataset: rows}))
    assert sorted(told) == DATASETS
    for dataset in ("areas", "organisations", "headcounts", "payments"):
        assert told[dataset] == sum(len(read_raw(path)) for path in deliveries(tmp_path / "city", dataset))


def test_every_header_is_in_the_contract_or_was_not_asked_for(city: Path) -> None:
    for dataset in DATASETS:
        headers = known_headers(dataset)
        for path in deliveries(city, dataset):
            unknown = set(read_raw(path).columns) - headers.keys()
            assert unknown <= NOT_ASKED_FOR, path.name
            columns = [headers[name] for name in read_raw(path).columns if name in headers]
            assert len(columns) == len(set(columns)), path.name


def test_files_of_one_dataset_differ_in_headers_and_order(city: Path) -> None:
    ways = {tuple(read_raw(path).columns) for path in deliveries(city, "tickets")}
    assert len(ways) >= 4
    endings = {"".join(path.suffixes) for path in deliveries(city, "tickets")}
    assert endings == {".csv", ".tsv", ".jsonl", ".csv.gz", ".parquet"}


def test_manifests_tell_rows_bytes_and_cut(city: Path) -> None:
    manifests = sorted((city / "extracts").rglob("*.done"))
    assert len(manifests) == 15
    for manifest in manifests:
        told = yaml.safe_load(manifest.read_text(encoding="utf-8"))
        file = manifest.with_name(manifest.name.removesuffix(".done"))
        assert told["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
        assert told["rows"] == len(read_raw(file))
        expected = "2026-10-31T23:59:59+08:00" if "20261031" in file.name else "2026-11-21T23:59:59+08:00"
        assert told["as_of"] == expected
        full = file.parent.name in {"areas", "organisations", "members", "facilities"}
        assert told["kind"] == ("full" if full else "delta")


def test_no_delivery_holds_more_bad_rows_than_a_contract_lets_pass(city: Path) -> None:
    for dataset in DATASETS:
        headers, values = known_headers(dataset), known_values(dataset)
        required = {str(item["name"]) for item in contract_properties(dataset) if item.get("required")}
        for path in deliveries(city, dataset):
            raw = read_raw(path)
            frame = raw.select(pl.col(header).alias(headers[header]) for header in raw.columns if header in headers)
            bad = pl.any_horizontal(pl.col(name).is_null() for name in required)
            for column, words in values.items():
                if column in frame.columns:
                    bad |= pl.col(column).is_not_null() & ~pl.col(column).is_in(list(words))
            for column in (name for name in frame.columns if name.endswith(("_at", "_on", "_date"))):
                bad |= pl.col(column).is_not_null() & moment(column).is_null() & day(column).is_null()
            if dataset == "tickets":
                bad |= moment("resolved_at") < moment("accepted_at")
                bad |= pl.col("status").is_in(["已办结", "已结案"]) & pl.col("resolved_at").is_null()
            if dataset == "payments":
                amount = pl.col("amount").str.replace_all(",", "").cast(pl.Float64, strict=False)
                bad |= amount.is_null() | ((amount < 0) & ~pl.col("kind").is_in(["承诺", "合同"]))
            if dataset == "headcounts":
                bad |= ~pl.col("headcount").str.contains(r"^\d+$")
            if dataset == "service_items":
                bad |= day("completed_on") < day("registered_on")
            if dataset == "surveys":
                bad |= pl.col("positive_respondents").cast(pl.Int64) > pl.col("valid_respondents").cast(pl.Int64)
                bad |= pl.col("design_effect").cast(pl.Float64) < 1
            if dataset == "appraisals":
                bad |= pl.col("item").str.starts_with("补录")
            count = len(frame.filter(bad))
            assert count <= min(6, len(frame) * 0.005), (path.name, count)
    assert len(read_dataset(city, "tickets").filter(pl.col("ticket_id").str.starts_with("ZZ"))) > 0


def test_the_ladder_of_areas_has_its_published_counts(city: Path) -> None:
    areas = live(read_dataset(city, "areas"), "valid_from", "valid_to")
    counts = dict(areas.group_by("level").len().iter_rows())
    assert counts == {"city": 1, "district": 5, "street": 26, "community": 239, "grid": 986}
    people = areas.with_columns(pl.col("population").cast(pl.Int64)).group_by("level").agg(pl.col("population").sum())
    assert set(people["population"].to_list()) == {1_903_600}
    parents = areas.join(areas, left_on="parent_code", right_on="area_code", how="anti")
    assert parents["level"].to_list() == ["city"]
    assert areas["area_name_en"].n_unique() == len(areas)


def test_one_community_was_merged_into_another(city: Path) -> None:
    areas = read_dataset(city, "areas")
    before = areas.filter(
        day("valid_from") <= date(2024, 12, 31), day("valid_to").is_null() | (day("valid_to") > date(2024, 12, 31))
    )
    assert dict(before.group_by("level").len().iter_rows())["community"] == 240
    assert before.filter(pl.col("level") == "community")["population"].cast(pl.Int64).sum() == 1_903_600
    gone = areas.filter(pl.col("successor_code").is_not_null(), pl.col("level") == "community").row(0, named=True)
    heir = areas.filter(pl.col("area_code") == gone["successor_code"])
    assert len(heir) == 2


def test_one_grid_was_split_and_one_community_has_a_new_name(city: Path) -> None:
    areas = read_dataset(city, "areas")
    split = areas.filter(pl.col("successor_weight").is_not_null()).row(0, named=True)
    heirs = areas.filter(
        pl.col("area_code").is_in(split["successor_code"].split(";")), day("valid_from") == date(2025, 1, 1)
    )
    assert (split["level"], len(heirs), split["valid_to"][:4]) == ("grid", 2, "2025")
    stretches = (
        areas.filter(pl.col("level") == "community")
        .group_by("area_code")
        .agg(pl.len(), pl.col("area_name").n_unique().alias("names"))
    )
    assert sorted(stretches.filter(pl.col("len") > 1)["names"].to_list()) == [1, 2]


def test_the_ladder_of_organisations_has_its_published_counts(city: Path) -> None:
    organisations = live(read_dataset(city, "organisations"), "founded_on", "dissolved_on")
    counts = dict(organisations.group_by("org_level").len().iter_rows())
    assert counts.pop("partner_unit") == 780
    assert counts == {"street_committee": 26, "community_committee": 239, "grid_branch": 986, "building_group": 3460}
    assert organisations["org_id"].n_unique() == len(organisations)


def test_1904_committee_members_and_19000_serving_members_who_all_reported(members: pl.DataFrame) -> None:
    assert len(members.filter(pl.col("is_committee_member") == "1")) == 1904
    serving = members.filter(pl.col("is_serving") == "1")
    assert len(serving) == 19_000
    assert len(serving.filter(day("reported_to_community_on").is_not_null())) == 19_000
    assert 26_000 <= members["member_id"].n_unique() <= 26_500
    secretaries = members.filter(pl.col("is_secretary") == "1")
    schooled = secretaries.filter(pl.col("schooling").is_in(["college", "bachelor", "postgraduate"]))
    assert len(schooled) / len(secretaries) > 0.8


def test_every_member_belongs_to_an_organisation_that_is_live(city: Path, members: pl.DataFrame) -> None:
    organisations = live(read_dataset(city, "organisations"), "founded_on", "dissolved_on")
    assert len(members.join(organisations, on="org_id", how="anti")) == 0


def test_the_earlier_roll_knows_nothing_of_the_days_after_it(city: Path) -> None:
    earlier = read_dataset(city, "members", only="20261031").filter(~pl.col("member_id").str.starts_with("DYX"))
    for name in ("joined_on", "left_on", "reported_to_community_on", "last_trained_on"):
        assert earlier.select(day(name).max()).item() <= date(2026, 10, 31)
    serving = earlier.filter(pl.col("is_serving") == "是")
    reported = len(serving.filter(day("reported_to_community_on").is_not_null()))
    assert 0.98 < reported / len(serving) < 1


def test_1300_assemblies_raised_matters_of_which_980_were_resolved(city: Path, tickets: pl.DataFrame) -> None:
    meetings = read_dataset(city, "meetings").unique("meeting_id")
    assemblies = meetings.filter(pl.col("kind") == "assembly", day("held_on").dt.year() == LAST_YEAR)
    assert len(assemblies) == 1300
    assert assemblies["area_code"].n_unique() == 239
    matters = tickets.filter(
        ~pl.col("excluded"), pl.col("channel") == "assembly", pl.col("accepted_at").dt.year() == LAST_YEAR
    )
    assert (len(matters), matters["resolved"].sum()) == (1062, 980)


def test_486_of_500_station_visit_matters_of_the_last_month_are_resolved(tickets: pl.DataFrame) -> None:
    month = tickets.filter(
        ~pl.col("excluded"), pl.col("channel") == "visit", pl.col("accepted_at").dt.strftime("%Y-%m") == "2026-10"
    )
    assert (len(month), month["resolved"].sum()) == (500, 486)


def test_about_4000_tickets_a_month_come_in_six_channels_and_nine_categories(tickets: pl.DataFrame) -> None:
    months = tickets.group_by(pl.col("accepted_at").dt.strftime("%Y-%m")).len().sort("accepted_at")
    assert len(months) == 25
    assert months["accepted_at"].to_list()[0] == "2024-11"
    full = months["len"].to_list()[:-1]
    assert min(full) > 3000 and max(full) < 5000
    assert 3800 < sum(full) / len(full) < 4200
    assert set(tickets["channel"]) == {"hotline", "grid", "visit", "assembly", "app", "wish"}
    assert tickets["category_1"].n_unique() == 9


def test_the_quality_of_the_tickets_is_that_of_a_real_city(tickets: pl.DataFrame) -> None:
    counted = tickets.filter(~pl.col("excluded"))
    old = counted.filter(pl.col("accepted_at") < date(2026, 10, 1))
    monthly = old.group_by(pl.col("accepted_at").dt.strftime("%Y-%m")).agg(pl.col("resolved").mean())
    assert monthly["resolved"].min() > 0.95 and monthly["resolved"].max() < 0.99
    due = counted.filter(pl.col("due_at") < date(2026, 11, 22))
    on_time = due.filter(pl.col("resolved") & (pl.col("resolved_at") <= pl.col("due_at")))
    assert 0.88 < len(on_time) / len(due) < 0.92
    answers = counted.group_by("callback_resolved").len()
    valid = {name: count for name, count in answers.iter_rows() if name in ("yes", "partly", "no")}
    assert 0.83 < valid["yes"] / sum(valid.values()) < 0.89
    rated = counted["callback_satisfaction"].drop_nulls().cast(pl.Int64)
    assert 0.90 < (rated >= 3).mean() < 0.95
    assert 0.03 < tickets["excluded"].mean() < 0.08
    assert 0.01 < tickets["reopened_at"].is_not_null().mean() < 0.05
    overdue = counted.filter(~pl.col("resolved") & (pl.col("due_at") < date(2026, 11, 22)))
    assert 300 < len(overdue) < 4000


def test_the_last_two_years_get_gently_better(tickets: pl.DataFrame) -> None:
    def on_time(start: date, end: date) -> float:
        due = tickets.filter(~pl.col("excluded"), pl.col("due_at") >= start, pl.col("due_at") < end)
        return len(due.filter(pl.col("resolved") & (pl.col("resolved_at") <= pl.col("due_at")))) / len(due)

    first, last = on_time(date(2024, 12, 1), date(2025, 6, 1)), on_time(date(2026, 5, 1), date(2026, 11, 1))
    assert 0.005 < last - first < 0.06


def test_tickets_are_placed_as_finely_as_their_channel_knows(city: Path, tickets: pl.DataFrame) -> None:
    width = tickets.with_columns(pl.col("area_code").str.len_chars().alias("width"))
    grid = width.filter(pl.col("channel") == "grid")["width"].value_counts().sort("count").row(-1)[0]
    rest = width.filter(pl.col("channel") != "grid")["width"].value_counts().sort("count").row(-1)[0]
    assert (grid, rest) == (15, 12)
    assert 0 < width["width"].is_null().sum() < 0.01 * len(width)
    assert 0 < (width["width"] == 9).sum() < 0.02 * len(width)
    known = read_dataset(city, "areas")["area_code"].to_list()
    unknown = tickets.filter(~pl.col("area_code").is_in(known))
    assert 0 < len(unknown) < 0.003 * len(tickets)


def test_a_later_file_brings_later_states_of_earlier_tickets(city: Path) -> None:
    every = (
        read_dataset(city, "tickets")
        .filter(~pl.col("ticket_id").str.starts_with("ZZ"))
        .with_columns(moment("updated_at"))
    )
    again = every.filter(pl.col("ticket_id").count().over("ticket_id") > 1)
    assert len(again) > 20_000
    for _, states in again.sort("_file").head(2000).group_by("ticket_id"):
        assert states.sort("_file")["updated_at"].is_sorted()
    tied = every.group_by("ticket_id", "updated_at").len().filter(pl.col("len") > 1)
    assert len(tied) == 0


def test_the_project_fund_of_the_last_year_was_released_in_full(money: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    lines, payments = money
    fund = lines.filter(pl.col("fund") == "project", pl.col("fiscal_year") == str(LAST_YEAR))
    moved = payments.join(fund, on="line_id", how="semi").unique("payment_id")
    moved = moved.filter(pl.col("amount") >= 0, pl.col("occurred_on").is_not_null())
    total = {kind: moved.filter(pl.col("kind") == kind)["amount"].sum() for kind in ("release", "payment", "refund")}
    expected = Decimal("56670000.00")
    assert fund["opening_amount"].sum() == expected
    assert fund.select((pl.col("adjustment_amount") + pl.col("carried_in_amount")).sum()).item() == 0
    assert total["release"] == expected
    assert Decimal("0.88") < (total["payment"] - total["refund"]) / expected < Decimal("0.98")


def test_transfers_rose_by_two_and_a_half_billion(money: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    lines, _ = money
    fund = lines.filter(pl.col("fund") == "transfer")
    years = {year: rows["opening_amount"].sum() for (year,), rows in fund.group_by("fiscal_year")}
    assert years["2026"] - years["2025"] == Decimal("2510000000.00")
    assert set(fund["area_code"].str.len_chars()) == {6}


def test_a_few_communities_stay_below_the_fund_floor(money: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    lines, _ = money
    current = lines.filter(pl.col("fiscal_year") == "2026", pl.col("fund").is_in(["operating", "service"]))
    funds = current.group_by("area_code", "fund").agg(
        pl.sum_horizontal(pl.col("opening_amount", "adjustment_amount", "carried_in_amount")).sum().alias("budget")
    )
    met = funds.group_by("area_code").agg((pl.col("budget") >= 200_000).all().alias("met"))
    assert (len(met), met["met"].sum()) == (239, 232)


def test_payments_name_commitments_that_exist_and_lines_that_exist(money: tuple[pl.DataFrame, pl.DataFrame]) -> None:
    lines, payments = money
    orphans = payments.join(lines, on="line_id", how="anti")
    assert sorted(orphans["payment_id"]) == ["LSX000003", "LSX000004", "LSX000005"]
    settled = payments.filter(pl.col("kind") == "payment", pl.col("commitment_id").is_not_null())
    promised = payments.filter(pl.col("kind") == "commitment").group_by("commitment_id").agg(pl.col("amount").sum())
    paid = settled.group_by("commitment_id").agg(pl.col("amount").sum().alias("paid"))
    both = paid.join(promised, on="commitment_id", how="left")
    assert both["amount"].null_count() == 0
    assert (both["paid"] <= both["amount"]).all()
    assert len(payments.filter(pl.col("kind") == "refund")) > 50


def test_265_centres_are_live_and_225_of_them_are_large(city: Path) -> None:
    centres = live(read_dataset(city, "facilities"), "opened_on", "closed_on")
    own = centres.filter(pl.col("kind").is_in(["street_centre", "community_centre"]))
    assert (len(own), (own["floor_area_m2"].cast(pl.Float64) >= 500).sum()) == (265, 225)
    assert own["area_code"].n_unique() == 265
    assert len(centres.filter(pl.col("kind") == "regional_centre")) == 65


def test_nine_in_ten_communities_have_their_staff(city: Path) -> None:
    counts = read_dataset(city, "headcounts").filter(day("as_of") == TODAY - timedelta(days=1))
    counts = counts.with_columns(pl.col("headcount").cast(pl.Int64, strict=False)).filter(pl.col("headcount") >= 0)
    areas = live(read_dataset(city, "areas"), "valid_from", "valid_to").filter(pl.col("level") == "community")
    posts = counts.filter(pl.col("role").is_in(["cadre", "community_worker"])).pivot(
        "role", index="area_code", values="headcount"
    )
    both = areas.join(posts, on="area_code")
    standard = pl.when(pl.col("area_kind") == "key").then(15).otherwise(10)
    met = both.filter((pl.col("cadre") >= standard) & (pl.col("community_worker") >= 20))
    assert len(both) == 239
    assert 0.88 < len(met) / 239 < 0.92
    assert counts.filter(pl.col("role") == "partner_head")["headcount"].sum() == 3900
    ends = read_dataset(city, "headcounts").select(day("as_of").unique()).to_series().drop_nulls()
    month_ends = [d for d in ends if d.day == calendar.monthrange(d.year, d.month)[1]]
    assert len(month_ends) == 24


@pytest.fixture(scope="module")
def items(city: Path) -> pl.DataFrame:
    """The last known state of every good entry of the three lists."""
    return (
        read_dataset(city, "service_items")
        .filter(pl.col("item_id").str.contains("^(XQ|ZY|XM)[0-9]{6}$"))
        .with_columns(day(name).alias(name) for name in ("registered_on", "claimed_on", "completed_on"))
        .sort("_file", maintain_order=True)
        .unique("item_id", keep="last", maintain_order=True)
    )


def test_nine_in_ten_needs_are_matched_and_most_claimed_projects_completed(items: pl.DataFrame) -> None:
    needs, projects = (items.filter(pl.col("list") == name) for name in ("need", "project"))
    assert 0.91 < needs["matched_item_id"].is_not_null().mean() < 0.94  # type: ignore[operator]
    claimed = projects.filter(pl.col("claimed_on").is_not_null())
    assert 0.85 < len(claimed) / len(projects) < 0.93
    assert 0.7 < claimed["completed_on"].is_not_null().mean() < 0.9  # type: ignore[operator]
    assert projects.filter(pl.col("completed_on").is_not_null(), pl.col("claimed_on").is_null()).is_empty()


def test_a_need_is_matched_with_a_resource_or_project_of_its_own_community(items: pl.DataFrame) -> None:
    matched = items.filter(pl.col("matched_item_id").is_not_null())
    answers = items.select(pl.col("item_id"), pl.col("list").alias("kind"), pl.col("area_code").alias("place"))
    both = matched.join(answers, left_on="matched_item_id", right_on="item_id")
    assert len(both) == len(matched)
    assert set(both["list"]) == {"need"} and set(both["kind"]) == {"resource", "project"}
    assert (both["area_code"] == both["place"]).all()


def test_later_files_of_the_three_lists_bring_entries_further(city: Path) -> None:
    every = read_dataset(city, "service_items").filter(pl.col("item_id").str.contains("^(XQ|ZY|XM)[0-9]{6}$"))
    states = every.group_by("item_id", maintain_order=True).agg("status").filter(pl.col("status").list.len() > 1)
    assert len(states) > 1000
    order = {"registered": 0, "matched": 1, "claimed": 2, "completed": 3, "withdrawn": 4}
    for steps in states["status"]:
        ranks = [order[step] for step in steps]
        assert ranks == sorted(ranks)


def test_every_community_answers_four_questions_twice_a_year(city: Path) -> None:
    answers = read_dataset(city, "surveys").filter(~pl.col("area_code").str.starts_with("990199"))
    answers = answers.with_columns(pl.col("valid_respondents", "positive_respondents").cast(pl.Int64))
    assert sorted(set(answers["wave"])) == ["2024H2", "2025H1", "2025H2", "2026H1"]
    assert len(answers) == 4 * 239 * 4
    assert answers["valid_respondents"].min() >= 30  # type: ignore[operator]
    effects = answers["design_effect"].cast(pl.Float64)
    assert effects.min() >= 1.0 and effects.max() <= 1.6  # type: ignore[operator]
    shares = answers.group_by("question").agg(pl.col("positive_respondents").sum() / pl.col("valid_respondents").sum())
    found = dict(shares.iter_rows())
    assert (
        0.89 < found["satisfaction"] < 0.94 and found["participation"] < found["property_service"] < found["awareness"]
    )


def test_about_three_in_ten_committees_reach_the_standard(city: Path) -> None:
    rows = read_dataset(city, "appraisals").filter(~pl.col("item").str.starts_with("补录"))
    assert sorted(set(rows["period"])) == [f"{y}Q{q}" for y in (2025, 2026) for q in range(1, 5) if (y, q) != (2026, 4)]
    points = pl.col("points", "max_points").cast(pl.Float64)
    final = rows.filter(pl.col("method") == "final").with_columns(points)
    sheets = final.group_by("period", "org_id").agg(
        pl.col("points").sum(), pl.col("max_points").sum(), (pl.col("kind") == "veto").any().alias("vetoed")
    )
    assert sheets.group_by("period").len()["len"].to_list() == [239] * 7
    assert set(sheets["max_points"]) == {100.0}
    assert sheets["vetoed"].sum() == 21
    latest = sheets.filter(pl.col("period") == "2026Q3")
    assert 0.25 < ((latest["points"] >= 90) & ~latest["vetoed"]).mean() < 0.35  # type: ignore[operator]
    by_method = rows.with_columns(points).group_by("method").agg(pl.col("points").sum() / pl.col("max_points").sum())
    mean = dict(by_method.iter_rows())
    assert mean["self"] - mean["spot"] > 0.03
    organisations = live(read_dataset(city, "organisations"), "founded_on", "dissolved_on")
    assert rows.join(organisations, on="org_id", how="anti").is_empty()


def test_canaries_of_personal_data_stand_in_the_raw_extracts(city: Path) -> None:
    text = {
        dataset: "".join(
            path.read_text(encoding="utf-8") for path in deliveries(city, dataset) if path.suffix == ".csv"
        )
        for dataset in ("members", "tickets")
    }
    name, phone, identity, note = CANARIES
    assert all(value in text["members"] for value in (name, phone, identity))
    assert all(value in text["tickets"] for value in (name, phone, identity, note))


def test_a_new_city_has_a_folder_for_every_contract_and_nothing_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    make_new_city(folder, name_zh='新"城', name_en="New: City", area_code="001000", time_zone="Asia/Urumqi")
    settings = yaml.safe_load((folder / "city.yaml").read_text(encoding="utf-8"))
    assert settings["name"] == {"zh": '新"城', "en": "New: City"}
    assert (settings["area_code"], settings["time_zone"]) == ("001000", "Asia/Urumqi")
    made = sorted(path.name for path in (folder / "extracts").iterdir() if path.is_dir())
    assert made == DATASETS
    assert [path for dataset in DATASETS for path in (folder / "extracts" / dataset).iterdir()] == []
    with pytest.raises(FileExistsError):
        make_new_city(folder, name_zh="新", name_en="New", area_code="1", time_zone="Asia/Urumqi")


def test_a_new_city_opens_and_its_example_mapping_is_one_that_a_refresh_takes(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    make_new_city(folder, name_zh="新城", name_en="New City", area_code="001000", time_zone="Asia/Urumqi")
    assert City.open(folder).settings.area_code == "001000"
    text = (folder / "mappings" / "README.md").read_text(encoding="utf-8")
    example = "\n".join(line[4:] for line in text.splitlines() if line.startswith("    "))
    mapping = Mapping.model_validate(yaml.safe_load(example))
    assert mapping.recognises
    assert set(mapping.columns) <= set(known_headers("tickets").values())


def test_the_sample_city_opens(city: Path) -> None:
    assert City.open(city).settings.name.en == "Sample City"
