/** What can be asked of a service. */

import { steer } from "../lib/model.js";
import { reload } from "../lib/store.js";
import { html } from "../lib/ui.js";
import { Action } from "./basic.js";

const WORDS = {
  start: { icon: "play", text: "Start", done: "has been started" },
  stop: { icon: "square", text: "Stop", done: "has been stopped" },
  restart: { icon: "sync", text: "Restart", done: "has been started anew" },
  pause: { icon: "pause", text: "Pause", done: "is paused: it is watched, and nothing moves there" },
  resume: { icon: "play", text: "Resume", done: "goes on" },
};

/** @param {import("../lib/types.js").Service} service */
function possible({ status, paused }) {
  if (status === "stopped") return ["start"];
  if (status === "failed") return ["start", "stop"];
  if (status === "starting" || status === "stopping") return status === "starting" ? ["stop"] : [];
  return [paused ? "resume" : "pause", "restart", "stop"];
}

/** @param {{service: import("../lib/types.js").Service}} props */
export const Controls = ({ service }) => html`
  <div class="row tight controls" role="group" aria-label=${`What can be done with ${service.name}`}>
    ${possible(service).map((verb) => {
      const { icon, text, done } = WORDS[verb];
      const act = () => steer(service.name, verb).finally(reload.status);
      return html`<${Action} key=${verb} icon=${icon} act=${act} done=${`${service.name} ${done}.`} label=${`${text} ${service.name}`}>${text}<//>`;
    })}
  </div>
`;
