// Numbers as Python writes them: full(x) as repr does, short(x) as viz.text.short.
//
//   x       a double          whole   whether Python would hold an int there
//   digits  of short numbers, null: all of them

// The digits of |x|, the first so many, half to even, and the power of ten of the first. Only where the next
// one is a 5 does JavaScript not say whether that is a half; 60 digits do.
function significant(x, count) {
  const digits = (more) => Math.abs(x).toExponential(more).replace(".", "").split("e");
  if (!digits(count)[0].endsWith("5")) return digits(count - 1);
  const [mantissa, power] = digits(60);
  const rest = mantissa.slice(count), half = "5".padEnd(rest.length, "0");
  let head = BigInt(mantissa.slice(0, count) || 0);
  if (rest > half || (rest === half && head % 2n)) head += 1n;
  const text = String(head);
  return text.length > count ? [text.slice(0, count), Number(power) + 1] : [text, Number(power)];
}

function full(x, whole = false) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  if (whole && Number.isInteger(x)) return String(BigInt(x));
  const [mantissa, power] = x.toExponential().split("e");
  if (x !== 0 && (power < -4 || power >= 16))
    return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  return (Object.is(x, -0) ? "-0" : String(x)) + (Number.isInteger(x) ? ".0" : "");
}

// In so many significant digits, as Python's format: x in fixed point below 10⁷, else with a power of ten.
function rounded(x, digits) {
  const size = Math.abs(x), sign = x < 0 ? "-" : "";
  if (!Number.isFinite(x)) return full(x);
  if (size >= 10 ** digits && size < 1e7) {
    const [text, power] = significant(x, Math.trunc(size).toString().length);
    return sign + text.padEnd(Number(power) + 1, "0");
  }
  const [text, ten] = significant(x, digits), kept = text.replace(/0+$/, ""), power = Number(ten);
  const point = (head, rest) => sign + head + (rest && "." + rest);
  if (power < -4 || power >= digits)
    return `${point(kept[0], kept.slice(1))}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  if (power < 0) return point("0", "0".repeat(-power - 1) + kept);
  return point(kept.slice(0, power + 1).padEnd(power + 1, "0"), kept.slice(power + 1));
}

function short(x, { signed = false, digits, whole = false }) {
  if (x === 0) return "0";
  const exact = full(x, whole), all = digits === null || (whole && Number.isInteger(x) && exact.length <= 11);
  const text = (all ? exact : rounded(x, digits))
    .replace(/(?:(?<![\d.])1|(\d))e\+?(-?\d+)/, (match, last, power) => `${last ? `${last}×` : ""}10${superscript(Number(power))}`)
    .replace("inf", "∞");
  return (signed && x > 0 ? "+" : "") + text.replaceAll("-", "−");
}

function clipped(text, length) {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function superscript(text) {
  return String(text).replace(/./g, (letter) => "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻"["0123456789-−".indexOf(letter)]);
}

// The value of a formula in numbers, such as 1/3, 2 × (0.5 − 1) or 3e-2; NaN where it is none.
function evaluated(text) {
  const tokens = text.replaceAll("−", "-").replace(/[×·]/g, "*").replace(/,/g, ".")
    .match(/(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf|nan|[-+*/^()]|\S/gi) ?? [];
  let at = 0;
  const take = (...signs) => (signs.includes(tokens[at]) ? tokens[at++] : "");
  function sum() {
    let x = product();
    for (let sign; (sign = take("+", "-")); ) x = sign === "+" ? x + product() : x - product();
    return x;
  }
  function product() {
    let x = signed();
    for (let sign; (sign = take("*", "/")); ) x = sign === "*" ? x * signed() : x / signed();
    return x;
  }
  function signed() {
    return take("-") ? -signed() : take("+") ? signed() : power();
  }
  function power() {
    const x = atom();
    return take("^") ? x ** signed() : x;
  }
  function atom() {
    if (!take("(")) return /^inf$/i.test(tokens[at]) ? (at++, Infinity) : /^[\d.]/.test(tokens[at]) ? Number(tokens[at++]) : NaN;
    const x = sum();
    return take(")") ? x : NaN;
  }
  const x = sum();
  return at === tokens.length ? x : NaN;
}
