// The model of a page whose leaves can be changed: it computes the graph forward and backward as autograd's
// engine does, and tells the moments of both passes. Numbers are doubles.
//
//   values  in topological order: row (its place in ROWS, or LEAF, GIVEN, FIXED), args, name, bits (what Python
//           holds), number and gradient as recorded
//   forms   by row: words, and [operand, whether in parentheses where negative, whether raised where whole]
//   fixed   by value: the local derivatives recorded, or why there are none, where the row is none of the page's
//   held    by leaf: why it cannot be changed                                         says   templates
//
// A view, one picture of the graph:
//   owner   of every value the key of its card        along  of every value, by argument, the line that shows it
//   cards   by key: name, how it is computed, whether it sums up several values
//   lines   source, target, position, formula of the local derivative
const LEAF = -1, GIVEN = -2, FIXED = -3;
const INT = 1, SLOPE = 2, BOOL = 4, OWN = 8;

function modelled(data, view) {
  const { root, digits, says } = data, { owner, along } = view;
  const parsed = (x) => ({ nan: NaN, inf: Infinity, "-inf": -Infinity })[x] ?? x;
  const values = data.values.map(([row, args, name, bits, number, gradient], i) =>
    ({ row, args, lines: along[i], name, bits, number: parsed(number), gradient: parsed(gradient) }));
  const last = values.length - 1;
  const cards = view.cards.map(([name, how, several]) => ({ name, how, several, outputs: [] }));
  const lines = view.lines.map(([source, target, position, formula]) => ({ source, target, formula, key: `e${target}.${position}` }));
  const taken = new Set([last, ...values.flatMap(({ args }, i) => args.filter((a) => owner[a] !== owner[i]))]);
  [...taken].sort((a, b) => a - b).forEach((i) => cards[owner[i]].outputs.push(i));

  // ── Computing ──

  // All numbers from those of the leaves; RangeError where Python would raise.
  function forward(numbers) {
    const made = [...numbers];
    values.forEach(({ row, args }, i) => {
      if (row < 0) return;
      try {
        made[i] = Number(ROWS[row][0](...args.map((a) => made[a])));
      } catch (error) {
        throw new RangeError(`${equation(i, made)}: ${error.message}`);
      }
    });
    return made;
  }

  // ∂value/∂argument by position; null for no contribution. Nobody asks for slopes towards constants.
  function slopes(i, made) {
    const { row, args } = values[i];
    if (row === FIXED) {
      if (typeof data.fixed[i] === "string") throw new RangeError(data.fixed[i]);
      return data.fixed[i].map(parsed);
    }
    const [, rules] = ROWS[row], operands = args.map((a) => made[a]);
    if (typeof rules === "function") return rules(operands, made[i]);
    return rules.map((rule, p) => (values[args[p]].row === GIVEN ? null : rule(...operands, made[i])));
  }

  // An upstream that is exactly 0 asks for no slope, and is itself what every edge contributes.
  function backward(made) {
    const gradients = [], steps = [], locals = [];
    let stop = null;
    gradients[last] = 1;
    for (let i = last; i >= 0; i--) {
      const { row, args } = values[i], upstream = gradients[i];
      if (row === LEAF || row === GIVEN) continue;
      try {
        locals[i] = slopes(i, made);
      } catch (error) {
        locals[i] = [];
        if (!stop && upstream !== undefined && upstream !== 0) stop = { value: i, why: error.message };
      }
      if (stop || upstream === undefined) continue;
      args.forEach((a, position) => {
        const local = locals[i][position] ?? null;
        if (values[a].row === GIVEN || (local === null && upstream !== 0)) return;
        const contribution = upstream === 0 ? upstream : upstream * local;
        gradients[a] = (gradients[a] ?? 0) + contribution;
        if (local !== null) steps.push({ value: i, position, source: a, upstream, local, contribution });
      });
    }
    return { gradients, steps, locals, stop };
  }

  // ── Words ──

  const holds = (i, bit) => (values[i].bits & bit) > 0;

  // A number in few digits and in all of them.
  function pair(x, whole = false, signed = false) {
    return [short(x, { signed, digits, whole }), full(x, whole)];
  }

  // The same as a part of a sentence: in few digits alone if they are all.
  function part(x, whole = false) {
    const [few, all] = pair(x, whole);
    return all.replace(/\.0$/, "").replaceAll("-", "−") === few ? few : [few, all];
  }

  // The template's words, and the parts that stand in its {fields}.
  function said(template, fields) {
    return says[template].split(/\{(\w+)\}/).flatMap((words, i) => (i % 2 ? fields[words] : words)).filter(Boolean);
  }

  // `t1 = x × y = 2 × 3`
  function equation(i, made) {
    const { name, how } = cards[owner[i]], { row, args } = values[i];
    const written = (a) => (holds(a, BOOL) ? (made[a] ? "True" : "False") : pair(made[a], holds(a, INT))[0]);
    const numbers = (data.forms[row] ?? []).map((words) => {
      if (typeof words === "string") return words;
      const [p, loose, raised] = words, text = written(args[p]);
      if (raised && /^−?\d+$/.test(text)) return superscript(text);
      return (raised ? "^" : "") + (loose && text.startsWith("−") ? `(${text})` : text);
    });
    return [...new Set([name, how, clipped(numbers.join(""), says.long)].filter(Boolean))].join(" = ");
  }

  // `≈` where the operands as they are shown do not give the result as it is shown.
  function relation(operation, operands, result) {
    if (digits === null) return "=";
    const shown = (x) => short(x, { digits });
    try {
      return shown(operation(...operands.map((x) => (Number.isFinite(x) ? Number(rounded(x, digits)) : x)))) === shown(result) ? "=" : "≈";
    } catch {
      return "≈"; // the rounded operands may be outside the domain
    }
  }

  // ── Moments ──

  function* forwardMoments(made) {
    for (const [key, { name, how, several, outputs }] of cards.entries()) {
      const i = outputs.at(-1), { row, args } = values[i];
      if (!several && (row === LEAF || row === GIVEN)) continue;
      const equals = () => (row < 0 ? "=" : relation(ROWS[row][0], args.map((a) => made[a]), made[i]));
      const tell = () => (several ? [`${name}: ${how}`]
        : said("forward", { made: equation(i, made), equals: equals(), data: [part(made[i], holds(i, INT))] }));
      yield { phase: "Forward", node: `n${key}`, tell };
    }
  }

  // By card, as those are drawn in topological order; all values of a group at once.
  function* backwardMoments(made, { gradients, steps, stop }) {
    const tip = owner[last], name = cards[tip].name, totals = [];
    const seed = () => said("seed", { name, seed: [part(1, holds(last, SLOPE))] });
    yield { phase: "Backward", node: `n${tip}`, tell: seed, note: `∂${name}/∂${name} = 1`, sums: [[last, 1]] };
    const drawn = steps.filter(({ value, position }) => values[value].lines[position] !== null);
    const byCard = Map.groupBy(drawn, ({ value }) => owner[value]);
    for (const key of [...byCard.keys()].sort((a, b) => b - a)) {
      const of = ({ value, position }) => values[value].lines[position];
      const several = (step) => cards[key].several || cards[lines[of(step)].source].several;
      for (const together of Map.groupBy(byCard.get(key), (step) => (several(step) ? of(step) : step)).values()) {
        const [step] = together, line = lines[of(step)], { how } = cards[key];
        const sums = together.map(({ source, contribution }) => [source, (totals[source] = (totals[source] ?? 0) + contribution)]);
        const tell = () => (several(step) ? crossed(together, line) : passed(step, sums[0][1]));
        const note = several(step) ? "" : `${line.formula}, as ${cards[key].name} = ${how}`;
        yield { phase: "Backward", node: `n${key}`, edge: line.key, note, tell, sums };
      }
    }
    if (!stop) return yield finished(gradients);
    const tell = () => [said("stop", { made: equation(stop.value, made), why: stop.why }).join("")];
    yield { phase: "Backward", node: `n${owner[stop.value]}`, tell };
  }

  // `∂o/∂x1 += ∂o/∂t1 × ∂t1/∂x1 = 0.5 × (−3) = −1.5, so far −1.5`
  function passed({ value, source, upstream, local, contribution }, total) {
    return said("passed", {
      root, receiver: cards[owner[source]].name, passing: cards[owner[value]].name,
      upstream: [part(upstream, holds(value, SLOPE))], local: local < 0 ? ["(", part(local), ")"] : [part(local)],
      equals: relation((x, y) => x * y, [upstream, local], contribution),
      contribution: [part(contribution)], total: [part(total, holds(source, SLOPE))],
    });
  }

  function crossed(together, { source, target }) {
    const contribution = together.reduce((sum, step) => sum + step.contribution, 0);
    const fields = { root, receiver: cards[source].name, passing: cards[target].name, edges: together.length > 1 ? `${together.length} edges` : "1 edge" };
    return said("crossed", { ...fields, contribution: [part(contribution)] });
  }

  function finished(gradients) {
    const leaves = [...values.keys()].filter((i) => values[i].row === LEAF);
    const tell = () => leaves.slice(0, says.listed).flatMap((i, n) =>
      [n ? ", " : "", ...said("leaf", { root, leaf: values[i].name, gradient: [part(gradients[i] ?? 0, holds(i, SLOPE))] })])
      .concat(leaves.length > says.listed ? `, and ${leaves.length - says.listed} more` : ".");
    return { phase: "Done", tell };
  }

  // ── The state of the page for some numbers of the leaves ──

  //   moments  phase, tell() → parts, note, node, edge: as page.js shows them
  //   nodes    by key: the moment it is computed at, its number, and the sums of its gradient: [[moment, sum], …]
  //   edges    by key: source, target, the moment at which a gradient passes, the local derivative
  // `recorded`: of the numbers that Python recorded; none is computed.
  function computed(numbers, recorded = false) {
    const made = recorded ? values.map(({ number }) => number) : forward(numbers), pass = backward(made), { gradients, locals } = pass;
    const moments = [{ phase: "Start", tell: () => [says.start] }, ...forwardMoments(made)];
    const leafless = !values.some(({ row }) => row === LEAF);
    moments.push(...(leafless ? [{ phase: "Done", tell: () => [says.leafless] }] : backwardMoments(made, pass)));
    const nodes = new Map(cards.map(({ outputs }, key) => {
      const [first] = outputs, all = outputs.map((i) => made[i]);
      const range = outputs.length === 1 ? [all[0]] : [Math.min(...all), Math.max(...all)];
      const data = () => {
        const pairs = range.map((x) => pair(x, holds(first, INT))), [few, all] = [0, 1].map((n) => pairs.map((each) => each[n]));
        return [[...new Set(few)].join(" … "), all.join(" … ")];
      };
      const gradient = () => (outputs.length === 1 ? full(gradients[first] ?? 0, holds(first, SLOPE)) : "");
      const alarm = outputs.some((i) => !Number.isFinite(made[i]) && values[i].args.every((a) => Number.isFinite(made[a])));
      return [`n${key}`, { born: 0, sums: [], alarm, data, gradient }];
    }));
    const edges = new Map(lines.map(({ key, source, target }) => [key, { source: `n${source}`, target: `n${target}`, passed: Infinity }]));
    values.forEach((value, i) => value.lines.forEach((line, p) => line !== null && locals[i] && (edges.get(lines[line].key).local = locals[i][p] ?? null)));
    moments.forEach(({ phase, node, edge, sums = [] }, when) => {
      if (phase === "Forward") nodes.get(node).born = when;
      if (edge) edges.get(edge).passed = Math.min(when, edges.get(edge).passed);
      for (const [i, sum] of sums)
        if (cards[owner[i]].outputs.length === 1) nodes.get(`n${owner[i]}`).sums.push([when, () => pair(sum, holds(i, SLOPE), true)]);
    });
    if (moments.at(-1).phase === "Done" && !leafless) // a branch not taken: its gradient is 0
      for (const { sums } of nodes.values()) if (!sums.length) sums.push([moments.length - 1, () => ["0", "0"]]);
    return { ...pass, made, moments, nodes, edges };
  }

  // Where a number is another than Python recorded, as of a row that is not the same at every call; "" nowhere.
  function strange({ made, gradients }) {
    const alike = (x, y) => Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(y));
    const i = values.findIndex(({ number, gradient }, i) => !alike(made[i], number) || !alike(gradients[i] ?? 0, gradient ?? 0));
    return i < 0 ? "" : said("strange", { name: values[i].name || cards[owner[i]].name }).join("");
  }

  const formulas = new Map(lines.map(({ key, formula }) => [key, formula]));
  const titles = new Map(cards.map(({ name, how }, key) => [`n${key}`, `${how ? `${name} = ${how}` : name}\nvalue \ngradient `]));
  return { values, cards, lines, owner, last, formulas, titles, computed, strange, pair, held: data.held, note: data.note };
}
