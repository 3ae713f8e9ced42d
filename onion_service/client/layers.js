// @ts-check
/**
 * Layers around a letter, one for each relay, and the announced keys that they are sealed to (docs/spec/layers.md).
 *
 * A relay learns from its layer whether the cell passes on or is cover, and nothing about any other layer.
 */

import { concat, equal, number, utf8 } from "./bytes.js";
import { KIND_LEN, MAX_RELAYS, ROUND_TAG_LEN, classAndDepth } from "./cells.js";
import { Malformed, NotForUs } from "./errors.js";
import { RELAY_ID_LEN, SIGNATURE_LEN, Use } from "./signing.js";
import { PUBLIC_LEN, SealingKey, randomBytes } from "./suite.js";

/** @typedef {import("./cells.js").Class} Class */
/** @typedef {import("./signing.js").VerifyingKey} VerifyingKey */
/** @typedef {import("./suite.js").OpeningKey} OpeningKey */

export const ROUND_LEN = 8;
export const ROUND_MAX = Number.MAX_SAFE_INTEGER;
export const ANNOUNCEMENT_LEN = RELAY_ID_LEN + ROUND_LEN + PUBLIC_LEN + SIGNATURE_LEN;

/** What the relay of a layer does with the inner cell: pass it on, or (the last relay only) drop it. */
export const Kind = Object.freeze({ PASS: 1, COVER: 2 });

/** A relay's public key for one round, its signature checked. */
export class AnnouncedKey {
  /** @param {VerifyingKey} relay @param {number} roundNumber @param {SealingKey} key */
  constructor(relay, roundNumber, key) {
    this.relay = relay;
    this.roundNumber = roundNumber;
    this.key = key;
    Object.freeze(this);
  }

  /** Throws Malformed on another length or relay, Forged when `relay` did not sign it; fetch it again.
   * @param {Uint8Array} wire @param {{ relay: VerifyingKey }} expected */
  static parse(wire, { relay }) {
    if (wire.length !== ANNOUNCEMENT_LEN) throw new Malformed(`an announcement is ${ANNOUNCEMENT_LEN} bytes long`);
    if (!equal(wire.subarray(0, RELAY_ID_LEN), relay.wire)) throw new Malformed("announced by another relay");
    const body = wire.subarray(0, -SIGNATURE_LEN);
    relay.verify(wire.subarray(-SIGNATURE_LEN), body, { use: Use.ROUND_KEY });
    const roundNumber = number(body.subarray(RELAY_ID_LEN, RELAY_ID_LEN + ROUND_LEN));
    if (roundNumber > ROUND_MAX) throw new Malformed("a round number that no clock will reach");
    return new AnnouncedKey(relay, roundNumber, new SealingKey(body.subarray(RELAY_ID_LEN + ROUND_LEN)));
  }
}

/** The 16 bytes by which an envelope says which round key it is sealed to. @param {SealingKey} key */
export function roundTag(key) {
  return key.fingerprint.slice(0, ROUND_TAG_LEN);
}

/**
 * A wrapped cell: what goes to the door, and the cell inside its first layer, which the first relay's hash list will show.
 * @typedef {{ envelope: Uint8Array, inside: Uint8Array }} Wrapped
 */

/** A letter for the relays of `route`, first relay first. Throws Malformed when the letter is not the length that leaves after
 * that many relays. @param {Uint8Array} letter @param {{ route: SealingKey[] }} road */
export function wrap(letter, { route }) {
  return wrapped(letter, Kind.PASS, route);
}

/** What the last relay of `route` drops; to everybody before it, a cell like any other.
 * @param {Class} cellClass @param {{ route: SealingKey[] }} road */
export function cover(cellClass, { route }) {
  return wrapped(randomBytes(cellClass.lengthAfter(route.length)), Kind.COVER, route);
}

/**
 * Open one layer: of an envelope (behind its round tag) or of a cell that has passed a relay already. Relays do this; here
 * it holds what `wrap` does to the specification.
 *
 * Throws NotForUs when it is not sealed to `key` or was altered, round tag included; Malformed when its length is not one of
 * a cell that still has a layer, or when its sender sealed something that is not a layer.
 * @param {Uint8Array} cell
 * @param {OpeningKey} key
 */
export async function peel(cell, key) {
  const { cellClass, depth } = classAndDepth(cell.length);
  if (depth === MAX_RELAYS) throw new Malformed("no layer is left on a cell of this length");
  const sealed = cell.subarray(depth === 0 ? ROUND_TAG_LEN : 0);
  const plaintext = await key.open(sealed, { purpose: purpose(cellClass, depth) });
  if (depth === 0 && !equal(cell.subarray(0, ROUND_TAG_LEN), roundTag(key.sealingKey))) {
    throw new NotForUs("not the tag of this round key");
  }
  const kind = plaintext[0];
  if (kind !== Kind.PASS && kind !== Kind.COVER) throw new Malformed("a kind of layer we do not know");
  return { kind, inner: plaintext.subarray(KIND_LEN) };
}

/** @param {Uint8Array} letter @param {number} kind @param {SealingKey[]} route @returns {Promise<Wrapped>} */
async function wrapped(letter, kind, route) {
  const { cellClass, depth } = classAndDepth(letter.length);
  if (depth === 0 || depth !== route.length) throw new Malformed("the letter does not have the length for this route");
  let [cell, inside] = [letter, letter];
  for (let position = route.length - 1; position >= 0; position -= 1) {
    inside = cell;
    const byte = position === route.length - 1 ? kind : Kind.PASS;
    cell = await route[position].seal(concat(Uint8Array.of(byte), cell), { purpose: purpose(cellClass, position) });
  }
  return { envelope: concat(roundTag(route[0]), cell), inside };
}

/** @param {Class} cellClass @param {number} depth */
function purpose(cellClass, depth) {
  return concat(utf8("layer "), Uint8Array.of(cellClass.value, depth));
}
