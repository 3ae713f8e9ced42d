// @ts-check
/**
 * A writer can see for themselves that their cells left: each round's hashes are public and signed (docs/spec/door.md).
 *
 * The lists asked for are those of the first relay of the route, the only one that its page can reach. On a route of two they
 * say that the cell went on to the second. Which lists are asked for, and when, follows from the clock alone, so that asking
 * says nothing (docs/spec/pacing.md).
 */

import { HEADER_LEN, MAX_CELLS, takeHashList } from "./bundle.js";
import { CELL_HASH_LEN } from "./cells.js";
import { Malformed } from "./errors.js";
import { SIGNATURE_LEN } from "./signing.js";

/** @typedef {import("./bundle.js").HashList} HashList */
/** @typedef {import("./signing.js").VerifyingKey} VerifyingKey */

export const LISTS_MAX = 2 * (HEADER_LEN + MAX_CELLS * CELL_HASH_LEN + SIGNATURE_LEN);
// More cells than a bundle holds wait for a later one; a page of rounds is more than that ever took in simulation.
export const ROUNDS_TO_WATCH = 8;
// A relay sorts, signs and stores a bundle in less; the lists of a round are not asked for before.
export const SETTLE_SECONDS = 10;
/** How often the lists of one round are asked for where the relay has none. */
export const TRIES = 5;
// Beside those that close between two ticks, so that a page that slept catches up.
const MORE_LISTS = 3;

/** The rounds whose lists are still to be asked for, by the clock alone. */
export class Lookout {
  #next;
  #tries = 0;

  /** @param {{ first: number, period: number }} from the first round to look at; seconds in a round */
  constructor({ first, period }) {
    this.#next = first;
    this.period = period;
  }

  /** The round whose lists should be there at `now`, if one is left. @param {number} now seconds since 1970 */
  due(now) {
    return (this.#next + 1) * this.period + SETTLE_SECONDS <= now ? this.#next : undefined;
  }

  /** How many rounds' lists to ask for at one tick, at most. @param {number} pace seconds between ticks */
  most(pace) {
    return MORE_LISTS + Math.ceil(pace / this.period);
  }

  /** The relay gave the lists of that round: on to the next. */
  seen() {
    this.#next += 1;
    this.#tries = 0;
  }

  /** The relay has no lists of that round; whether it is not asked again. */
  missing() {
    this.#tries += 1;
    if (this.#tries < TRIES) return false;
    this.seen();
    return true;
  }
}

/**
 * The hash lists of one round, as the first relay of the route serves them. Throws Malformed or Forged.
 * @param {Uint8Array} wire
 * @param {{ round: number, relay: VerifyingKey }} expected
 */
export function readLists(wire, { round, relay }) {
  /** @type {HashList[]} */
  const lists = [];
  for (let left = wire; left.length > 0; ) {
    const { list, rest } = takeHashList(left, { relay });
    const { cellClass, cellLength, roundNumber } = list.header;
    if (roundNumber !== round) throw new Malformed("a hash list of another round");
    if (cellClass.value <= (lists.at(-1)?.header.cellClass.value ?? 0)) {
      throw new Malformed("a hash list of a class that does not come next");
    }
    if (cellLength !== cellClass.lengthAfter(1)) {
      throw new Malformed("a hash list of cells that have passed another number of relays");
    }
    lists.push(list);
    left = rest;
  }
  if (lists.length === 0) throw new Malformed("a round has a list of its letters");
  return lists;
}
