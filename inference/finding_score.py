"""How one finding is scored and decided upon for the radiograph as a whole: a part of ``model.json``."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from inference.scores import ALL_FEATURES, FEATURES
from study.compat import StrEnum
from study.model import Presence, Probability


class Choice(StrEnum):
    """How an operating point was chosen on the validation set, specificity at least 0.95."""

    BEST_SUM = "best_sum"  # of sensitivity and specificity
    SENSITIVITY_FIRST = "sensitivity_first"  # the highest sensitivity: for a critical finding


class FindingScore(BaseModel):
    """How one finding is scored for the radiograph as a whole.

    Attributes
    ----------
    weights, bias
        Logistic regression on the package's features, of `inference.scores.ALL_FEATURES`.
    temperature
        Divides the regression's logit before it becomes a probability (Guo et al. 2017).
    operating_point
        At or above: present.
    indeterminate_from
        At or above, yet below the operating point: indeterminate. Below: absent.
    choice
        How the operating point was chosen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    weights: Annotated[list[float], Field(min_length=len(FEATURES), max_length=len(ALL_FEATURES))]
    bias: float
    temperature: Annotated[float, Field(gt=0)] = 1.0
    operating_point: Probability
    indeterminate_from: Probability
    choice: Choice = Choice.BEST_SUM

    def presence(self, probability: float) -> Presence:
        """Return the verdict for a calibrated probability."""
        if probability >= self.operating_point:
            return Presence.PRESENT
        return Presence.INDETERMINATE if probability >= self.indeterminate_from else Presence.ABSENT
