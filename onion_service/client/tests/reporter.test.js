// @ts-check
/** What a reporter does with every answer of a door, on a relay that is made here and in a time that passes when it rests. */

import "./surroundings.js";

import assert from "node:assert/strict";
import { test } from "node:test";

import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { concat, hex, joined, numbered, utf8 } from "../bytes.js";
import { base64, encode } from "../canonical.js";
import { LETTER, PARCEL, cellHash } from "../cells.js";
import { Card, writeAnswer } from "../directory.js";
import { Kind, peel } from "../layers.js";
import { openLetter } from "../letter.js";
import { Reporter } from "../reporter.js";
import { Use, VerifyingKey } from "../signing.js";
import { OpeningKey, randomBytes } from "../suite.js";
import { Trust } from "../trust.js";
import { awaitRounds } from "../watching.js";
import { cleanDraft, cleanFile, prepare } from "../writing.js";

const ONION = `${"a".repeat(56)}.onion`;
const PERIOD = 900;
const START = 1_700_000_100;

/** @param {Uint8Array} seed @param {string} use @param {Uint8Array} message */
const signed = (seed, use, message) => ed25519.sign(concat(utf8(use), message), seed);

/** A relay with one partner: its keys, its clock, what it was brought, and how it answers. */
class World {
  time = START;
  root = randomBytes(32);
  relay = randomBytes(32);
  partner = OpeningKey.generate();
  /** @type {Map<number, OpeningKey>} */
  roundKeys = new Map();
  version = 1;
  onion = ONION;
  /** Answers that are given before the honest ones: a status, or an error of the line. @type {(number | Error)[]} */
  troubles = [];
  /** @type {Uint8Array[]} */
  posted = [];
  /** @type {Map<number, Uint8Array[]>} */
  kept = new Map();
  /** @type {string[]} */
  asked = [];
  /** @type {import("../reporter.js").News[]} */
  news = [];

  trust = new Trust(new Card(ONION, new VerifyingKey(ed25519.getPublicKey(this.root))));
  around = {
    fetch: (/** @type {string} */ path, /** @type {RequestInit} */ init) => this.answer(path, init),
    now: () => this.time,
    rest: async (/** @type {number} */ seconds) => void (this.time += seconds),
    chance: () => 0.5,
    told: (/** @type {import("../reporter.js").News} */ news) => void this.news.push(news),
  };
  reporter = new Reporter(this.trust, this.around, { patience: 300 });

  get round() {
    return Math.floor(this.time / PERIOD);
  }

  /** @param {number} round */
  roundKey(round) {
    const key = this.roundKeys.get(round) ?? OpeningKey.generate();
    this.roundKeys.set(round, key);
    return key;
  }

  directory() {
    const id = ed25519.getPublicKey(this.relay);
    const body = encode({
      attachments_max: 16_777_216,
      bundle: { letters: 2, parcel_every: 2, parcels: 2 },
      expires: START + 86_400,
      partners: [{ about: { en: "", es: "" }, id: "norte", key: base64(this.partner.sealingKey.wire), name: "Norte" }],
      places: [{ id: "iguala", name: "Iguala" }],
      round_seconds: PERIOD,
      route: [{ id: hex(id), name: "relay", onion: this.onion }],
      site: {},
      topics: [],
      v: 1,
      version: this.version,
    });
    const first = `veladora-directory-v1\n${base64(signed(this.root, Use.DIRECTORY, body))}\n`;
    const announced = concat(id, numbered(this.round, 8), this.roundKey(this.round).sealingKey.wire);
    return writeAnswer(concat(utf8(first), body), [concat(announced, signed(this.relay, Use.ROUND_KEY, announced))]);
  }

  /** @param {string} path @param {RequestInit} init */
  async answer(path, { method, body }) {
    this.asked.push(`${method} ${path}`);
    const trouble = path === "/cells" ? this.troubles.shift() : undefined;
    if (trouble instanceof Error) throw trouble;
    if (trouble !== undefined) return new Response("", { status: trouble });
    if (path === "/directory") return new Response(this.directory(), { status: 200 });
    if (path === "/cells") return new Response("", { status: await this.take(/** @type {Uint8Array} */ (body)) });
    const lists = this.lists(Number(path.replace("/rounds/", "")));
    return lists === undefined ? new Response("", { status: 404 }) : new Response(lists, { status: 200 });
  }

  /** @param {Uint8Array} envelope */
  async take(envelope) {
    this.posted.push(envelope);
    for (const round of [this.round, this.round - 1]) {
      const peeled = await peel(envelope, this.roundKey(round)).catch(() => undefined);
      if (peeled === undefined) continue;
      if (peeled.kind === Kind.PASS) this.kept.set(this.round, [...(this.kept.get(this.round) ?? []), peeled.inner]);
      return 202;
    }
    return 410;
  }

  /** @param {number} round */
  lists(round) {
    if (round >= this.round) return undefined;
    const cells = this.kept.get(round) ?? [];
    return joined((round % 2 === 1 ? [LETTER, PARCEL] : [LETTER]).map((cellClass) => this.list(round, cellClass, cells)));
  }

  /** @param {number} round @param {import("../cells.js").Class} cellClass @param {Uint8Array[]} cells */
  list(round, cellClass, cells) {
    const own = cells.filter(({ length }) => length === cellClass.lengthAfter(1)).map(cellHash);
    const hashes = [...own, randomBytes(32)];
    const header = concat(
      utf8("VLB1"),
      Uint8Array.of(cellClass.value),
      ed25519.getPublicKey(this.relay),
      numbered(round, 8),
      numbered(hashes.length, 2),
      numbered(cellClass.lengthAfter(1), 4),
    );
    return joined([header, ...hashes, signed(this.relay, Use.BUNDLE, concat(header, sha256(joined(hashes))))]);
  }

  async prepared() {
    const directory = await this.reporter.directory();
    const { draft } = cleanDraft({ text: "Vi\u200b algo." });
    const file = cleanFile({ name: "nota.txt", data: utf8("una nota") });
    return prepare(draft, [file], { directory, to: ["norte"] });
  }
}

test("a report is brought, opened by its partner, and seen in a round", async () => {
  const world = new World();
  const { letter, parcels } = await world.prepared();
  const sent = [await world.reporter.bring(letter), await world.reporter.bring(parcels[0])];
  const first = world.round;
  const rounds = await awaitRounds(sent, world.trust.directory, world.around);
  assert.deepEqual(rounds, [first]);
  const [kept, part] = world.kept.get(first) ?? [];
  const report = await openLetter(kept, [world.partner]);
  assert.ok(!(report instanceof Uint8Array));
  assert.equal(report.text, "Vi algo.");
  assert.deepEqual(await openLetter(part, [world.partner]), utf8("una nota"));
});

test("a cell whose answer was lost, or that finds the relay busy, is sent again as it is", async () => {
  const world = new World();
  const { letter } = await world.prepared();
  world.troubles = [new TypeError("the line broke"), 503];
  const posts = world.asked.length;
  await world.reporter.bring(letter);
  assert.equal(world.asked.length - posts, 3);
  assert.equal(world.posted.length, 1);
  assert.deepEqual(world.news.filter(({ doing }) => doing === "retrying").map(({ because }) => because), ["unreachable", "busy"]);
});

test("a key that has rotated is fetched anew and the same letter wrapped again", async () => {
  const world = new World();
  const { letter } = await world.prepared();
  world.time += PERIOD;
  const bringing = world.reporter.bring(letter);
  world.troubles = [410];
  world.version = 2;
  const { hashes } = await bringing;
  assert.equal(world.posted.length, 1);
  assert.deepEqual(new Set(hashes), new Set([hex(cellHash(letter.cell))]));
  assert.equal(world.asked.filter((path) => path === "GET /directory").length, 2);
});

test("keys that are too old are not used at all", async () => {
  const world = new World();
  const { letter } = await world.prepared();
  world.time += 3 * PERIOD;
  await world.reporter.bring(letter);
  assert.deepEqual(world.asked.slice(-2), ["GET /directory", "POST /cells"]);
});

test("a 400 under a key that is still announced is final, and one under another is not", async () => {
  const world = new World();
  const { letter } = await world.prepared();
  world.troubles = [400];
  await assert.rejects(world.reporter.bring(letter), { outcome: "cell-refused" });
  world.troubles = [400];
  world.roundKeys.clear();
  world.version = 2;
  await world.reporter.bring(letter);
});

test("patience ends, and the same letter may be brought later", async () => {
  const world = new World();
  const { letter } = await world.prepared();
  world.troubles = Array(50).fill(503);
  await assert.rejects(world.reporter.bring(letter), { outcome: "out-of-patience", reason: "busy" });
  world.troubles = [];
  await world.reporter.bring(letter);
});

test("an answer that no relay gives is said to be one", async () => {
  const world = new World();
  const { letter } = await world.prepared();
  world.troubles = [500];
  await assert.rejects(world.reporter.bring(letter), { outcome: "door-broken" });
  world.around.fetch = async () => new Response(new Uint8Array(700_000), { status: 200 });
  await assert.rejects(world.reporter.directory(), { outcome: "door-broken" });
});

test("cover is brought as a report is", async () => {
  const world = new World();
  await world.reporter.directory();
  for (const cellClass of [LETTER, PARCEL]) await world.reporter.bringCover(cellClass);
  assert.deepEqual(world.posted.map(({ length }) => length), [LETTER.wireLength, PARCEL.wireLength]);
  assert.equal(world.kept.size, 0);
});

test("nothing is sent to a relay of another card, of another time, or with an older directory", async () => {
  const other = new World();
  other.onion = `${"b".repeat(56)}.onion`;
  await assert.rejects(other.reporter.directory(), { outcome: "wrong-relay" });
  const late = new World();
  late.around.now = () => START - 2 * PERIOD;
  await assert.rejects(late.reporter.directory(), { outcome: "clock-wrong" });
  const older = new World();
  older.version = 2;
  await older.reporter.directory();
  older.version = 1;
  await assert.rejects(older.reporter.directory(), { outcome: "rolled-back" });
  const forged = new World();
  forged.root = randomBytes(32);
  await assert.rejects(forged.reporter.directory(), { outcome: "forged" });
  assert.deepEqual([other, late, older, forged].flatMap(({ posted }) => posted), []);
});

test("a cell that is in no list in time is said not to have been seen", async () => {
  const world = new World();
  const { letter } = await world.prepared();
  const sent = await world.reporter.bring(letter);
  world.kept.clear();
  await assert.rejects(awaitRounds([sent], world.trust.directory, world.around), { outcome: "not-seen" });
});

test("a report that cannot be sent says why", async () => {
  const world = new World();
  const directory = await world.reporter.directory();
  const { draft } = cleanDraft({ text: "Vi algo.", where: " Atrás\n\nde la\u00a0 iglesia " });
  assert.equal(draft.where, "Atrás de la iglesia");
  assert.throws(() => cleanDraft({ text: " \u200b\n" }), { outcome: "cannot-send", reason: "empty" });
  assert.throws(() => cleanFile({ name: "a.jpg", data: new Uint8Array() }), { reason: "empty-file" });
  assert.throws(() => cleanFile({ name: "a.pdf", data: utf8("%PDF-1.7") }), { outcome: "uncleanable" });
  assert.throws(() => cleanFile({ name: "a.txt", data: utf8("%PDF-1.7") }), { outcome: "uncleanable" });
  const allowed = cleanFile({ name: "a.pdf", data: utf8("%PDF-1.7") }, { allowUncleaned: true });
  assert.deepEqual([allowed.media, allowed.cleaned], ["application/pdf", false]);
  const large = { ...allowed, data: new Uint8Array(directory.attachments_max + 1) };
  /** @type {[Promise<unknown>, string][]} */
  const refused = [
    [prepare(draft, [], { directory, to: [] }), "partners"],
    [prepare(draft, [], { directory, to: ["sur"] }), "unknown-partner"],
    [prepare({ ...draft, topic: "x" }, [], { directory, to: ["norte"] }), "unknown-topic"],
    [prepare({ ...draft, place: "x" }, [], { directory, to: ["norte"] }), "unknown-place"],
    [prepare({ ...draft, text: "x".repeat(20_001) }, [], { directory, to: ["norte"] }), "too-long"],
    [prepare(draft, [large], { directory, to: ["norte"] }), "too-large"],
  ];
  for (const [preparing, reason] of refused) await assert.rejects(preparing, { outcome: "cannot-send", reason });
});
