# Aufgabe 2: Rückwärtsmodus der automatischen Differentiation
# (Ableitungen von Hand nachgerechnet)
from math import exp, log, tanh

class Var:
    zaehler = 0   # jede Variable bekommt eine Nummer

    def __init__(self, value, eltern=(), regel=None):
        self.value = value
        self.gradient = 0.0
        self.eltern = eltern
        self.regel = regel          # Aufruf verteilt die Ableitung an die Eltern
        self.nummer = Var.zaehler
        Var.zaehler += 1

    def __add__(a, b):
        if not isinstance(b, Var): b = Var(b)
        def regel(g):
            a.gradient += g
            b.gradient += g
        return Var(a.value + b.value, (a, b), regel)

    def __mul__(a, b):
        if not isinstance(b, Var): b = Var(b)
        def regel(g):
            a.gradient += g * b.value
            b.gradient += g * a.value
        return Var(a.value * b.value, (a, b), regel)

    def __pow__(a, n):
        def regel(g):
            a.gradient += g * n * a.value ** (n - 1)
        return Var(a.value ** n, (a,), regel)

    def exp(a):
        y = exp(a.value)
        def regel(g):
            a.gradient += g * y
        return Var(y, (a,), regel)

    def log(a):
        def regel(g):
            a.gradient += g / a.value
        return Var(log(a.value), (a,), regel)

    def tanh(a):
        y = tanh(a.value)
        def regel(g):
            a.gradient += g * (1 - y * y)
        return Var(y, (a,), regel)

    def relu(a):
        def regel(g):
            if a.value > 0:
                a.gradient += g
        return Var(max(a.value, 0.0), (a,), regel)

    # alles Weitere mit den Operationen von oben
    def __neg__(a): return a * (-1)
    def __sub__(a, b): return a + (-b)
    def __truediv__(a, b): return a * b ** -1
    def __radd__(a, b): return a + b
    def __rmul__(a, b): return a * b
    def __rsub__(a, b): return (-a) + b
    def __rtruediv__(a, b): return a ** -1 * b
    def sigmoid(a): return ((a * 0.5).tanh() + 1) * 0.5

    def backprop(self):
        # alle Vorgänger sammeln, dann nach Nummer absteigend: Kinder vor Eltern
        menge = {self}
        offen = [self]
        while offen:
            for e in offen.pop().eltern:
                if e not in menge:
                    menge.add(e)
                    offen.append(e)
        reihenfolge = sorted(menge, key=lambda v: v.nummer, reverse=True)
        for v in reihenfolge:
            if v.eltern:
                v.gradient = 0.0
        self.gradient = 1.0
        for v in reihenfolge:
            if v.regel:
                v.regel(v.gradient)
