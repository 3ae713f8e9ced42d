// @ts-check
/**
 * One report on its way stays one report: sealed at once, sealed anew under the same nonce where a newer directory wants it,
 * and known by the hashes of all that was ever wrapped of it.
 */

import { equal } from "./bytes.js";
import { found } from "./bundle.js";
import { LETTER, PARCEL, ROUND_TAG_LEN } from "./cells.js";
import { roundTag } from "./layers.js";
import { CannotSend, RouteChanged } from "./refusals.js";
import { ROUNDS_TO_WATCH } from "./watching.js";

/** @typedef {import("./bundle.js").HashList} HashList */
/** @typedef {import("./directory.js").Directory} Directory */
/** @typedef {import("./layers.js").Wrapped} Wrapped */
/** @typedef {import("./reporter.js").Brought} Brought */
/** @typedef {import("./trust.js").Trust} Trust */
/** @typedef {import("./writing.js").CleanFile} CleanFile */
/** @typedef {import("./writing.js").Draft} Draft */
/** @typedef {import("./writing.js").Prepared} Prepared */
/** @typedef {typeof import("./writing.js").prepare} Prepare */

/**
 * What a writer is told of their report. `letter`: "queued" | "leaving" | "left" | "seen" (in the list of `round`) | "unseen"
 * (in no list in time: send it again) | "unsent" (a newer directory does not take it as it is: look at it again).
 * @typedef {{ letter: string, round?: number, parcels: { of: number, left: number, seen: number } }} ReportProgress
 */
/** What was written, and for whom. @typedef {{ draft: Draft, files: CleanFile[], to: string[] }} Written */
/** One parcel on its way. @typedef {{ hashes: Set<string>, isLeft: boolean, isSeen: boolean, wrapped?: Wrapped }} Parcel */

/** A report between `queue` and the lists that show it. */
export class Outgoing {
  #written;
  #prepare;
  #breathe;
  /** @type {Prepared} */
  #sealed;
  /** @type {Promise<void> | undefined} */
  #sealing;
  #letter = "queued";
  /** @type {number | undefined} */
  #round;
  #until = 0;
  /** @type {Set<string>} */
  #hashes = new Set();
  /** @type {Parcel[]} */
  #parcels;
  #isGivenUp = false;

  /**
   * The report sealed. Throws CannotSend as `prepare` does.
   * @param {Written} written
   * @param {{ directory: Directory, prepare: Prepare, breathe: () => Promise<void> }} way
   */
  static async sealed(written, { directory, prepare, breathe }) {
    const { draft, files, to } = written;
    const sealed = await prepare(draft, files, { directory, to, breathe });
    return new Outgoing(written, sealed, { prepare, breathe });
  }

  /** @param {Written} written @param {Prepared} sealed @param {{ prepare: Prepare, breathe: () => Promise<void> }} way */
  constructor(written, sealed, { prepare, breathe }) {
    this.#written = written;
    this.#sealed = sealed;
    this.#prepare = prepare;
    this.#breathe = breathe;
    this.#parcels = sealed.parcels.map(() => ({ hashes: new Set(), isLeft: false, isSeen: false }));
  }

  /** Whether its letter is to go with the next tick. */
  get isQueued() {
    return this.#letter === "queued";
  }

  /** Whether no more of it will be sent, so that another may be. */
  get isDone() {
    if (this.#isGivenUp || this.#letter === "unseen") return true;
    return this.#letter !== "queued" && this.#letter !== "leaving" && this.#parcels.every(({ isLeft }) => isLeft);
  }

  /** @returns {ReportProgress} */
  get progress() {
    const count = (/** @type {(parcel: Parcel) => boolean} */ is) => this.#parcels.filter(is).length;
    const parcels = { of: this.#parcels.length, left: count(({ isLeft }) => isLeft), seen: count(({ isSeen }) => isSeen) };
    return { letter: this.#letter, ...(this.#round === undefined ? {} : { round: this.#round }), parcels };
  }

  /** Its letter is about to be brought to the door. */
  letterLeaves() {
    this.#letter = "leaving";
  }

  /** The letter under the round keys of now. Throws CannotSend when it cannot be sealed for them any more. @param {Trust} trust */
  wrappedLetter(trust) {
    return this.#wrapped(trust, ({ letter }) => letter.cell);
  }

  /** What came of the letter, the last round in which that was known. @param {Brought} brought @param {number} round */
  letterBrought({ because, hashes }, round) {
    for (const hash of hashes) this.#hashes.add(hash);
    if (this.#letter !== "leaving") return;
    this.#letter = because === "" ? "left" : "queued";
    this.watchFrom(round);
  }

  /** Rounds are counted from here on. @param {number} round */
  watchFrom(round) {
    this.#until = round + ROUNDS_TO_WATCH;
  }

  /** The parcels that have not left, by number. */
  get parcelsWaiting() {
    return [...this.#parcels.keys()].filter((at) => !this.#parcels[at].isLeft);
  }

  /**
   * A parcel under the round keys of now: the same bytes as before for as long as the key is the same, so that a relay which
   * has it already keeps it once. Throws CannotSend when it cannot be sealed for them any more.
   * @param {number} at
   * @param {Trust} trust
   */
  async wrappedParcel(at, trust) {
    const parcel = this.#parcels[at];
    const tag = parcel.wrapped?.envelope.subarray(0, ROUND_TAG_LEN) ?? new Uint8Array();
    if (!equal(tag, roundTag(trust.firstKey))) {
      parcel.wrapped = await this.#wrapped(trust, ({ parcels }) => parcels[at].cell);
    }
    return /** @type {Wrapped} */ (parcel.wrapped);
  }

  /** What came of a parcel. @param {number} at @param {Brought} brought */
  parcelBrought(at, { because, hashes }) {
    const parcel = this.#parcels[at];
    for (const hash of hashes) parcel.hashes.add(hash);
    if (because !== "") return;
    parcel.isLeft = true;
    parcel.wrapped = undefined;
  }

  /** Look for its cells in the lists of a round; without lists, that round is over all the same. @param {number} round @param {HashList[]} lists */
  look(round, lists) {
    for (const list of lists) {
      const { cellClass } = list.header;
      if (cellClass === LETTER && this.#letter !== "seen" && found(list, this.#hashes).length > 0) {
        this.#letter = "seen";
        this.#round = round;
      }
      if (cellClass !== PARCEL) continue;
      for (const parcel of this.#parcels) parcel.isSeen ||= found(list, parcel.hashes).length > 0;
    }
    if (this.#letter === "left" && round >= this.#until) this.#letter = "unseen";
  }

  /** @param {Trust} trust @param {(sealed: Prepared) => Uint8Array} cell @returns {Promise<Wrapped>} */
  async #wrapped(trust, cell) {
    for (;;) {
      try {
        return await trust.wrap(cell(this.#sealed));
      } catch (error) {
        if (!(error instanceof RouteChanged)) throw error;
      }
      this.#sealing ??= this.#sealAnew(trust.directory).finally(() => {
        this.#sealing = undefined;
      });
      await this.#sealing;
    }
  }

  /** @param {Directory} directory */
  async #sealAnew(directory) {
    const { draft, files, to } = this.#written;
    const { nonce } = this.#sealed.report;
    try {
      this.#sealed = await this.#prepare(draft, files, { directory, to, nonce, breathe: this.#breathe });
    } catch (error) {
      if (error instanceof CannotSend) this.#giveUp();
      throw error;
    }
  }

  #giveUp() {
    this.#isGivenUp = true;
    if (this.#letter === "leaving" || this.#letter === "queued") this.#letter = "unsent";
  }
}
