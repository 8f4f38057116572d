"""What a worker does with a study's radiographs, by the rules and tables of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from pydicom import Dataset

from dicom_node.site_rules import decide_by
from inference.eligibility import Judge
from inference.probability_map import remake_maps
from inference.seg import SegForm
from inference.shadow import FOLDER as SHADOW_FOLDER
from inference.shadow import shadow_study
from inference.step import preview_study, segment_study
from inference.store import ModelStore
from inference.view import open_judge
from inference.warm_up import warm_up
from roles.readers import Readers, headers_for_the_model
from study.decision import Decision
from study.fence import Fence
from study.ledger import Ledger
from study.model import StudyRecord
from study.probability_maps import ProbabilityMaps
from study.settings import Settings
from study.telemetry import now


@dataclass(frozen=True)
class Vision:
    """The vision jobs of one worker."""

    settings: Settings
    ledger: Ledger
    fence: Fence
    readers: Readers
    judge: Judge

    @classmethod
    def open(cls, settings: Settings, ledger: Ledger, fence: Fence) -> Vision:
        """Return it ready: the first study shall not wait for what is loaded once.

        Raises
        ------
        ModelError
            If a model that the settings name cannot serve.
        """
        readers = Readers.open(settings)
        for predictor in readers.shown:
            warm_up(predictor, SegForm(settings.seg_type))
        judge = open_judge(settings.view_model, ModelStore.of(settings.home))
        return cls(settings, ledger, fence, readers, judge)

    def preview(self, study_uid: str) -> StudyRecord:
        """Read what has arrived of a study."""
        return self._read(preview_study, study_uid)

    def segment(self, study_uid: str) -> StudyRecord:
        """Read a complete study."""
        return self._read(segment_study, study_uid)

    def shadow(self, study_uid: str) -> None:
        """Let the shadows read what was read, and write down how they compare."""
        record = self.ledger.held(study_uid)
        for predictor in self.readers.shadows_for(self._headers(record), record.calling_ae_title):
            shadow_study(
                record,
                archive=self.ledger.archive,
                predictor=predictor,
                values_of=self.fence.attenuation_values,
                header_of=self.fence.header,
                folder=ModelStore.of(self.settings.home).root / SHADOW_FOLDER,
            )

    def make_maps(self, study_uid: str, maps: ProbabilityMaps) -> None:
        """Make the probability maps of a study that somebody waits for, by the model that read it."""
        record = self.ledger.held(study_uid)
        for radiograph_uid in maps.wanted(study_uid):
            remade = remake_maps(
                record,
                radiograph_uid,
                archive=self.ledger.archive,
                predictor=None if record.model is None else self.readers.of(record.model),
                values_of=self.fence.attenuation_values,
                header_of=self.fence.header,
                at=now(),
            )
            if remade is not None:
                maps.keep(study_uid, radiograph_uid, remade.made, remade.bodies)

    def _read(self, step: Callable[..., StudyRecord], study_uid: str) -> StudyRecord:
        record = self.ledger.held(study_uid)
        return step(
            study_uid,
            ledger=self.ledger,
            predictor=self.readers.for_study(self._headers(record), record.calling_ae_title),
            decide=self._decide(record.calling_ae_title),
            values_of=self.fence.attenuation_values,
            header_of=self.fence.header,
            judge=self.judge,
            form=SegForm(self.settings.seg_type),
        )

    def _decide(self, calling_ae_title: str) -> Callable[[Dataset], Decision]:
        return partial(
            decide_by,
            rules=self.settings.rules,
            calling_ae_title=calling_ae_title,
            max_age_years=self.settings.max_age_years,
        )

    def _headers(self, record: StudyRecord) -> Callable[[], Iterable[Dataset]]:
        return partial(
            headers_for_the_model,
            record.study_uid,
            self.ledger.archive,
            header_of=self.fence.header,
            decide=self._decide(record.calling_ae_title),
        )
