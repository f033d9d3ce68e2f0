"""Why a foreign name is not here: out of scope (and which other thing does it), or simply missing.

Backlit is for fully-connected networks; a name that belongs to something else is told apart by what it contains.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

OUT_OF_SCOPE = {
    "convolutions": r"Conv|Pooling|MaxPool|AveragePool|AvgPool|GlobalAverage|GlobalMax|UpSampling|ZeroPadding|Cropping|"
    r"conv[123]d|max_pool|avg_pool|depthwise|im2col|col2im",
    "recurrence": r"LSTM|GRU|RNN|Bidirectional|TimeDistributed|lstm|gru|rnn",
    "attention": r"Attention|Transformer|attention",
    "text": r"Embedding|TextVectorization|Tokenizer|pad_sequences|StringLookup|IntegerLookup|imdb|reuters|^strings$|"
    r"^lookup$",
    "networks trained by others": r"^applications$|VGG|ResNet|MobileNet|EfficientNet|DenseNet|Inception|Xception|hub",
    "many machines or TPUs": r"distribute|Strategy|tpu|TPU|experimental_distribute",
    "TensorFlow's sessions, files and servers": r"Session|placeholder|disable_v2|able_eager|"
    r"global_variables_initializer|ConfigProto|saved_model|^lite$|^io$|^train$|^summary$|estimator|feature_column|"
    r"profiler|raw_ops|^xla$|^sparse$|^ragged$|RaggedTensor|SparseTensor",
    "data sets other than MNIST and its relatives": r"cifar|boston_housing|california_housing",
}


def scope_of(name: str) -> str | None:
    """Return what `name` belongs to if that is out of scope, else None."""
    return next((what for what, words in OUT_OF_SCOPE.items() if re.search(words, name)), None)


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is spelled most alike, if one is: of a class rather a class than a module."""
    alike = [one for one in known if one[:1].isupper() == name[:1].isupper()]
    for names in (alike, known):
        by_lower = {one.lower(): one for one in names}
        close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.7)
        if close:
            return by_lower[close[0]]
    return None


def reason_for(name: str, known: Iterable[str]) -> str:
    """Return one or two sentences: out of scope or missing, and what is nearest."""
    known, what = list(known), scope_of(name)
    if what is not None:
        return f"it belongs to {what}, which is out of scope: Backlit trains fully-connected networks."
    close = nearest(name, known)
    return "it is missing." + (f" The nearest we have is {close}." if close else "")
