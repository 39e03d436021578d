"""Which source column is which canonical column: scores by name and content, then the best pairs first, each column once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

from pipelines.contracts.model import Column, Contract
from pipelines.ingest.files import quote_name
from pipelines.onboarding.areas import AreaMatch, Areas, match_areas
from pipelines.onboarding.names import meanings, name_score
from pipelines.onboarding.profile import CHOICES, SAMPLED, Profile, Profiles, distinct_values, known_sql
from pipelines.onboarding.values import guess_values, recognised
from pipelines.onboarding.vocabulary import SHARED, SUBJECTS

SURE, LIKELY = 0.85, 0.65
#: A name that says less, and a pair that scores less, is no match.
_NAME, _SCORE = 0.3, 0.45
#: A column of areas has no more different values than this.
_AREAS = 5000
#: What content alone is worth, however well it fits.
_UNNAMED = 0.6


@dataclass(frozen=True)
class Match:
    """One canonical column and the source column that seems to be it, with the reasons in both languages."""

    column: Column
    profile: Profile
    score: float
    reasons: tuple[str, ...]
    areas: AreaMatch | None = None

    @property
    def certainty(self) -> str:
        """`sure`, `likely`, or `decide` where a person should look."""
        if self.profile.written.choices and self.column.logical_type in ("date", "timestamp"):
            return "decide"
        return "sure" if self.score >= SURE else "likely" if self.score >= LIKELY else "decide"


def match_columns(
    con: duckdb.DuckDBPyConnection, contract: Contract, profiles: Profiles, areas: Areas
) -> dict[str, Match]:
    """Canonical name → match. Deterministic: equal scores go by the order of the contract, then of the file."""
    pairs = [
        match
        for column in contract.columns
        for profile in profiles.columns
        if (match := _score(con, contract, column, profile, profiles, areas)) is not None
    ]
    pairs.sort(key=lambda m: -m.score)
    found: dict[str, Match] = {}
    taken: set[str] = set()
    for match in pairs:
        if match.column.name not in found and match.profile.header not in taken:
            found[match.column.name] = match
            taken.add(match.profile.header)
    _two_levels(con, contract, profiles, found, taken)
    for takes, gives in SHARED:
        if takes in found and gives not in found and any(c.name == gives for c in contract.columns):
            reason = f"与 {takes} 同列 the file has no other column for it than that of {takes}"
            found[gives] = replace(found[takes], column=contract.column(gives), score=LIKELY, reasons=(reason,))
    _hidden_counts(contract, found)
    return _in_time(profiles, found)


def _score(
    con: duckdb.DuckDBPyConnection,
    contract: Contract,
    column: Column,
    profile: Profile,
    profiles: Profiles,
    areas: Areas,
) -> Match | None:
    if profile.personal and column.personal is None:
        return None
    name = name_score(contract.dataset, column, profile.header)
    if column.personal is not None:
        # What identifies people is recognised by its name alone, so that nothing of it need be looked at.
        return Match(column, profile, name, (_named(name),)) if name >= 0.8 else None
    led = None
    if column.references == ("areas", "area_code"):
        some = 2 * profile.distinct <= profile.filled and profile.distinct <= _AREAS and not profile.is_moment
        values = distinct_values(con, profile.header, contract, _AREAS) if some and areas.codes else ()
        led = match_areas(areas, values)
    content, reasons = _content(contract, column, profile, profiles, led)
    if content is None:
        return None
    unnamed = _UNNAMED * content if content >= 0.9 and _tells(column, led) else 0.0
    if led is not None and led.share >= 0.9 and profile.distinct >= 5:
        unnamed = LIKELY  # five codes of areas are no chance
    score = max(0.75 * name + 0.25 * content if name >= _NAME else 0.0, unnamed)
    if led is not None and led.share >= 0.5 and name >= _NAME:
        score = max(score, 0.6 + 0.3 * led.share)
    if score < _SCORE:
        return None
    said = ((_named(name),) if name >= _NAME else ()) + reasons
    return Match(column, profile, round(score, 6), said, led if led is not None and led.share > 0 else None)


def _tells(column: Column, led: AreaMatch | None) -> bool:
    """Whether content alone can tell this column: areas that the city knows, choices, coordinates, the key, the first moment."""
    return bool(
        (led is not None and led.share >= 0.9) or column.allowed or column.name in ("latitude", "longitude")
        or column.key_position or (column.required and column.logical_type in ("date", "timestamp"))
    )  # fmt: skip


def _named(score: float) -> str:
    return "列名相同 same name" if score == 1.0 else f"列名相近 the name means it ({score:.2f})"


def _content(
    contract: Contract, column: Column, profile: Profile, profiles: Profiles, led: AreaMatch | None
) -> tuple[float | None, tuple[str, ...]]:
    """0 to 1 for how well the values fit, None where they cannot be this column."""
    kind = column.logical_type
    if not profile.filled:
        return (0.3, ("全部为空 empty",)) if not column.required else (None, ())
    if kind in ("date", "timestamp"):
        return _moment_content(column, profile, profiles)
    if kind in ("integer", "number"):
        return _number_content(column, profile)
    if kind == "boolean":
        share = max(profile.truths, recognised(guess_values(column, profile.values)))
        return (share, (f"是或否 yes or no {share:.0%}",)) if share >= 0.5 else (None, ())
    if profile.is_moment and not column.key_position:
        return None, ()
    if column.allowed:
        if not profile.values or profile.distinct > CHOICES or profile.decimals > 0.5:
            return None, ()
        share = recognised(guess_values(column, profile.values))
        if not share and meanings(profile.header) <= {"CATEGORY", SUBJECTS.get(contract.dataset, "")}:
            return None, ()  # any list of types is headed "type"
        return 0.3 + 0.7 * share, (f"{profile.distinct} 种取值，识别 {share:.0%} values understood",)
    if contract.key == (column.name,):
        share = profile.distinct / profile.filled
        if profile.filled < profile.rows * 0.99 or profile.decimals > 0.5 or share < 0.5:
            return None, ()
        return (1.0 if share == 1 else 0.6), (f"{share:.1%} 不重复 are different",)
    if column.pattern and profile.decimals > 0.5:
        return None, ()
    if led is not None:
        if led.share:
            return 0.5 + 0.5 * led.share, (f"{led.share:.0%} 在本市区划中 lead to an area of the city",)
        # of several levels of areas the finest
        return 0.5 + 0.1 * profile.distinct / profile.rows, ()
    return 0.5, ()


def _moment_content(column: Column, profile: Profile, profiles: Profiles) -> tuple[float | None, tuple[str, ...]]:
    if not profile.is_moment:
        return None, ()
    reasons = [f"{profile.written.share:.0%} 是日期 are dates"]
    others = [p.header for p in profiles.columns if p.is_moment and p.header != profile.header]
    first = profile.filled == profile.rows and all(
        profiles.order.get((profile.header, other), 0) >= 0.9 for other in others
    )
    last = all(profiles.order.get((other, profile.header), 0) >= 0.9 for other in others)
    content = 0.6
    if column.required and first:
        content = 0.95
        reasons.append("最早且无空 the earliest, and never empty")
    elif column.required and profile.filled < profile.rows:
        content = 0.1
    elif column.name == "updated_at" and last and others:
        content = 0.8
        reasons.append("最晚 the latest")
    return content, tuple(reasons)


def _number_content(column: Column, profile: Profile) -> tuple[float | None, tuple[str, ...]]:
    numbers = profile.integers if column.logical_type == "integer" else profile.numbers
    if profile.marks and numbers > 0.05:
        marks = ", ".join(sorted(profile.marks))
        return 0.9, (f"数字或隐去标记 numbers, or the mark {marks} of a hidden one",)
    if numbers < 0.9 or (profile.is_moment and profile.distinct > 1):
        return None, ()
    low, high = profile.lowest, profile.highest
    if low is None or high is None:
        return None, ()
    inside = (column.minimum is None or low >= float(column.minimum)) and (
        column.maximum is None or high <= float(column.maximum)
    )
    if not inside:
        return None, ()
    if column.name in ("latitude", "longitude"):
        # Degrees of places have decimals; a small number without any may be anything.
        return (0.9 if profile.decimals >= 0.9 and profile.distinct > 1 else 0.4), (
            "经纬度范围内 within the range of degrees",
        )
    return 0.8, (f"{numbers:.0%} 是数字 are numbers",)


def _two_levels(
    con: duckdb.DuckDBPyConnection, contract: Contract, profiles: Profiles, found: dict[str, Match], taken: set[str]
) -> None:
    """A file with a coarser and a finer list of categories: the one that the other determines is the first level."""
    names = [column.name for column in contract.columns]
    if "category_2" not in names or "category_1" not in found or "category_2" in found:
        return
    chosen = found["category_1"].profile
    parallel = [
        p for p in profiles.columns
        if p.header not in taken and not p.personal and 1 < p.distinct != chosen.distinct and not p.is_moment
        and meanings(p.header) & {"CATEGORY", "TOPIC", "SUB"} and len(meanings(p.header) - {"TICKET", "NAME"}) == 1
    ]  # fmt: skip
    coarser = [p for p in parallel if p.distinct < chosen.distinct and _determines(con, contract, chosen, p)]
    finer = [p for p in parallel if p.distinct > chosen.distinct and _determines(con, contract, p, chosen)]
    if not coarser and not finer:
        return
    first, second = (
        (max(coarser, key=lambda p: p.distinct), chosen) if coarser else (chosen, min(finer, key=lambda p: p.distinct))
    )
    reason = f"{second.header} 逐一决定 {first.header} each {second.header} has one {first.header}"
    score = min(found["category_1"].score, LIKELY + 0.1)
    found["category_1"] = Match(contract.column("category_1"), first, score, (reason,))
    found["category_2"] = Match(contract.column("category_2"), second, score, (reason,))
    taken.update({first.header, second.header})


def _determines(con: duckdb.DuckDBPyConnection, contract: Contract, fine: Profile, coarse: Profile) -> bool:
    if not 1 < fine.distinct < fine.filled:
        return False
    a, b = known_sql(fine.header, contract), known_sql(coarse.header, contract)
    share = con.execute(
        f"SELECT sum(most) / sum(n) FROM (SELECT a, max(n) AS most, sum(n) AS n FROM (SELECT {a} AS a, {b} AS b, count(*) AS n"
        f" FROM {SAMPLED} GROUP BY 1, 2) WHERE a IS NOT NULL AND b IS NOT NULL GROUP BY 1)"
    ).fetchall()[0][0]
    return share is not None and float(share) >= 0.95


def _hidden_counts(contract: Contract, found: dict[str, Match]) -> None:
    """Where a number is hidden by a mark, the column that says so comes from the same source column."""
    flag = next((c for c in contract.columns if c.name == "is_suppressed"), None)
    marked = next(
        (m for m in found.values() if m.profile.marks and m.column.logical_type in ("integer", "number")), None
    )
    if flag is not None and marked is not None and flag.name not in found:
        found[flag.name] = replace(marked, column=flag, reasons=("隐去标记 the marks of hidden numbers",))


def _in_time(profiles: Profiles, found: dict[str, Match]) -> dict[str, Match]:
    """Doubt what ends before it begins."""
    start = found.get("accepted_at")
    if start is None:
        return found
    for name in ("resolved_at", "closed_at"):
        match = found.get(name)
        share = profiles.order.get((start.profile.header, match.profile.header)) if match else None
        if match is not None and share is not None:
            text = f"{share:.1%} 不早于受理 do not lie before {start.profile.header}"
            score = match.score if share >= 0.9 else min(match.score, LIKELY - 0.1)
            found[name] = replace(match, score=score, reasons=(*match.reasons, text))
    return found


def unique_columns(con: duckdb.DuckDBPyConnection, contract: Contract, profiles: Profiles) -> tuple[str, ...]:
    """The fewest columns (one to three short ones, else all) that tell all rows apart; empty if none do."""
    rows = profiles.columns[0].rows if profiles.columns else 0
    if not rows:
        return ()
    plain = [p for p in profiles.columns if p.filled == rows and not p.personal and not p.decimals and p.distinct > 1]
    plain = sorted(plain, key=lambda p: (_key_rank(p), p.header))[:8]
    sets = [(a,) for a in plain] + [(a, b) for i, a in enumerate(plain) for b in plain[i + 1 :]]
    for chosen in sets:
        names = tuple(p.header for p in chosen)
        product = 1
        for p in chosen:
            product *= p.distinct
        if product >= rows and _all_different(con, names, rows):
            return names
    everything = tuple(p.header for p in profiles.columns if not p.personal)
    return everything if _all_different(con, everything, rows) else ()


def repeated_keys(con: duckdb.DuckDBPyConnection, contract: Contract, found: dict[str, Match]) -> int:
    """Rows beyond the first of their key, as far as the file has its columns; 0 if it has none of them."""
    headers = tuple(dict.fromkeys(found[name].profile.header for name in contract.key if name in found))
    if not headers:
        return 0
    listed = ", ".join(map(quote_name, headers))
    return int(con.execute(f"SELECT count(*) - count(DISTINCT ({listed})) FROM {SAMPLED}").fetchall()[0][0])


def _key_rank(profile: Profile) -> int:
    said = meanings(profile.header)
    return 0 if "ID" in said else 1 if said & {"AREA", "YEAR", "TIME", "FISCAL"} else 2


def _all_different(con: duckdb.DuckDBPyConnection, headers: tuple[str, ...], rows: int) -> bool:
    listed = ", ".join(map(quote_name, headers))
    return int(con.execute(f"SELECT count(DISTINCT ({listed})) FROM {SAMPLED}").fetchall()[0][0]) == rows
