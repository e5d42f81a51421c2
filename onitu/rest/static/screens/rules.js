/** The rules, which say what goes where: seen, changed as text, and put in force. */

import { ApiError } from "../lib/api.js";
import { loadRules, putRules, reloadRules } from "../lib/model.js";
import { html, Icon, useRef, useState } from "../lib/ui.js";
import { Action, Heading, Loading, Notice, useLoaded } from "../parts/basic.js";
import { say } from "../parts/toasts.js";

const EXAMPLE = `# Music goes to the laptop if it is an MP3 file, and all of it to the nas.
- match: {path: /music, extension: [mp3]}
  sync: [laptop]
- match: {path: /music}
  sync: [nas]`;

/** @typedef {{line: number, text: string}} Fault Of a line; 0 where none is known. */

export function Rules() {
  const { value, error, again } = useLoaded((signal) => loadRules(signal), []);
  const lead = "Which files go where. Without rules every file goes to every service that keeps its folder; with rules only those they name get it. No change of them deletes a file.";
  return html`
    <${Heading} title="Rules" lead=${lead} />
    <div class="stack">
      ${error && html`<${Notice} tone="bad" alert>${error}<//>`}
      ${value ? html`<${Standing} rules=${value} again=${again} /><${Editor} stored=${value.stored} again=${again} />` : !error && html`<${Loading} />`}
    </div>
  `;
}

/** @param {{rules: {stored: string, active: string}, again: () => void}} props */
function Standing({ rules: { stored, active }, again }) {
  if (stored === active) {
    return html`<${Notice} tone="ok">${stored ? "These rules are in force." : "There are no rules: every file goes to every service that keeps its folder."}<//>`;
  }
  const act = async () => {
    await reloadRules();
    again();
  };
  return html`
    <${Notice} tone="warn">
      <div class="row between">
        <strong>These rules are kept, and not in force yet.</strong>
        <${Action} icon="play" tone="main-action" act=${act} done="The rules are in force.">Put in force<//>
      </div>
      <details><summary>What is in force now</summary><pre class="text" tabindex="0">${active || "No rules."}</pre></details>
    <//>
  `;
}

/** @param {{stored: string, again: () => void}} props */
function Editor({ stored, again }) {
  const [text, setText] = useState(stored);
  const [base, setBase] = useState(stored);
  const [faults, setFaults] = useState(/** @type {Fault[]} */ ([]));
  const [warnings, setWarnings] = useState(/** @type {Fault[]} */ ([]));
  const [busy, setBusy] = useState(false);
  const field = useRef(null);
  if (stored !== base) {
    // What was kept is shown as it was understood.
    setBase(stored);
    setText(stored);
  }
  const write = (/** @type {string} */ next) => {
    setText(next);
    setFaults([]);
    setWarnings([]);
  };
  const keep = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    try {
      const doubts = await putRules(text);
      setFaults([]);
      setWarnings(doubts.map(faultOf));
      say("ok", "The rules are kept.");
      again();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setFaults(error.message.split("\n").map(faultOf));
      field.current?.focus();
    } finally {
      setBusy(false);
    }
  };
  return html`
    <form class="card" onSubmit=${keep} noValidate>
      <div class="inner stack">
        <div class="field">
          <label for="rules">Rules</label>
          <textarea id="rules" class="input rules" ref=${field} rows=${Math.max(10, text.split("\n").length + 2)} spellcheck=${false} autocomplete="off" wrap="off"
            aria-invalid=${faults.length ? "true" : undefined} aria-describedby=${faults.length ? "rules-hint rules-faults" : "rules-hint"}
            value=${text} onInput=${(event) => write(event.target.value)}></textarea>
          <p class="hint" id="rules-hint">YAML or JSON, as they stand in the setup. Remarks are not kept.</p>
          <div id="rules-faults" role="alert"><${Faults} faults=${faults} field=${field} tone="bad" /></div>
          <${Faults} faults=${warnings} field=${field} tone="warn" />
        </div>
        <details class="example"><summary>An example</summary><pre class="text" tabindex="0">${EXAMPLE}</pre></details>
      </div>
      <div class="inner row end-row">
        ${text !== stored && html`<button type="button" class="button plain" onClick=${() => write(stored)}>Undo my changes</button>`}
        <button class="button main-action" aria-disabled=${busy}><${Icon} name=${busy ? "sync" : "check"} spin=${busy} />Check and keep</button>
      </div>
    </form>
  `;
}

/** @param {{faults: Fault[], field: {current: HTMLTextAreaElement | null}, tone: string}} props */
const Faults = ({ faults, field, tone }) =>
  faults.length > 0 && html`<ul class="stack-small rule-faults" data-tone=${tone}>
    ${faults.map(({ line, text }, index) => html`<li key=${index}><${Icon} name="alert" />
      <span>${line > 0 && html`<button type="button" class="link" onClick=${() => select(field.current, line)}>Line ${line}</button>: `}${text}</span>
    </li>`)}
  </ul>`;

/** Shows a line. @param {HTMLTextAreaElement | null} field @param {number} line */
function select(field, line) {
  if (!field) return;
  const lines = field.value.split("\n");
  const begin = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  field.focus();
  field.setSelectionRange(begin, begin + (lines[line - 1] ?? "").length);
}

/** @param {string} said A place in the text, and what is wrong there. @returns {Fault} */
function faultOf(said) {
  const found = /^rules:(\d+):\d+: (.*)$/s.exec(said);
  return found ? { line: Number(found[1]), text: found[2] } : { line: 0, text: said };
}
