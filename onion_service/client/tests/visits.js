// @ts-check
/**
 * Visits to a door, as somebody outside could see them: what was asked for, how long it was, and when. Promise T16.
 *
 * One JSON object on standard input: `count` visits from `seed` on, with a report or without, of `real` cryptography or of
 * stand-ins that take as long and give the same lengths. The pace is the page's own in either case. A line of JSON on standard
 * output for each visit: its requests as [seconds since the opening, what, bytes of the body]. The same seed is the same visit
 * (how long, on which line, at which relay) with and without a report.
 */

import { text as read } from "node:stream/consumers";

import { concat, numbered, utf8 } from "../bytes.js";
import { LETTER, cellHash } from "../cells.js";
import { PACE_SECONDS, Pacer } from "../pacing.js";
import { cleanDraft } from "../writing.js";
import { Clock, PERIOD, START, World } from "./world.js";

const SHORTEST = 2;
const LONGEST = 20;
const SLOTS = 4;
// A list is there so long after the edge, at most; some pages ask for it too early.
const CLOSING_MAX = 20;
const CELL = new Uint8Array(LETTER.lengthAfter(1));
// So much of a cell is enough for stand-ins to be told apart.
const INSIDE_LEN = 32;

/** Chance that begins with a seed (splitmix32). @param {number} seed @returns {() => number} */
function chances(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** What a page believes of its relay, with seals that only take their time. */
class QuickTrust {
  directory = { round_seconds: PERIOD, route: [{ identity: { wire: new Uint8Array(32), verify: () => {} } }] };
  keyRound = -1;
  made = 0;

  /** @param {Clock} clock @param {number} sealSeconds */
  constructor(clock, sealSeconds) {
    this.clock = clock;
    this.sealSeconds = sealSeconds;
  }

  /** @param {Uint8Array} answer */
  take(answer) {
    this.keyRound = new DataView(answer.buffer).getUint32(0);
  }

  get firstKey() {
    return { fingerprint: new Uint8Array(32).fill(this.keyRound) };
  }

  /** @param {number} now */
  roundAt(now) {
    return Math.floor(now / PERIOD);
  }

  /** @param {{ now: number }} time */
  isFresh({ now }) {
    return this.keyRound + 1 >= this.roundAt(now);
  }

  /** @param {Uint8Array} cell */
  async wrap(cell) {
    this.clock.sleep(this.sealSeconds);
    const envelope = new Uint8Array(LETTER.wireLength).fill(this.keyRound, 0, 16);
    envelope.set(cell.subarray(0, INSIDE_LEN), 16);
    return { envelope, inside: cell.subarray(0, INSIDE_LEN) };
  }

  cover() {
    return this.wrap(CELL);
  }
}

/** A door without cryptography, for QuickTrust. */
class QuickDoor {
  /** @type {Map<number, Uint8Array[]>} */
  #kept = new Map();

  /** @param {Clock} clock @param {number} closing */
  constructor(clock, closing) {
    this.clock = clock;
    this.closing = closing;
  }

  /** @param {string} path @param {RequestInit} init */
  async answer(path, { body }) {
    const round = Math.floor(this.clock.time / PERIOD);
    if (path === "/directory") return answered(200, numbered(round, 4));
    if (path === "/cells") {
      const inside = /** @type {Uint8Array} */ (body).slice(16, 16 + INSIDE_LEN);
      if (inside.some((byte) => byte !== 0)) this.#kept.set(round, [...(this.#kept.get(round) ?? []), inside]);
      return answered(202);
    }
    const asked = Number(path.replace("/rounds/", ""));
    return this.clock.time < (asked + 1) * PERIOD + this.closing ? answered(404) : answered(200, this.#list(asked));
  }

  /** @param {number} round */
  #list(round) {
    const hashes = [new Uint8Array(32), ...(this.#kept.get(round) ?? []).map(cellHash)];
    const lengths = concat(numbered(hashes.length, 2), numbered(LETTER.lengthAfter(1), 4));
    const header = concat(utf8("VLB1"), Uint8Array.of(1), new Uint8Array(32), numbered(round, 8), lengths);
    return concat(header, ...hashes, new Uint8Array(64));
  }
}

/** An answer as `fetch` gives it. @param {number} status @param {Uint8Array} [body] */
function answered(status, body = new Uint8Array(0)) {
  let isRead = false;
  const read = async () => (isRead ? { done: true } : ((isRead = true), { done: false, value: body }));
  return /** @type {Response} */ (/** @type {unknown} */ ({ status, body: { getReader: () => ({ read }) } }));
}

/** A line that is slow, and sometimes breaks or finds the relay full; what passes over it is written down. */
class Line {
  /** @type {[number, string, number][]} */
  seen = [];

  /** @param {Clock} clock @param {() => number} chance @param {(path: string, init: RequestInit) => Promise<Response>} fetch */
  constructor(clock, chance, fetch) {
    this.clock = clock;
    this.chance = chance;
    this.inner = fetch;
    this.opened = clock.time;
  }

  /** @param {string} path @param {RequestInit} init @returns {Promise<Response>} */
  async fetch(path, init) {
    const size = /** @type {Uint8Array | undefined} */ (init.body)?.length ?? 0;
    this.seen.push([this.clock.time - this.opened, `${init.method} ${path.replace(/[0-9]+$/, "n")}`, size]);
    const [wait, luck] = [0.4 - 1.5 * Math.log(1 - this.chance()), this.chance()];
    await this.clock.rest(wait, init.signal);
    if (luck < 0.03) throw new TypeError("the line broke");
    if (luck < 0.05) return answered(503);
    if (luck < 0.06 && path === "/cells") return answered(410);
    return this.inner(path, init);
  }
}

/** A relay and a page's way to seal for it, in a time of their own. @param {() => number} chance @param {any} asked */
function surroundings(chance, { real, seal_seconds }) {
  const begins = START + chance() * PERIOD;
  const closing = chance() * CLOSING_MAX;
  if (real) {
    const world = new World();
    world.clock.time = begins;
    world.closing = closing;
    return { clock: world.clock, fetch: world.around.fetch, given: { card: world.card }, to: ["norte"] };
  }
  const clock = new Clock(begins, 1);
  const door = new QuickDoor(clock, closing);
  const prepare = async () => {
    clock.sleep(SLOTS * seal_seconds);
    return { report: { nonce: "" }, letter: { cell: new Uint8Array(LETTER.lengthAfter(1)).fill(1) }, parcels: [] };
  };
  const given = { card: undefined, trust: new QuickTrust(clock, seal_seconds), prepare };
  return { clock, fetch: door.answer.bind(door), given: /** @type {any} */ (given), to: [] };
}

/** One visit. @param {number} seed @param {any} asked */
async function visit(seed, asked) {
  const chance = chances(seed);
  const { clock, fetch, given, to } = surroundings(chance, asked);
  const ticks = SHORTEST + Math.floor(chance() * (LONGEST - SHORTEST + 1));
  const [written, stays] = [chance() * (ticks - 1), ticks - 1 + chance()];
  const line = new Line(clock, chance, fetch);
  const around = {
    fetch: line.fetch.bind(line),
    now: () => clock.time,
    rest: (/** @type {number} */ seconds, /** @type {AbortSignal | undefined} */ signal) => clock.rest(seconds, signal),
    chance,
  };
  /** @type {import("../pacing.js").Progress | undefined} */
  let heard;
  const told = (/** @type {import("../pacing.js").Progress} */ progress) => {
    if (progress.line !== "stopped") heard = progress;
  };
  const pacer = new Pacer({ ...given, around, told });
  /** @type {any} */
  let failure;
  const running = pacer.open().then(() => pacer.run()).catch((error) => void (failure = error));
  await clock.until(line.opened + written * PACE_SECONDS);
  // What is written before the page is open is queued when it is.
  while (heard?.line === "opening" && failure === undefined) await clock.pass(1);
  if (asked.report) await pacer.queue(cleanDraft({ text: "Vi algo." }).draft, [], { to });
  await clock.until(line.opened + stays * PACE_SECONDS);
  pacer.stop();
  await running;
  if (failure !== undefined) throw failure;
  return { letter: heard?.report?.letter ?? "", requests: line.seen };
}

const asked = JSON.parse(await read(process.stdin));
for (let at = 0; at < asked.count; at += 1) console.log(JSON.stringify(await visit(asked.seed + at, asked)));
