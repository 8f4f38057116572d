"""Write the template draft of a study from its findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from reporting.brief import RadiographName, in_reading_order, name_radiographs, number_of
from reporting.observed import NOT_ASSESSABLE, abstained, alert_of, exam_of, observed
from reporting.phrases import phrases
from reporting.rules import is_critical, limited, recommended, unassessable
from study.findings import FindingLabel
from study.model import (
    DISCLAIMER_EN,
    DISCLAIMER_KO,
    AgeBand,
    DraftSource,
    Finding,
    Language,
    ModelIdentity,
    Presence,
    PriorStudyReference,
    Quality,
    Radiograph,
    Report,
    Sentence,
    Wording,
)
from study.unread import Unread, worded

__all__ = ["MEASUREMENT", "NOT_ASSESSABLE", "disclaimer_of", "write_draft"]

MEASUREMENT = "measurement"  # rule id of the sentences that hold numbers; an LLM never rewords them


def write_draft(
    *,
    study_uid: str,
    revision: int,
    version: int,
    findings: Sequence[Finding],
    radiographs: Sequence[Radiograph],
    language: Language,
    model: ModelIdentity,
    not_read: Mapping[str, Unread],
    created_at: datetime,
    age_band: AgeBand = AgeBand.UNKNOWN,
    priors: Sequence[PriorStudyReference] | None = None,
    identified_at: datetime | None = None,
) -> Report:
    """Return the template draft of a study.

    Parameters
    ----------
    study_uid, revision, version
        Which study, which state of it, and which version of its report this is.
    findings
        Every finding of every radiograph, present or not; areas in mm².
    radiographs
        The radiographs that the model assessed.
    language
        Language of the words.
    model
        The algorithm that made the findings; its disclaimer is on every draft.
    not_read
        Instance UID to reason of the images that the model did not assess; counted, and a reason that
        is fit for a report is stated in its words, once.
    created_at
        When this version was written.
    age_band
        How old the patient was; a pyloric stenosis pattern is worded and followed up by it.
    priors
        The patient's earlier abdominal studies that are at hand, the latest first; None where nobody
        looked. The latest is named, with its date; no model compares.
    identified_at
        When the findings were made; when this version was written where it is not known.
    """
    table = phrases(language, age_band)
    names = name_radiographs(radiographs)
    ordered = in_reading_order(findings)
    seen = [f for f in ordered if f.presence is not Presence.ABSENT]
    unseeable = unassessable(ordered, radiographs)
    absent = _absences(ordered, unseeable, names, table)
    measured = [s for f in seen if (s := _measurement(f, names, table)) is not None]
    limits = limited(findings, radiographs, len(not_read), age_band)
    return Report(
        study_uid=study_uid,
        revision=revision,
        version=version,
        language=language,
        technique=[_technique(radiographs, table)],
        findings=[_sentence(f, "findings", names, table) for f in seen]
        + absent
        + _not_assessable(unseeable, table)
        + measured,
        impression=_impression(seen, names, table) or absent,
        recommendation=[
            Sentence(text=table["recommendation"][rule], finding_ids=ids, rule_id=rule)
            for rule, ids in recommended(findings, radiographs, age_band).items()
        ],
        comparison=_comparison(priors, table),
        limitations=[
            Sentence(text=table["limitations"][key].format(count=len(not_read)), rule_id=key)
            for key in limits
        ]
        + _unread(not_read.values(), language, table),
        critical=is_critical(findings),
        wording=Wording(source=DraftSource.TEMPLATE),
        disclaimer=disclaimer_of(model, language),
        created_at=created_at,
        exam=exam_of(radiographs, age_band),
        quality=Quality(assessed=len(radiographs), not_assessed=len(not_read), limits=limits),
        observations=observed(ordered),
        prior=priors[0] if priors else None,
        alert=alert_of(ordered, identified_at or created_at),
        abstentions=abstained(ordered, radiographs, not_read),
        models=[model],
    )


def _comparison(priors: Sequence[PriorStudyReference] | None, table: dict[str, Any]) -> str:
    """Return what may be said of earlier studies: that there is one, never how it compares."""
    words: dict[str, str] = table["comparison"]
    if priors is None:
        return words["unsearched"]
    if not priors:
        return words["none"]
    day = priors[0].study_date
    if len(day) != 8 or not day.isdigit():
        return words["prior_undated"]
    return words["prior"].format(date=f"{day[:4]}-{day[4:6]}-{day[6:]}")


def _unread(reasons: Iterable[Unread], language: Language, table: dict[str, Any]) -> list[Sentence]:
    """Return a sentence for each reason why radiographs were not read."""
    known = dict.fromkeys(worded(reason, language) for reason in reasons if reason.code.is_stated)
    text = table["limitations"]["unread"]
    return [Sentence(text=text.format(reason=words), rule_id="unread") for words in known]


def disclaimer_of(model: ModelIdentity, language: Language) -> str:
    """Return the model's disclaimer in the report's language, where it is known in both."""
    if language is Language.KOREAN and model.disclaimer == DISCLAIMER_EN:
        return DISCLAIMER_KO
    return model.disclaimer


def _technique(radiographs: Sequence[Radiograph], table: dict[str, Any]) -> Sentence:
    views = [table["views"][r.view.value] for r in radiographs]
    words = table["technique"]
    if len(views) == 1:
        return Sentence(text=words["one"].format(view=views[0]), rule_id="technique")
    count = words["counts"][len(views)] if len(views) < len(words["counts"]) else str(len(views))
    joined = words["and"].join(filter(None, [", ".join(views[:-1]), *views[-1:]]))
    return Sentence(text=words["several"].format(count=count, views=joined), rule_id="technique")


def _sentence(
    finding: Finding, section: str, names: Mapping[str, RadiographName], table: dict[str, Any]
) -> Sentence:
    """Return the template's sentence on a finding that is present or indeterminate."""
    choices = table[section][finding.label.value]
    number = number_of(finding)
    if number is not None:
        choices = {**choices, **choices.get(number.value, {})}
    band = finding.certainty.value if finding.presence is Presence.PRESENT else Presence.INDETERMINATE.value
    text = choices[band].format(on=_on([finding], names, table), **_places(finding, table))
    return Sentence(text=text, finding_ids=[finding.id])


def _places(finding: Finding, table: dict[str, Any]) -> dict[str, str]:
    """Return the slots that say where a finding lies; empty texts where it is not known."""
    region = table["regions"][finding.region] if finding.region else None
    return {k: table["slots"][k].format(region=region) if region else "" for k in ("where", "of")}


def _impression(
    seen: Sequence[Finding], names: Mapping[str, RadiographName], table: dict[str, Any]
) -> list[Sentence]:
    """Return one sentence per finding; the same words on every radiograph become one."""
    sentences: dict[str, list[str]] = {}
    for finding in seen:
        alike = [f for f in seen if _alike(f, finding)]
        everywhere = len(alike) == len(names)
        sentence = _sentence(finding, "impression", {} if everywhere else names, table)
        sentences.setdefault(sentence.text, []).append(finding.id)
    return [Sentence(text=text, finding_ids=ids) for text, ids in sentences.items()]


def _alike(one: Finding, other: Finding) -> bool:
    return _spoken(one) == _spoken(other)


def _spoken(finding: Finding) -> tuple[object, ...]:
    band = finding.certainty if finding.presence is Presence.PRESENT else None
    return finding.label, finding.presence, band, finding.region, number_of(finding)


def _absences(
    ordered: Sequence[Finding],
    unseeable: Sequence[Finding],
    names: Mapping[str, RadiographName],
    table: dict[str, Any],
) -> list[Sentence]:
    """Return the sentences on what was assessed without a sign of it, by radiograph and by who says so."""
    absent = [f for f in ordered if f.presence is Presence.ABSENT and f not in unseeable]
    apart = {f.label for f in ordered if f.presence is not Presence.ABSENT or f in unseeable}
    groups = [[f for f in absent if f.label not in apart]]
    for uid in names:
        groups.append([f for f in absent if f.radiograph_uid == uid and f.label in apart])
    parts = [
        [f for f in group if (f.stated is None) is by_model] for group in groups for by_model in (True, False)
    ]
    return [_absence(part, names, table) for part in parts if part]


def _not_assessable(unseeable: Sequence[Finding], table: dict[str, Any]) -> list[Sentence]:
    """Return a sentence for each finding that the radiographs could not have shown."""
    return [
        Sentence(
            text=table["not_assessable"][label.value],
            finding_ids=[f.id for f in unseeable if f.label is label],
            rule_id=NOT_ASSESSABLE,
        )
        for label in dict.fromkeys(f.label for f in unseeable)
    ]


def _absence(
    group: Sequence[Finding], names: Mapping[str, RadiographName], table: dict[str, Any]
) -> Sentence:
    labels = list(dict.fromkeys(f.label for f in group))
    words = table["absent"]
    nouns = [words[label.value] for label in labels]
    listed = words["or"].join(filter(None, [words["comma"].join(nouns[:-1]), nouns[-1]]))
    radiographs = {f.radiograph_uid for f in group}
    if not names:
        radiograph = table["radiographs"]["this"]
    elif len(radiographs) == 1:
        radiograph = table["radiographs"][names[radiographs.pop()].value]
    else:
        radiograph = table["radiographs"]["all"]
    text = words["text" if group[0].stated is None else "stated"]
    return Sentence(text=text.format(list=listed, radiograph=radiograph), finding_ids=[f.id for f in group])


def _measurement(
    finding: Finding, names: Mapping[str, RadiographName], table: dict[str, Any]
) -> Sentence | None:
    """Return the sentence that holds a present finding's numbers; None where it has none."""
    if finding.presence is not Presence.PRESENT or not finding.area_px:
        return None
    words = table["measurement"]
    on = _on([finding], names, table)
    counted = finding.label is FindingLabel.AIR_FLUID_LEVELS and finding.count > 0
    stem = ("level" if finding.count == 1 else "levels") if counted else "area"
    if finding.area_mm2 is None:
        stem = f"{stem}_only" if counted else "none"
    elif finding.area_plane == "patient":
        stem = f"{stem}_corrected"
    text = words[stem].format(
        what=words[finding.label.value].format(on=on),
        on=on,
        count=finding.count,
        area=_square_centimetres(finding.area_mm2, words["small"]),
    )
    return Sentence(text=text, finding_ids=[finding.id], rule_id=MEASUREMENT)


def _square_centimetres(area_mm2: float | None, small: str) -> str:
    if area_mm2 is None:
        return ""
    return f"{area_mm2 / 100:.1f}" if area_mm2 >= 10 else small


def _on(findings: Sequence[Finding], names: Mapping[str, RadiographName], table: dict[str, Any]) -> str:
    name = names.get(findings[0].radiograph_uid)
    if name is None:
        return ""
    on: str = table["slots"]["on"].format(radiograph=table["radiographs"][name.value])
    return on
