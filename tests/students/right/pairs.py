# 作业:标量自动求导
# 每个节点在前向时就保存 (父节点, 局部导数)
from collections import deque
import math


class Node:
    def __init__(self, data, parents=()):
        self.data = data
        self.grad = 0
        self.parents = parents

    def __add__(self, other):
        other = to_node(other)
        return Node(self.data + other.data, [(self, 1), (other, 1)])

    def __radd__(self, other):
        return self + other

    def __mul__(self, other):
        other = to_node(other)
        return Node(self.data * other.data, [(self, other.data), (other, self.data)])

    def __rmul__(self, other):
        return self * other

    def __neg__(self):
        return Node(-self.data, [(self, -1)])

    def __sub__(self, other):
        other = to_node(other)
        return Node(self.data - other.data, [(self, 1), (other, -1)])

    def __rsub__(self, other):
        return to_node(other) - self

    def __truediv__(self, other):
        other = to_node(other)
        return Node(self.data / other.data, [(self, 1 / other.data), (other, -self.data / other.data**2)])

    def __rtruediv__(self, other):
        return to_node(other) / self

    def __pow__(self, k):
        # 指数只能是数
        return Node(self.data**k, [(self, k * self.data ** (k - 1))])

    def exp(self):
        e = math.exp(self.data)
        return Node(e, [(self, e)])

    def log(self):
        return Node(math.log(self.data), [(self, 1 / self.data)])

    def sin(self):
        return Node(math.sin(self.data), [(self, math.cos(self.data))])

    def cos(self):
        return Node(math.cos(self.data), [(self, -math.sin(self.data))])

    def sqrt(self):
        r = math.sqrt(self.data)
        return Node(r, [(self, 1 / (2 * r))])

    def tanh(self):
        t = math.tanh(self.data)
        return Node(t, [(self, 1 - t * t)])

    def relu(self):
        return Node(max(self.data, 0), [(self, 1 if self.data > 0 else 0)])

    def abs(self):
        return Node(abs(self.data), [(self, 1 if self.data > 0 else -1)])

    def backward(self):
        # 先数每个节点被用了几次 (入度)
        uses = {self: 0}
        todo = [self]
        while todo:
            for parent, _ in todo.pop().parents:
                if parent not in uses:
                    uses[parent] = 0
                    todo.append(parent)
                uses[parent] += 1
        # 入度为零才处理
        upstream = dict.fromkeys(uses, 0)
        upstream[self] = 1
        ready = deque([self])
        while ready:
            node = ready.popleft()
            node.grad += upstream[node]
            for parent, local in node.parents:
                upstream[parent] += local * upstream[node]
                uses[parent] -= 1
                if uses[parent] == 0:
                    ready.append(parent)


def to_node(x):
    return x if isinstance(x, Node) else Node(x)
