// @ts-check
/**
 * What leaves a relay at the end of a round, and the public list of its hashes (docs/spec/bundle.md).
 *
 * A writer reads only the lists, to see that their own cells left; whole bundles are read in tests.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { compare, concat, equal, hex, joined, number, utf8 } from "./bytes.js";
import { CELL_HASH_LEN, LETTER, PARCEL, cellHash, classAndDepth } from "./cells.js";
import { Malformed } from "./errors.js";
import { ROUND_LEN, ROUND_MAX } from "./layers.js";
import { RELAY_ID_LEN, SIGNATURE_LEN, Use, VerifyingKey } from "./signing.js";

/** @typedef {import("./cells.js").Class} Class */

const MAGIC = utf8("VLB1");
const CLASS_LEN = 1;
const COUNT_LEN = 2;
const CELL_LENGTH_LEN = 4;
export const HEADER_LEN = MAGIC.length + CLASS_LEN + RELAY_ID_LEN + ROUND_LEN + COUNT_LEN + CELL_LENGTH_LEN;
export const MAX_CELLS = 1_024;

/**
 * What a bundle is of: one relay, one round, one class, so many cells of one length; and the bytes that say so.
 * @typedef {{ cellClass: Class, relay: VerifyingKey, roundNumber: number, count: number, cellLength: number,
 *   wire: Uint8Array }} Header
 */

/**
 * The hashes of a bundle's cells, in the order of the cells, under the bundle's own signature.
 * @typedef {{ header: Header, hashes: Uint8Array[], signature: Uint8Array }} HashList
 */

/** Throws Malformed unless `wire` is one whole header. @param {Uint8Array} wire @returns {Header} */
export function parseHeader(wire) {
  if (wire.length !== HEADER_LEN || !equal(wire.subarray(0, MAGIC.length), MAGIC)) {
    throw new Malformed("not the header of a bundle");
  }
  const cellClass = [LETTER, PARCEL].find((known) => known.value === wire[MAGIC.length]);
  if (cellClass === undefined) throw new Malformed("a class of cell we do not know");
  const relay = new VerifyingKey(wire.subarray(MAGIC.length + CLASS_LEN).subarray(0, RELAY_ID_LEN));
  const numbers = wire.subarray(MAGIC.length + CLASS_LEN + RELAY_ID_LEN);
  const roundNumber = number(numbers.subarray(0, ROUND_LEN));
  const count = number(numbers.subarray(ROUND_LEN, ROUND_LEN + COUNT_LEN));
  const cellLength = number(numbers.subarray(ROUND_LEN + COUNT_LEN));
  if (count === 0 || count > MAX_CELLS) throw new Malformed(`a bundle holds 1 to ${MAX_CELLS} cells`);
  if (roundNumber > ROUND_MAX) throw new Malformed("a round number that no clock will reach");
  const found = classAndDepth(cellLength);
  if (found.cellClass !== cellClass || found.depth === 0) {
    throw new Malformed("not the length of a cell of this class that has passed a relay");
  }
  return Object.freeze({ cellClass, relay, roundNumber, count, cellLength, wire: wire.slice() });
}

/** The list that `wire` begins with, and what follows it. Throws Malformed or Forged.
 * @param {Uint8Array} wire @param {{ relay: VerifyingKey }} expected @returns {{ list: HashList, rest: Uint8Array }} */
export function takeHashList(wire, { relay }) {
  const header = parseHeader(wire.subarray(0, HEADER_LEN));
  const end = HEADER_LEN + header.count * CELL_HASH_LEN;
  if (wire.length < end + SIGNATURE_LEN) throw new Malformed("cut off");
  const hashes = Array.from({ length: header.count }, (_, at) =>
    wire.slice(HEADER_LEN + at * CELL_HASH_LEN, HEADER_LEN + (at + 1) * CELL_HASH_LEN),
  );
  const signature = wire.slice(end, end + SIGNATURE_LEN);
  verify(header, hashes, signature, relay);
  return { list: Object.freeze({ header, hashes, signature }), rest: wire.subarray(end + SIGNATURE_LEN) };
}

/** The cells of the bundle that `wire` is. Throws Malformed when it is not one, Forged when `relay` did not sign it.
 * @param {Uint8Array} wire @param {{ relay: VerifyingKey }} expected */
export function parseBundle(wire, { relay }) {
  const header = parseHeader(wire.subarray(0, HEADER_LEN));
  const end = HEADER_LEN + header.count * header.cellLength;
  if (wire.length !== end + SIGNATURE_LEN) throw new Malformed("not the length that its header says");
  const cells = Array.from({ length: header.count }, (_, at) =>
    wire.subarray(HEADER_LEN + at * header.cellLength, HEADER_LEN + (at + 1) * header.cellLength),
  );
  if (cells.some((cell, at) => at > 0 && compare(cells[at - 1], cell) >= 0)) {
    throw new Malformed("the cells are not in ascending order");
  }
  verify(header, cells.map(cellHash), wire.slice(end), relay);
  return { header, cells };
}

/** Which of these hashes (in hexadecimal) stand in the list. @param {HashList} list @param {Iterable<string>} wanted */
export function found(list, wanted) {
  const there = new Set(list.hashes.map(hex));
  return [...wanted].filter((digest) => there.has(digest));
}

/** @param {Header} header @param {Uint8Array[]} hashes @param {Uint8Array} signature @param {VerifyingKey} relay */
function verify(header, hashes, signature, relay) {
  if (!header.relay.equals(relay)) throw new Malformed("signed by another relay");
  relay.verify(signature, concat(header.wire, sha256(joined(hashes))), { use: Use.BUNDLE });
}
