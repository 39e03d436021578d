"""Sets the bulletin as PDF with Typst; the text comes in as data, so that nothing in a name can be markup."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

TEMPLATE = Path(__file__).with_name("template.typ")
#: Families with Chinese letters, the ones that read best first: Debian, other Linux, macOS, Windows.
FAMILIES = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "PingFang SC", "Hiragino Sans GB",
    "Heiti SC", "STHeiti", "Microsoft YaHei", "DengXian", "SimHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "Droid Sans Fallback", "Noto Serif CJK SC", "Noto Serif SC", "Source Han Serif SC", "Songti SC", "STSong", "SimSun",
    "FangSong", "KaiTi", "AR PL UMing CN", "AR PL UKai CN",
)  # fmt: skip


class NoFont(RuntimeError):
    """No Chinese font was found; `key` names the words that tell the operator what to do."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Typesetter:
    """Typst with a Chinese font, found once for several bulletins."""

    def __init__(self, font: str | None, folder: Path) -> None:
        """Find the font that the city names (relative to its `folder`), else one of the usual ones of this machine.

        Raises:
            NoFont: there is none.
        """
        if font is None:
            self.fonts = _machine_fonts()
            known = set(self.fonts.families())
            self.family = next((family for family in FAMILIES if family in known), "")
            if not self.family:
                raise NoFont("no_font")
            return
        path = (folder / Path(font).expanduser()).resolve()
        place = path if path.is_dir() else path.parent
        self.fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(place)])
        inside = [f.family for f in self.fonts.fonts() if f.path and (path.is_dir() or Path(f.path).resolve() == path)]
        self.family = next((family for family in FAMILIES if family in inside), min(inside, default=""))
        if not self.family:
            raise NoFont("no_such_font")

    def pdf(self, told: Mapping[str, Any], published_at: datetime) -> bytes:
        """The PDF of what `content.tell` says; its date is that of the edition, so that it is the same whenever it is made."""
        date = dict(zip(("year", "month", "day", "hour", "minute", "second"), published_at.timetuple(), strict=False))
        data = {**told, "font": self.family, "date": date}
        compiler = typst.Compiler(
            str(TEMPLATE),
            root=str(TEMPLATE.parent),
            font_paths=self.fonts,
            ignore_system_fonts=True,
            sys_inputs={"told": json.dumps(data, ensure_ascii=False)},
        )
        made = compiler.compile(format="pdf")
        if not isinstance(made, bytes):
            raise TypeError("a PDF is one run of bytes")
        return made


def _machine_fonts() -> typst.Fonts:
    """The fonts in the usual folders of this machine (Linux, macOS, Windows; fontconfig's where it is configured)."""
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True)
