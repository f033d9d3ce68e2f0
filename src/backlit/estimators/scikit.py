"""All that the estimators use of scikit-learn, in one place.

Its functions carry no types and checkers guess wrong ones from their defaults, so they are `Any` from here on.
"""

from __future__ import annotations

from typing import Any

from sklearn import base, metrics, model_selection, utils
from sklearn.utils import class_weight, multiclass, validation

BaseEstimator: Any = base.BaseEstimator
ClassifierMixin: Any = base.ClassifierMixin
RegressorMixin: Any = base.RegressorMixin
accuracy_score: Any = metrics.accuracy_score
check_array: Any = validation.check_array
check_classification_targets: Any = multiclass.check_classification_targets
check_consistent_length: Any = validation.check_consistent_length
check_is_fitted: Any = validation.check_is_fitted
check_random_state: Any = utils.check_random_state
column_or_1d: Any = validation.column_or_1d
compute_sample_weight: Any = class_weight.compute_sample_weight
train_test_split: Any = model_selection.train_test_split
type_of_target: Any = multiclass.type_of_target
validate_data: Any = validation.validate_data
