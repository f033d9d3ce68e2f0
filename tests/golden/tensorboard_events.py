"""What TensorBoard's own code makes of a few events: the oracle of our event files.

    python tests/golden/tensorboard_events.py

needs `pip install tensorboard` and writes tensorboard.npz: the messages as its protocol buffers encode them, the
buckets its histograms have, and a record as its writer frames it.
"""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np

WEIGHTS = np.sin(np.arange(48, dtype=np.float32)).reshape(6, 8) * 3
LOSS, STEP, TIME = 0.34375, 300, 1_700_000_000.25


def main() -> None:
    """Write the golden file."""
    warnings.simplefilter("ignore")
    from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2
    from tensorboard.plugins.histogram import summary_v2 as histograms
    from tensorboard.summary.writer.record_writer import RecordWriter
    from tensorboard.util import tensor_util

    dim, size = tensor_shape_pb2.TensorShapeProto, tensor_shape_pb2.TensorShapeProto.Dim

    def value(tag: str, plugin: str, kind: int, tensor: object) -> object:
        data = summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin)
        return summary_pb2.Summary.Value(
            tag=tag, tensor=tensor, metadata=summary_pb2.SummaryMetadata(plugin_data=data, data_class=kind)
        )

    buckets = tensor_util.make_ndarray(histograms.histogram_pb("w", WEIGHTS, buckets=30).value[0].tensor)
    number = tensor_pb2.TensorProto(dtype=1, tensor_shape=dim(), tensor_content=np.float32(LOSS).tobytes())
    table = tensor_pb2.TensorProto(
        dtype=2, tensor_shape=dim(dim=[size(size=n) for n in buckets.shape]), tensor_content=buckets.tobytes()
    )
    scalar, histogram = value("epoch_loss", "scalars", 1, number), value("w/histogram", "histograms", 2, table)
    summary = summary_pb2.Summary(value=[scalar, histogram])
    event = event_pb2.Event(wall_time=TIME, step=STEP, summary=summary).SerializeToString()
    opening = event_pb2.Event(wall_time=TIME, file_version="brain.Event:2").SerializeToString()
    framed = io.BytesIO()
    RecordWriter(framed).write(event)
    found = {
        "scalar": scalar.SerializeToString(), "histogram": histogram.SerializeToString(), "event": event,
        "opening": opening, "record": framed.getvalue(),
    }  # fmt: skip
    arrays = {name: np.frombuffer(data, np.uint8) for name, data in found.items()}
    np.savez(Path(__file__).with_name("tensorboard.npz"), buckets=buckets, **arrays)


if __name__ == "__main__":
    main()
