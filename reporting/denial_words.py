"""Words and patterns by which `denials` reads a denial. Pure."""

from __future__ import annotations

import re

from study.model import Language

JOINS = frozenset({"joiner", "comma"})
# What may stand between the names of two findings that one denial reaches, beside what joins them.
BETWEEN = {
    Language.ENGLISH: frozenset(
        {"a", "an", "the", "any", "of", "for", "either", "nor", "or", "evidence", "sign", "signs", "finding"}
        | {"findings", "feature", "features", "appearance", "appearances", "pattern", "indication", "gaseous"}
        | {"radiographic", "radiological", "imaging", "definite", "collection", "visible", "indications"}
    ),
    Language.KOREAN: frozenset(
        {
            "을",
            "를",
            "의",
            "은",
            "는",
            "이",
            "가",
            "도",
            "소견",
            "양상",
            "증거",
            "징후",
            "근거",
            "흔적",
            "음영",
        }
        | {
            "형성",
            "패턴",
            "가스 음영",
            "공기 음영",
            "뚜렷한",
            "명확한",
            "적",
            "적인",
            "방사선학적",
            "영상의학적",
        }
    ),
}
TIES = ("frame", "attribute")
IMAGE = frozenset(
    {
        "on",
        "in",
        "radiograph",
        "radiographs",
        "view",
        "views",
        "film",
        "films",
        "image",
        "images",
        "projection",
    }
    | {"영상", "사진", "촬영", "에서", "상", "에"}
)
# Denials that, after another, take it back: "no free gas or lack of stool".
LACKS = re.compile(r"^(without|(an |the |a )?(absence|lack) of|lacks|devoid of|free (of|from))$")
OF_A_LIST = re.compile(r"^(neg|without|(an |the |a )?(absence|lack) of|lacks|devoid of|free )")
# What is not done is no denial of what is there ("is not assessed"), nor is where it does not lie,
# nor of what kind it is not ("the type of constipation is not seen").
UNDONE = {
    Language.ENGLISH: re.compile(
        r"\b(not|none) (been |being |be |yet )?(assess|read|available|supplied|submitted|provided|report|"
        r"descri|record|regist|locali[sz]ed|located|distributed|cent(re|er)ed|situated|positioned|placed|project|"
        r"overl|involv|affect|occup|extend|spread|lying|forming|interpret|analys|given|outlined|delineated)"
        r"|(?<!in )\bthe (location|site|type|form|point|case)s? of\b(?! the (abdomen|pelvis))"
    ),
    Language.KOREAN: re.compile(
        r"(평가|판독|판단|분석|생각|보고|기술|묘사|위치|분포|표시|지적|결론|종합|촬영|검사)"
        r"(되|하)?지(는|도|를)? ?(않|못)|(?<!든 )(?<!복부 )(위치|부위)[는은이가도] |판단[은이] "
    ),
}
# A hedge of the denial itself: "is not clearly seen" leaves open that it is there.
HEDGED = {
    Language.ENGLISH: re.compile(
        r"\b(not|cannot|none|no|nor|neither)\b.*\b(clearly|definitely|unequivocally|evidently|confidently|"
        r"with certainty|with confidence)\b|\bno certain\b"
    ),
    Language.KOREAN: re.compile(
        r"(뚜렷|명확|분명|명백|확연|확실)(하게|히|이)[^,]*(않|없|못|안 )|확실도|확신도|신뢰도"
    ),
}
# Denied of all together, and so perhaps not of each: "is not seen on both", "모두 보이지는 않음".
PARTIAL = {
    Language.ENGLISH: re.compile(
        r"\bnot\b[^,;]*\b(all|both|every|each|together|alike|in part)\b"
        r"|\b(all|every|each)\b[^,;]*\bnot\b"
    ),
    Language.KOREAN: re.compile(
        r"(모두|함께|공히|모든|전체|전부|전반|각각|[두세] (영상|사진|자세))"
        r".*(지는|것은|건) ?(않|못|아니|아님|아닙)"
    ),
}
