"""What can be asked of a phantom: severity, combinations, projections, look-alikes, appliances, sites."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from study.findings import FINDINGS, FindingLabel
from study.model import View
from training.case import COMBINATIONS, Appliance, Case, Mimic, PhantomKind, Projection, Site
from training.mix import HELD_OUT_SITE, TRAINING, case_for, draw_for
from training.phantom import ABDOMINAL_KINDS, Phantom, draw_case, draw_phantom

SIZE = (320, 288)
SICK = [kind for kind in ABDOMINAL_KINDS if kind is not PhantomKind.NORMAL]
MIXED_SEEDS = range(1 << 44, (1 << 44) + 2000)


def truth(phantom: Phantom, label: FindingLabel) -> np.ndarray:
    return phantom.mask[FINDINGS[label].segment_number - 1]


def levels_view(kind: PhantomKind) -> Projection:
    return Projection.ERECT if kind is PhantomKind.AIR_FLUID_LEVELS else Projection.SUPINE


def depth(phantom: Phantom) -> np.ndarray:
    return phantom.attenuation_image / (2**phantom.bits_stored - 1)


@pytest.mark.parametrize("kind", SICK)
def test_the_more_severe_the_larger(kind: PhantomKind) -> None:
    label = FindingLabel(kind.value)
    areas = []
    for severity in (0.0, 0.5, 1.0):
        drawn = [
            draw_phantom(seed, kind, severity=severity, view=levels_view(kind), size=SIZE)
            for seed in range(3)
        ]
        assert all(p.severities == {label: severity} for p in drawn)
        areas.append(np.mean([np.count_nonzero(truth(p, label)) for p in drawn]))
    assert 0 < 1.6 * areas[0] < areas[1] < areas[2]


@pytest.mark.parametrize("projection", [Projection.ERECT, Projection.LEFT_LATERAL_DECUBITUS])
def test_the_subtlest_free_gas_is_a_sliver_two_millimetres_thick_and_three_centimetres_long(
    projection: Projection,
) -> None:
    for seed in range(3):
        phantom = draw_phantom(
            seed, PhantomKind.PNEUMOPERITONEUM, severity=0.0, view=projection, size=(512, 512)
        )
        gas = truth(phantom, FindingLabel.PNEUMOPERITONEUM).astype(np.uint8)
        thickness = 2 * cv2.distanceTransform(gas, cv2.DIST_L2, 5).max() * phantom.imager_pixel_spacing_mm[0]
        _, _, width, height = cv2.boundingRect(gas)
        assert 1.0 < thickness < 5.0
        assert max(width, height) * phantom.imager_pixel_spacing_mm[0] > 18


def test_severity_changes_the_finding_and_leaves_the_child() -> None:
    mild, gross = (
        draw_phantom(9, PhantomKind.CONSTIPATION, severity=s, view=View.SUPINE, size=SIZE) for s in (0.0, 1.0)
    )
    assert (mild.age_months, mild.sex, mild.exposure) == (gross.age_months, gross.sex, gross.exposure)
    chest = np.s_[:60]
    assert np.abs(depth(mild)[chest] - depth(gross)[chest]).mean() < 0.06


@pytest.mark.parametrize("labels", COMBINATIONS, ids=lambda labels: "+".join(sorted(labels)))
def test_findings_that_occur_together_are_drawn_together_and_never_overlap(
    labels: frozenset[FindingLabel],
) -> None:
    first, *others = sorted(labels, key=list(FINDINGS).index)
    for seed in range(2):
        phantom = draw_phantom(seed, PhantomKind(first.value), also=others, size=SIZE)
        assert phantom.findings == labels
        assert all(truth(phantom, label).any() for label in labels)
        assert phantom.mask.sum(axis=0).max() == 1


def test_free_gas_wins_where_it_overlaps_with_stool() -> None:
    seed, view = 7, Projection.SUPINE
    alone = draw_phantom(seed, PhantomKind.PNEUMOPERITONEUM, view=view, size=SIZE, severity=1.0)
    both = draw_phantom(
        seed,
        PhantomKind.PNEUMOPERITONEUM,
        also=[FindingLabel.CONSTIPATION],
        view=view,
        size=SIZE,
        severity=1.0,
    )
    gas = FindingLabel.PNEUMOPERITONEUM
    assert truth(alone, gas).any()
    assert truth(both, FindingLabel.CONSTIPATION).any()
    assert not (truth(both, gas) & truth(both, FindingLabel.CONSTIPATION)).any()
    assert np.count_nonzero(truth(both, gas)) > 500


@pytest.mark.parametrize(
    ("kind", "asked", "complaint"),
    [
        (PhantomKind.PYLORIC_STENOSIS, {"also": [FindingLabel.AIR_FLUID_LEVELS]}, "no combination"),
        (PhantomKind.AIR_FLUID_LEVELS, {"view": View.SUPINE}, "erect"),
        (PhantomKind.CONSTIPATION, {"view": Projection.CROSS_TABLE_LATERAL}, "cross-table"),
        (PhantomKind.CONSTIPATION, {"severity": 1.5}, "between 0"),
        (PhantomKind.NORMAL, {"also": [FindingLabel.CONSTIPATION]}, "cannot have"),
    ],
)
def test_what_no_radiograph_can_show_is_refused(
    kind: PhantomKind, asked: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        draw_phantom(0, kind, size=SIZE, **asked)  # type: ignore[arg-type]


def test_on_the_left_side_free_gas_rises_to_the_right_flank() -> None:
    for seed in range(4):
        phantom = draw_phantom(
            seed, PhantomKind.PNEUMOPERITONEUM, view=Projection.LEFT_LATERAL_DECUBITUS, size=SIZE
        )
        assert phantom.view is View.LEFT_LATERAL_DECUBITUS
        columns = np.flatnonzero(truth(phantom, FindingLabel.PNEUMOPERITONEUM).any(axis=0))
        assert columns.max() < 0.5 * SIZE[1]  # the patient's right is on the image's left


def test_on_the_left_side_levels_stand_along_the_body() -> None:
    phantom = draw_phantom(
        5, PhantomKind.AIR_FLUID_LEVELS, view=Projection.LEFT_LATERAL_DECUBITUS, severity=1.0, size=(512, 512)
    )
    gas = truth(phantom, FindingLabel.AIR_FLUID_LEVELS).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(gas)
    straight = []
    for part in range(1, count):
        rows = np.flatnonzero((parts == part).any(axis=1))
        last = np.array([np.flatnonzero(parts[row] == part).max() for row in rows])
        straight.append(np.count_nonzero(last >= last.max() - 1) / stats[part, cv2.CC_STAT_HEIGHT])
    assert np.median(straight) > 0.35  # the side towards the floor is a straight line


def test_a_cross_table_lateral_has_its_free_gas_in_front() -> None:
    phantom = draw_phantom(
        1, PhantomKind.PNEUMOPERITONEUM, view=Projection.CROSS_TABLE_LATERAL, size=SIZE, severity=0.8
    )
    assert (phantom.view, phantom.projection) == (View.UNKNOWN, Projection.CROSS_TABLE_LATERAL)
    columns = np.flatnonzero(truth(phantom, FindingLabel.PNEUMOPERITONEUM).any(axis=0))
    assert columns.max() < 0.4 * SIZE[1]


@pytest.mark.parametrize("mimic", list(Mimic))
def test_a_look_alike_shows_but_is_no_finding(mimic: Mimic) -> None:
    changed = []
    for seed in range(2):
        plain = draw_phantom(seed, PhantomKind.NORMAL, view=View.ERECT, size=SIZE)
        mimicked = draw_phantom(seed, PhantomKind.NORMAL, view=View.ERECT, mimics=[mimic], size=SIZE)
        assert not mimicked.mask.any()
        assert mimicked.findings == frozenset()
        assert mimicked.mimics == {mimic}
        changed.append(np.quantile(np.abs(depth(mimicked) - depth(plain)), 0.9998))
    assert max(changed) > 0.04


@pytest.mark.parametrize("appliance", list(Appliance))
def test_an_appliance_is_seen_but_is_no_finding(appliance: Appliance) -> None:
    asked = {"view": View.SUPINE, "age_months": 0, "size": SIZE}
    plain = draw_phantom(3, PhantomKind.NORMAL, **asked)  # type: ignore[arg-type]
    fitted = draw_phantom(3, PhantomKind.NORMAL, appliances=[appliance], **asked)  # type: ignore[arg-type]
    assert not fitted.mask.any()
    assert np.quantile(depth(fitted) - depth(plain), 0.999) > 0.05  # it absorbs


def test_the_held_out_site_shows_the_same_children_by_other_physics() -> None:
    spacings, noises = {Site.A: [], Site.B: []}, {Site.A: [], Site.B: []}
    for seed in range(6):
        for site in Site:
            phantom = draw_phantom(seed, PhantomKind.NORMAL, site=site, age_months=60, size=(256, 256))
            spacings[site].append(phantom.imager_pixel_spacing_mm[0])
            fine = depth(phantom) - cv2.GaussianBlur(depth(phantom), (0, 0), 1.0)
            noises[site].append(float(fine[100:180, 100:150].std()))
            assert phantom.site is site
    assert np.mean(noises[Site.B]) > 1.1 * np.mean(noises[Site.A])
    assert np.mean(spacings[Site.B]) != pytest.approx(np.mean(spacings[Site.A]), rel=0.005)
    first = {site: case_for(1 << 44, mix) for site, mix in ((Site.A, TRAINING), (Site.B, HELD_OUT_SITE))}
    assert first[Site.A].severities == first[Site.B].severities
    assert (first[Site.A].site, first[Site.B].site) == (Site.A, Site.B)


def test_training_is_mixed_of_everything_but_the_held_out_site() -> None:
    cases = [case_for(seed) for seed in MIXED_SEEDS]
    assert {case.site for case in cases} == {Site.A}
    combined = np.mean([len(case.severities) > 1 for case in cases])
    normal = [case for case in cases if not case.severities]
    assert 0.09 < combined < 0.16
    assert 0.3 < np.mean([bool(case.mimics) for case in normal]) < 0.4
    assert {mimic for case in cases for mimic in case.mimics} == set(Mimic)
    assert {item for case in cases for item in case.appliances} == set(Appliance)
    assert {case.projection for case in cases} == set(Projection) - {Projection.CROSS_TABLE_LATERAL}
    severities = [severity for case in cases for severity in case.severities.values()]
    assert np.allclose(np.histogram(severities, 5, (0, 1))[0] / len(severities), 0.2, atol=0.03)
    newborns = [c for c in cases if Appliance.UMBILICAL_CATHETERS in c.appliances]
    assert newborns
    assert all((case.age_months or 0) <= 1 for case in newborns)


def test_a_mixed_phantom_belongs_to_its_seed() -> None:
    first, again = draw_for(1 << 44, SIZE), draw_for(1 << 44, SIZE)
    assert first.pixels.tobytes() == again.pixels.tobytes()
    case = case_for(1 << 44)
    assert first.pixels.tobytes() == draw_case(1 << 44, case, SIZE).pixels.tobytes()
    assert (first.mimics, first.appliances, first.projection) == (
        case.mimics, case.appliances, case.projection,
    )  # fmt: skip


def test_a_finding_that_is_all_under_the_shutter_is_not_said_to_be_there() -> None:
    for seed in MIXED_SEEDS[:16]:
        phantom = draw_for(seed, (512, 448))
        seen = {label for label in FINDINGS if truth(phantom, label).any()}
        assert seen == phantom.findings


def test_a_case_with_a_kind_but_no_severity_of_it_is_refused() -> None:
    with pytest.raises(ValueError, match="severity of constipation is missing"):
        Case(PhantomKind.CONSTIPATION, {FindingLabel.PYLORIC_STENOSIS: 0.5}, Projection.SUPINE)
