// @ts-check
/** What is going to leave, shown before it leaves: the text as it was cleaned, what may identify, what was removed. */

import { identifying } from "../identify.js";
import { advice, removedList } from "./advice.js";
import { at, make, set } from "./elements.js";
import { sized } from "./files.js";
import { say, sayWords } from "./say.js";

/** @typedef {import("../directory.js").Directory} Directory */
/** @typedef {import("../writing.js").CleanDraft} CleanDraft */
/** @typedef {import("../writing.js").CleanFile} CleanFile */

// A larger picture would take long to show where script is slow; it is described instead.
const SHOWN_MAX = 6 * 2 ** 20;
const SHOWN = new Set(["image/jpeg", "image/png", "image/gif", "image/webp"]);
const AROUND = 24;

/** @type {Record<string, () => HTMLElement[]>} */
const WHEN = {
  now: () => say("Ahora mismo."),
  today: () => say("Hoy."),
  this_week: () => say("Esta semana."),
  earlier: () => say("Antes."),
};

/**
 * Show it.
 * @param {CleanDraft} clean
 * @param {CleanFile[]} files
 * @param {{ directory: Directory, to: string[] }} road
 */
export function showCheck({ draft, removed }, files, { directory, to }) {
  const findings = identifying(draft.text);
  const elsewhere = identifying(draft.where);
  at("review-text").lang = draft.lang;
  set("review-text", ...marked(draft.text, findings));
  showWarnings([
    ...findings.map((found) => ({ kind: found.kind, words: around(draft.text, found) })),
    ...elsewhere.map((found) => ({ kind: found.kind, words: draft.where.slice(found.start, found.end) })),
  ]);
  set("review-facts", ...facts(draft, { directory, to }));
  at("review-files-field").hidden = files.length === 0;
  set("review-files", ...files.map((file, number) => shown(file, number + 1)));
  const gone = removedList([removed, ...files.map((file) => file.removed)]);
  at("removed-field").hidden = gone.length === 0;
  set("removed", ...gone.map((words) => make("li", {}, words)));
}

/** Forget what was shown. */
export function clearCheck() {
  for (const id of ["review-text", "warnings", "review-facts", "review-files", "removed"]) at(id).replaceChildren();
}

/** @param {{ kind: string, words: string }[]} found */
function showWarnings(found) {
  at("warned").hidden = found.length === 0;
  set("warnings", ...found.map(({ kind, words }) => make("li", { "data-kind": kind }, make("mark", {}, words), " ", advice(kind))));
}

/** The text with what was found marked. @param {string} text @param {{ start: number, end: number }[]} findings */
function marked(text, findings) {
  const parts = [];
  let place = 0;
  for (const { start, end } of findings) {
    parts.push(text.slice(place, start), make("mark", {}, text.slice(start, end)));
    place = end;
  }
  return [...parts, text.slice(place)];
}

/** What was found, cut where it is long. @param {string} text @param {{ start: number, end: number }} found */
function around(text, { start, end }) {
  const words = [...text.slice(start, end)];
  return words.length <= 2 * AROUND ? words.join("") : `${words.slice(0, 2 * AROUND).join("")}…`;
}

/** @param {import("../writing.js").Draft} draft @param {{ directory: Directory, to: string[] }} road */
function facts(draft, { directory, to }) {
  const topic = directory.topics.find(({ id }) => id === draft.topic);
  const place = directory.places.find(({ id }) => id === draft.place);
  const rows = [
    topic && [say("Tema"), sayWords(topic.name)],
    place && [say("Lugar"), place.name],
    draft.where !== "" && [say("En tus palabras"), draft.where],
    WHEN[draft.when] && [say("Cuándo"), WHEN[draft.when]()],
    [say("Para"), directory.partners.filter(({ id }) => to.includes(id)).map(({ name }) => name).join(", ")],
  ];
  return rows.flatMap((row) => (row ? [make("dt", {}, row[0]), make("dd", {}, row[1])] : []));
}

/** @param {CleanFile} file @param {number} number */
function shown(file, number) {
  const words = file.cleaned
    ? say("Archivo {number}: limpio, {size}, sin su nombre.", { number, size: sized(file.data.length) })
    : say("Archivo {number}: SIN limpiar, {size}, sin su nombre. La organización lo limpiará al recibirlo.", { number, size: sized(file.data.length) });
  const item = make("li", {}, make("p", {}, words));
  if (file.cleaned && SHOWN.has(file.media) && file.data.length <= SHOWN_MAX) void picture(item, file, number);
  return item;
}

/** The picture as it will leave. A data address, so that it is never written to a file. @param {HTMLElement} item @param {CleanFile} file @param {number} number */
async function picture(item, file, number) {
  const reader = new FileReader();
  const read = new Promise((resolve) => reader.addEventListener("loadend", resolve, { once: true }));
  reader.readAsDataURL(new Blob([/** @type {BlobPart} */ (file.data)], { type: file.media }));
  await read;
  if (typeof reader.result !== "string") return;
  item.append(make("img", { src: reader.result, alt: "" }));
  item.append(make("p", { className: "hint" }, say("Así sale la foto {number}. ¿Se ve algo que te delate?", { number })));
}
