"""The book's `ch05.two_layer_net`: one hidden layer of relu."""

from __future__ import annotations

from .layers import Relu
from .network import Network

__all__ = ["TwoLayerNet"]


class TwoLayerNet(Network):
    """Affine1, Relu1, Affine2, then softmax with loss; weights are normal numbers times `weight_init_std`."""

    def __init__(self, input_size: int, hidden_size: int, output_size: int, weight_init_std: float = 0.01) -> None:
        super().__init__()
        self.add_affine(1, input_size, hidden_size, weight_init_std)
        self.layers["Relu1"] = Relu()
        self.add_affine(2, hidden_size, output_size, weight_init_std)
