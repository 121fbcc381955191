// show(k) brings the picture to its state after step k. A page either tells what Python has written, all
// numbers and sentences as text, or computes them (live.js) from numbers that can be changed (touch.js).
//
// What Python has written, in `data`:
//   steps  {phase, parts: words and [short, full] numbers, note: the formula beside them,
//           node, edge: the card and the line that it happens at}
//   nodes  by key: [the step that computes it, the running sums of its gradient: [[step, short, full], …]]
//   edges  by key: [source, target, the step of the backward pass along it, if there is one]
//
// The state of the page: moments (the steps), nodes and edges, as `computed` of live.js gives them. Titles
// stand in the picture, as they are when all is done. Comments are left out of the page.
"use strict";
if (data.touch) {
  const [tree, style] = data.touch, sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets = [sheet];
  document.getElementById("panel").append(built(tree));
}
const element = Object.fromEntries([...document.querySelectorAll("[id]")].map((e) => [e.id, e]));
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const NOTHING = [0, () => ["·", "none has arrived"]];
const narrow = matchMedia("(max-width: 600px) and (orientation: portrait)");
let [view] = data.views, model = data.values && modelled(data, view), numbers = model?.values.map(({ number }) => number);
let state = model ? model.computed(numbers) : told(data);
let svg = built(turned()), drawn = read(), now = 0, timer = 0;
element.picture.append(svg);
const touched = { hides: () => false, changed: () => [], restore() {}, bind() {}, still() {} }; // what touch.js knows

const end = () => state.moments.length - 1;

function told({ steps, nodes, edges }) {
  return {
    moments: steps.map((step) => ({ ...step, tell: () => step.parts })),
    nodes: new Map(Object.entries(nodes).map(([key, [born, sums]]) => [key, { born, sums: sums.map(([when, ...pair]) => [when, () => pair]) }])),
    edges: new Map(Object.entries(edges).map(([key, [source, target, passed]]) => [key, { source, target, passed }])),
  };
}

// The cards and lines of the picture, by key. Texts that change keep to the room that they were drawn with.
function read() {
  const cards = new Map(), lines = new Map();
  for (const g of svg.querySelectorAll("[data-key]")) {
    const [data, gradient, local] = [".data,.alarm", ".gradient", ".local,.alarm"].map((part) => g.querySelector(part)), { key } = g.dataset;
    const title = g.querySelector("title") ?? g.insertBefore(built(["title", {}], "2000/svg"), g.firstChild);
    if (model && key[0] === "n") title.textContent = model.titles.get(key);
    if (key[0] === "e") lines.set(key, { g, local, title, words: local?.textContent, formula: model?.formulas.get(key) });
    else cards.set(key, { g, data, gradient, title, number: data?.textContent, lines: title.textContent });
  }
  return { cards, lines };
}

function write(target, text) {
  if (!target || target.shown === text) return;
  target.room ??= Math.max(data.room ?? 0, target.textContent.length);
  target.shown = text;
  if (target.firstChild === target.lastChild && target.firstChild?.nodeType === Node.TEXT_NODE) target.firstChild.data = text;
  else target.textContent = text;
  if (!data.room) return;
  if (text.length <= target.room) target.removeAttribute("textLength");
  else target.setAttribute("textLength", ((data.advance[target.getAttribute("class")] ?? data.advance.data) * target.room).toFixed(1));
}

// The local derivative on a line: its number, or a formula and its number, or a formula alone.
function localText({ words }, local) {
  const few = local === null ? "none" : model.pair(local)[0];
  if (data.local === "number") return few;
  return data.local === "both" && local !== null ? words.replace(/(^| = )[^=]*$/, `$1${few}`) : words;
}

function say(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

// Right-to-left names set apart, so that what stands beside them keeps its order.
function isolated(text) {
  return text.replace(new RegExp(`${data.letters}(?:[ _]+${data.letters})*`, "gu"), "\u2068$&\u2069");
}

// A part of a sentence: a number has all its digits in its tooltip.
function worded(part) {
  if (typeof part === "string") return isolated(part);
  return built(["span", { title: part[1] }, part[0]]);
}

function show(k) {
  now = Math.max(0, Math.min(k, end()));
  paint();
  entitle();
  const { node, edge } = state.moments[now], [near, far] = [node, state.edges.get(edge)?.source ?? node];
  if (node) follow(drawn.cards.get(near).g, drawn.cards.get(far).g);
  remember();
}

// What the eye sees; titles and numbers in full, which it does not, can wait.
function paint() {
  const { nodes, edges } = state, moment = state.moments[now], { phase, node: active, edge: step } = moment;
  const receiver = edges.get(step)?.source;
  for (const [key, card] of drawn.cards) {
    const node = nodes.get(key), { data, gradient, number } = card;
    if (!node || !gradient) continue;
    const [few] = node.data?.() ?? [number], later = node.born > now;
    write(data, later ? "·" : few);
    write(gradient, touched.hides(key) ? "?" : arrived(node)[0]);
    mark(card, { later, active: key === active, receives: key === receiver });
    if (model && data && card.alarm !== node.alarm) data.style.fill = `var(--${(card.alarm = node.alarm) ? "alarm" : "data"})`;
  }
  for (const [key, line] of drawn.lines) {
    const { target, passed, local } = edges.get(key), unpassed = !(passed <= now) && phase !== "Done";
    mark(line, { later: nodes.get(target).born > now, unpassed, near: target === active, step: key === step });
    if (model && local !== undefined) write(line.local, localText(line, local));
  }
  document.body.dataset.phase = phase;
  say(element.phase, phase);
  element.sentence.replaceChildren(...moment.tell().map(worded));
  say(element.note, isolated(moment.note ?? ""));
  say(element.count, `step ${now} of ${end()}`);
  element.slider.max = end();
  element.slider.value = now;
  element.slider.setAttribute("aria-valuetext", element.count.textContent);
  element.back.disabled = now === 0;
  element.next.disabled = now === end();
}

// What has arrived at a node by now: [short, full].
function arrived({ sums }) {
  return (sums.findLast(([when]) => when <= now) ?? NOTHING)[1]();
}

// A card or a line has these classes, and that of the paths if it had it.
function mark(drawing, classes) {
  const names = Object.keys(classes).filter((name) => classes[name]).join(" ");
  if (drawing.names === names) return;
  drawing.names = names;
  drawing.g.setAttribute("class", drawing.g.classList.contains("way") ? `${names} way` : names);
}

function entitle() {
  for (const [key, { title, lines, data, gradient }] of drawn.cards) {
    const node = state.nodes.get(key), all = node?.data?.()[1];
    if (!node || !lines) continue;
    if (model && data) [data.dataset.number, gradient.dataset.number] = [all, node.gradient()];
    const value = node.born > now ? "value not computed yet" : node.data ? `value ${all}` : "$&";
    say(title, lines.replace(/^value .*/m, value).replace(/^gradient .*/m, `gradient ${touched.hides(key) ? "?" : arrived(node)[1]}`));
  }
  for (const [key, { title, formula }] of drawn.lines) {
    const { local } = state.edges.get(key), all = local === null || !model ? "" : model.pair(local ?? 0)[1];
    if (formula && local !== undefined) say(title, !all || formula.endsWith(` = ${all.replace(/\.0$/, "")}`) ? formula : `${formula} = ${all}`);
  }
}

// Scroll the picture, and nothing around it, as far as both cards need to be seen; else the second alone.
function follow(...both) {
  const frame = element.picture.getBoundingClientRect(), room = 24;
  const boxes = both.map((card) => card.getBoundingClientRect());
  const beyond = (from, to) => {
    const gaps = (some) => [
      Math.min(...some.map((box) => box[from])) - room - frame[from],
      Math.max(...some.map((box) => box[to])) + room - frame[to],
    ];
    let [before, after] = gaps(boxes);
    if (after > before) [before, after] = gaps([boxes[1]]); // there is no room for both
    return Math.min(0, before) || Math.max(0, after);
  };
  element.picture.scrollBy({
    left: beyond("left", "right"),
    top: beyond("top", "bottom"),
    behavior: calm.matches ? "instant" : "smooth",
  });
}

function pause() {
  clearInterval(timer);
  timer = 0;
  say(element.play, "Play");
}

function play() {
  if (timer) return pause();
  show(now === end() ? 0 : now + 1);
  if (now === end()) return;
  say(element.play, "Pause");
  timer = setInterval(() => {
    show(now + 1);
    if (now === end()) pause();
  }, Number(document.body.dataset.pace));
}

function go(k) {
  pause();
  show(k);
}

// ── Views: with one group open or none, to the right, or down on a narrow screen ──

// What Python has made of markup: [element, attributes, children, texts, …]; elements may stand there too.
function built([tag, attributes, ...children], kind = "1999/xhtml") {
  const own = tag === "svg" ? "2000/svg" : kind, e = document.createElementNS(`http://www.w3.org/${own}`, tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, value);
  e.append(...children.map((child) => (Array.isArray(child) ? built(child, own) : child)));
  return e;
}

function turned() {
  return (narrow.matches && view.down) || view.right || view.down;
}

function turn(to) {
  const atEnd = now === end(), before = svg;
  model = modelled(data, (view = to));
  before.replaceWith((svg = built(turned())));
  element.picture.classList.remove("fit");
  [state, drawn] = [model.computed(numbers), read()];
  touched.bind();
  go(atEnd ? end() : now);
}

if (model) narrow.addEventListener("change", () => turn(view));

// ── Size: Fit shows all of the picture, also larger than it is drawn; + and − and the wheel with Ctrl ──

const LARGEST = 4;
const size = () => [svg.width.baseVal.value, svg.height.baseVal.value];

function zoom(scale, x, y) {
  const frame = element.picture.getBoundingClientRect(), before = svg.getBoundingClientRect();
  const [px, py] = [x ?? frame.left + frame.width / 2, y ?? frame.top + frame.height / 2];
  const [across, down] = [(px - before.left) / before.width, (py - before.top) / before.height];
  svg.style.maxWidth = "none";
  svg.style.width = `${size()[0] * Math.max(0.1, Math.min(scale, LARGEST))}px`;
  element.picture.classList.remove("fit");
  element.fit.setAttribute("aria-pressed", false);
  const after = svg.getBoundingClientRect();
  element.picture.scrollBy(after.left + across * after.width - px, after.top + down * after.height - py);
}

function fit() {
  const fitted = element.picture.classList.toggle("fit"), { clientWidth, clientHeight } = element.picture, [wide, high] = size();
  element.fit.setAttribute("aria-pressed", fitted);
  svg.style.maxWidth = fitted ? "none" : "";
  svg.style.width = fitted ? `${wide * Math.min(clientWidth / wide, clientHeight / high, LARGEST)}px` : "";
}

function scaled(by, x, y) {
  zoom((svg.getBoundingClientRect().width / size()[0]) * by, x, y);
}

element.larger.addEventListener("click", () => scaled(1.25));
element.smaller.addEventListener("click", () => scaled(0.8));
element.fit.addEventListener("click", fit);
addEventListener("resize", () => element.picture.classList.contains("fit") && (element.picture.classList.remove("fit"), fit()));
element.picture.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return; // without it the wheel scrolls
  event.preventDefault();
  scaled(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
}, { passive: false });

// The pointer drags the picture; a finger scrolls it as everything else.
let grip = null;
element.picture.addEventListener("pointerdown", (event) => {
  if (event.pointerType === "mouse" && event.button === 0) grip = [event.clientX, event.clientY];
});
addEventListener("pointermove", (event) => {
  if (!grip) return;
  element.picture.scrollBy({ left: grip[0] - event.clientX, top: grip[1] - event.clientY, behavior: "instant" });
  grip = [event.clientX, event.clientY];
});
addEventListener("pointerup", () => (grip = null));

// ── The address holds the step, and the leaves that were changed: #step=7&x=2.5 ──

let remembering = 0;

function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const kept = new URLSearchParams(now ? { step: now } : {});
    for (const [name, number] of touched.changed()) kept.set(name, number);
    try {
      history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname + location.search);
    } catch {} // in the sandbox of a notebook a page has no address
  }, 200);
}

function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  touched.restore(kept);
  go(Number(kept.get("step")) || 0);
}

function begin() {
  document.body.classList.add("live");
  touched.bind();
  const why = model?.strange(state);
  if (why) {
    state = model.computed(numbers, true);
    touched.still(why);
  }
  recall();
  addEventListener("hashchange", recall);
}

// ── Controls and keys ──

element.slider.addEventListener("input", () => go(Number(element.slider.value)));
element.back.addEventListener("click", () => go(now - 1));
element.next.addEventListener("click", () => go(now + 1));
element.play.addEventListener("click", play);
document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || target.matches?.("input:not(#slider),summary")) return;
  const goal = { ArrowLeft: now - 1, PageUp: now - 1, ArrowRight: now + 1, PageDown: now + 1, Home: 0, End: end() }[key];
  if (goal < 0 || goal > end()) handOn(goal < 0 ? "prev" : "next");
  else if (goal !== undefined) go(goal);
  else if (key === " " && !target.matches?.("button,[role=button]")) play(); // a button takes it as a click
  else return;
  event.preventDefault(); // else the arrows would move the slider, or scroll, as well
});

// At either end a deck of slides around the page goes on: this is how reveal.js takes orders.
function handOn(method) {
  if (parent !== window) parent.postMessage(JSON.stringify({ method }), "*");
}
