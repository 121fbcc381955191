// The playground: what the reader asks goes to a worker as a job, and what comes back is shown.
//
//   job      {name, args}: a formula or a program; see session.py
//   running  the job that the worker has
//   next     the job for when it is free: the newest, those between are left out
//
// Answers are put in as text, as images and as a frame without rights: nothing in them is read as markup here.
import { createEditor } from "./prism-code-editor/dist/index.js";
import { defaultCommands, editHistory } from "./prism-code-editor/dist/extensions/commands/index.js";
import "./prism-code-editor/dist/prism/languages/python.js";

const root = document.getElementById("play");
const element = Object.fromEntries([...root.querySelectorAll("[id]")].map((e) => [e.id, e]));
const { formula, program } = element;
const editor = createEditor(element.editor, { language: "python", tabSize: 4 }, defaultCommands(), editHistory());
editor.textarea.setAttribute("aria-label", "Program");
const examples = await (await fetch(new URL("examples.json", import.meta.url))).json();
let worker, ready, running, next;

// ── Asking ────────────────────────────────────────────────────────────────────────────────────────

// A worker in the place of the one there was, whose job is over.
function start() {
  worker?.terminate();
  worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => {
    if (data.state) say(data.state);
    if (data.result) answer(JSON.parse(data.result));
    if (data.broken) {
      answer({ error: `Python broke down (${data.broken}) and starts anew.`, pictures: [] });
      return start();
    }
    ready = !data.state;
    if (ready) work();
  };
  ready = false;
  run(undefined);
}

function work() {
  run(next);
  next = undefined;
  say(running ? "Computing …" : "Ready: Python runs on this page.");
  if (running) worker.postMessage(running);
}

function run(job) {
  running = job;
  element.result.setAttribute("aria-busy", Boolean(job));
  element.stop.disabled = job?.name !== "program";
}

function say(text) {
  element.status.textContent = text;
}

function ask(name, ...args) {
  const width = Math.floor(element.result.clientWidth);
  next = { name, args: [...args, width] };
  if (ready && !running) work();
}

function askFormula() {
  const { formula: text, values, exact } = formula.elements;
  ask("formula", text.value, values.value, exact.checked);
}

function askProgram() {
  ask("program", editor.value);
}

// ── Answering ─────────────────────────────────────────────────────────────────────────────────────

function answer({ error, printed, pictures, steps, table }) {
  element.error.hidden = !error;
  element.error.textContent = error ?? "";
  element.result.classList.toggle("stale", Boolean(error));
  if (error && running.name === "formula") return; // the last picture stays while a formula is being typed
  fill(element.printed, "textContent", printed);
  fill(element.table, "textContent", table);
  fill(element.steps, "srcdoc", steps);
  element.pictures.replaceChildren(...pictures.map(([title, svg]) => picture(title, svg)));
}

function fill(target, property, content) {
  target.parentElement.hidden = !content;
  if (target[property] !== (content ?? "")) target[property] = content ?? "";
}

function picture(title, svg) {
  const section = document.createElement("section"), head = document.createElement("h2"), image = new Image();
  head.textContent = title;
  image.alt = `The graph: ${title}`;
  image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
  section.append(head, image);
  return section;
}

// ── Examples and links ────────────────────────────────────────────────────────────────────────────

function list() {
  const select = program.elements.example;
  for (const [page, group] of Map.groupBy(examples, (example) => example.page)) {
    const options = group.map(({ key, title }) => new Option(title, key));
    const parent = Object.assign(document.createElement("optgroup"), { label: page });
    parent.append(...options);
    select.append(parent);
  }
}

function write(code, key = "") {
  program.elements.example.value = key;
  if (editor.value !== code) editor.setOptions({ value: code });
}

function take(key) {
  const example = examples.find((example) => example.key === key);
  if (example) write(example.code, key);
  return example;
}

// What the part after # asks for: a formula, an example, or a program, which waits for the reader's word.
function follow() {
  const asked = new URLSearchParams(location.hash.slice(1));
  if (asked.has("program")) {
    write(asked.get("program"));
    element.error.hidden = false;
    element.error.textContent = "This program came with the link. Read it, then press Run.";
  } else if (asked.has("example") && take(asked.get("example"))) {
    askProgram();
  } else {
    for (const name of ["formula", "values"]) if (asked.has(name)) formula.elements[name].value = asked.get(name);
    if (asked.has("formula")) formula.elements.exact.checked = asked.has("exact");
    askFormula();
  }
}

async function link(form) {
  const { elements } = formula, key = program.elements.example.value;
  const given = { formula: elements.formula.value, values: elements.values.value };
  if (elements.exact.checked) given.exact = "";
  const carried = form === formula ? given : key ? { example: key } : { program: editor.value };
  history.replaceState(null, "", `#${new URLSearchParams(carried)}`);
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link is copied.");
  } catch {
    say("The link stands in the address bar."); // the browser gives no clipboard
  }
}

// ── The page ──────────────────────────────────────────────────────────────────────────────────────

list();
take(examples[1].key);
root.hidden = false;
document.getElementById("wanting").remove();
formula.addEventListener("input", askFormula);
formula.addEventListener("submit", (event) => (event.preventDefault(), askFormula()));
program.addEventListener("submit", (event) => (event.preventDefault(), askProgram()));
program.elements.example.addEventListener("change", ({ target }) => take(target.value) && askProgram());
editor.on("update", (code) => {
  const { example } = program.elements;
  if (code !== examples.find(({ key }) => key === example.value)?.code) example.value = "";
});
editor.textarea.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  askProgram();
}, true);
element.stop.addEventListener("click", start);
for (const button of root.querySelectorAll("[data-link]")) button.addEventListener("click", () => link(button.form));
addEventListener("hashchange", follow);
follow();
start();
