"""The table of rules: one file each in `rules`, named after the rule.

Those without `check` speak only while a program runs. Programs that run import the rules they need, not this table.
"""

from __future__ import annotations

from .rules import (
    accuracy_of_regression,
    angle_in_degrees,
    argument_overwritten,
    batch_size_of_source,
    class_held_out,
    file_not_there,
    nothing_returned,
    scaled_twice,
    scaler_fitted_again,
    scales_differ,
    scores_as_probabilities,
    setting_ignored,
    shuffled_apart,
    softmax_of_one,
    softmax_twice,
    star_replaces,
    test_set_steers,
    undefined_name,
    unknown_method,
    unscaled_pixels,
    validation_is_training,
)

RULES = (
    angle_in_degrees.RULE, test_set_steers.RULE, validation_is_training.RULE, softmax_twice.RULE,
    scores_as_probabilities.RULE, softmax_of_one.RULE, unscaled_pixels.RULE, scaled_twice.RULE, scales_differ.RULE,
    scaler_fitted_again.RULE, class_held_out.RULE, shuffled_apart.RULE, accuracy_of_regression.RULE,
    batch_size_of_source.RULE, setting_ignored.RULE, undefined_name.RULE, unknown_method.RULE, nothing_returned.RULE,
    argument_overwritten.RULE, star_replaces.RULE, file_not_there.RULE,
)  # fmt: skip
NAMES = tuple(rule.name for rule in RULES)
