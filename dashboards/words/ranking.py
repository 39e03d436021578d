"""Words of the page `ranking`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "page_ranking": ("同类比较", "Comparison"),
    "title_ranking": ("谁的好坏不是偶然？", "Who stands out beyond chance?"),
    "view": ("看什么", "View"),
    "view_indicator": ("单项指标", "One indicator"),
    "view_score": ("综合得分", "Composite score"),
    "peer_class": ("同类", "Peer class"),
    "rates": ("比率", "Rates"),
    "rates_raw": ("原始比率", "As counted"),
    "rates_all": ("并列收缩、标准化", "With shrunk and standardised"),
    "ranking_nothing": (
        "这一时段没有可与同类比较的指标。",
        "No indicator has peers to compare with in this period.",
    ),
    "ranking_nothing_week": (
        "一周的基数太小，分不清好坏与偶然。请按月、季或年查看。",
        "A week holds too few cases to tell merit from chance. Choose months, quarters or years.",
    ),
    "class_district": ("各区（{n}）", "Districts ({n})"),
    "class_street": ("各街道（{n}）", "Streets ({n})"),
    "class_community": ("{kind} · {band}（{n}）", "{kind}, {band} ({n})"),
    "class_kind": ("{kind}（{n}）", "{kind} ({n})"),
    "band_under_10": ("月均基数不足 10", "under 10 cases a month"),
    "band_10_to_29": ("月均基数 10–29", "10–29 cases a month"),
    "band_30_to_99": ("月均基数 30–99", "30–99 cases a month"),
    "band_100_or_more": ("月均基数 100 以上", "100 or more cases a month"),
    # lead
    "ranking_start": ("{when}，{place}{name}与同类相比：", "{name} among peers, {place}, {when}: "),
    "ranking_some": (
        "{rung}中 {n} 个超出 95% 控制限（{worse} 差、{better} 好）",
        "of {rung}, {n} outside the 95% limits ({worse} worse, {better} better)",
    ),
    "ranking_none": ("{rung}无一超出", "{rung}: none outside"),
    "ranking_chance": ("，单凭偶然也会有约 {chance} 个", "; chance alone would give about {chance}"),
    "ranking_far": ("，其中 {n} 个超出 99.8%", "; {n} of them outside 99.8%"),
    "ranking_semicolon": ("；", "; "),
    "ranking_nobody": ("没有足够的同类", "too few peers"),
    "outside_count": (" · {n} 个超出", " · {n} outside"),
    # outside the limits
    "outside_title": ("超出控制限的区域", "Outside the limits"),
    "outside_note": (
        "每个区域只与同类（同级；社区按类型和基数大小分）比。95% 之外值得去问一问，99.8% 之外很少是偶然，但指标多了也会碰上几个。",
        "Each area is set beside its own class only (same rung; communities by kind and number of cases). Outside 95% is "
        "worth a question; outside 99.8% is rarely chance, though over many indicators a few will be.",
    ),
    "outside_none": (
        "没有区域超出控制限：高低都在偶然范围内。",
        "Nobody is outside the limits: all differences are within chance.",
    ),
    "side": ("与同类比", "Against peers"),
    "side_worse_95": ("差（95% 之外）", "Worse (95%)"),
    "side_worse_998": ("差（99.8% 之外）", "Worse (99.8%)"),
    "side_better_95": ("好（95% 之外）", "Better (95%)"),
    "side_better_998": ("好（99.8% 之外）", "Better (99.8%)"),
    "value_interval": ("数值、区间、件数", "Value, interval, count"),
    "peer_rate": ("同类", "Peers"),
    "place": ("名次", "Place"),
    "place_interval": ("名次 95% 区间", "Place, 95% interval"),
    "place_other": ("改权重后的名次", "Place with your weights"),
    "bottom_tenth": ("落在末一成的概率", "Chance of the last tenth"),
    # funnel
    "funnel_title": ("漏斗图：基数越小，偶然越大", "Funnel: the fewer the cases, the more chance"),
    "funnel_note": (
        "灰带为 95% 与 99.8% 控制限，带内的高低分不清是好坏还是偶然。菱形好于同类，三角差于同类（红色：同时未达目标），空心为暂定。",
        "Grey: 95% and 99.8% limits; inside, merit and chance cannot be told apart. Diamonds: better than "
        "peers; triangles: worse (red: also below target); hollow: provisional.",
    ),
    "funnel_spread": (
        "同类之间本来就参差，限已放宽到 {factor} 倍。",
        " Peers differ more than chance makes them, so the limits are {factor} times as wide.",
    ),
    "funnel_too_few": (
        "同类只有 {n} 个，不足 5 个，不画控制限。",
        "Only {n} peers, fewer than five: no limits are drawn.",
    ),
    "peers_at": ("同类 {rate}", "peers {rate}"),
    "cases_axis": ("基数（对数轴）", "Cases (log scale)"),
    # places
    "places_title": ("名次只是区间", "A place is an interval"),
    "places_note": (
        "横线为名次的 95% 区间，整条在一半以内才算分得清。",
        "Bars are 95% intervals of the place; only one wholly in one half is told apart.",
    ),
    "places_small": (" 另有 {n} 个基数不足 10，不排名次。", " {n} more have fewer than 10 cases and no place."),
    "places_none": ("这一时段不计算名次区间。", "Places have no interval in this period, so none are shown."),
    "places_better": ("明显好于一半同类 · {n}", "Clearly in the better half · {n}"),
    "places_unclear": ("分不清 · {n}", "Cannot be told apart · {n}"),
    "places_worse": ("明显差于一半同类 · {n}", "Clearly in the worse half · {n}"),
    "places_axis": ("名次（1 为最好）", "Place (1 is best)"),
    "places_middle": ("中间", "middle"),
    # three rates
    "rates_title": ("原始、收缩与标准化", "As counted, shrunk, standardised"),
    "rates_note": (
        "○ 原始；● 收缩：基数小的向同类靠拢，是对真实水平更稳的估计；◆ 标准化：若诉求构成与同类相同会是多少。先列两者矛盾的，再列收缩最多的。",
        "○ as counted; ● shrunk: few cases are drawn towards the peers, a steadier estimate of the true level; ◆ standardised: "
        "the rate if the mix of matters were that of the peers. First those that disagree, then those shrunk most.",
    ),
    "rates_disagree_below": (
        "{area}：原始 {raw} 低于同类 {peers}，但按同类的{by}构成折算为 {standardised}，反而高于同类。差在诉求构成，不宜据原始比率评判。",
        "{area}: {raw} as counted is below its peers at {peers}, but with their mix of {by} it is {standardised}, above them. "
        "The mix makes the difference; do not judge by the rate as counted.",
    ),
    "rates_disagree_above": (
        "{area}：原始 {raw} 高于同类 {peers}，但按同类的{by}构成折算为 {standardised}，反而低于同类。差在诉求构成，不宜据原始比率评判。",
        "{area}: {raw} as counted is above its peers at {peers}, but with their mix of {by} it is {standardised}, below them. "
        "The mix makes the difference; do not judge by the rate as counted.",
    ),
    "by_category_1": ("诉求类别", "categories"),
    "by_channel": ("受理渠道", "channels"),
    "rates_too_few": (
        "同类只有 {n} 个，不足 5 个，不作收缩。",
        "Only {n} peers, fewer than five: rates are not shrunk.",
    ),
    "rates_shown": (
        "原始 {raw}（基数 {cases}）· 收缩 {shrunk} · 标准化 {standardised}",
        "as counted {raw} ({cases} cases), shrunk {shrunk}, standardised {standardised}",
    ),
    # composite score
    "score_nothing": ("这一时段没有综合得分。", "There are no composite scores for this period."),
    "score_class": ("名单", "Sheet"),
    "score": ("得分", "Score"),
    "grade": ("等次", "Grade"),
    "coverage": ("数据覆盖", "Coverage"),
    "coverage_is": ("数据覆盖 {share}", "{share} of the weight has figures"),
    "not_rated": ("不评", "Not rated"),
    "score_start": ("{when}，{name}：", "{when}, {name}: "),
    "score_capped": (
        "{n} 个被一票否决压低等次，得分和名次不变。",
        "{n} have their grade capped by a veto; score and place stay. ",
    ),
    "score_unrated": ("{n} 个数据不足，不评，也不记 0 分。", "{n} lack figures and are not rated, which is not 0. "),
    "score_noise": (
        "相邻 {all} 对先后中，{n} 对在各项权重浮动 ±20% 时就会颠倒，不足以分先后。",
        "Of {all} neighbouring pairs, {n} change order when weights vary by ±20%: that order is noise. ",
    ),
    "score_provisional": ("本期仍含暂定数据，得分未定。", "Some figures are provisional, and so are the scores."),
    "order_title": ("先后有多牢", "How firm is the order"),
    "order_note": (
        "点为名次，横线为权重浮动 ±20%（500 次）时的最好与最差名次，按得分所对应的等次分组；■ 被一票否决。它不含数据本身的偶然。",
        "Dots are places, bars the best and worst place in 500 draws of weights within ±20%, grouped by the grade of the score; ■ "
        "vetoed. Chance in the figures themselves is not in it.",
    ),
    "order_note_changed": (
        "● 现行名次，◇ 改权重后的名次；横线为权重浮动 ±20% 时的名次范围，◇ 落在线内即是噪声。",
        "● place in force, ◇ with your weights; bars: places when weights vary by ±20%. ◇ on the bar is noise.",
    ),
    "order_axis": ("名次（1 为最好）", "Place (1 is best)"),
    "place_robust": ("名次（权重 ±20%）", "Places (weights ±20%)"),
    "grade_heading": ("{grade} · {n}", "{grade} · {n}"),
    # what if
    "whatif_title": ("如果换一套权重", "What if the weights were different"),
    "whatif_note": (
        "拖动各组权重，组内比例不变，合计折算为 100；缺数据的指标权重仍在组内分摊，组内不足最低覆盖不评。",
        "Move the weight of a group; inside it proportions stay, and all come to 100. A missing figure's weight is still "
        "shared inside its group, and below the minimum coverage an area is not rated.",
    ),
    "whatif_original": ("现行权重", "the weights in force"),
    "whatif_share": ("折合 {share}，现行 {before}", "{share} of the sheet, in force {before}"),
    "whatif_reset": ("恢复现行权重", "Back to the weights in force"),
    "whatif_lead": (
        "换成这套权重，{n} 个名次变动，其中 {noise} 个仍在 ±20% 浮动范围内，是噪声；{beyond} 个超出，取决于权重如何定。",
        "with these weights {n} change place; {noise} stay within what ±20% does anyway, which is noise; {beyond} go further: "
        "their place depends on the choice of weights. ",
    ),
    "whatif_lead_noise": (
        "换成这套权重，{n} 个名次变动，都在 ±20% 浮动范围内，是噪声。",
        "with these weights {n} change place, all within what ±20% does anyway: noise. ",
    ),
    "whatif_lead_none": ("换成这套权重，名次都不变。", "with these weights nobody changes place. "),
    "whatif_grades": ("{n} 个的等次会变。", "{n} would have another grade."),
    "moves_title": ("谁的变动不是噪声", "Whose move is more than noise"),
    "moves_note": (
        "变动超出 ±20% 浮动范围的，以及等次会变的；名次下方为浮动范围。",
        "Those that move further than ±20% does, and those with another grade; below the places, what ±20% does.",
    ),
    "moves_none": (
        "没有：所有变动都在浮动范围内，等次也都不变。",
        "None: every move is within the band and every grade stays.",
    ),
    "move_places": ("名次", "Place"),
    "move_verdict": ("判断", "Verdict"),
    "move_beyond": ("超出噪声", "More than noise"),
    "move_noise": ("噪声", "Noise"),
    "move_none": ("未动", "No move"),
    "score_other": ("改后得分", "Score with your weights"),
    "capped_title": ("一票否决与不评", "Vetoes, and who is not rated"),
    "capped_note": (
        "否决只压等次，不动得分和名次。",
        "A veto caps the grade; score and place stay as they are.",
    ),
    "why": ("原因", "Why"),
    "too_few_figures": ("有数据的权重只占 {share}", "only {share} of the weight has figures"),
    "colon": ("：", ": "),
    "made_of_title": ("{score} 分的构成", "What the score of {score} is made of"),
    "made_of_note": (
        "得分从底线 0 到目标 100；缺数据的权重分给同组其他指标。",
        "A score runs from 0 at the floor to 100 at the target; the weight of a missing figure goes to the rest of its group.",
    ),
    "floor_target": ("底线 → 目标", "Floor → target"),
    "points_of_100": ("单项得分", "Score"),
    "weight": ("权重", "Weight"),
    "adds": ("计入总分", "Adds"),
}
