"""Associations that are kept for the next result."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydicom.uid import Comprehensive3DSRStorage, SegmentationStorage

from dicom_node.contexts import result_contexts
from dicom_node.pool import AssociationPool
from study.destination import Destination, DestinationPolicy
from study.errors import DeliveryError
from tests.dicom_node.selective import Selective, selective_scp
from tests.dicom_node.test_deliver import a_segmented_study, deliver_by, states
from tests.peers import free_port, wait_for

__all__ = ["a_segmented_study"]


@pytest.fixture
def scp() -> Iterator[Selective]:
    with selective_scp([SegmentationStorage, Comprehensive3DSRStorage]) as running:
        yield running


@pytest.fixture
def pool() -> Iterator[AssociationPool]:
    kept = AssociationPool(idle_seconds=60)
    yield kept
    kept.close()


def lend(pool: AssociationPool, scp: Selective):
    return pool.lend(scp.destination, result_contexts(), calling_ae_title="KIDRAY", connect_timeout=2)


def test_the_next_result_goes_over_the_association_that_was_kept(pool, scp) -> None:
    with lend(pool, scp) as first:
        pass
    with lend(pool, scp) as second:
        assert second.association is first.association
    assert scp.counts["EVT_ESTABLISHED"] == 1


def test_two_borrowers_never_share_one(pool, scp) -> None:
    with lend(pool, scp) as first, lend(pool, scp) as second:
        assert second.association is not first.association
    with lend(pool, scp) as third, lend(pool, scp) as fourth:
        assert {third.association, fourth.association} == {first.association, second.association}


def test_it_is_released_when_nobody_wants_it_for_long(scp) -> None:
    pool = AssociationPool(idle_seconds=0.2)
    with lend(pool, scp):
        pass
    wait_for(lambda: scp.counts["EVT_RELEASED"], what="the release")
    with lend(pool, scp) as again:
        assert again.association.is_established
    pool.close()


def test_none_is_kept_where_none_is_to_be_or_after_the_end(scp) -> None:
    with lend(AssociationPool(idle_seconds=0), scp) as lent:
        pass
    assert lent.association.is_released
    ended = AssociationPool(idle_seconds=60)
    with lend(ended, scp) as waiting:
        pass
    with lend(ended, scp) as used:
        ended.close()
        assert used.association.is_established, "whoever uses one at the end may finish"
    assert waiting.association.is_released
    assert used.association.is_released


def test_one_that_the_destination_has_ended_is_opened_again(pool, scp) -> None:
    with lend(pool, scp) as first:
        pass
    scp.hang_up()
    wait_for(lambda: not first.association.is_established, what="the end of the association")
    with lend(pool, scp) as second:
        assert second.association.is_established
    assert scp.counts["EVT_ESTABLISHED"] == 2


def test_one_that_ends_just_as_it_is_used_costs_no_result(pool, scp, ledger, a_segmented_study) -> None:
    policy = DestinationPolicy(node=scp.destination)
    with lend(pool, scp) as kept:
        pass
    taken = pool._take

    def taken_and_hung_up(key):
        found = taken(key)
        scp.hang_up()
        wait_for(lambda: not kept.association.is_established, what="the end of the association")
        return found

    pool._take = taken_and_hung_up  # type: ignore[method-assign]
    after = deliver_by(ledger, a_segmented_study, policy, pool=pool)
    assert set(states(after).values()) == {"sent"}
    assert scp.counts["EVT_ESTABLISHED"] == 2


def test_nobody_keeps_an_association_over_which_something_went_wrong(pool, scp) -> None:
    with pytest.raises(ZeroDivisionError), lend(pool, scp) as lent:
        raise ZeroDivisionError
    assert lent.association.is_released


def test_a_destination_that_is_gone_is_said_to_be(pool) -> None:
    gone = Destination("GONE", "127.0.0.1", free_port())
    with (
        pytest.raises(DeliveryError, match="does not answer"),
        pool.lend(gone, result_contexts(), calling_ae_title="KIDRAY"),
    ):
        pass
