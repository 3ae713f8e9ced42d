// @ts-check
/**
 * A relay that is made here, with a door that answers as the real one does, in a time that passes only when everybody waits.
 */

import "./surroundings.js";

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { compare, concat, equal, hex, joined, numbered, utf8 } from "../bytes.js";
import { base64, encode } from "../canonical.js";
import { LETTER, PARCEL, ROUND_TAG_LEN, cellHash } from "../cells.js";
import { Card, writeAnswer } from "../directory.js";
import { Kind, peel, roundTag } from "../layers.js";
import { Use, VerifyingKey } from "../signing.js";
import { ENC_LEN, OpeningKey, randomBytes } from "../suite.js";

export const ONION = `${"a".repeat(56)}.onion`;
export const PERIOD = 900;
export const START = 1_700_000_100;
// More than any promise of ours needs to come to its end.
const TURNS = 12;

/** @param {Uint8Array} seed @param {string} use @param {Uint8Array} message */
const signed = (seed, use, message) => ed25519.sign(concat(utf8(use), message), seed);

/** What a browser says of a request that was broken off. */
const brokenOff = () => new DOMException("broken off", "AbortError");

/** Time that passes only in `until`, from one rest that ends to the next. */
export class Clock {
  /** @type {{ at: number, wake: () => void }[]} */
  #resting = [];
  #turns;

  /** @param {number} time @param {number} [turns] of the event loop, after which nobody has anything left to do but rest */
  constructor(time, turns = TURNS) {
    this.time = time;
    this.#turns = turns;
  }

  /** @param {number} seconds @param {AbortSignal | null} [signal] @returns {Promise<void>} */
  rest(seconds, signal) {
    return new Promise((resolve, reject) => {
      if (seconds === 0) return void setImmediate(resolve);
      if (signal?.aborted) return void reject(brokenOff());
      const one = { at: this.time + seconds, wake: () => (signal?.removeEventListener("abort", end), resolve()) };
      const end = () => {
        this.#resting = this.#resting.filter((other) => other !== one);
        reject(brokenOff());
      };
      this.#resting.push(one);
      signal?.addEventListener("abort", end);
    });
  }

  /** Everything that happens up to a moment. @param {number} moment */
  async until(moment) {
    for (;;) {
      await settled(this.#turns);
      const next = this.#resting.reduce((first, one) => (one.at < first.at ? one : first), { at: Infinity, wake: () => {} });
      if (next.at > moment) break;
      this.#resting = this.#resting.filter((one) => one !== next);
      this.time = Math.max(this.time, next.at);
      next.wake();
    }
    this.time = Math.max(this.time, moment);
  }

  /** Everything that happens in so many seconds. @param {number} seconds */
  pass(seconds) {
    return this.until(this.time + seconds);
  }

  /** A machine asleep: time passes and nobody wakes. @param {number} seconds */
  sleep(seconds) {
    this.time += seconds;
  }
}

/** Nobody has anything left to do but rest. */
export async function settled(turns = TURNS) {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A relay with one partner: its keys, what it was brought, what it was asked, and how it answers. */
export class World {
  clock = new Clock(START);
  root = randomBytes(32);
  relays = [randomBytes(32)];
  partners = [OpeningKey.generate()];
  /** @type {Map<string, OpeningKey>} */
  #roundKeys = new Map();
  #tags = /** @type {Uint8Array[]} */ ([]);
  version = 1;
  onion = ONION;
  period = PERIOD;
  latency = 0;
  /** Seconds after an edge until the list of that round is there. */
  closing = 2;
  bundle = { letters: 2, parcel_every: 2, parcels: 2 };
  /** Answers that are given to cells before the honest ones: a status, or an error of the line. @type {(number | Error)[]} */
  troubles = [];
  /** What everything is answered with: a status, or an error of the line. @type {number | Error | undefined} */
  trouble = undefined;
  /** Every request: when it came, and what of it could be seen outside. @type {{ at: number, what: string, size: number }[]} */
  asked = [];
  /** The inner cells that are kept, by round. @type {Map<number, Uint8Array[]>} */
  kept = new Map();
  /** Kinds of the layers that were peeled. @type {number[]} */
  kinds = [];

  around = {
    fetch: (/** @type {string} */ path, /** @type {RequestInit} */ init) => this.fetch(path, init),
    now: () => this.clock.time,
    rest: (/** @type {number} */ seconds, /** @type {AbortSignal | undefined} */ signal) => this.clock.rest(seconds, signal),
    chance: () => 0.5,
  };

  get card() {
    return new Card(ONION, new VerifyingKey(ed25519.getPublicKey(this.root)));
  }

  get round() {
    return Math.floor(this.clock.time / this.period);
  }

  /** The moments at which something was asked for, in seconds since the start. @param {string} what */
  moments(what) {
    return this.asked.filter((one) => one.what === what).map(({ at }) => at - START);
  }

  /** What was asked for, in order. */
  get paths() {
    return this.asked.map(({ what }) => what);
  }

  /** The relay's memory is gone, and with it the open round. */
  loseMemory() {
    this.#roundKeys.clear();
    this.#tags = [];
    this.kept.delete(this.round);
  }

  /** @param {string} path @param {RequestInit} init @returns {Promise<Response>} */
  async fetch(path, { method, body, signal }) {
    const sent = /** @type {Uint8Array | undefined} */ (body);
    this.asked.push({ at: this.clock.time, what: `${method} ${path}`, size: sent?.length ?? 0 });
    if (this.latency > 0) await this.clock.rest(this.latency, signal);
    const trouble = this.trouble ?? (path === "/cells" ? this.troubles.shift() : undefined);
    if (trouble instanceof Error) throw trouble;
    if (trouble !== undefined) return new Response("", { status: trouble });
    if (path === "/directory") return new Response(this.directory(), { status: 200 });
    if (path === "/cells") return new Response("", { status: await this.take(/** @type {Uint8Array} */ (sent)) });
    const lists = this.lists(Number(path.replace("/rounds/", "")));
    return lists === undefined ? new Response("", { status: 404 }) : new Response(lists, { status: 200 });
  }

  /** @param {number} round @param {number} [position] */
  roundKey(round, position = 0) {
    const name = `${position} ${round}`;
    const held = this.#roundKeys.get(name);
    if (held !== undefined) return held;
    const key = OpeningKey.generate();
    this.#roundKeys.set(name, key);
    this.#tags.push(roundTag(key.sealingKey));
    return key;
  }

  directory() {
    const ids = this.relays.map((seed) => ed25519.getPublicKey(seed));
    const body = encode({
      attachments_max: 16_777_216,
      bundle: this.bundle,
      expires: START + 864_000,
      partners: this.partners.map(({ sealingKey }, at) => {
        return { about: { en: "", es: "" }, id: at === 0 ? "norte" : "sur", key: base64(sealingKey.wire), name: "Partner" };
      }),
      places: [{ id: "iguala", name: "Iguala" }],
      round_seconds: this.period,
      route: ids.map((id) => ({ id: hex(id), name: "relay", onion: this.onion })),
      site: {},
      topics: [],
      v: 1,
      version: this.version,
    });
    const first = `veladora-directory-v1\n${base64(signed(this.root, Use.DIRECTORY, body))}\n`;
    const announcements = this.relays.map((seed, position) => {
      const key = this.roundKey(this.round, position);
      const announced = concat(ids[position], numbered(this.round, 8), key.sealingKey.wire);
      return concat(announced, signed(seed, Use.ROUND_KEY, announced));
    });
    return writeAnswer(concat(utf8(first), body), announcements);
  }

  /** @param {Uint8Array} envelope */
  async take(envelope) {
    for (const round of [this.round, this.round - 1]) {
      const peeled = await peel(envelope, this.roundKey(round)).catch(() => undefined);
      if (peeled === undefined) continue;
      this.kinds.push(peeled.kind);
      if (peeled.kind === Kind.PASS) this.#keep(peeled.inner);
      return 202;
    }
    const tag = envelope.subarray(0, ROUND_TAG_LEN);
    return this.#tags.some((known) => equal(known, tag)) ? 410 : 400;
  }

  /** @param {Uint8Array} inner */
  #keep(inner) {
    const held = [...(this.kept.get(this.round) ?? []), ...(this.kept.get(this.round - 1) ?? [])];
    if (held.some((cell) => equal(cell.subarray(0, ENC_LEN), inner.subarray(0, ENC_LEN)))) return;
    this.kept.set(this.round, [...(this.kept.get(this.round) ?? []), inner]);
  }

  /** @param {number} round */
  lists(round) {
    if (this.clock.time < (round + 1) * this.period + this.closing) return undefined;
    const every = this.bundle.parcel_every;
    const classes = round % every === every - 1 ? [LETTER, PARCEL] : [LETTER];
    return joined(classes.map((cellClass) => this.list(round, cellClass)));
  }

  /** @param {number} round @param {import("../cells.js").Class} cellClass */
  list(round, cellClass) {
    const since = cellClass === PARCEL ? this.bundle.parcel_every : 1;
    const cells = Array.from({ length: since }, (_, back) => this.kept.get(round - back) ?? []).flat();
    const own = cells.filter(({ length }) => length === cellClass.lengthAfter(1)).map(cellHash);
    const hashes = [...own, randomBytes(32)].sort(compare);
    const header = concat(
      utf8("VLB1"),
      Uint8Array.of(cellClass.value),
      ed25519.getPublicKey(this.relays[0]),
      numbered(round, 8),
      numbered(hashes.length, 2),
      numbered(cellClass.lengthAfter(1), 4),
    );
    return joined([header, ...hashes, signed(this.relays[0], Use.BUNDLE, concat(header, sha256(joined(hashes))))]);
  }
}
