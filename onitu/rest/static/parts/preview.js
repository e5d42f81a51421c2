/** The beginning of a content, where a person can read or see it: text and images. */

import { size } from "../lib/format.js";
import { fetchContent } from "../lib/model.js";
import { html, useEffect, useState } from "../lib/ui.js";
import { Loading, Notice, useLoaded } from "./basic.js";

/** Bytes of a text that are shown, and of an image at most. */
const TEXT = 64 * 1024;
const IMAGE = 30 * 1024 * 1024;

const TEXTUAL = /^text\/|[/+](json|xml|yaml|toml|javascript|x-sh|x-python|x-yaml|sql)$/;

/** @typedef {{kind: "text", text: string, cut: boolean} | {kind: "image", blob: Blob} | {kind: "none", why: string}} Content */

/**
 * Loads what can be shown of a file.
 * @param {import("../lib/types.js").File} file
 * @param {AbortSignal} signal
 * @returns {Promise<Content>}
 */
export async function loadContent(file, signal) {
  if (file.mimetype.startsWith("image/")) {
    if (file.size > IMAGE) return { kind: "none", why: "The image is too large to be shown here." };
    const bytes = await (await fetchContent(file.fid, { signal })).arrayBuffer();
    return { kind: "image", blob: new Blob([bytes], { type: file.mimetype }) };
  }
  if (file.size === 0) return { kind: "none", why: "The file is empty." };
  const looksBinary = !TEXTUAL.test(file.mimetype) && file.mimetype !== "application/octet-stream";
  if (looksBinary) return { kind: "none", why: `Files of the type ${file.mimetype} are not shown here.` };
  const bytes = await (await fetchContent(file.fid, { signal, bytes: TEXT })).arrayBuffer();
  const cut = file.size > TEXT;
  try {
    // A character that the end cuts in two is no fault of the text.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes), { stream: cut });
    if (text.includes("\0")) return { kind: "none", why: "This is no text." };
    return { kind: "text", text, cut };
  } catch {
    return { kind: "none", why: "This is no text in UTF-8." };
  }
}

/** @param {{file: import("../lib/types.js").File, title: string}} props */
export function Preview({ file, title }) {
  const { value, error } = useLoaded((signal) => loadContent(file, signal), [file.fid, file.version, file.uptodate]);
  return html`
    <section class="card" aria-label=${title}>
      <header><h2>${title}</h2></header>
      ${error && html`<div class="inner"><${Notice} tone="warn">${error}<//></div>`}
      ${!error && !value && html`<${Loading} />`}
      ${value && html`<${Shown} content=${value} name=${file.filename} />`}
    </section>
  `;
}

/** @param {{content: Content, name: string}} props */
export function Shown({ content, name }) {
  if (content.kind === "none") return html`<p class="inner muted">${content.why}</p>`;
  if (content.kind === "image") return html`<${Picture} blob=${content.blob} name=${name} />`;
  return html`
    <pre class="text" tabindex="0" role="region" aria-label=${`Text of ${name}`}>${content.text}</pre>
    <${Cut} content=${content} />
  `;
}

/** That a text goes on. @param {{content: Content}} props */
export const Cut = ({ content }) => content.kind === "text" && content.cut && html`<p class="inner muted small">Only the first ${size(TEXT)} are shown.</p>`;

/** @param {{blob: Blob, name: string}} props */
export function Picture({ blob, name }) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return html`<div class="picture">${url && html`<img src=${url} alt=${name} />`}</div>`;
}
