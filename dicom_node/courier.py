"""Bring results to one destination over a kept association, each in a form that it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from dicom_node.associate import CONNECT_TIMEOUT
from dicom_node.contexts import result_contexts
from dicom_node.pool import AssociationPool, Lent
from dicom_node.send import SendResult, read_instance, send_instance
from study.circuit import Circuit
from study.destination import DestinationPolicy
from study.errors import DeliveryError
from study.forms import SOP_CLASS
from study.learnt import Learnt
from study.owed import Owed, Result

FindFiles = Callable[[Sequence[Owed]], "dict[str, Path]"]


class Outcome(NamedTuple):
    """What became of one object."""

    owed: Owed
    result: SendResult


class Courier:
    """Sends results, and learns on the way what each destination takes.

    Parameters
    ----------
    pool
        Where associations wait for their next use.
    circuit
        Knows which destinations do not answer just now: they are not tried.
    learnt
        Is told what a destination accepts.
    calling_ae_title
        Our own AE title.
    connect_timeout
        Seconds until a destination counts as not answering.
    """

    def __init__(
        self,
        *,
        pool: AssociationPool,
        circuit: Circuit,
        learnt: Learnt,
        calling_ae_title: str,
        connect_timeout: float = CONNECT_TIMEOUT,
    ) -> None:
        self._pool = pool
        self._circuit = circuit
        self._learnt = learnt
        self._calling_ae_title = calling_ae_title
        self._connect_timeout = connect_timeout

    def bring(self, policy: DestinationPolicy, results: Sequence[Result], files: FindFiles) -> list[Outcome]:
        """Send one form of each result, and return what became of it.

        A form that may also stand for another result comes last: once its outcome is known, that of
        every other is.

        Parameters
        ----------
        files
            Makes objects that are not there, and returns the files of all that are, by instance UID.
        """
        title = policy.node.ae_title
        reason = self._circuit.why_not(title)
        if reason is None:
            try:
                with self._pool.lend(
                    policy.node,
                    result_contexts(policy.transfer_syntaxes),
                    calling_ae_title=self._calling_ae_title,
                    connect_timeout=self._connect_timeout,
                ) as lent:
                    self._circuit.succeeded(title)
                    takes = {str(c.abstract_syntax) for c in lent.association.accepted_contexts}
                    self._learnt.remember(policy, takes)
                    chosen = _chosen(results, takes, files)
                    return [_sent(lent, owed, path) for owed, path in chosen.items()]
            except DeliveryError as error:
                reason = str(error)
                self._circuit.failed(title, reason)
        waiting = dict.fromkeys(result.now for result in results)
        return [Outcome(o, SendResult(Path(), o.instance_uid, None, reason, retryable=True)) for o in waiting]


def _chosen(results: Sequence[Result], takes: set[str], files: FindFiles) -> dict[Owed, Path]:
    """Return for each result the best form that is taken and there, else the best that is there."""
    options = [[o for o in result.forms if SOP_CLASS[o.kind] in takes] for result in results]
    there = files([taken[0] if taken else r.forms[0] for taken, r in zip(options, results, strict=True)])
    chosen = dict.fromkeys(
        next((o for o in (*taken, *result.forms) if o.instance_uid in there), None)
        for taken, result in zip(options, results, strict=True)
    )
    last_where_shared = sorted((o for o in chosen if o is not None), key=lambda o: o.kind == "CAPTURE")
    return {o: there[o.instance_uid] for o in last_where_shared}


def _sent(lent: Lent, owed: Owed, path: Path) -> Outcome:
    instance = read_instance(path)
    if isinstance(instance, SendResult):
        return Outcome(owed, instance)
    result = send_instance(lent.association, instance)
    if result.retryable and result.status is None and lent.renew():
        result = send_instance(lent.association, instance)
    return Outcome(owed, result)
