// @ts-check
/**
 * One request reaches the door, or its sender hears why not (docs/spec/door.md). Nothing here waits or tries twice: that is
 * the pace's (docs/spec/pacing.md).
 *
 * Cover is brought in the very same way as a letter, so that whoever watches cannot tell from what follows which it was.
 */

import { equal, hex, joined } from "./bytes.js";
import { PARCEL, ROUND_TAG_LEN, cellHash } from "./cells.js";
import { ANSWER_MAX as DIRECTORY_ANSWER_MAX } from "./directory.js";
import { roundTag } from "./layers.js";
import { CellRefused, DoorBroken, Stopped } from "./refusals.js";
import { LISTS_MAX, readLists } from "./watching.js";

/** @typedef {import("./bundle.js").HashList} HashList */
/** @typedef {import("./layers.js").Wrapped} Wrapped */
/** @typedef {import("./trust.js").Trust} Trust */

/**
 * What a reporter needs from outside: a `fetch`, the time (seconds since 1970), a way to wait (which may end early once
 * `signal` is aborted), and chance (0 up to 1).
 * @typedef {{ fetch: (path: string, init: RequestInit) => Promise<Response>, now: () => number,
 *   rest: (seconds: number, signal?: AbortSignal) => Promise<void>, chance: () => number }} Surroundings
 */
/** Why a request came to nothing this time; empty when it did not. @typedef {"" | "busy" | "unreachable" | "key"} Because */
/**
 * What became of a cell, and the hashes under which the first relay's lists may show it, whatever became of it: an answer
 * may be lost and the cell not.
 * @typedef {{ because: Because, hashes: string[] }} Brought
 */

const ANSWER_MAX = 65_536;
const CALL_SECONDS = 180;
// A parcel of a mebibyte over a bad line.
const PARCEL_CALL_SECONDS = 600;
const LETTER_CALL_MAX = 32_768;

/** One page and its relay: fetches and trusts the directory, brings cells to the door, reads its lists; until `signal`. */
export class Reporter {
  #trust;
  #around;
  #signal;
  /** @type {Promise<Because> | undefined} */
  #fetching;

  /** @param {Trust} trust @param {Surroundings} around @param {AbortSignal} signal */
  constructor(trust, around, signal) {
    this.#trust = trust;
    this.#around = around;
    this.#signal = signal;
  }

  /**
   * Fetch the relay's directory anew and trust it.
   *
   * Throws Forged, Expired, RolledBack or Malformed (do not send), WrongRelay, ClockWrong, DoorBroken or Stopped.
   * @returns {Promise<Because>}
   */
  directory() {
    // Two answers that overtake each other would look like a directory rolled back.
    this.#fetching ??= this.#fetchDirectory().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  /**
   * Bring one cell to the door. A round key that has rotated is fetched and the cell, which `wrapped` makes, wrapped anew.
   *
   * Throws what `directory` and `wrapped` throw, or CellRefused.
   * @param {() => Promise<Wrapped>} wrapped
   * @returns {Promise<Brought>}
   */
  async bring(wrapped) {
    const hashes = [];
    for (let isAnew = false; ; isAnew = true) {
      const { envelope, inside } = await wrapped();
      hashes.push(hex(cellHash(inside)));
      const seconds = envelope.length === PARCEL.wireLength ? PARCEL_CALL_SECONDS : CALL_SECONDS;
      const answer = await this.#ask("/cells", { body: envelope, limit: ANSWER_MAX, seconds });
      if (answer === undefined) return { because: "unreachable", hashes };
      if (answer.status === 202) return { because: "", hashes };
      if (answer.status === 503) return { because: "busy", hashes };
      if (answer.status !== 410 && answer.status !== 400) {
        throw new DoorBroken(`the relay answered ${answer.status} to a cell`);
      }
      // A relay that lost its memory knows nothing of the key we used and says 400, so both ask for the directory; only a
      // key that it still announces makes a 400 final.
      const because = await this.directory();
      if (because !== "") return { because, hashes };
      const isSame = equal(envelope.subarray(0, ROUND_TAG_LEN), roundTag(this.#trust.firstKey));
      if (isSame && answer.status === 400) throw new CellRefused("the relay says that the cell is not one for it");
      if (isSame || isAnew) return { because: "key", hashes };
    }
  }

  /**
   * The hash lists of a round: none when the relay has no such round (yet), nothing when it did not answer.
   *
   * Throws Forged or Malformed when a list is not the relay's, DoorBroken or Stopped.
   * @param {number} round
   * @returns {Promise<HashList[] | undefined>}
   */
  async lists(round) {
    const answer = await this.#ask(`/rounds/${round}`, { limit: LISTS_MAX, seconds: CALL_SECONDS });
    if (answer === undefined || answer.status === 503) return undefined;
    if (answer.status === 404) return [];
    if (answer.status === 200) return readLists(answer.body, { round, relay: this.#trust.directory.route[0].identity });
    throw new DoorBroken(`the relay answered ${answer.status} when asked for round ${round}`);
  }

  /** @returns {Promise<Because>} */
  async #fetchDirectory() {
    const answer = await this.#ask("/directory", { limit: DIRECTORY_ANSWER_MAX, seconds: CALL_SECONDS });
    if (answer === undefined) return "unreachable";
    if (answer.status === 503) return "busy";
    if (answer.status !== 200) throw new DoorBroken(`the relay answered ${answer.status} when asked for its directory`);
    this.#trust.take(answer.body, { now: this.#around.now() });
    return "";
  }

  /**
   * The answer to one request, or nothing when none came in time. Throws DoorBroken when it is longer than `limit`, Stopped
   * once nothing is to be sent any more.
   * @param {string} path
   * @param {{ body?: Uint8Array, limit: number, seconds: number }} request
   */
  async #ask(path, { body, limit, seconds }) {
    if (this.#signal.aborted) throw new Stopped();
    const over = new AbortController();
    const end = () => over.abort();
    this.#signal.addEventListener("abort", end);
    try {
      this.#around.rest(seconds, over.signal).then(end, end);
      const response = await this.#around.fetch(path, {
        method: body === undefined ? "GET" : "POST",
        ...(body === undefined ? {} : { body: /** @type {BodyInit} */ (body) }),
        cache: "no-store",
        credentials: "omit",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal: over.signal,
      });
      const answer = { status: response.status, body: await whole(response, limit) };
      if (this.#signal.aborted) throw new Stopped();
      return answer;
    } catch (error) {
      if (this.#signal.aborted) throw new Stopped();
      // A fetch that fails says no more than that; whether the line or the relay is at fault cannot be told. What else is
      // thrown here is a fault of ours.
      if (error instanceof TypeError || error instanceof DOMException) return undefined;
      throw error;
    } finally {
      this.#signal.removeEventListener("abort", end);
      over.abort();
    }
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
