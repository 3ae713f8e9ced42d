// @ts-check
/**
 * What a page believes of its relay: a directory the root signed, only ever newer, and round keys that are of now.
 *
 * Everything a relay says of itself is checked here before a cell is wrapped for it (docs/spec/directory.md). Nothing is kept
 * beyond the life of the page, so a replayed directory that has not expired is noticed only within it.
 */

import * as directories from "./directory.js";
import { Malformed } from "./errors.js";
import * as layers from "./layers.js";
import { ClockWrong, RouteChanged, WrongRelay } from "./refusals.js";

/** @typedef {import("./cells.js").Class} Class */
/** @typedef {import("./directory.js").Card} Card */
/** @typedef {import("./directory.js").Directory} Directory */

export const CLOCK_SLACK = 120;
// A relay that is not first keeps its keys for a day, since cells reach it late.
const INNER_KEY_AGE = 86_400;

/** One relay as its card and its directory describe it. */
export class Trust {
  /** @type {directories.TrustedDirectory | undefined} */
  #trusted;
  /** @type {layers.AnnouncedKey[]} */
  #route = [];

  /** @param {Card} card */
  constructor(card) {
    this.card = card;
  }

  /**
   * The directory in an answer to `GET /directory`, now believed. Nothing is believed when this throws.
   *
   * Throws Forged, Expired, RolledBack or Malformed (do not send to this relay), WrongRelay or ClockWrong.
   * @param {Uint8Array} answer
   * @param {{ now: number }} time seconds since 1970
   */
  take(answer, { now }) {
    const { signed, announcements } = directories.readAnswer(answer);
    const trusted =
      this.#trusted === undefined
        ? directories.TrustedDirectory.read(signed, { root: this.card.root, now: Math.floor(now) })
        : this.#trusted.updated(signed, { now: Math.floor(now) });
    const { directory } = trusted;
    if (directory.route[0].onion !== this.card.onion) {
      throw new WrongRelay(`the directory's first relay is ${directory.route[0].onion}, the card's ${this.card.onion}`);
    }
    const route = directories.routeKeys(directory, announcements);
    route.forEach((announced, position) => {
      checkClock(announced.roundNumber, { now: Math.floor(now), period: directory.round_seconds, isFirst: position === 0 });
    });
    this.#trusted = trusted;
    this.#route = route;
    return directory;
  }

  /** The directory believed now. @returns {Directory} */
  get directory() {
    if (this.#trusted === undefined) throw new TypeError("no directory was taken yet");
    return this.#trusted.directory;
  }

  /** The round key of the first relay. */
  get firstKey() {
    return this.#route[0].key;
  }

  /** The round of the first relay's key; the relay takes it in that round and the next. */
  get keyRound() {
    return this.#route[0].roundNumber;
  }

  /** Whether the relay still takes what is wrapped with the keys we hold. @param {{ now: number }} time */
  isFresh({ now }) {
    return this.#trusted !== undefined && this.keyRound + 1 >= this.roundAt(now);
  }

  /** The round of that moment. @param {number} now seconds since 1970 */
  roundAt(now) {
    return Math.floor(now / this.directory.round_seconds);
  }

  /** A letter cell under the route's round keys. Throws RouteChanged. @param {Uint8Array} cell */
  async wrap(cell) {
    try {
      return await layers.wrap(cell, { route: this.#route.map(({ key }) => key) });
    } catch (cause) {
      if (!(cause instanceof Malformed)) throw cause;
      throw new RouteChanged("the route has another number of relays now", { cause });
    }
  }

  /** A cover cell under the route's round keys. @param {Class} cellClass */
  cover(cellClass) {
    return layers.cover(cellClass, { route: this.#route.map(({ key }) => key) });
  }
}

/**
 * Return when a round key of round `announced` can be in use at `now`. Throws ClockWrong with the difference.
 *
 * A key is used in its round and the next one; a relay that is not first keeps its keys for a day.
 * @param {number} announced
 * @param {{ now: number, period: number, isFirst: boolean }} clock
 */
export function checkClock(announced, { now, period, isFirst }) {
  const opened = announced * period;
  const ends = (announced + 2) * period + (isFirst ? 0 : INNER_KEY_AGE);
  if (now < opened - CLOCK_SLACK) throw new ClockWrong("your clock is slow or the relay's is fast", now - opened);
  if (now >= ends + CLOCK_SLACK) throw new ClockWrong("your clock is fast or the relay's is slow", now - ends);
}
