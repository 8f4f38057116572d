"""Probability maps that readers look at: asked for, made by a worker, held in Redis for ten minutes.

A map is no result: nothing rests on it, it is never delivered, and it is made anew whenever it is gone.
Keys, all under ``kidray:``
    ``maps:<study>``         hash: ``<radiograph>`` says what was made of it or why not,
                             ``<radiograph>/<label>`` is one finding's map, gzip
    ``maps-wanted:<study>``  set: radiographs whose maps somebody waits for
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, cast

import redis
from pydantic import Field, ValidationError

from study.compat import StrEnum
from study.findings import FindingLabel
from study.frozen import UID, Frozen, Probability
from study.model import ModelIdentity
from study.registry import MAPS, MAPS_WANTED, translated

LIFE = 600  # seconds that a map is held, from when the first of its study was made
PATIENCE = 60  # seconds after which what is still wanted is asked for once more


class MapRefusal(StrEnum):
    """Why there is no map."""

    OTHER_MODEL = "other_model"  # the one that read the radiograph is no longer here
    NOT_REPRODUCED = "not_reproduced"  # it is here, and answers otherwise than it did
    UNREADABLE = "unreadable"  # the radiograph cannot be read now


class ProbabilityMap(Frozen):
    """How one finding's probability map lies on its radiograph.

    A value v from 0 to 255 is the probability v / 255 that the network's softmax gives the finding at that
    pixel; it is not the finding's calibrated probability, which is one figure for the radiograph. The map
    has the network's resolution, without the margins of its square, and lies as the radiograph is stored:
    a point (x, y) of it, pixels from 0 to 1, is (x * column_scale, y * row_scale) of the radiograph.

    Attributes
    ----------
    threshold
        The map above it is the model's own outline, but for parts that are too small to be kept.
    model
        That made it: the one that made the finding.
    """

    label: FindingLabel
    rows: Annotated[int, Field(ge=1)]
    columns: Annotated[int, Field(ge=1)]
    row_scale: float
    column_scale: float
    threshold: Probability
    model: ModelIdentity
    made_at: datetime


class RadiographMaps(Frozen):
    """What a worker made of one radiograph: a map for each finding, or the reason why there is none."""

    model: ModelIdentity  # that made the findings
    maps: dict[FindingLabel, ProbabilityMap] = Field(default_factory=dict)
    refusal: MapRefusal | None = None
    reason: str = ""


class ProbabilityMaps:
    """The maps of all studies, in Redis.

    Parameters
    ----------
    client
        A connection that does not decode responses.

    Notes
    -----
    Every method raises `RegistryUnavailableError` when Redis does not answer.
    """

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def want(self, study_uid: str, radiograph_uid: str) -> bool:
        """Note that somebody waits for a radiograph's maps; returns whether a job is to be asked for."""
        key = MAPS_WANTED + study_uid
        with translated():
            pipeline = self._redis.pipeline()
            pipeline.sadd(key, radiograph_uid)
            pipeline.expire(key, PATIENCE, nx=True)
            return bool(pipeline.execute()[0])

    def wanted(self, study_uid: str) -> list[str]:
        """Return the radiographs whose maps somebody waits for."""
        with translated():
            held = cast("set[bytes]", self._redis.smembers(MAPS_WANTED + study_uid))
        return sorted(uid.decode() for uid in held)

    def keep(
        self,
        study_uid: str,
        radiograph_uid: UID,
        made: RadiographMaps,
        bodies: Mapping[FindingLabel, bytes],
    ) -> None:
        """Hold what was made of a radiograph, which nobody waits for any longer."""
        fields: dict[str, str | bytes] = {f"{radiograph_uid}/{label}": body for label, body in bodies.items()}
        fields[radiograph_uid] = made.model_dump_json()
        with translated():
            pipeline = self._redis.pipeline()
            pipeline.hset(MAPS + study_uid, mapping=fields)  # type: ignore[arg-type]  # of text and bytes
            pipeline.expire(MAPS + study_uid, LIFE, nx=True)
            pipeline.srem(MAPS_WANTED + study_uid, radiograph_uid)
            pipeline.execute()

    def of(self, study_uid: str, radiograph_uid: str) -> RadiographMaps | None:
        """Return what was made of a radiograph; None where nothing is held, or another release made it."""
        with translated():
            held = cast("bytes | None", self._redis.hget(MAPS + study_uid, radiograph_uid))
        try:
            return None if held is None else RadiographMaps.model_validate_json(held)
        except ValidationError:
            return None

    def body(self, study_uid: str, radiograph_uid: str, label: FindingLabel) -> bytes | None:
        """Return one map's values, rows x columns uint8, gzip; None where it is not held."""
        with translated():
            return cast("bytes | None", self._redis.hget(MAPS + study_uid, f"{radiograph_uid}/{label}"))

    def close(self) -> None:
        """End the connection."""
        self._redis.close()
