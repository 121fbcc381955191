// show(k) brings the picture to its state after step k. All numbers and sentences stand in the page's
// JSON as text, written by Python; this script computes nothing but k.
//
//   steps  {phase, parts: words and [short, full] numbers, note: the formula beside them,
//           node, edge: the card and the line that it happens at}
//   nodes  by key: [the step that computes it, the running sums of its gradient: [[step, short, full], …]]
//   edges  by key: [source, target, the step of the backward pass along it, if there is one]
//
// Values and tooltips stand in the picture, as they are when all is done. Comments are left out of the page.
"use strict";
const { steps, nodes, edges } = JSON.parse(document.getElementById("steps").textContent);
const element = Object.fromEntries([...document.querySelectorAll("[id]")].map((e) => [e.id, e]));
const drawn = Object.fromEntries([...document.querySelectorAll("[data-key]")].map((g) => [g.dataset.key, g]));
const cards = Object.entries(nodes).map(([key, [born, gradients]]) => {
  const g = drawn[key], [value, gradient, title] = [".data,.alarm", ".gradient", "title"].map((s) => g.querySelector(s));
  return { key, born, gradients, g, value, gradient, title, data: value.textContent, lines: title.textContent };
});
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const NOTHING = [0, "·", "none has arrived"];
let now = 0, timer = 0;

function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

// A part of a sentence: a number has all its digits in its tooltip.
function worded(part) {
  if (typeof part === "string") return part;
  return Object.assign(document.createElement("span"), { textContent: part[0], title: part[1] });
}

function mark(g, name, on) {
  g.classList.toggle(name, on);
}

function show(k) {
  now = Math.max(0, Math.min(k, steps.length - 1));
  const step = steps[now], [receiver] = edges[step.edge] ?? [];
  for (const { key, born, gradients, g, value, gradient, title, data, lines } of cards) {
    const later = born > now, [, short, full] = gradients.findLast(([when]) => when <= now) ?? NOTHING;
    write(value, later ? "·" : data);
    write(gradient, short);
    const known = later ? lines.replace(/^value .*/m, "value not computed yet") : lines;
    write(title, known.replace(/^gradient .*/m, `gradient ${full}`));
    mark(g, "later", later);
    mark(g, "active", key === step.node);
    mark(g, "receives", key === receiver);
  }
  for (const [key, [, target, passed]] of Object.entries(edges)) {
    const g = drawn[key];
    mark(g, "later", nodes[target][0] > now);
    mark(g, "unpassed", passed > now);
    mark(g, "near", target === step.node);
    mark(g, "step", key === step.edge);
  }
  document.body.dataset.phase = step.phase;
  write(element.phase, step.phase);
  element.sentence.replaceChildren(...step.parts.map(worded));
  write(element.note, step.note ?? "");
  write(element.count, `step ${now} of ${steps.length - 1}`);
  element.slider.value = now;
  element.slider.setAttribute("aria-valuetext", element.count.textContent);
  element.back.disabled = now === 0;
  element.next.disabled = now === steps.length - 1;
  if (step.node) follow(drawn[step.node], drawn[receiver ?? step.node]);
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
  write(element.play, "Play");
}

function play() {
  if (timer) return pause();
  if (now === steps.length - 1) show(0);
  write(element.play, "Pause");
  timer = setInterval(() => {
    show(now + 1);
    if (now === steps.length - 1) pause();
  }, Number(document.body.dataset.pace));
}

function go(k) {
  pause();
  show(k);
}

function fit() {
  const fitted = element.picture.classList.toggle("fit");
  element.fit.setAttribute("aria-pressed", fitted);
}

element.slider.max = steps.length - 1;
element.slider.addEventListener("input", () => go(Number(element.slider.value)));
element.back.addEventListener("click", () => go(now - 1));
element.next.addEventListener("click", () => go(now + 1));
element.play.addEventListener("click", play);
element.fit.addEventListener("click", fit);
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  const last = steps.length - 1;
  const target = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last }[event.key];
  if (target !== undefined) go(target);
  else if (event.key === " " && event.target.tagName !== "BUTTON") play(); // a button takes it as a click
  else return;
  event.preventDefault(); // else the arrows would move the slider, or scroll, as well
});
document.body.classList.add("live");
show(0);
