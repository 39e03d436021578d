"""Invented names of places and people."""

from __future__ import annotations

import numpy as np
import polars as pl

from pipelines.sample_city.window import IntArray

DISTRICTS = (("云汀", "Yunting"), ("松岚", "Songlan"), ("锦沅", "Jinyuan"), ("澄岭", "Chengling"), ("望溪", "Wangxi"))

# No two entries of a list share a spelling in Latin letters, so that the English names stay unique as well.
_FIRST = (
    ("青", "Qing"), ("松", "Song"), ("兰", "Lan"), ("梧", "Wu"), ("桐", "Tong"), ("柳", "Liu"), ("荷", "He"),
    ("枫", "Feng"), ("竹", "Zhu"), ("梅", "Mei"), ("桂", "Gui"), ("石", "Shi"), ("金", "Jin"), ("银", "Yin"),
    ("玉", "Yu"), ("明", "Ming"), ("安", "An"), ("永", "Yong"), ("长", "Chang"), ("新", "Xin"), ("福", "Fu"),
    ("德", "De"), ("仁", "Ren"), ("文", "Wen"), ("学", "Xue"), ("星", "Xing"), ("海", "Hai"), ("鹭", "Lu"),
)  # fmt: skip
_SECOND = (
    ("溪", "xi"), ("桥", "qiao"), ("湾", "wan"), ("塘", "tang"), ("岭", "ling"), ("河", "he"), ("泉", "quan"),
    ("山", "shan"), ("园", "yuan"), ("里", "li"), ("坊", "fang"), ("井", "jing"), ("港", "gang"), ("洲", "zhou"),
    ("台", "tai"), ("庄", "zhuang"), ("浦", "pu"),
)  # fmt: skip

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰秀珍建国志文红梅春晓东海燕宇浩然子轩欣怡思远雨桐佳琪俊峰"


def place_names(rng: np.random.Generator, count: int) -> tuple[list[str], list[str]]:
    """`count` place names of two characters and their English spellings; both lists hold no name twice."""
    picks = rng.permutation(len(_FIRST) * len(_SECOND))[:count]
    first = [_FIRST[pick // len(_SECOND)] for pick in picks]
    second = [_SECOND[pick % len(_SECOND)] for pick in picks]
    chinese = [one[0] + two[0] for one, two in zip(first, second, strict=True)]
    english = [one[1] + two[1] for one, two in zip(first, second, strict=True)]
    return chinese, english


def person_names(rng: np.random.Generator, count: int) -> pl.Series:
    """`count` synthetic names of three characters."""
    surnames, given = pl.Series(list(_SURNAMES)), pl.Series(list(_GIVEN))
    return (
        surnames.gather(rng.integers(0, len(surnames), count))
        + given.gather(rng.integers(0, len(given), count))
        + given.gather(rng.integers(0, len(given), count))
    )


def phone_numbers(numbers: IntArray) -> pl.Series:
    """Eleven digits that begin with 100, a prefix that no mobile network uses."""
    return pl.Series(10_000_000_000 + numbers % 100_000_000).cast(pl.String)


def identity_numbers(birth_days: IntArray, serial: IntArray) -> pl.Series:
    """Eighteen characters in the form of a resident identity number (area 990100, which does not exist), checked."""
    birth = pl.Series(birth_days.astype(np.int32)).cast(pl.Date).dt.strftime("%Y%m%d").cast(pl.Int64).to_numpy()
    body = 990_100 * 10**11 + birth * 1000 + serial % 1000
    weights = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
    digits = (body[:, None] // 10 ** np.arange(16, -1, -1, dtype=np.int64)) % 10
    check = pl.Series(list("10X98765432")).gather((digits * weights).sum(axis=1) % 11)
    return pl.Series(body).cast(pl.String) + check
