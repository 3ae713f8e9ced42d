// @ts-check
/** What a reporter does with every answer of a door to one request, and what is never sealed or sent at all. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { hex, utf8 } from "../bytes.js";
import { LETTER, PARCEL, cellHash } from "../cells.js";
import { openLetter } from "../letter.js";
import { Kind } from "../layers.js";
import { Reporter } from "../reporter.js";
import { randomBytes } from "../suite.js";
import { Trust } from "../trust.js";
import { TRIES, Lookout, readLists } from "../watching.js";
import { cleanDraft, cleanFile, prepare } from "../writing.js";
import { PERIOD, START, World } from "./world.js";

/** A reporter of that world, with a directory. @param {World} world */
async function opened(world) {
  const [halt, trust] = [new AbortController(), new Trust(world.card)];
  const reporter = new Reporter(trust, world.around, halt.signal);
  assert.equal(await reporter.directory(), "");
  return { halt, trust, reporter };
}

test("a cell is brought and opened by its partner; a cover is brought the same way and kept nowhere", async () => {
  const world = new World();
  const { trust, reporter } = await opened(world);
  const { draft } = cleanDraft({ text: "Vi\u200b algo." });
  const file = cleanFile({ name: "nota.txt", data: utf8("una nota") });
  const { letter, parcels } = await prepare(draft, [file], { directory: trust.directory, to: ["norte"] });
  for (const { cell } of [letter, parcels[0]]) {
    const brought = await reporter.bring(() => trust.wrap(cell));
    assert.deepEqual(brought, { because: "", hashes: [hex(cellHash(cell))] });
  }
  for (const cellClass of [LETTER, PARCEL]) {
    const { because, hashes } = await reporter.bring(() => trust.cover(cellClass));
    assert.deepEqual([because, hashes.length], ["", 1]);
  }
  assert.deepEqual(world.kinds, [Kind.PASS, Kind.PASS, Kind.COVER, Kind.COVER]);
  assert.deepEqual(world.asked.map(({ size }) => size), [0, ...[LETTER, PARCEL, LETTER, PARCEL].map((one) => one.wireLength)]);
  const [kept, part] = world.kept.get(world.round) ?? [];
  const report = await openLetter(kept, world.partners);
  assert.ok(!(report instanceof Uint8Array));
  assert.equal(report.text, "Vi algo.");
  assert.deepEqual(await openLetter(part, world.partners), utf8("una nota"));
});

test("nothing is tried twice, and a cell may have arrived whose answer was lost", async () => {
  const world = new World();
  const { trust, reporter } = await opened(world);
  world.troubles = [new TypeError("the line broke"), 503];
  for (const because of ["unreachable", "busy", ""]) {
    const brought = await reporter.bring(() => trust.cover(LETTER));
    assert.deepEqual([brought.because, brought.hashes.length], [because, 1]);
  }
  assert.equal(world.asked.length, 4);
});

test("a key that has rotated is fetched and the cell wrapped anew, once", async () => {
  const world = new World();
  const { trust, reporter } = await opened(world);
  world.clock.time += 2 * PERIOD;
  const brought = await reporter.bring(() => trust.cover(LETTER));
  assert.deepEqual([brought.because, brought.hashes.length], ["", 2]);
  assert.deepEqual(world.paths, ["GET /directory", "POST /cells", "GET /directory", "POST /cells"]);
  world.troubles = [410];
  assert.equal((await reporter.bring(() => trust.cover(LETTER))).because, "key");
});

test("a 400 under a key that is still announced is final, and one under another is not", async () => {
  const world = new World();
  const { trust, reporter } = await opened(world);
  world.loseMemory();
  assert.equal((await reporter.bring(() => trust.cover(LETTER))).because, "");
  world.troubles = [400];
  await assert.rejects(reporter.bring(() => trust.cover(LETTER)), { outcome: "cell-refused" });
});

test("an answer that no relay gives is said to be one", async () => {
  const world = new World();
  const { trust, reporter } = await opened(world);
  world.trouble = 500;
  await assert.rejects(reporter.directory(), { outcome: "door-broken" });
  await assert.rejects(reporter.lists(world.round), { outcome: "door-broken" });
  await assert.rejects(reporter.bring(() => trust.cover(LETTER)), { outcome: "door-broken" });
  world.around.fetch = async () => new Response(new Uint8Array(700_000), { status: 200 });
  await assert.rejects(reporter.directory(), { outcome: "door-broken" });
});

test("a fault of ours is not taken for one of the line", async () => {
  const world = new World();
  const { reporter } = await opened(world);
  world.trouble = new RangeError("ours");
  await assert.rejects(reporter.directory(), RangeError);
});

test("a request without an answer ends", async () => {
  const world = new World();
  const { reporter } = await opened(world);
  world.latency = Infinity;
  const asking = reporter.directory();
  await world.clock.pass(179);
  assert.equal(await Promise.race([asking, Promise.resolve("asking")]), "asking");
  await world.clock.pass(1);
  assert.equal(await asking, "unreachable");
});

test("what is asked for after the end is not asked", async () => {
  const world = new World();
  const { halt, trust, reporter } = await opened(world);
  world.latency = 5;
  const asking = [reporter.directory(), reporter.bring(() => trust.cover(LETTER))];
  const ended = Promise.all(asking.map((one) => assert.rejects(one, { outcome: "stopped" })));
  await world.clock.pass(1);
  halt.abort();
  await ended;
  await assert.rejects(reporter.lists(world.round), { outcome: "stopped" });
  assert.equal(world.asked.length, 3);
});

test("nothing is sent to a relay of another card, of another time, or with an older directory", async () => {
  const other = new World();
  other.onion = `${"b".repeat(56)}.onion`;
  await assert.rejects(opened(other), { outcome: "wrong-relay" });
  const late = new World();
  late.around.now = () => START - 2 * PERIOD;
  await assert.rejects(opened(late), { outcome: "clock-wrong" });
  const older = new World();
  older.version = 2;
  const { reporter } = await opened(older);
  older.version = 1;
  await assert.rejects(reporter.directory(), { outcome: "rolled-back" });
  const forged = new World();
  const { card } = forged;
  forged.root = randomBytes(32);
  const trust = new Trust(card);
  const asking = new Reporter(trust, forged.around, new AbortController().signal).directory();
  await assert.rejects(asking, { outcome: "forged" });
});

test("two that ask for the directory at once share one answer", async () => {
  const world = new World();
  const { reporter } = await opened(world);
  assert.deepEqual(await Promise.all([reporter.directory(), reporter.directory()]), ["", ""]);
  assert.equal(world.asked.length, 2);
});

test("hash lists are those of that round and relay, each class once", async () => {
  const world = new World();
  const { trust, reporter } = await opened(world);
  const [round, relay] = [world.round, trust.directory.route[0].identity];
  assert.deepEqual(await reporter.lists(round), []);
  world.clock.time += PERIOD + 10;
  assert.deepEqual((await reporter.lists(round))?.map(({ header }) => header.cellClass), [LETTER, PARCEL]);
  assert.deepEqual((await reporter.lists(round - 1))?.map(({ header }) => header.cellClass), [LETTER]);
  const [letters, parcels] = [LETTER, PARCEL].map((cellClass) => world.list(round, cellClass));
  for (const wire of [[], [...parcels, ...letters], [...letters, ...letters], [...letters, 0]]) {
    assert.throws(() => readLists(Uint8Array.from(wire), { round, relay }), { outcome: "malformed" });
  }
  assert.throws(() => readLists(letters, { round: round - 1, relay }), { outcome: "malformed" });
  letters[letters.length - 1] ^= 1;
  assert.throws(() => readLists(letters, { round, relay }), { outcome: "forged" });
});

test("which lists are due follows from the clock, and none is asked for for ever", () => {
  const lookout = new Lookout({ first: 10, period: 100 });
  assert.equal(lookout.due(1_109.9), undefined);
  assert.equal(lookout.due(1_110), 10);
  assert.equal(lookout.due(2_000), 10);
  lookout.seen();
  assert.equal(lookout.due(1_110), undefined);
  assert.deepEqual(Array.from({ length: TRIES }, () => lookout.missing()), [...Array(TRIES - 1).fill(false), true]);
  assert.equal(lookout.due(2_000), 12);
});

test("a report sealed anew is the same report", async () => {
  const world = new World();
  const { trust } = await opened(world);
  const { draft } = cleanDraft({ text: "Vi algo." });
  const way = { directory: trust.directory, to: ["norte"] };
  const [one, other] = [await prepare(draft, [], way), await prepare(draft, [], way)];
  assert.notEqual(one.report.nonce, other.report.nonce);
  const again = await prepare(draft, [], { ...way, nonce: one.report.nonce });
  assert.deepEqual(again.report, one.report);
  assert.notDeepEqual(again.letter.cell, one.letter.cell);
});

test("a report that cannot be sent says why", async () => {
  const world = new World();
  const { directory } = (await opened(world)).trust;
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
