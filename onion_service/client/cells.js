// @ts-check
/**
 * The two cell classes and their lengths (docs/spec/cells.md).
 *
 * An observer of a cell learns its class and how many relays it has passed, and nothing else.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { number, numbered, stripped } from "./bytes.js";
import { base64, unbase64 } from "./canonical.js";
import { Malformed } from "./errors.js";
import { SEAL_OVERHEAD, TAG_LEN } from "./suite.js";

export const MAX_RELAYS = 2;
export const ROUND_TAG_LEN = 16;
export const KIND_LEN = 1;
export const LAYER_OVERHEAD = SEAL_OVERHEAD + KIND_LEN;
export const LENGTH_PREFIX_LEN = 4;
export const CELL_HASH_LEN = 32;

export const SLOTS = 4;
export const CONTENT_KEY_LEN = 32;
export const COMMITMENT_LEN = 32;
export const SLOT_LEN = SEAL_OVERHEAD + CONTENT_KEY_LEN;
export const LETTER_HEAD_LEN = SLOTS * SLOT_LEN + COMMITMENT_LEN;
export const CONTENT_KIND_LEN = 1;

const ARMOUR_HEAD = "-----BEGIN VELADORA CELL-----";
const ARMOUR_FOOT = "-----END VELADORA CELL-----";
const ARMOUR_LINE = 64;
const ARMOUR_MAX = 1_500_000;

/** Letter (a report) or parcel (a part of an attachment). */
class CellClass {
  /**
   * @param {"letter" | "parcel"} name
   * @param {number} value the byte that stands for it
   * @param {number} wireLength bytes of an envelope on the way from a reporter to the first relay
   */
  constructor(name, value, wireLength) {
    this.name = name;
    this.value = value;
    this.wireLength = wireLength;
    Object.freeze(this);
  }

  /** Bytes of the cell that leaves after so many relays (0 to 2) have each peeled a layer. @param {number} relays */
  lengthAfter(relays) {
    if (!(relays >= 0 && relays <= MAX_RELAYS)) throw new RangeError(`a route has at most ${MAX_RELAYS} relays`);
    return this.wireLength - (relays > 0 ? ROUND_TAG_LEN + relays * LAYER_OVERHEAD : 0);
  }

  /** Bytes of a report, or of a part of an attachment, that fit: the same on every route. */
  get payloadMax() {
    return this.lengthAfter(MAX_RELAYS) - LETTER_HEAD_LEN - TAG_LEN - LENGTH_PREFIX_LEN - CONTENT_KIND_LEN;
  }
}

export const LETTER = new CellClass("letter", 1, 32_768);
export const PARCEL = new CellClass("parcel", 2, 1_048_576);
/** @typedef {CellClass} Class */

const BY_LENGTH = new Map(
  [LETTER, PARCEL].flatMap((cellClass) =>
    [0, 1, 2].map((depth) => [cellClass.lengthAfter(depth), Object.freeze({ cellClass, depth })]),
  ),
);

/** Which class a cell of this length is of, and how many relays it has passed. Throws Malformed. @param {number} length */
export function classAndDepth(length) {
  const found = BY_LENGTH.get(length);
  if (found === undefined) throw new Malformed("not the length of any cell");
  return found;
}

/** SHA-256 of a cell, as it stands in a round's public hash list. @param {Uint8Array} cell */
export function cellHash(cell) {
  return sha256(cell);
}

/** `content` behind its length, filled with zeros to exactly `length` bytes. Throws Malformed if it is too long.
 * @param {Uint8Array} content @param {number} length */
export function pad(content, length) {
  if (content.length > length - LENGTH_PREFIX_LEN) {
    throw new Malformed(`too long for one cell: ${content.length} of ${length - LENGTH_PREFIX_LEN} bytes`);
  }
  const padded = new Uint8Array(length);
  padded.set(numbered(content.length, LENGTH_PREFIX_LEN));
  padded.set(content, LENGTH_PREFIX_LEN);
  return padded;
}

/** What `pad` was given. Throws Malformed when the length lies or the filling is not all zeros. @param {Uint8Array} padded */
export function unpad(padded) {
  if (padded.length < LENGTH_PREFIX_LEN) throw new Malformed("too short to say its length");
  const end = LENGTH_PREFIX_LEN + number(padded.subarray(0, LENGTH_PREFIX_LEN));
  if (end > padded.length) throw new Malformed("says it is longer than it is");
  if (padded.subarray(end).some((byte) => byte !== 0)) throw new Malformed("the filling is not all zeros");
  return padded.slice(LENGTH_PREFIX_LEN, end);
}

/** An envelope as text that can be pasted into a page or a message. @param {Uint8Array} envelope */
export function armour(envelope) {
  if (classAndDepth(envelope.length).depth !== 0) throw new Malformed("only a whole envelope is armoured");
  const spelling = base64(envelope);
  const lines = Array.from({ length: Math.ceil(spelling.length / ARMOUR_LINE) }, (_, at) =>
    spelling.slice(at * ARMOUR_LINE, (at + 1) * ARMOUR_LINE),
  );
  return [ARMOUR_HEAD, ...lines, ARMOUR_FOOT, ""].join("\n");
}

/** The envelope in pasted text; spaces and line ends do not matter. Throws Malformed on anything else. @param {string} given */
export function dearmour(given) {
  if (given.length > ARMOUR_MAX) throw new Malformed("longer than any armoured cell");
  const whole = stripped(given);
  if (!whole.startsWith(ARMOUR_HEAD) || !whole.endsWith(ARMOUR_FOOT)) {
    throw new Malformed("an armoured cell begins and ends with its BEGIN and END lines");
  }
  const envelope = unbase64(whole.slice(ARMOUR_HEAD.length, -ARMOUR_FOOT.length).replace(/[ \t\r\n]+/g, ""));
  if (classAndDepth(envelope.length).depth !== 0) {
    throw new Malformed("not a whole envelope; copy it again from BEGIN to END");
  }
  return envelope;
}
