// @ts-check
/**
 * What a person writes, and the parts of what they attach (docs/spec/report.md).
 *
 * A report says what its writer chose to say. It has no sender, no time finer than the writer's own words, no file name and
 * no number. Its nonce only lets a desk drop the second copy of one report.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { hex, isBlank, utf8 } from "./bytes.js";
import * as canonical from "./canonical.js";
import { LETTER, PARCEL } from "./cells.js";
import { Malformed } from "./errors.js";
import { randomBytes } from "./suite.js";

export const VERSION = 1;
export const NONCE_LEN = 16;
export const REPORT_MAX = LETTER.payloadMax;
export const PART_MAX = PARCEL.payloadMax;
export const TEXT_MAX = 20_000;
export const WORDS_MAX = 400;
export const ATTACHMENTS_MAX = 16;
export const PARTS_MAX = 64;
export const ATTACHMENT_MAX = PARTS_MAX * PART_MAX;

/** @type {ReadonlySet<string>} */
export const MEDIA_TYPES = new Set([
  "image/jpeg",
  "image/png",
  "image/webp",
  "image/gif",
  "image/heic",
  "image/avif",
  "image/tiff",
  "application/pdf",
  "application/msword",
  "application/vnd.oasis.opendocument",
  "application/vnd.openxmlformats-officedocument",
  "application/zip",
  "audio/mpeg",
  "audio/mp4",
  "audio/ogg",
  "audio/wav",
  "audio/amr",
  "video/mp4",
  "video/quicktime",
  "video/webm",
  "video/3gpp",
  "text/plain",
  "application/octet-stream",
]);

/** When it happened, in the writer's words and no finer. @type {ReadonlySet<string>} */
export const WHEN = new Set(["unsaid", "now", "today", "this_week", "earlier"]);

const LANG = /^[a-z]{2,3}$/;
const ID_OR_EMPTY = /^(?:[a-z0-9][a-z0-9-]{0,63})?$/;
const HASH = /^[0-9a-f]{64}$/;
const CONTROL = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/;
const CONTROL_OR_LINE = /[\x00-\x1f\x7f-\x9f]/;

/**
 * What a report says of one attachment: its kind, its bytes, whether it was cleaned, and its parts' hashes.
 * @typedef {{ cleaned: boolean, media: string, parts: string[], size: number }} Attachment
 */

/**
 * One report. Only `text` need be said. `lang`: the language of the text, ISO 639. `topic` and `place`: ids from the
 * directory. `where`: the place in the writer's own words. `nonce`: base64 of 16 random bytes, fresh for each report.
 * @typedef {{ attachments: Attachment[], lang: string, nonce: string, place: string, text: string, topic: string,
 *   v: number, when: string, where: string }} Report
 */

const hashes = canonical.array(
  canonical.string((part) => HASH.test(part), "a part is named by 64 hexadecimal digits"),
  { most: PARTS_MAX },
);
const attachmentFields = canonical.object({
  cleaned: canonical.boolean,
  media: canonical.string((media) => MEDIA_TYPES.has(media), "not a media type we know"),
  parts: hashes,
  size: canonical.whole(1, ATTACHMENT_MAX),
});
const fields = canonical.object({
  attachments: canonical.array(attachmentShape, { most: ATTACHMENTS_MAX }),
  lang: canonical.string((lang) => LANG.test(lang), "the language is not of ISO 639"),
  nonce: canonical.string((nonce) => canonical.unbase64(nonce).length === NONCE_LEN, `the nonce is ${NONCE_LEN} bytes`),
  place: canonical.string((id) => ID_OR_EMPTY.test(id), "the place is not an id"),
  text: canonical.string(isText, `the text is empty, over ${TEXT_MAX} bytes, or has control characters`),
  topic: canonical.string((id) => ID_OR_EMPTY.test(id), "the topic is not an id"),
  v: canonical.whole(VERSION, VERSION),
  when: canonical.string((when) => WHEN.has(when), "not a time that we know"),
  where: canonical.string(isWhere, `the place is over ${WORDS_MAX} characters or has control characters`),
});

/**
 * A report of what was said; what was not is left unsaid. Throws Malformed when it breaks a rule of the format.
 * @param {Partial<Report> & { text: string }} said
 * @returns {Report}
 */
export function report(said) {
  return reportShape({
    attachments: [],
    lang: "es",
    nonce: canonical.base64(randomBytes(NONCE_LEN)),
    place: "",
    topic: "",
    v: VERSION,
    when: "unsaid",
    where: "",
    ...said,
  });
}

/** The canonical bytes. Throws Malformed when they do not fit one letter; shorten the text. @param {Report} written */
export function encode(written) {
  const wire = canonical.encode(reportShape(written));
  if (wire.length > REPORT_MAX) throw new Malformed(`the report is ${wire.length} bytes long; a letter holds ${REPORT_MAX}`);
  return wire;
}

/** The report that `wire` spells. Throws Malformed on anything that `encode` would not write. @param {Uint8Array} wire */
export function decode(wire) {
  return canonical.decode(wire, reportShape, { limit: REPORT_MAX });
}

/**
 * What the report says of `data`, and the parts to send, one in each parcel. Throws Malformed when it is empty, too large,
 * or of a kind that we do not know. `breathe` is waited for before each part.
 * @param {Uint8Array} data
 * @param {{ media: string, cleaned: boolean }} about
 * @param {() => Promise<void>} breathe
 */
export async function attach(data, { media, cleaned }, breathe) {
  if (data.length > ATTACHMENT_MAX) throw new Malformed(`an attachment is at most ${ATTACHMENT_MAX} bytes`);
  const parts = Array.from({ length: Math.ceil(data.length / PART_MAX) }, (_, at) =>
    data.subarray(at * PART_MAX, (at + 1) * PART_MAX),
  );
  const names = [];
  for (const part of parts) {
    await breathe();
    names.push(partName(part));
  }
  return { attachment: attachmentShape({ cleaned, media, parts: names, size: data.length }), parts };
}

/** A part is known by the SHA-256 of its data and by nothing else. @param {Uint8Array} data */
export function partName(data) {
  return hex(sha256(data));
}

/** @param {unknown} value @returns {Report} */
function reportShape(value) {
  const found = /** @type {Report} */ (fields(value));
  const parts = found.attachments.reduce((count, attachment) => count + attachment.parts.length, 0);
  if (parts > PARTS_MAX) throw new Malformed(`at most ${PARTS_MAX} parts`);
  return found;
}

/** @param {unknown} value @returns {Attachment} */
function attachmentShape(value) {
  const found = /** @type {Attachment} */ (attachmentFields(value));
  if (found.parts.length !== Math.ceil(found.size / PART_MAX)) {
    throw new Malformed("the size and the number of parts disagree");
  }
  return found;
}

/** @param {string} text */
function isText(text) {
  return text.length <= TEXT_MAX && utf8(text).length <= TEXT_MAX && !isBlank(text) && !CONTROL.test(text);
}

/** @param {string} where */
function isWhere(where) {
  return [...where].length <= WORDS_MAX && !CONTROL_OR_LINE.test(where);
}
