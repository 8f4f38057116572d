"""What a service beside storage adds to the node: its presentation contexts and its answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pynetdicom.events import InterventionEvent, NotificationEvent
from pynetdicom.presentation import PresentationContext


class ServiceClass(NamedTuple):
    """One service class as SCP, such as Query/Retrieve.

    Attributes
    ----------
    contexts
        Presentation contexts that it accepts, in addition to those of storage.
    handlers
        pynetdicom's event and the function that answers it.
    """

    contexts: Sequence[PresentationContext]
    handlers: Sequence[tuple[NotificationEvent | InterventionEvent, Callable[..., Any]]]
