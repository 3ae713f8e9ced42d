// @ts-check
/**
 * While a page is open it asks the door for the same things at the same moments, whether a report is sent or not
 * (docs/spec/pacing.md).
 *
 * One letter cell leaves at every tick: the report's, once, and cover at all others. What could not be brought waits for the
 * next tick, so that trying again looks like anything else. Only the parcels of attachments are more than that.
 */

import { LETTER } from "./cells.js";
import { Outgoing } from "./outgoing.js";
import { CannotSend, Stopped } from "./refusals.js";
import { Reporter } from "./reporter.js";
import { Trust } from "./trust.js";
import { Lookout } from "./watching.js";
import * as writing from "./writing.js";

/** @typedef {import("./directory.js").Card} Card */
/** @typedef {import("./directory.js").Directory} Directory */
/** @typedef {import("./reporter.js").Because} Because */
/** @typedef {import("./reporter.js").Surroundings} Surroundings */
/** @typedef {import("./writing.js").CleanFile} CleanFile */
/** @typedef {import("./writing.js").Draft} Draft */

/**
 * What the writer may be told. `line`: "opening" | "open" | "waiting" (the last attempt failed; the next comes with the next
 * tick) | "stopped". `report`: nothing before one is queued.
 * @typedef {{ line: string, because: Because, report?: import("./outgoing.js").ReportProgress }} Progress
 */

export const PACE_SECONDS = 60;
/** From the start of one parcel to that of the next, at least. */
export const PARCEL_SECONDS = 20;
const FIRST_WAIT = 2;
const LONGEST_WAIT = 120;
const MOST_DOUBLINGS = 16;

/** The moments of the ticks: start + k × pace. One that is late goes at once; those that were slept through are left out. */
export class Grid {
  #start;
  #pace;
  #next = 0;

  /** @param {{ start: number, pace: number }} from seconds since 1970; seconds */
  constructor({ start, pace }) {
    this.#start = start;
    this.#pace = pace;
  }

  /** Seconds until the next tick; zero when it is late. @param {number} now */
  wait(now) {
    const seconds = this.#start + this.#next * this.#pace - now;
    if (seconds <= 2 * this.#pace) return Math.max(0, seconds);
    // The clock was set back. The grid begins anew, or nothing would leave until it has caught up.
    this.#start = now;
    this.#next = 0;
    return 0;
  }

  /** A tick begins. @param {number} now */
  begin(now) {
    this.#next = Math.max(this.#next, Math.floor((now - this.#start) / this.#pace)) + 1;
  }
}

/** Waits that double and are never the same twice. */
class Waits {
  #chance;
  #attempt = 0;

  /** @param {() => number} chance */
  constructor(chance) {
    this.#chance = chance;
  }

  next() {
    const seconds = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempt) * (0.5 + this.#chance() / 2);
    this.#attempt = Math.min(this.#attempt + 1, MOST_DOUBLINGS);
    return seconds;
  }
}

/** The pace of one open page. After `stop`, or a failure, nothing is sent any more; another Pacer may begin anew. */
export class Pacer {
  #around;
  #told;
  #pace;
  #trust;
  #prepare;
  #reporter;
  #halt = new AbortController();
  /** @type {{ line: string, because: Because }} */
  #line = { line: "opening", because: "" };
  #lastTold = "";
  /** @type {{ error: unknown } | undefined} */
  #failure;
  /** @type {Lookout | undefined} */
  #lookout;
  /** @type {number | undefined} */
  #renewedIn;
  /** @type {Outgoing | undefined} */
  #report;
  /** @type {Outgoing | undefined} */
  #carried;
  #isSealing = false;
  #isRunning = false;

  /**
   * `told` hears of each change. A page leaves the rest as it is: another pace would single it out.
   * @param {{ card: Card, around: Surroundings, told: (progress: Progress) => void, pace?: number, trust?: Trust,
   *   prepare?: typeof writing.prepare }} given
   */
  constructor({ card, around, told, pace = PACE_SECONDS, trust = new Trust(card), prepare = writing.prepare }) {
    this.#around = around;
    this.#told = told;
    this.#pace = pace;
    this.#trust = trust;
    this.#prepare = prepare;
    this.#reporter = new Reporter(trust, around, this.#halt.signal);
  }

  /** The directory that is trusted now, once the line is no longer "opening". @returns {Directory} */
  get directory() {
    return this.#trust.directory;
  }

  /**
   * Fetch the directory and trust it, as often as it takes.
   *
   * Throws what must not be sent to: Forged, Expired, RolledBack, Malformed, WrongRelay, ClockWrong or DoorBroken; or Stopped.
   */
  async open() {
    try {
      const waits = new Waits(this.#around.chance);
      this.#turn("opening", "");
      for (let because = await this.#reporter.directory(); because !== ""; because = await this.#reporter.directory()) {
        this.#turn("opening", because);
        await this.#rest(waits.next());
      }
      this.#watch();
      this.#turn("open", "");
    } catch (error) {
      this.#end(error);
      throw error;
    }
  }

  /** Keep the pace until `stop`. Rejects with the failure after which nothing more is sent. */
  async run() {
    if (this.#isRunning) throw new TypeError("a page has one pace");
    this.#isRunning = true;
    try {
      const grid = new Grid({ start: this.#around.now(), pace: this.#pace });
      for (;;) {
        for (let wait = grid.wait(this.#around.now()); wait > 0; wait = grid.wait(this.#around.now())) await this.#rest(wait);
        grid.begin(this.#around.now());
        await this.#tick();
      }
    } catch (error) {
      this.#end(error);
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /**
   * Seal a report at once; its letter leaves with the next tick.
   *
   * Throws CannotSend when it cannot be sent as it is written, or (`another`) while one is on its way; or Stopped.
   * @param {Draft} draft cleaned
   * @param {CleanFile[]} files
   * @param {{ to: string[] }} partners
   */
  async queue(draft, files, { to }) {
    if (this.#halt.signal.aborted) throw new Stopped();
    if (this.#isSealing || this.#report?.isDone === false) throw new CannotSend("another", "one report is on its way");
    this.#isSealing = true;
    try {
      const way = { directory: this.directory, prepare: this.#prepare, breathe: () => this.#rest(0) };
      const report = await Outgoing.sealed({ draft, files, to }, way);
      if (this.#halt.signal.aborted) throw new Stopped();
      this.#report = report;
      this.#tell();
    } catch (error) {
      if (!(error instanceof CannotSend)) this.#end(error);
      throw error;
    } finally {
      this.#isSealing = false;
    }
  }

  /** Nothing is sent any more: what is on the line is broken off, and the report forgotten. */
  stop() {
    if (this.#halt.signal.aborted) return;
    this.#halt.abort();
    this.#report = undefined;
    this.#carried = undefined;
    this.#turn("stopped", "");
  }

  /** What is asked for here, and when, is a function of the clock and of the relay's answers, and never of the report. */
  async #tick() {
    const old = await this.#renewed();
    if (old !== "" && !this.#trust.isFresh({ now: this.#around.now() })) {
      this.#turn("waiting", old);
      return;
    }
    const because = await this.#bringLetter();
    this.#turn(because === "" ? "open" : "waiting", because);
    this.#beginParcels();
    if (because !== "unreachable") await this.#look();
  }

  /** At the first tick of a round, fetch its key. @returns {Promise<Because>} */
  async #renewed() {
    const round = this.#trust.roundAt(this.#around.now());
    if (this.#trust.keyRound >= round || this.#renewedIn === round) return "";
    const because = await this.#reporter.directory();
    if (because === "") this.#renewedIn = round;
    return because;
  }

  /** The letter if there is one, else cover: the same seals over the same number of bytes, the same way. */
  async #bringLetter() {
    const report = this.#report?.isQueued ? this.#report : undefined;
    report?.letterLeaves();
    this.#tell();
    const brought = await this.#reporter.bring(() => this.#letterOrCover(report));
    report?.letterBrought(brought, this.#lastRound());
    return brought.because;
  }

  /** @param {Outgoing | undefined} report */
  async #letterOrCover(report) {
    try {
      if (report !== undefined) return await report.wrappedLetter(this.#trust);
    } catch (error) {
      // A newer directory does not take the report as it is. Its writer is told; the pace goes on.
      if (!(error instanceof CannotSend)) throw error;
    }
    return this.#trust.cover(LETTER);
  }

  /** Ask for the lists that are due, whether or not a cell of ours could be in them. */
  async #look() {
    const lookout = this.#watch();
    for (let asked = 0; asked < lookout.most(this.#pace); asked += 1) {
      const round = lookout.due(this.#around.now());
      if (round === undefined) return;
      const lists = await this.#reporter.lists(round);
      if (lists === undefined || (lists.length === 0 && !lookout.missing())) return;
      if (lists.length > 0) lookout.seen();
      this.#report?.look(round, lists);
      this.#tell();
    }
  }

  /** The lookout; a new one where a newer directory has rounds of another length. @returns {Lookout} */
  #watch() {
    const period = this.directory.round_seconds;
    if (this.#lookout?.period !== period) {
      const first = Math.min(this.#trust.keyRound, this.#trust.roundAt(this.#around.now()));
      this.#lookout = new Lookout({ first, period });
      this.#report?.watchFrom(this.#lastRound());
    }
    return this.#lookout;
  }

  /** The latest round that it may be by either clock. */
  #lastRound() {
    return Math.max(this.#trust.keyRound, this.#trust.roundAt(this.#around.now()));
  }

  #beginParcels() {
    const report = this.#report;
    if (report === undefined || this.#carried === report) return;
    this.#carried = report;
    const carrying = this.#carry(report).catch((error) => {
      if (!(error instanceof CannotSend)) throw error;
      this.#tell();
    });
    carrying.catch((error) => this.#end(error));
  }

  /** One parcel after another, in an order that does not tell which part of which file each is. @param {Outgoing} report */
  async #carry(report) {
    const waiting = report.parcelsWaiting;
    for (let last = waiting.length - 1; last > 0; last -= 1) {
      const other = Math.floor(this.#around.chance() * (last + 1));
      [waiting[last], waiting[other]] = [waiting[other], waiting[last]];
    }
    for (const at of waiting) {
      if (this.#report !== report) return;
      const waits = new Waits(this.#around.chance);
      let started = this.#around.now();
      while (!(await this.#bringParcel(report, at))) {
        await this.#rest(waits.next());
        started = this.#around.now();
      }
      const since = Math.max(0, this.#around.now() - started);
      await this.#rest(Math.max(0, PARCEL_SECONDS - since));
    }
  }

  /** Whether that parcel has left. @param {Outgoing} report @param {number} at */
  async #bringParcel(report, at) {
    const isFresh = this.#trust.isFresh({ now: this.#around.now() });
    if (!isFresh && (await this.#reporter.directory()) !== "") return false;
    const brought = await this.#reporter.bring(() => report.wrappedParcel(at, this.#trust));
    report.parcelBrought(at, brought);
    this.#tell();
    return brought.because === "";
  }

  /** Nothing more is sent after an error, whosever it is. @param {unknown} error */
  #end(error) {
    if (!(error instanceof Stopped)) this.#failure ??= { error };
    try {
      this.stop();
    } catch (other) {
      this.#failure ??= { error: other };
    }
  }

  /** @param {number} seconds @returns {Promise<void>} */
  #rest(seconds) {
    const { signal } = this.#halt;
    return new Promise((resolve, reject) => {
      const end = () => reject(new Stopped());
      if (signal.aborted) end();
      signal.addEventListener("abort", end);
      this.#around
        .rest(seconds, signal)
        .then(resolve, reject)
        .finally(() => signal.removeEventListener("abort", end));
    });
  }

  /** @param {string} line @param {Because} because */
  #turn(line, because) {
    if (this.#halt.signal.aborted && line !== "stopped") throw new Stopped();
    this.#line = { line, because };
    this.#tell();
  }

  #tell() {
    const report = this.#report?.progress;
    const progress = { ...this.#line, ...(report === undefined ? {} : { report }) };
    const words = JSON.stringify(progress);
    if (words === this.#lastTold) return;
    this.#lastTold = words;
    if (report !== undefined) Object.freeze(Object.freeze(report).parcels);
    this.#told(Object.freeze(progress));
  }
}
