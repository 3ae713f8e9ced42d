// @ts-check
/**
 * A letter: content sealed to one to four partners, of constant length (docs/spec/letter.md).
 *
 * Who holds no key learns nothing: not the content, not its length, not how many partners it is for. Every partner who opens
 * it sees the same content, because the commitment fixes the content key for all four slots.
 */

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { expand } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { concat, equal, utf8 } from "./bytes.js";
import {
  COMMITMENT_LEN,
  CONTENT_KEY_LEN,
  CONTENT_KIND_LEN,
  LETTER,
  LETTER_HEAD_LEN,
  PARCEL,
  SLOTS,
  SLOT_LEN,
  classAndDepth,
  pad,
  unpad,
} from "./cells.js";
import { Forged, Malformed, NotForUs } from "./errors.js";
import * as reports from "./report.js";
import { OpeningKey, SEED_LEN, TAG_LEN, randomBytes } from "./suite.js";

/** @typedef {import("./cells.js").Class} Class */
/** @typedef {import("./report.js").Report} Report */
/** @typedef {import("./suite.js").SealingKey} SealingKey */

export const REPORT_KIND = 1;
export const PART_KIND = 2;

const SLOT_PURPOSE = utf8("letter slot");
// The body key seals one body and is never used again, so the nonce may be constant.
const NONCE = new Uint8Array(12);
const WHOLE_BYTE = 256;

/** The letter cell of a report, as it leaves after `relays` relays. Throws Malformed when it is too long.
 * @param {Report} report @param {{ to: SealingKey[], relays: number }} road */
export function sealReport(report, { to, relays }) {
  return seal(concat(Uint8Array.of(REPORT_KIND), reports.encode(report)), { to, cellClass: LETTER, relays });
}

/** The parcel cell of one part of an attachment. Throws Malformed when it is too long.
 * @param {Uint8Array} data @param {{ to: SealingKey[], relays: number }} road */
export function sealPart(data, { to, relays }) {
  return seal(concat(Uint8Array.of(PART_KIND), data), { to, cellClass: PARCEL, relays });
}

/**
 * A cell that holds `content` for the partners in `to`; slots left over are sealed to throw-away keys.
 * @param {Uint8Array} content
 * @param {{ to: SealingKey[], cellClass: Class, relays: number }} road
 * @returns {Promise<Uint8Array>}
 */
export async function seal(content, { to, cellClass, relays }) {
  const isTwice = to.some((key, place) => to.slice(0, place).some((before) => before.equals(key)));
  if (to.length > SLOTS || isTwice) throw new RangeError(`a letter is for at most ${SLOTS} different partners`);
  const padded = pad(content, cellClass.lengthAfter(relays) - LETTER_HEAD_LEN - TAG_LEN);
  const contentKey = randomBytes(CONTENT_KEY_LEN);
  const unused = Array.from({ length: SLOTS - to.length }, () => new OpeningKey(randomBytes(SEED_LEN)).sealingKey);
  const keys = inRandomOrder([...to, ...unused]);
  const slots = [];
  for (const key of keys) slots.push(await key.seal(contentKey, { purpose: SLOT_PURPOSE }));
  const head = concat(...slots, derive(contentKey, "commitment"));
  return concat(head, chacha20poly1305(derive(contentKey, "body"), NONCE, head).encrypt(padded));
}

/**
 * The report, or the data of an attachment's part, in a cell out of a bundle.
 *
 * Throws NotForUs when no key opens a slot, Forged when a slot opens but the letter was altered, and Malformed when it was
 * sealed right but its content is not ours.
 * @param {Uint8Array} cell
 * @param {OpeningKey[]} keys
 */
export async function openLetter(cell, keys) {
  return parseContent(await openContent(cell, keys));
}

/** The content bytes in a cell, its kind byte first. Throws as `openLetter` does. @param {Uint8Array} cell @param {OpeningKey[]} keys */
export async function openContent(cell, keys) {
  if (classAndDepth(cell.length).depth === 0) throw new Malformed("still in its envelope");
  const head = cell.slice(0, LETTER_HEAD_LEN);
  const contentKey = await findContentKey(head.subarray(0, SLOTS * SLOT_LEN), keys);
  if (!equal(derive(contentKey, "commitment"), head.subarray(-COMMITMENT_LEN))) {
    throw new Forged("the slot's key is not the one the letter commits to");
  }
  return unpad(openBody(cell.subarray(LETTER_HEAD_LEN), head, derive(contentKey, "body")));
}

/** A report, or the data of a part. Throws Malformed on a kind that we do not know. @param {Uint8Array} content */
export function parseContent(content) {
  const payload = content.subarray(CONTENT_KIND_LEN);
  if (content[0] === REPORT_KIND) return reports.decode(payload);
  if (content[0] === PART_KIND && payload.length > 0 && payload.length <= reports.PART_MAX) return payload;
  throw new Malformed("a kind of content we do not know");
}

/** Every order with the same odds (Fisher and Yates). @template T @param {T[]} entries @returns {T[]} */
function inRandomOrder(entries) {
  const ordered = [...entries];
  for (let last = ordered.length - 1; last > 0; last -= 1) {
    const other = below(last + 1);
    [ordered[last], ordered[other]] = [ordered[other], ordered[last]];
  }
  return ordered;
}

/** A number from 0 to `end` − 1, each with the same odds. @param {number} end */
function below(end) {
  for (;;) {
    const [byte] = randomBytes(1);
    // What is left over above the last whole multiple would favour the small numbers.
    if (byte < WHOLE_BYTE - (WHOLE_BYTE % end)) return byte % end;
  }
}

/** @param {Uint8Array} slots @param {OpeningKey[]} keys */
async function findContentKey(slots, keys) {
  for (const key of keys) {
    for (let place = 0; place < slots.length; place += SLOT_LEN) {
      try {
        return await key.open(slots.subarray(place, place + SLOT_LEN), { purpose: SLOT_PURPOSE });
      } catch (error) {
        if (!(error instanceof NotForUs)) throw error;
      }
    }
  }
  throw new NotForUs("no slot opens with our keys");
}

/** @param {Uint8Array} body @param {Uint8Array} head @param {Uint8Array} key */
function openBody(body, head, key) {
  try {
    return chacha20poly1305(key, NONCE, head).decrypt(body);
  } catch (cause) {
    throw new Forged("the letter was altered", { cause });
  }
}

/** @param {Uint8Array} contentKey @param {string} use */
function derive(contentKey, use) {
  // The content key is uniformly random, so HKDF's extract step has nothing to do (RFC 5869, section 3.3).
  return expand(sha256, contentKey, utf8(`veladora v1 letter ${use}`), CONTENT_KEY_LEN);
}
