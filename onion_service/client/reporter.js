// @ts-check
/**
 * A sealed cell reaches the door, or its writer hears exactly why not (docs/spec/door.md).
 *
 * A cell whose answer was lost is sent again as it is: the relay takes the second copy for the first. A cell whose round key
 * has rotated is wrapped anew around the same letter, so the report stays one report. Cover is brought in the very same way,
 * so that whoever watches cannot tell from retries which it was.
 */

import { hex, joined } from "./bytes.js";
import { cellHash } from "./cells.js";
import { ANSWER_MAX as DIRECTORY_ANSWER_MAX } from "./directory.js";
import { CellRefused, DoorBroken, OutOfPatience } from "./refusals.js";

/** @typedef {import("./cells.js").Class} Class */
/** @typedef {import("./directory.js").Directory} Directory */
/** @typedef {import("./layers.js").Wrapped} Wrapped */
/** @typedef {import("./trust.js").Trust} Trust */
/** @typedef {import("./writing.js").Sealed} Sealed */

/**
 * Where a reporter is. `doing`: `fetching`, `sending`, `retrying` (`because` of `busy`, `unreachable` or `key`, again in
 * `seconds`) or `watching` (a round's list).
 * @typedef {{ doing: string, because?: string, seconds?: number, round?: number }} News
 */
/**
 * What a reporter needs from outside: a `fetch`, the time (seconds since 1970), a way to wait, and chance (0 up to 1).
 * @typedef {{ fetch: (path: string, init: RequestInit) => Promise<Response>, now: () => number,
 *   rest: (seconds: number) => Promise<void>, chance: () => number, told: (news: News) => void }} Surroundings
 */
/**
 * A cell that was answered 202: its class, the hashes under which the first relay's lists may show it, and the rounds of the
 * writer's clock between the first attempt and the answer.
 * @typedef {{ cellClass: Class, hashes: string[], firstRound: number, lastRound: number }} Sent
 */

export const PATIENCE_SECONDS = 1_800;
const FIRST_WAIT = 2;
const LONGEST_WAIT = 120;
const MOST_DOUBLINGS = 16;
const ANSWER_MAX = 65_536;
const CALL_SECONDS = 180;
// A parcel of a mebibyte over a bad line.
const CELL_SECONDS = 600;

/** How long to wait in all, in waits that double and are never the same twice. */
class Patience {
  #around;
  #left;
  #attempt = 0;

  /** @param {Surroundings} around @param {number} seconds */
  constructor(around, seconds) {
    this.#around = around;
    this.#left = seconds;
  }

  /** Wait before the next attempt. Throws OutOfPatience when there is to be none. @param {string} because */
  async wait(because) {
    const seconds = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempt) * (0.5 + this.#around.chance());
    this.#attempt = Math.min(this.#attempt + 1, MOST_DOUBLINGS);
    this.#left -= seconds;
    if (this.#left < 0) throw new OutOfPatience(because);
    this.#around.told({ doing: "retrying", because, seconds });
    await this.#around.rest(seconds);
  }
}

/** One page and its relay: fetches and trusts the directory, and brings cells to the door. */
export class Reporter {
  #trust;
  #around;
  #patience;

  /**
   * @param {Trust} trust
   * @param {Surroundings} around
   * @param {{ patience?: number }} [limits] `patience`: seconds to wait, in all, for one call to succeed
   */
  constructor(trust, around, { patience = PATIENCE_SECONDS } = {}) {
    this.#trust = trust;
    this.#around = around;
    this.#patience = patience;
  }

  /**
   * The relay's directory, fetched anew and trusted.
   *
   * Throws Forged, Expired, RolledBack or Malformed (do not send), WrongRelay, ClockWrong, DoorBroken or OutOfPatience.
   * @returns {Promise<Directory>}
   */
  async directory() {
    const patience = new Patience(this.#around, this.#patience);
    for (;;) {
      this.#around.told({ doing: "fetching" });
      const answer = await ask(this.#around, "/directory", { limit: DIRECTORY_ANSWER_MAX, seconds: CALL_SECONDS });
      if (answer === undefined) await patience.wait("unreachable");
      else if (answer.status === 503) await patience.wait("busy");
      else if (answer.status === 200) return this.#trust.take(answer.body, { now: this.#around.now() });
      else throw new DoorBroken(`the relay answered ${answer.status} when asked for its directory`);
    }
  }

  /**
   * Bring one sealed cell to the door.
   *
   * Throws what `directory` throws, CellRefused, or RouteChanged (prepare the report anew). Until it throws or returns, the
   * same letter may be brought again: it stays one report.
   * @param {Sealed} sealed
   */
  bring({ cell, cellClass }) {
    return this.#deliver(cellClass, () => this.#trust.wrap(cell));
  }

  /** Bring one cover cell to the door. Throws as `bring` does. @param {Class} cellClass */
  bringCover(cellClass) {
    return this.#deliver(cellClass, () => this.#trust.cover(cellClass));
  }

  /** @param {Class} cellClass @param {() => Promise<Wrapped>} wrapped @returns {Promise<Sent>} */
  async #deliver(cellClass, wrapped) {
    const patience = new Patience(this.#around, this.#patience);
    // Writing may have taken so long that the round key has rotated.
    if (!this.#trust.isFresh({ now: this.#around.now() })) await this.directory();
    const firstRound = Math.min(this.#round(), this.#trust.keyRound);
    let [{ envelope, inside }, used] = [await wrapped(), this.#trust.firstKey];
    const hashes = [hex(cellHash(inside))];
    for (let isAnew = false; ; ) {
      this.#around.told({ doing: "sending" });
      const answer = await ask(this.#around, "/cells", { body: envelope, limit: ANSWER_MAX, seconds: CELL_SECONDS });
      if (answer === undefined) {
        // The cell may have arrived and only its answer been lost; the same bytes again are taken once.
        await patience.wait("unreachable");
      } else if (answer.status === 202) {
        return { cellClass, hashes, firstRound, lastRound: Math.max(firstRound, this.#round()) };
      } else if (answer.status === 503) {
        await patience.wait("busy");
      } else if (answer.status === 410 || answer.status === 400) {
        // A relay that lost its memory knows nothing of the key we used and says 400, so both ask for the directory; only a
        // key that it still announces makes a 400 final.
        await this.directory();
        const isSame = this.#trust.firstKey.equals(used);
        if (isSame && answer.status === 400) throw new CellRefused("the relay says that the cell is not one for it");
        if (isSame || isAnew) await patience.wait("key");
        isAnew = true;
        [{ envelope, inside }, used] = [await wrapped(), this.#trust.firstKey];
        hashes.push(hex(cellHash(inside)));
      } else {
        throw new DoorBroken(`the relay answered ${answer.status} to a cell`);
      }
    }
  }

  #round() {
    return this.#trust.roundAt(this.#around.now());
  }
}

/**
 * The answer to one request, or nothing when none came. Throws DoorBroken when it is longer than `limit`.
 * @param {Surroundings} around
 * @param {string} path
 * @param {{ body?: Uint8Array, limit: number, seconds: number }} request
 */
export async function ask(around, path, { body, limit, seconds }) {
  try {
    const response = await around.fetch(path, {
      method: body === undefined ? "GET" : "POST",
      ...(body === undefined ? {} : { body: /** @type {BodyInit} */ (body) }),
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(seconds * 1_000),
    });
    return { status: response.status, body: await whole(response, limit) };
  } catch (error) {
    if (error instanceof DoorBroken) throw error;
    // A fetch that fails says no more than that; whether the line or the relay is at fault cannot be told.
    return undefined;
  }
}

/** @param {Response} response @param {number} limit */
async function whole(response, limit) {
  const pieces = [];
  let length = 0;
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
    length += read.value.length;
    if (length > limit) {
      await reader?.cancel();
      throw new DoorBroken(`an answer of more than ${limit} bytes`);
    }
    pieces.push(read.value);
  }
  return joined(pieces);
}
