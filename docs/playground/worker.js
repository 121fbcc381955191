// Python, in a thread of its own, so that the page stays alive, and a program that does not end can be stopped.
//
//   to the page    {state: what it is doing}, then {} when it is ready; after every job {result: the JSON of session.py}
//                  or {broken: why}, after which Python can't be used any more
//   from the page  {name: of a function of session.py, args}
import { loadPyodide } from "./pyodide/pyodide.mjs";

async function start() {
  postMessage({ state: "Loading Python (13 MB; the browser keeps it) …" });
  const engine = fetch(new URL("engine.zip", import.meta.url));
  const python = await loadPyodide();
  postMessage({ state: `Unpacking the engine for Python ${python.runPython("import sys; sys.version.split()[0]")} …` });
  python.unpackArchive(await (await engine).arrayBuffer(), "zip", { extractDir: "/lib/engine" });
  python.runPython("sys.path.append('/lib/engine')");
  const session = python.pyimport("session");
  onmessage = ({ data: { name, args } }) => {
    try {
      postMessage({ result: session[name](...args) });
    } catch (error) {
      postMessage({ broken: error.message }); // beyond what Python catches, such as the end of WebAssembly's stack
    }
  };
  postMessage({});
}

start().catch((error) => postMessage({ state: `Python does not start: ${error.message}` }));
