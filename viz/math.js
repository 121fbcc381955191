// The functions of the table that JavaScript lacks, or has with other edges than Python: what raises there
// throws here, and nan and ∞ come out where they do there. javascript.py takes the ones that a page needs.
//
//   x, y, …  numbers        ...x  the numbers of a sequence        n  an order, a whole number
//   z        the result, of a function and within it               a, b, k, p  as in the formula
//
// A function with the name of a row is the function of that row; one with `_rule` behind it gives its local
// derivatives. Formulas: those of functions.py and special.py, unless a function says otherwise.

// ── Errors, in Python's words ──

function refuse(why) {
  throw new RangeError(why);
}

// z = f(x) where no number x may give nan, nor a finite one ∞: as log and sin in Python's math.
function domain(z, x) {
  const fails = Number.isNaN(z) ? !Number.isNaN(x) : !Number.isFinite(z) && Number.isFinite(x);
  return fails ? refuse("math domain error") : z;
}

// z = f(x) where no finite x may give ∞: as exp.
function range(z, x) {
  return Number.isFinite(x) && !Number.isFinite(z) ? refuse("math range error") : z;
}

// ── Python's operators ──

function div(x, y) {
  return y === 0 ? refuse("float division by zero") : x / y;
}

function power(x, y) {
  if (Number.isFinite(x) && Number.isFinite(y)) {
    if (x === 0 && y < 0) refuse("0.0 cannot be raised to a negative power");
    if (x < 0 && y % 1 !== 0) refuse("a negative number has no real power to a broken exponent");
    const z = x ** y;
    return Number.isFinite(z) ? z : refuse("Numerical result out of range");
  }
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y;
}

function mod(x, y) {
  if (y === 0) refuse("float modulo by zero");
  const z = x % y;
  return z === 0 ? copysign(z, y) : z < 0 !== y < 0 ? z + y : z;
}

// The floor of x / y, exactly: from the rest in C's sense, as CPython has it.
function floordiv(x, y) {
  const rest = x % y, z = div(x - rest, y) - (rest !== 0 && rest < 0 !== y < 0), whole = Math.floor(z);
  return z === 0 ? copysign(0, x / y) : z - whole > 0.5 ? whole + 1 : whole;
}

function copysign(x, y) {
  return y < 0 || Object.is(y, -0) ? -Math.abs(x) : Math.abs(x);
}

// ── Elementary functions ──

const exp = (x) => range(Math.exp(x), x);
const exp2 = (x) => range(2 ** x, x);
const expm1 = (x) => range(Math.expm1(x), x);
const log = (x) => domain(Math.log(x), x);
const log2 = (x) => domain(Math.log2(x), x);
const log10 = (x) => domain(Math.log10(x), x);
const log1p = (x) => domain(Math.log1p(x), x);
const sqrt = (x) => domain(Math.sqrt(x), x);
const cbrt = Math.cbrt;
const sin = (x) => domain(Math.sin(x), x);
const cos = (x) => domain(Math.cos(x), x);
const tan = (x) => domain(Math.tan(x), x);
const arcsin = (x) => domain(Math.asin(x), x);
const arccos = (x) => domain(Math.acos(x), x);
const arctan = Math.atan;
const arctan2 = Math.atan2;
const sinh = (x) => range(Math.sinh(x), x);
const cosh = (x) => range(Math.cosh(x), x);
const tanh = Math.tanh;
const arcsinh = Math.asinh;
const arccosh = (x) => domain(Math.acosh(x), x);
const arctanh = (x) => domain(Math.atanh(x), x);
const hypot = Math.hypot;
const absolute = Math.abs;
const floor = Math.floor;
const ceil = Math.ceil;

// Half to even: so the processor rounds where no digit behind the point is left.
function rint(x) {
  const last = 2 ** 52, size = Math.abs(x);
  return size < last ? copysign(size + last - last, x) : x;
}

// ── Special functions ──

// erf by its power series below 1.5, erfc by its continued fraction above. (CPython 3.10, mathmodule.c)
function erf(x) {
  if (Math.abs(x) >= 1.5) return copysign(1 - erfc_tail(Math.abs(x)), x);
  let z = 0;
  for (let k = 25; k > 0; k--) z = 2 + (x * x * z) / (k + 0.5);
  return (z * x * Math.exp(-x * x)) / Math.sqrt(Math.PI);
}

function erfc(x) {
  if (!(Math.abs(x) >= 1.5)) return 1 - erf(x);
  return x > 0 ? erfc_tail(x) : 2 - erfc_tail(-x);
}

function erfc_tail(x) {
  if (x >= 30) return 0;
  let [a, p, before, q, below] = [0, 1, 0, 0.5 + x * x, 1];
  for (let k = 0; k < 50; k++) {
    a += 2 * k + 0.5;
    const b = 2 * k + 2.5 + x * x;
    [p, before] = [b * p - a * before, p];
    [q, below] = [b * q - a * below, q];
  }
  // the square of this is exact
  const high = Math.fround(x);
  return ((p / q) * x * Math.exp(-high * high) * Math.exp((high - x) * (high + x))) / Math.sqrt(Math.PI);
}

// Lanczos' approximation with g = 6.0247: a polynomial over x (x + 1) … (x + 11). (CPython, mathmodule.c)
const LANCZOS = [
  23531376880.41076, 42919803642.6491, 35711959237.35567, 17921034426.03721, 6039542586.352028, 1439720407.3117216,
  248874557.86205417, 31426415.585400194, 2876370.6289353725, 186056.26539522348, 8071.672002365816, 210.82427775157935,
  2.5066282746310002,
];
const STIRLING = [
  0, 39916800, 120543840, 150917976, 105258076, 45995730, 13339535, 2637558, 357423, 32670, 1925, 66, 1,
];
const G = 6.024680040776729583740234375;

function lanczos(x) {
  const polynomial = (numbers) =>
    x < 5 ? numbers.reduceRight((z, a) => z * x + a, 0) : numbers.reduce((z, a) => z / x + a, 0);
  return polynomial(LANCZOS) / polynomial(STIRLING);
}

// sin(πx), exact at whole and half numbers
function sinpi(x) {
  const y = Math.abs(x) % 2, n = Math.round(2 * y);
  const waves = [
    () => Math.sin(Math.PI * y),
    () => Math.cos(Math.PI * (y - 0.5)),
    () => Math.sin(Math.PI * (1 - y)),
    () => -Math.cos(Math.PI * (y - 1.5)),
    () => Math.sin(Math.PI * (y - 2)),
  ];
  return copysign(1, x) * waves[n]();
}

function gamma(x) {
  if (Number.isNaN(x) || x === Infinity) return x;
  if (x === -Infinity || (x <= 0 && x % 1 === 0)) refuse("math domain error");
  const size = Math.abs(x), half = G - 0.5;
  if (size < 1e-20) return range(1 / x, x);
  if (size > 200) return x < 0 ? 0 / sinpi(x) : refuse("math range error");
  if (x % 1 === 0 && x <= 23) {
    let z = 1;
    for (let k = 2; k < x; k++) z *= k;
    return z;
  }
  const y = size + half, lost = size > half ? y - size - half : y - half - size, root = y ** (size / 2 - 0.25);
  if (x > 0) {
    const z = lanczos(size) / Math.exp(y);
    return range((z + (z * lost * G) / y) * root * root, x);
  }
  const z = ((-Math.PI / sinpi(size) / size) * Math.exp(y)) / lanczos(size);
  return range((z - (z * lost * G) / y) / root / root, x);
}

function lgamma(x) {
  if (!Number.isFinite(x)) return Math.abs(x);
  if (x % 1 === 0 && x <= 2) return x <= 0 ? refuse("math domain error") : 0;
  const size = Math.abs(x);
  if (size < 1e-20) return -Math.log(size);
  const z = Math.log(lanczos(size)) - G + (size - 0.5) * (Math.log(size + G - 0.5) - 1);
  if (x > 0) return range(z, x);
  return range(Math.log(Math.PI) - Math.log(Math.abs(sinpi(size))) - Math.log(size) - z, x);
}

const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];

function polygamma(n, x) {
  if (n < 0) refuse(`polygamma has no order ${n}`);
  if (x <= 0 && x === Math.floor(x)) refuse(`polygamma has a pole at ${x}`);
  const flip = (-1) ** n;
  if (x < 0) return flip * polygamma(n, 1 - x) - Math.PI * cotangent(x, n);
  let shifted = 0;
  for (; x < 15 + n; x++) shifted -= flip * falling(n, 1 / x);
  const r = 1 / x;
  let term = falling(n, r);
  let series = n === 0 ? term / 2 - flip * Math.log(x) : falling(n - 1, r) + term / 2;
  term *= ((n + 1) * r) / 2;
  BERNOULLI.forEach((b, i) => {
    const k = i + 1;
    series += b * term;
    term *= ((2 * k + n) * r * (2 * k + n + 1) * r) / ((2 * k + 1) * (2 * k + 2));
  });
  return shifted - flip * series;
}

function falling(n, r) {
  let z = r;
  for (let k = 1; k <= n; k++) z *= k * r;
  return z;
}

// The n-th derivative of cot(πx), as a polynomial in it
function cotangent(x, n) {
  const r = x - rint(x), size = Math.abs(r);
  const c = size < 0.25 ? 1 / Math.tan(Math.PI * r) : copysign(Math.tan(Math.PI * (0.5 - size)), r);
  let powers = [0, 1];
  for (let i = 0; i < n; i++) {
    const slope = powers.map((a, k) => k * a).slice(1);
    powers = [...slope, 0, 0].map((a, k) => -a - (slope[k - 2] ?? 0));
  }
  return Math.PI ** n * powers.reduce((z, a, k) => z + a * power(c, k), 0);
}

const digamma = (x) => polygamma(0, x);

function polygamma_rise(n, x, y) {
  if (x <= 0 || y <= 0) refuse(`polygamma_rise needs x > 0 and y > 0, not ${x} and ${y}`);
  const fall = (p, factor = 1) => {
    let difference = div(-factor * expm1(-p * log1p(y / x)), x);
    for (let k = 1; k < p; k++) difference *= k / x;
    return difference;
  };
  const flip = (-1) ** n;
  let rise = 0;
  for (; x < 15 + n; x++) rise += flip * fall(n + 1);
  rise += n === 0 ? log1p(y / x) + fall(1) / 2 : flip * (fall(n) + fall(n + 1) / 2);
  let factorial = 1;
  BERNOULLI.forEach((b, i) => {
    factorial *= (2 * i + 1) * (2 * i + 2);
    rise += flip * fall(2 * i + 2 + n, b / factorial);
  });
  return rise;
}

function beta(x, y) {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (!(x > 0 && y > 0)) refuse(`beta needs x > 0 and y > 0, not ${x} and ${y}`);
  const a = Math.min(x, y), b = Math.max(x, y);
  if (b < 10) return (gamma(a) / gamma(a + b)) * gamma(b);
  if (b === Infinity) return 0;
  if (a < 10) {
    const size = a - (a + b - 0.5) * log1p(a / b) - a * log(b);
    return gamma(a) * exp(size + stirling(b) - stirling(a + b));
  }
  const size = (a - 0.5) * (log(a / b) - log1p(a / b)) - b * log1p(a / b);
  return Math.sqrt((2 * Math.PI) / b) * exp(size + stirling(a) + stirling(b) - stirling(a + b));
}

function stirling(x) {
  return BERNOULLI.reduceRight((z, b, i) => z / (x * x) + b / ((2 * i + 2) * (2 * i + 1)), 0) / x;
}

// Newton's method from Winitzki's approximation (2008), which is good to 0.002; in the tails on erfc.
function erfinv(x) {
  if (Math.abs(x) >= 1) refuse(`erfinv needs −1 < x < 1, not ${x}`);
  const size = Math.log((1 - x) * (1 + x)), a = 0.147, t = 2 / (Math.PI * a) + size / 2;
  let y = copysign(Math.sqrt(Math.sqrt(t * t - size / a) - t), x);
  for (let i = 0; i < 4; i++) {
    const error = Math.abs(x) < 0.5 ? erf(y) - x : Math.sign(x) * (1 - Math.abs(x) - erfc(Math.abs(y)));
    y -= error * (Math.sqrt(Math.PI) / 2) * Math.exp(y * y);
  }
  return y;
}

function sinc(x, n) {
  const t = Math.PI * x;
  if (!(Math.abs(t) <= n + 1)) {
    const turn = Math.abs(x) < Infinity ? Math.PI * (x - 2 * rint(x / 2)) : t;
    const waves = [sin(turn), cos(turn), -sin(turn), -cos(turn)];
    let z = waves[0] / t;
    for (let k = 1; k <= n; k++) z = (Math.PI ** (k - 1) * waves[k % 4] - k * z) / x;
    return z;
  }
  let m = Math.floor((n + 1) / 2), term = (-1) ** m * Math.PI ** n * (n % 2 ? t : 1), z = 0 * x, before;
  while (z !== before) {
    before = z;
    z += term / (2 * m + 1);
    m += 1;
    term = (-term * t * t) / ((2 * m - n) * (2 * m - n - 1));
  }
  return z;
}

// ── Sequences: x₁, x₂, … one after the other ──

const sum = (...x) => x.reduce((z, xi) => z + xi, 0);

const sum_rule = (x) => x.map(() => 1);

const mean = (...x) => sum(...x) / x.length;

const mean_rule = (x) => x.map(() => 1 / x.length);

const prod = (...x) => x.reduce((z, xi) => z * xi, 1);

// For every x the product of all before it, times that of all behind it
function prod_rule(x) {
  const locals = [];
  let before = 1, behind = 1;
  for (let i = 0; i < x.length; before *= x[i++]) locals[i] = before;
  for (let i = x.length - 1; i >= 0; behind *= x[i--]) locals[i] *= behind;
  return locals;
}

function dot(...x) {
  const n = x.length / 2;
  return x.slice(n).reduce((z, xi, i) => z + x[i] * xi, 0);
}

function dot_rule(x) {
  const n = x.length / 2;
  return [...x.slice(n), ...x.slice(0, n)];
}

function amax(...x) {
  return x.reduce((z, xi) => (z >= xi || Number.isNaN(z) ? z : xi));
}

// 1/n for each of the n that equal z, which is nan where one of them is
function amax_rule(x, z) {
  const hits = x.map((xi) => Number(xi === z)), n = sum(...hits);
  return hits.map((hit) => hit / n);
}

function amin(...x) {
  return x.reduce((z, xi) => (z <= xi || Number.isNaN(z) ? z : xi));
}

const amin_rule = (x, z) => amax_rule(x, z);

const greatest = (...x) => x.reduce((z, xi) => (xi > z ? xi : z));

function logsumexp(...x) {
  const m = greatest(...x), place = x.indexOf(m);
  if (Math.abs(m) === Infinity) return x.find(Number.isNaN) ?? m;
  return m + log1p(x.reduce((z, xi, i) => (i === place ? z : z + exp(xi - m)), 0));
}

function logsumexp_rule(x, z) {
  const p = x.map((xi) => (z === -Infinity ? 0 : exp(xi - z)));
  const total = Math.abs(z) === Infinity ? 1 : sum(...p);
  return p.map((pi) => div(pi, total));
}

function element(i, ...x) {
  return Number.isInteger(i) && 0 <= i && i < x.length ? x[i] : refuse(`take: there is no choice ${i}`);
}

const element_rule = ([i, ...x]) => [null, ...x.map((_, j) => (i === j ? 1 : null))];
