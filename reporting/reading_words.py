"""Words and patterns by which `readings` reads what words say together. Pure."""

from __future__ import annotations

import re

from study.model import Language

UNREAD = re.compile(r"[?!+=<>~\"#&*@^$|\\_\[\]{}`]")
MINUS = re.compile(r"(^|[\s:,(])-[\s.,)]*$")
SIGNED = re.compile(r"\([-+]\)")
# Phrases that say what no fact holds, though each of their words may stand in a true sentence.
SAYS: dict[Language, tuple[tuple[str, str, re.Pattern[str]], ...]] = {
    Language.ENGLISH: (
        (
            "negation",
            "says that gas is not there",
            re.compile(r"\b(gas|air)(-free\b| free\b(?! (in|within|inside) the perit))"),
        ),
        ("recommendation", "urges", re.compile(r"\bconcerning\b(?! for)(?! [a-z])")),
        ("anatomy", "names a collection that is not of free gas", re.compile(r"\bcollections?\b")),
        ("cause", "says where a finding comes from", re.compile(r"\b(arises?|arising)\b")),
        ("severity", "says how much of it there is", re.compile(r"\bin part\b")),
        (
            "region",
            "speaks of other regions",
            re.compile(
                r"\b(all|both|other|multiple|several|these|any|either) (regions|areas|parts|sites|zones)\b"
            ),
        ),
        (
            "region",
            "speaks of the abdomen beside a region",
            re.compile(
                r"\babdomen(,|,? (and|or|as well as|plus)) (the )?(pelvi|left|right|upper|lower|central)"
            ),
        ),
        (
            "region",
            "speaks of the abdomen beside a region",
            re.compile(r"(pelvis|quadrant),? (and|or|as well as|plus|both) (the )?abdomen"),
        ),
        ("region", "speaks of other regions", re.compile(r"\bhere (and|in)\b|, here\b")),
        (
            "region",
            "speaks of other regions",
            re.compile(r"\b(area|region|zone),? (and|or) (the )?(pelvi|left|right|upper|lower|central)"),
        ),
        ("region", "speaks of the abdomen beside a region", re.compile(r"namely the abdomen")),
        ("recommendation", "asks for a reading", re.compile(r"\bto be (assessed|read)\b")),
        ("cause", "names a cause", re.compile(r"\bby pyloric (stenosis|narrowing)")),
        (
            "anatomy",
            "says that the abdomen is distended",
            re.compile(
                r"(?<!central )(?<!upper )(?<!lower )(?<!whole )(?<!entire )abdomen (is )?(distended|dilated)"
            ),
        ),
    ),
    Language.KOREAN: (
        ("negation", "says 'not' in a short form", re.compile(r"x(?!선| 선|-)")),
        (
            "region",
            "speaks of a part of a region",
            re.compile(r"안쪽|(?<!복부의 )(?<!복부 )가운데에|[상하]복부 가운데|골반 가운데"),
        ),
        (
            "region",
            "speaks of other regions",
            re.compile(
                r"(?<!복부의 )(?<!복부 )모든 (부위|영역|구역|부분)"
                r"|(여러|다수의?|각각의?) (부위|영역|구역|부분)"
            ),
        ),
        (
            "region",
            "speaks of the abdomen beside a region",
            re.compile(r"(복부|골반[가-힣]*)(,|와|과| 및) 복부"),
        ),
        ("region", "speaks of a part of a region", re.compile(r"([상하]복부|골반)의? 모든")),
        ("certainty", "hedges", re.compile(r"이나마")),
        ("cause", "names a cause", re.compile(r"협착증?(으로 |에 따[른라])")),
    ),
}
COLLECTED = re.compile(
    r"\b(gas|gaseous|air)[ -]collections?\b"
    r"|\bcollections? of (free |extraluminal |intraperitoneal |peritoneal )*"
    r"(gas|air)\b"
)
COUNTED = frozenset(
    {"radiograph", "radiographs", "view", "views", "film", "films", "image", "images", "projection"}
    | {"projections", "x-ray", "x-rays", "regions", "region", "area", "patient", "child", "study", "models"}
    | {"영상", "사진", "촬영", "환자", "환아", "부위", "영역", "형태"}
)
TWO = re.compile(
    r"\b(both|either|neither)( of)?( the| these| available)? "
    r"(radiograph|view|film|image|projection|x-ray)s?\b"
    r"|두 (장|영상|사진|자세|복부|개의 영상)"
)
THREE = re.compile(r"세 (장|영상|사진|자세|복부|개의 영상)")
SHADOW = re.compile(
    r"(?<!유리 )(?<!유리)(?<!자유 )(가스|공기) 음영( 및|과|,| 그리고)|(와|과| 및|,) (가스|공기) 음영"
)
DENYING = re.compile(
    r"전혀|어디에[서]?도|어느 [가-힣]+도|흔적|(보이|되|하|있|나타나)지(는|도)?( (?!않|못|는)|[.]?$)"
)
RELATING = frozenset(
    {"representing", "represents", "represent", "indicating", "indicates", "indicate", "reflecting"}
    | {"reflects", "reflect", "constituting", "corresponding to", "corresponds to", "denoting", "denotes"}
    | {"namely", "termed", "conforming to", "conforms to", "manifested", "manifesting", "이로", "즉", "곧"}
)
SOUGHT = frozenset({"assessed", "assessment", "evaluation", "평가", "판독", "분석"})
TOWARD = frozenset(
    {"for", "regarding", "concerning", "대한", "대해", "대하여", "에 대한", "에 대해", "에 관한", "관한"}
)
TO_COME = frozenset({"있을", "보일", "드러낼", "존재할", "찾을", "낼"})
EXPECTED = re.compile(r"[을할일될낼] 것|[었았했]을|할[.]?$")
THOUGHT = frozenset({"생각", "판단"})
SWOLLEN = ("distended", "dilated", "distension", "팽창", "팽만", "확장", "늘어")
OF_BOTH = frozenset({"both", "all", "each", "either", "모두", "각각", "함께", "공히"})
ABOUT = re.compile(r"\b(type|form|site|location|point|status)\b (of|and)|의 (형태|위치|부위)")
ENDS_A_CLAUSE = ("며", "고", "보임", "있음", "됨", "함", "다")
