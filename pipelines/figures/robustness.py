"""How firm the order of a ranking sheet is when its weights are changed a little."""

from __future__ import annotations

import zlib

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.computed import computed

DRAWS = 500
CHANGE = 0.2
#: Two neighbours keep their order in at least so many draws, or their order is noise.
FIRM = 0.95
_SEED = 20260101
Floats = npt.NDArray[np.float64]


def draw_weights(weights: Floats, sheet: str) -> Floats:
    """Return DRAWS × len(weights) weights, each changed by up to ±20 % independently (uniform), each draw summing to 100.

    The draws depend on the sheet alone, so that every period of a sheet meets the same ones.
    """
    random = np.random.default_rng([_SEED, zlib.crc32(sheet.encode())])
    drawn = weights * random.uniform(1 - CHANGE, 1 + CHANGE, size=(DRAWS, len(weights)))
    return np.asarray(100 * drawn / drawn.sum(axis=1, keepdims=True))


def composites(scores: Floats, weights: Floats, groups: npt.NDArray[np.int64]) -> Floats:
    """Return draws × areas composites of `scores` (areas × indicators, NaN missing) under `weights` (draws × indicators).

    The weight of a missing indicator is shared inside its group in proportion to the weights that are present.
    """
    present = (~np.isnan(scores)).astype(np.float64)
    filled = np.nan_to_num(scores)
    total = np.zeros((weights.shape[0], scores.shape[0]))
    for group in np.unique(groups):
        part = groups == group
        of_group = weights[:, part]
        mean = (of_group @ filled[:, part].T) / (of_group @ present[:, part].T)
        total += of_group.sum(axis=1, keepdims=True) * mean
    return np.asarray(total / 100)


@computed("marts.score_robustness", reads=("marts.indicator_scores", "marts.scores"))
def score_robustness(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """The places that an area takes when every weight is changed by up to 20 %, and whether its order is more than noise."""
    cells = con.sql(
        """
        SELECT i.grain, i.period_start, i.area_level, i.peer_class, i.sheet, i.area_code, i.indicator_group, i.indicator_id,
            i.weight, i.score, s.rank
        FROM marts.indicator_scores AS i
        INNER JOIN marts.scores AS s USING (grain, period_start, area_level, area_code)
        WHERE s.score IS NOT NULL
        ORDER BY ALL
        """
    ).pl()
    found = [_of_class(part) for part in cells.partition_by("grain", "period_start", "area_level", "peer_class")]
    return pl.concat([pl.DataFrame(schema=_SCHEMA), *found])


_SCHEMA: dict[str, type[pl.DataType]] = {
    "grain": pl.String,
    "period_start": pl.Date,
    "area_level": pl.String,
    "peer_class": pl.String,
    "area_code": pl.String,
    "rank": pl.Int64,
    "rank_min": pl.Int64,
    "rank_max": pl.Int64,
    "share_kept": pl.Float64,
    "next_area_code": pl.String,
    "share_above_next": pl.Float64,
    "is_noise": pl.Boolean,
}


def _of_class(cells: pl.DataFrame) -> pl.DataFrame:
    from scipy.stats import rankdata  # half a second to import, which definitions need not pay

    first = cells.row(0, named=True)
    wide = cells.pivot(on="indicator_id", index=["area_code", "rank"], values="score").sort("rank", "area_code")
    indicators = wide.columns[2:]
    about = cells.select("indicator_id", "indicator_group", "weight").unique("indicator_id", maintain_order=True)
    about = pl.DataFrame({"indicator_id": indicators}).join(about, on="indicator_id", maintain_order="left")
    groups = about.get_column("indicator_group").rank("dense").cast(pl.Int64).to_numpy()
    scores = wide.select(pl.col(indicators).cast(pl.Float64)).to_numpy()
    drawn = composites(scores, draw_weights(about.get_column("weight").to_numpy(), first["sheet"]), groups)
    # to nine places, as the score itself, so that equal areas stay equal
    drawn = np.round(drawn, 9)
    ranks = rankdata(-drawn, method="min", axis=1).astype(np.int64)
    rank = wide.get_column("rank").to_numpy()
    above = (drawn[:, :-1] > drawn[:, 1:]).mean(axis=0)
    codes = wide.get_column("area_code").to_list()
    shares: list[float | None] = [*(float(share) for share in above), None]
    return pl.DataFrame(
        {
            **{name: [first[name]] * len(codes) for name in ("grain", "period_start", "area_level", "peer_class")},
            "area_code": codes,
            "rank": rank,
            "rank_min": np.minimum(ranks.min(axis=0), rank),
            "rank_max": np.maximum(ranks.max(axis=0), rank),
            "share_kept": (ranks == rank).mean(axis=0),
            "next_area_code": [*codes[1:], None],
            "share_above_next": shares,
            "is_noise": [None if share is None else share < FIRM for share in shares],
        },
        schema=_SCHEMA,
    )
