"""Make a fine-tuning pair of a signed report: the facts of its draft, and its words as a reply. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

from pydantic import Field

from reporting.brief import Brief, brief_of, name_radiographs
from reporting.draft import MEASUREMENT, NOT_ASSESSABLE
from reporting.finetune.trace import split_sentences, trace
from reporting.grounding import check_wording
from reporting.reply import MAX_SENTENCES, Line, Reply
from reporting.rules import unassessable
from reporting.writer.pairs import write_denials
from study.frozen import Frozen
from study.history import Event, Signed, fold
from study.model import Assessment, DraftSource, Finding, Presence, Report, Sentence, StudyRecord

BUCKETS = 100


class TrainingPair(Frozen):
    """One line of a pairs file: no text but the reply's, every word of which the check knows."""

    format: Literal[1] = 1
    source: Literal["signed", "synthetic"]
    bucket: Annotated[int, Field(ge=0, lt=BUCKETS)]  # of the patient; many share one
    edited: bool = False  # whether a radiologist changed the words
    brief: Brief  # becomes the production message when it is trained on
    reply: Reply


class Left(NamedTuple):
    """A signed report that is no pair.

    Attributes
    ----------
    study_uid
        Whose it is.
    rules
        Why: the rules of the grounding check that its words break, or one of this module's.
    """

    study_uid: str
    rules: tuple[str, ...]


def pair_of(study_uid: str, events: Sequence[Event]) -> TrainingPair | Left | None:
    """Return the pair that a study's newest signed report makes; None where none was signed.

    The facts are the model's findings after the reader's verdicts: a finding that was rejected is
    absent. The reply is the signed text, each sentence with the facts it rests on, without the
    sentences that a template writes in any case (measurements, what cannot be assessed).

    Parameters
    ----------
    study_uid
        The study.
    events
        Its events, from the archive.

    Returns
    -------
    TrainingPair, Left or None
        `Left` where the signed text says anything that the facts do not hold: such a text would
        teach the LLM to write what the grounding check refuses.
    """
    last = max((n for n, e in enumerate(events, start=1) if isinstance(e, Signed)), default=0)
    record = fold(study_uid, events[:last])
    if record is None or record.draft is None:
        return None
    report = record.draft
    findings = _as_judged(record)
    if findings is None:
        return Left(study_uid, ("verdict",))
    if not findings:
        return Left(study_uid, ("no-findings",))
    brief, ids = brief_of(findings, name_radiographs(record.radiographs), report.language)
    refs = {finding: ref for ref, finding in ids.items()}
    unseeable = [refs[f.id] for f in unassessable(findings, record.radiographs)]
    reply = _reply(report, brief, refs, unseeable)
    if reply is None:
        return Left(study_uid, ("untraceable",))
    checks = check_wording(reply, brief)
    if checks:
        return Left(study_uid, tuple(dict.fromkeys(check.rule for check in checks)))
    edited = report.wording.source is DraftSource.RADIOLOGIST
    return TrainingPair(source="signed", bucket=bucket_of(record), edited=edited, brief=brief, reply=reply)


def bucket_of(record: StudyRecord) -> int:
    """Return which of a hundred buckets the patient falls into, so that a split never parts one.

    A hundredth of all patients share a bucket: it names nobody.
    """
    key = record.summary.patient_id.strip() or record.study_uid
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % BUCKETS


def _as_judged(record: StudyRecord) -> list[Finding] | None:
    """Return the findings after the verdicts; None where a denial was rejected: nobody says what is there."""
    judged = []
    radiographs = {r.instance_uid for r in record.radiographs}
    for finding in record.findings:
        if finding.radiograph_uid not in radiographs:
            continue
        if record.assessments.get(finding.id) is not Assessment.REJECTED:
            judged.append(finding)
        elif finding.presence is Presence.ABSENT:
            return None
        else:
            judged.append(finding.model_copy(update={"presence": Presence.ABSENT, "region": None}))
    return judged


def _reply(report: Report, brief: Brief, refs: Mapping[str, str], unseeable: Sequence[str]) -> Reply | None:
    """Return the report's words as a reply; None where a sentence names no finding, or there are too many."""
    lines: dict[str, list[Line]] = {"findings": [], "impression": []}
    for section, told in lines.items():
        for sentence in getattr(report, section):
            if sentence.rule_id in (MEASUREMENT, NOT_ASSESSABLE):
                continue
            for text in split_sentences(sentence.text):
                held = _refs(sentence, text, refs)
                found = trace(text, brief, held, needs_region=section == "findings")
                if not found or len(text) > 400:
                    return None
                told.append(Line(text=text, refs=found))
    lines["findings"] += _denied(brief, unseeable, lines["findings"])
    if all(fact.presence is Presence.ABSENT for fact in brief.facts):
        lines["impression"] += _denied(brief, unseeable, lines["impression"])
    if not all(0 < len(told) <= MAX_SENTENCES for told in lines.values()):
        return None
    return Reply(findings=lines["findings"], impression=lines["impression"])


def _refs(sentence: Sentence, text: str, refs: Mapping[str, str]) -> list[str]:
    """Return the references that the sentence brought; none where it became several sentences."""
    if text != " ".join(sentence.text.split()):
        return []
    return [refs[uid] for uid in dict.fromkeys(sentence.finding_ids) if uid in refs]


def _denied(brief: Brief, unseeable: Sequence[str], told: Sequence[Line]) -> list[Line]:
    """Return plain denials of what the radiographs cannot show and no line has named yet.

    The LLM is sent these facts as absent and has to name them; production then puts the template's
    "cannot be assessed" in the place of whatever it says.
    """
    named = {ref for line in told for ref in line.refs}
    facts = [fact for fact in brief.facts if fact.ref in unseeable and fact.ref not in named]
    return write_denials(facts, brief.language)
