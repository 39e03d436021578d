"""The quarterly appraisals of the community committees of the sample city."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from pipelines.sample_city.places import COMMUNITIES, Places
from pipelines.sample_city.window import FloatArray, IntArray, Window, add_months

_SHEETS = {
    "community": {"组织建设": 20, "队伍建设": 15, "阵地建设": 15, "服务居民": 25, "基层治理": 15, "居民评议": 10},
    "rural": {"组织建设": 20, "队伍建设": 15, "阵地建设": 10, "服务居民": 20, "集体经济": 25, "居民评议": 10},
}
_VETOES = ("重大安全事故", "弄虚作假", "违规违纪", "重大舆情处置不力")
_SPOT_CHECKED, _VETOED = 60, 3


def make_appraisals(rng: np.random.Generator, window: Window, places: Places) -> pl.DataFrame:
    """Self-check and final appraisal of all 239 committees in every quarter that is over, spot-checks of 60, vetoes for three.

    Sheets differ by kind and give 100 points; about three in ten committees reach 90 without a veto.
    """
    orgs = pl.Series([f"SQ{code}" for code in places.community_codes[:COMMUNITIES]])
    rural = (places.community_kind[:COMMUNITIES] == "rural").to_numpy()
    quality = 0.873 + rng.normal(0, 0.033, COMMUNITIES) - 0.08 * places.weak[:COMMUNITIES]
    starts = [first for first in window.months if first.month % 3 == 1]
    frames: list[pl.DataFrame] = []

    def score(who: IntArray, method: str, level: FloatArray, period: dict[str, pl.Expr]) -> None:
        for sheet, items in _SHEETS.items():
            inside = rural[who] == (sheet == "rural")
            for item, most in items.items():
                share = np.clip(level[inside] + rng.normal(0, 0.03, int(inside.sum())), 0.3, 1.0)
                frames.append(
                    pl.DataFrame({"org_id": orgs.gather(who[inside]), "points": np.round(share * most * 2) / 2}).with_columns(
                        **period, method=pl.lit(method), item=pl.lit(item), kind=pl.lit("score"), max_points=pl.lit(most)
                    )
                )  # fmt: skip

    for place, first in enumerate(starts):
        end = add_months(first, 3) - timedelta(days=1)
        if end > window.cut:
            continue
        period = {"period": pl.lit(f"{first.year}Q{first.month // 3 + 1}"), "ended_on": pl.lit(end)}
        everyone = np.arange(COMMUNITIES, dtype=np.int64)
        now = quality + 0.002 * place + rng.normal(0, 0.012, COMMUNITIES)
        score(everyone, "self", now + 0.045, period)
        spot = np.sort(rng.permutation(COMMUNITIES)[:_SPOT_CHECKED]).astype(np.int64)
        score(spot, "spot", now[spot] - 0.01, period)
        score(everyone, "final", now, period)
        vetoed = np.sort(rng.permutation(COMMUNITIES)[:_VETOED])
        frames.append(
            pl.DataFrame({"org_id": orgs.gather(vetoed), "item": pl.Series(list(_VETOES)).gather(rng.integers(0, 4, _VETOED))})
            .with_columns(**period, method=pl.lit("final"), kind=pl.lit("veto"))
        )  # fmt: skip
    every = pl.concat(frames, how="diagonal_relaxed")
    folder = "ZL-" + pl.col("period") + "-" + pl.col("org_id").str.slice(-6)
    return every.with_columns(
        pl.when(pl.col("kind") == "score").then(folder).alias("evidence"),
        pl.col("points").cast(pl.String).str.strip_suffix(".0"),
    ).select("org_id", "period", "method", "item", "ended_on", "kind", "points", "max_points", "evidence")
