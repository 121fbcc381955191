// What the reader can change: the leaves' numbers, by typing and by dragging; a step of gradient descent; a
// node's paths to the root; and a quiz.
const EASY = 8; // so many fields stand open, or those of labelled leaves
const NUDGE = 0.1, GRAIN = 8; // what an arrow key adds; pixels of a drag that add as much
const KEPT = 60; // losses in the sparkline
const SHOWN = 5; // paths
const root = model.last;
const leaves = model.values.map((value, i) => ({ ...value, i })).filter(({ row }) => row === LEAF);
const fields = new Map();
let losses = [], asked = null, chosen = null, frame = 0, waiting = 0;
touched.hides = (key) => Boolean(asked?.hides(key));

const few = (x) => model.pair(x)[0];
const called = (i) => model.cards[model.owner[i]].name;

// ── The leaves ──

const typed = (i) => full(numbers[i], (model.values[i].bits & INT) > 0).replace(/\.0$/, "");

// Takes new numbers of leaves, if the graph exists there; the sentence that says why it does not, else "".
function take(changes) {
  const wished = [...numbers];
  for (const [i, x] of changes) wished[i] = x;
  try {
    const next = model.computed(wished), last = next.moments.length - 1;
    now = now === end() ? last : Math.min(now, last);
    [numbers, state] = [wished, next];
  } catch (error) {
    return error.message;
  }
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    paint();
    clearTimeout(waiting);
    waiting = setTimeout(entitle);
    remember();
    if (chosen !== null) showPaths(chosen);
  });
  return "";
}

function edit(i, x) {
  const { input, problem } = fields.get(i);
  const why = Number.isNaN(x) ? `${model.values[i].name} needs a number, such as 2.5 or 1/3` : take([[i, x]]);
  input.setAttribute("aria-invalid", why !== "");
  say(problem, why);
  return !why;
}

function refill() {
  for (const [i, { input, problem }] of fields) {
    if (input !== document.activeElement) input.value = typed(i);
    input.setAttribute("aria-invalid", false);
    say(problem, "");
  }
}

function field({ i, name }) {
  const why = model.held[i];
  const input = built(["input", { inputmode: "decimal", value: typed(i), title: why ?? "", "aria-label": name,
    role: "spinbutton", autocomplete: "off", spellcheck: "false", ...(why && { disabled: "" }) }]);
  const handle = built(["span", { class: "grip", title: why ?? "drag to change" }, name]);
  const problem = built(["span", { class: "problem", role: "alert" }]);
  fields.set(i, { input, problem });
  input.addEventListener("input", () => edit(i, evaluated(input.value)));
  input.addEventListener("blur", () => input.getAttribute("aria-invalid") === "false" && (input.value = typed(i)));
  input.addEventListener("keydown", (event) => {
    const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    nudge(i, numbers[i] + way * nudged(event));
  });
  if (!why) draggable(handle, i);
  return built(["span", { class: "leaf" }, handle, input, problem]);
}

const nudged = (event) => NUDGE * (event.shiftKey ? 10 : event.altKey ? 0.1 : 1);

function nudge(i, x) {
  const { input } = fields.get(i), round = Number(x.toPrecision(12));
  if (edit(i, round)) input.value = typed(i);
}

function draggable(handle, i) {
  let from = null;
  handle.addEventListener("pointerdown", (event) => {
    handle.setPointerCapture(event.pointerId);
    from = { x: event.clientX, number: numbers[i] };
    event.preventDefault();
  });
  handle.addEventListener("pointermove", (event) => {
    if (!from) return;
    const steps = Math.round((event.clientX - from.x) / GRAIN);
    nudge(i, from.number + steps * nudged(event));
  });
  for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, () => (from = null));
}

const inFront = leaves.length <= EASY ? leaves : leaves.filter(({ bits }) => bits & OWN).slice(0, EASY);
for (const leaf of leaves) (inFront.includes(leaf) ? element.leaves : element.others).append(field(leaf));
element.others.hidden = inFront.length === leaves.length;
say(element.more, `${leaves.length - inFront.length} more leaves`);
say(element.said, model.note);

const key = (name) => (name === "step" ? "=step" : name); // in the address, where the step stands too

touched.changed = () =>
  leaves.filter(({ i, number }) => !Object.is(numbers[i], number)).map(({ i, name }) => [key(name), typed(i)]);

touched.restore = (kept) => {
  const wished = leaves.filter(({ i }) => !model.held[i]).map(({ i, name, number }) => {
    const x = evaluated(kept.get(key(name)) ?? "");
    return [i, Number.isNaN(x) ? number : x];
  });
  const changes = wished.filter(([i, x]) => !Object.is(numbers[i], x));
  if (changes.length) take(changes);
  refill();
};

touched.still = (why) => {
  touched.restore = () => {};
  say(element.said, why);
  for (const control of element.touch.querySelectorAll("input,button")) control.disabled = true;
};

element.reset.addEventListener("click", () => {
  losses = [];
  say(element.moved, "");
  element.spark.toggleAttribute("hidden", true);
  take(leaves.map(({ i, number }) => [i, number]));
  refill();
});

// ── A step of gradient descent ──

element.descend.addEventListener("click", () => {
  const rate = evaluated(element.rate.value), before = state.made[root], { gradients } = state;
  element.rate.setAttribute("aria-invalid", Number.isNaN(rate));
  if (Number.isNaN(rate)) return say(element.moved, "η needs a number, such as 0.1");
  const movable = leaves.filter(({ i }) => !model.held[i] && gradients[i] !== undefined);
  const why = take(movable.map(({ i }) => [i, numbers[i] - rate * gradients[i]]));
  if (why) return say(element.moved, `This step leads to where the graph does not exist: ${why}`);
  losses = [...(losses.length ? losses : [before]), state.made[root]].slice(-KEPT);
  say(element.moved, `${data.root}: ${few(before)} → ${few(state.made[root])}`);
  const finite = losses.filter(Number.isFinite), least = Math.min(...finite), span = Math.max(...finite) - least || 1;
  const points = losses.map((x, n) => `${((n / (losses.length - 1)) * 96 + 2).toFixed(1)},${(22 - ((x - least) / span) * 20).toFixed(1)}`);
  element.line.setAttribute("points", points.join(" "));
  element.spark.toggleAttribute("hidden", false);
  refill();
});

// ── Paths: the chain rule as a sum over all ways from a node to the root ──

// How many there are, and the largest products: at every node the largest of those of its consumers.
function ways(from) {
  const { locals } = state, counts = new Map([[root, 1n]]), best = new Map([[root, [{ product: 1, path: [] }]]]);
  const links = model.values.map(() => []);
  model.values.forEach(({ args, lines }, i) => args.forEach((a, p) => links[a].push({ to: i, p, local: locals[i]?.[p] ?? null, line: lines[p] })));
  for (let i = root - 1; i >= from; i--) {
    const on = links[i].filter(({ to, local }) => local !== null && counts.has(to));
    if (!on.length) continue;
    counts.set(i, on.reduce((sum, { to }) => sum + counts.get(to), 0n));
    const longer = on.flatMap((link) => best.get(link.to).map(({ product, path }) => ({ product: link.local * product, path: [{ from: i, ...link }, ...path] })));
    best.set(i, longer.sort((a, b) => Math.abs(b.product) - Math.abs(a.product)).slice(0, SHOWN));
  }
  return { count: counts.get(from) ?? 0n, best: best.get(from) ?? [] };
}

function showPaths(i) {
  if (touched.hides(`n${model.owner[i]}`)) return hidePaths(); // whose sum is what is asked for
  const { count, best } = ways(i), negative = (text) => (text.startsWith("−") ? `(${text})` : text);
  chosen = i;
  element.paths.hidden = false;
  say(element.about, `∂${data.root}/∂${called(i)} is a sum over ${count === 1n ? "one path" : `${count} paths`}, of products of local derivatives`);
  const rows = best.map(({ product, path }) => {
    const formula = path.map(({ from, to }) => `∂${called(to)}/∂${called(from)}`).join(" × ") || "1";
    const factors = path.map(({ local }) => negative(few(local))).join(" × ") || "1";
    const row = built(["li", {}, `${formula} = ${factors}`, ["b", {}, ` = ${few(product)}`]]);
    row.addEventListener("pointerenter", () => light(path));
    row.addEventListener("pointerleave", () => light(best.flatMap(({ path }) => path)));
    return row;
  });
  const rest = (state.gradients[i] ?? 0) - best.reduce((sum, { product }) => sum + product, 0);
  if (count > best.length) rows.push(built(["li", {}, `… and ${count - BigInt(best.length)} more, together ${few(rest)}`]));
  rows.push(built(["li", {}, ["b", {}, `Sum over all paths = ${few(state.gradients[i] ?? 0)} = the gradient`]]));
  element.sums.replaceChildren(...rows);
  light(best.flatMap(({ path }) => path));
}

function light(path) {
  const keys = new Set(path.filter(({ line }) => line !== null).map(({ line }) => model.lines[line].key));
  for (const [key, { g }] of drawn.lines) g.classList.toggle("way", keys.has(key));
}

function hidePaths() {
  chosen = null;
  element.paths.hidden = true;
  light([]);
}

// A card shows its paths; a group opens, and its frame closes it.
touched.bind = () => {
  svg.setAttribute("role", "group"); // an image has no buttons in it
  for (const [key, { g, data: number, gradient }] of drawn.cards) {
    const { name, outputs, several } = model.cards[Number(key.slice(1))], [i] = outputs;
    const inside = several && data.views.find(({ open }) => open === name);
    g.dataset.name = name;
    if (number) number.dataset.role = "value";
    if (gradient) gradient.dataset.role = "grad";
    if (inside) pressed(g, "opens the group", () => turn(inside));
    else if (gradient && outputs.length === 1)
      pressed(g, `its paths to ${data.root}`, () => (chosen === i ? hidePaths() : showPaths(i)));
  }
  if (view.open) for (const frame of svg.querySelectorAll("g:has(>.frame)")) pressed(frame, "closes the group", () => turn(data.views[0]));
  if (chosen !== null) showPaths(chosen);
};

// Its name is what stands in it.
function pressed(g, does, press) {
  for (const [name, value] of Object.entries({ tabindex: 0, role: "button", "aria-description": does })) g.setAttribute(name, value);
  g.addEventListener("click", press);
  g.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    press();
  });
}

element.close.addEventListener("click", hidePaths);

// ── A quiz: one gradient after the other, in the order in which the backward pass completes them ──

function quiz() {
  const order = [...new Set(state.moments.flatMap(({ sums = [] }) => sums.map(([i]) => i)).reverse())].reverse();
  const questions = order.filter((i) => i !== root && model.cards[model.owner[i]].outputs.length === 1);
  let at = 0, tries = 0, first = 0;
  const open = new Set(questions.map((i) => `n${model.owner[i]}`));
  function ask() {
    const done = at === questions.length, asked = done ? "" : `∂${data.root}/∂${called(questions[at])}`;
    tries = 0;
    element.answer.value = "";
    element.answer.hidden = element.check.hidden = done;
    element.answer.setAttribute("aria-label", asked);
    say(element.question, done ? `${first} of ${questions.length} right at the first try.` : `${asked} =`);
  }
  function check() {
    const i = questions[at], right = state.gradients[i] ?? 0, answer = evaluated(element.answer.value);
    const close = Math.abs(answer - right) <= 0.005 * Math.abs(right) + 1e-12 || few(answer) === few(right);
    say(element.hint, close ? `Right: ${few(right)}.` : hint(i));
    if (!close) return tries++;
    first += tries === 0;
    open.delete(`n${model.owner[i]}`);
    at++;
    ask();
    show(now);
  }
  ask();
  return { hides: (key) => open.has(key), check };
}

// What arrives at a node: from every node that takes it upstream × local, the upstream known by now.
function hint(i) {
  const parts = state.steps.filter(({ source }) => source === i).map(({ value, upstream, local }) =>
    `upstream ∂${data.root}/∂${called(value)} = ${few(upstream)}, local ${few(local)}`);
  return `Not yet. ${parts.length ? `Upstream × local${parts.length > 1 ? ", summed" : ""}: ${parts.join("; ")}.` : "Nothing arrives there."}`;
}

element.test.addEventListener("click", () => {
  asked = asked ? null : quiz();
  element.test.setAttribute("aria-pressed", Boolean(asked));
  element.quiz.hidden = !asked;
  document.body.classList.toggle("asking", Boolean(asked));
  hidePaths();
  say(element.hint, "");
  go(asked ? end() : now);
  if (asked) element.answer.focus();
});
element.check.addEventListener("click", () => asked.check());
element.answer.addEventListener("keydown", (event) => event.key === "Enter" && asked.check());
