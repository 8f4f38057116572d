"""Whether the LLM may be asked now: no study waits for a server that is known not to answer."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from reporting.llm import Llm
from reporting.served import check_health, engine_of
from study import telemetry
from study.circuit import Circuit
from study.errors import LlmUnavailableError, RegistryUnavailableError, WordingError

log = structlog.get_logger()

WELL = 10.0  # seconds for which an answer proves the server well, so that it is not asked again
KNOWN = 300.0  # seconds for which what runs there is remembered


class Gate:
    """Lets wordings through to the LLM, or says why not.

    A server that does not answer, not in time or not as an LLM does, is left alone after three
    failures in a row, which every worker knows through Redis; one wording, after a look at
    `/health`, finds out whether it is back. A reply that is merely refused is no failure of this
    kind. Where Redis does not answer the LLM is asked as if nothing were known.

    Parameters
    ----------
    llm
        Whom it guards.
    circuit
        From `study.circuit.llm_circuit`.
    clock
        Monotonic seconds.
    """

    def __init__(self, llm: Llm, circuit: Circuit, clock: Callable[[], float] = time.monotonic) -> None:
        self._llm = llm
        self._circuit = circuit
        self._clock = clock
        self._well_until = float("-inf")
        self._engine: str | None = None
        self._known_until = float("-inf")

    def why_not(self) -> str | None:
        """Return why the LLM is not to be asked now; None where it may be.

        Takes as long as a server may take to say that it is well (2 s) at most.
        """
        try:
            reason = self._circuit.why_not(self._llm.place)
        except RegistryUnavailableError:
            reason = None
        if reason is not None:
            telemetry.LLM_LEFT_ALONE.set(1)
            return f"the LLM is left alone for now: {reason}"
        if self._clock() < self._well_until:
            return None
        try:
            check_health(self._llm)
        except LlmUnavailableError as error:
            self.ended(error)
            return str(error)
        return None

    def ended(self, failure: WordingError | None) -> None:
        """Note how a wording ended, `failure` being what its last question failed with."""
        place = self._llm.place
        try:
            if isinstance(failure, LlmUnavailableError):
                self._well_until = float("-inf")
                self._circuit.failed(place, str(failure))
                left_alone = self._circuit.pause(place) is not None
            else:
                self._well_until = self._clock() + WELL
                self._circuit.succeeded(place)
                left_alone = False
        except RegistryUnavailableError:
            return
        telemetry.LLM_LEFT_ALONE.set(int(left_alone))
        if left_alone:
            log.warning("llm_left_alone", server=place, reason=str(failure))

    def engine(self) -> str | None:
        """Return what runs there, as far as it tells."""
        if self._clock() >= self._known_until:
            self._engine = engine_of(self._llm)
            self._known_until = self._clock() + KNOWN
        return self._engine
