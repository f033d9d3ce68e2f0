"""Callbacks act between batches and epochs of `fit`, `evaluate` and `predict`.

One file holds one callback; `callback.py` is their contract, `callback_list.py` calls them.
"""

from __future__ import annotations

from .backup_and_restore import BackupAndRestore
from .callback import Callback
from .callback_list import CallbackList
from .csv_logger import CSVLogger
from .early_stopping import EarlyStopping
from .history import History
from .lambda_callback import LambdaCallback
from .learning_rate_scheduler import LearningRateScheduler
from .model_checkpoint import ModelCheckpoint
from .progbar_logger import ProgbarLogger
from .reduce_lr_on_plateau import ReduceLROnPlateau
from .tensorboard import TensorBoard
from .terminate_on_nan import TerminateOnNaN

__all__ = [
    "Callback",
    "CallbackList",
    "History",
    "ProgbarLogger",
    "EarlyStopping",
    "ReduceLROnPlateau",
    "LearningRateScheduler",
    "LambdaCallback",
    "TerminateOnNaN",
    "CSVLogger",
    "ModelCheckpoint",
    "BackupAndRestore",
    "TensorBoard",
]
