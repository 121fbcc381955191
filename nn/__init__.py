"""Networks on Values: modules, and the numbers their weights begin with.

>>> import nn
>>> model = nn.MLP(2, [3, 1], activation="tanh", seed=0)
>>> model
MLP(2, [3, 1], activation='tanh', output='linear')  # 13 parameters
>>> y = model([1.0, -2.0])
>>> y.backward()
>>> y.label
'z^3_{1}'
"""

from nn import data, losses, optim, schedules
from nn.checkpoints import load, save
from nn.evaluation import evaluate
from nn.history import History
from nn.init import INITS
from nn.metrics import accuracy
from nn.modules import MLP, Dropout, Embedding, Layer, Module, Neuron, Noise
from nn.settings import Checkpoint, Stop
from nn.training import fit

__all__ = [
    "INITS",
    "MLP",
    "Checkpoint",
    "Dropout",
    "Embedding",
    "History",
    "Layer",
    "Module",
    "Neuron",
    "Noise",
    "Stop",
    "accuracy",
    "data",
    "evaluate",
    "fit",
    "load",
    "losses",
    "optim",
    "save",
    "schedules",
]
