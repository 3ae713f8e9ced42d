// @ts-check
/**
 * What a person wrote leaves cleaned and sealed, or not at all (docs/spec/report.md, docs/spec/cleaning.md).
 *
 * Text and bytes go in, letters come out. File names stay here; they are for what the page shows the writer and nothing else.
 */

import { text as textOf, utf8 } from "./bytes.js";
import { LETTER, PARCEL, SLOTS } from "./cells.js";
import { CleanError } from "./clean/errors.js";
import { UNKNOWN, kindOf, mediaTypeOf } from "./clean/kinds.js";
import { cleanPhoto } from "./clean/photo.js";
import { cleanText } from "./clean/text.js";
import { Malformed } from "./errors.js";
import * as letters from "./letter.js";
import * as reports from "./report.js";
import { CannotSend, Uncleanable } from "./refusals.js";

/** @typedef {import("./cells.js").Class} Class */
/** @typedef {import("./directory.js").Directory} Directory */
/** @typedef {Record<string, number>} Removed */
/** @typedef {{ name: string, data: Uint8Array }} File A file as it was given; `name` is told to nobody but the writer. */
/**
 * A file as it will leave, and what was taken out of it. `cleaned` false: it leaves as it was given.
 * @typedef {{ name: string, media: string, data: Uint8Array, cleaned: boolean, removed: Removed }} CleanFile
 */
/**
 * What the writer says; only the text is required. `topic` and `place` are ids of the directory.
 * @typedef {{ text: string, lang: string, topic: string, place: string, where: string, when: string }} Draft
 */
/** @typedef {{ draft: Draft, removed: Removed }} CleanDraft A draft with nothing left that betrays, and what was removed. */
/** @typedef {{ cell: Uint8Array, cellClass: Class }} Sealed One letter or parcel, not wrapped yet. */
/** @typedef {{ report: import("./report.js").Report, letter: Sealed, parcels: Sealed[] }} Prepared A report sealed to its partners. */

const TEXT = "text/plain";
const ANYTHING = "application/octet-stream";

/** The draft as it will leave. Throws CannotSend when nothing is left of its text. @param {Partial<Draft> & { text: string }} given @returns {CleanDraft} */
export function cleanDraft({ text, lang = "es", topic = "", place = "", where = "", when = "unsaid" }) {
  const said = cleanText(text);
  const there = cleanText(where);
  if (said.text.trim() === "") throw new CannotSend("empty", "the text is empty");
  const draft = { text: said.text, lang, topic, place, where: there.text.split(/[ \n]+/).join(" "), when };
  return { draft, removed: added(said.removed, there.removed) };
}

/** The file as it will leave. Throws Uncleanable for one that could betray its maker, unless the writer allowed it
 * explicitly, and CannotSend for an empty one. @param {File} file @param {{ allowUncleaned?: boolean }} [choice] @returns {CleanFile} */
export function cleanFile({ name, data }, { allowUncleaned = false } = {}) {
  if (data.length === 0) throw new CannotSend("empty-file", `${name} is empty`);
  const plain = plainText(name, data);
  if (plain !== undefined) {
    const words = cleanText(plain);
    if (words.text === "") throw new CannotSend("empty-file", `${name} is empty once cleaned`);
    return { name, media: TEXT, data: utf8(words.text), cleaned: true, removed: words.removed };
  }
  try {
    const photo = cleanPhoto(data);
    return { name, media: photo.mediaType, data: photo.data, cleaned: true, removed: photo.removed };
  } catch (cause) {
    if (!(cause instanceof CleanError)) throw cause;
    if (!allowUncleaned) throw new Uncleanable(cause.outcome, `${name} cannot be cleaned: ${cause.message}`, { cause });
    const media = mediaTypeOf(data);
    return { name, media: reports.MEDIA_TYPES.has(media) ? media : ANYTHING, data, cleaned: false, removed: {} };
  }
}

/**
 * The report sealed to the partners named in `to`, for the directory's route.
 *
 * With the `nonce` of a report sealed before it is that report once more, its parcels in the same order. `breathe` is waited
 * for before each part is hashed and sealed, which takes up to half a second where scripts are slow.
 *
 * Throws CannotSend when the directory knows no such partner, topic or place, when there are too many partners or attachments,
 * or when it does not fit; its writer must change it.
 * @param {Draft} draft cleaned
 * @param {CleanFile[]} files
 * @param {{ directory: Directory, to: string[], nonce?: string, breathe?: () => Promise<void> }} road
 * @returns {Promise<Prepared>}
 */
export async function prepare(draft, files, { directory, to, nonce, breathe = async () => {} }) {
  checkNames(draft, directory, to);
  const total = files.reduce((sum, file) => sum + file.data.length, 0);
  if (total > directory.attachments_max) {
    throw new CannotSend("too-large", `the attachments have ${total} bytes; this relay takes ${directory.attachments_max}`);
  }
  const road = {
    to: to.map((id) => /** @type {import("./directory.js").Partner} */ (directory.partners.find((one) => one.id === id)).sealingKey),
    relays: directory.route.length,
  };
  try {
    const attached = [];
    for (const file of files) attached.push(await reports.attach(file.data, file, breathe));
    const attachments = attached.map(({ attachment }) => attachment);
    const report = reports.report({ ...draft, attachments, ...(nonce === undefined ? {} : { nonce }) });
    const letter = { cell: await letters.sealReport(report, road), cellClass: LETTER };
    const parcels = [];
    for (const part of differentParts(attached)) {
      await breathe();
      parcels.push({ cell: await letters.sealPart(part, road), cellClass: PARCEL });
    }
    return { report, letter, parcels };
  } catch (cause) {
    if (!(cause instanceof Malformed)) throw cause;
    throw new CannotSend("too-long", cause.message, { cause });
  }
}

/** A part that stands in two files is known by one hash and leaves once. @param {{ attachment: reports.Attachment, parts: Uint8Array[] }[]} attached */
function differentParts(attached) {
  const byName = attached.flatMap(({ attachment, parts }) =>
    parts.map((part, at) => /** @type {[string, Uint8Array]} */ ([attachment.parts[at], part])),
  );
  return new Map(byName).values();
}

/** @param {Draft} draft @param {Directory} directory @param {string[]} to */
function checkNames(draft, directory, to) {
  if (to.length < 1 || to.length > SLOTS || new Set(to).size !== to.length) {
    throw new CannotSend("partners", `a report is for one to ${SLOTS} different partners`);
  }
  /** @type {[string, string[], { id: string }[]][]} */
  const named = [
    ["partner", to, directory.partners],
    ["topic", draft.topic === "" ? [] : [draft.topic], directory.topics],
    ["place", draft.place === "" ? [] : [draft.place], directory.places],
  ];
  for (const [what, ids, entries] of named) {
    const unknown = ids.find((id) => !entries.some((entry) => entry.id === id));
    if (unknown !== undefined) throw new CannotSend(`unknown-${what}`, `the directory lists no ${what} ${unknown}`);
  }
}

/** The text of a `.txt` file, or nothing. Its name must say so: other files of characters (maps, drawings, mails, pages) hold
 * facts about their maker that their reader does not see. @param {string} name @param {Uint8Array} data */
function plainText(name, data) {
  if (!name.toLowerCase().endsWith(".txt") || kindOf(data) !== UNKNOWN || data.includes(0)) return undefined;
  try {
    return textOf(data);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** @param {Removed} one @param {Removed} other @returns {Removed} */
function added(one, other) {
  const kinds = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return Object.fromEntries(kinds.map((kind) => [kind, (one[kind] ?? 0) + (other[kind] ?? 0)]));
}
