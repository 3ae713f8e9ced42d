// @ts-check
/** The pace of an open page, in a time that passes only when everybody waits, at a door that answers as the real one does. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { LETTER, PARCEL } from "../cells.js";
import { Kind } from "../layers.js";
import { openLetter } from "../letter.js";
import { Grid, PACE_SECONDS, PARCEL_SECONDS, Pacer } from "../pacing.js";
import { OpeningKey, randomBytes } from "../suite.js";
import { SETTLE_SECONDS, TRIES } from "../watching.js";
import { cleanDraft, prepare } from "../writing.js";
import { PERIOD, START, World, settled } from "./world.js";

/** @typedef {import("../pacing.js").Progress} Progress */
/** @typedef {import("../writing.js").CleanFile} CleanFile */

const { draft } = cleanDraft({ text: "Vi algo." });
const TO = { to: ["norte"] };
// So far into a round that a test of some minutes stays in it.
const EARLY = 300;

/** A file that leaves as it is. @param {number} length @returns {CleanFile} */
const file = (length) => {
  return { name: "a.bin", media: "application/octet-stream", data: randomBytes(length), cleaned: false, removed: {} };
};

/** A page that keeps the pace at the door of that world. */
class Page {
  /** @type {Progress[]} */
  heard = [];
  /** What run ended with. @type {unknown} */
  ended = "running";

  /** @param {World} world @param {Partial<ConstructorParameters<typeof Pacer>[0]>} [given] */
  constructor(world, given = {}) {
    this.world = world;
    const told = (/** @type {Progress} */ progress) => void this.heard.push(progress);
    this.pacer = new Pacer({ card: world.card, around: world.around, told, ...given });
  }

  /** @param {World} world @param {Partial<ConstructorParameters<typeof Pacer>[0]>} [given] */
  static async running(world, given) {
    const page = new Page(world, given);
    await page.pacer.open();
    page.run();
    await settled();
    return page;
  }

  run() {
    this.pacer.run().then(
      () => void (this.ended = "stopped"),
      (error) => void (this.ended = error),
    );
  }

  get last() {
    return /** @type {Progress} */ (this.heard.at(-1));
  }

  /** What was said of the letter, each thing once. */
  get letter() {
    const said = this.heard.flatMap(({ report }) => (report === undefined ? [] : [report.letter]));
    return said.filter((word, at) => word !== said[at - 1]);
  }

  /** @param {CleanFile[]} [files] */
  queue(files = []) {
    return this.pacer.queue(draft, files, TO);
  }
}

/** A world some minutes into its round. */
function early() {
  const world = new World();
  world.clock.time += EARLY;
  return world;
}

/** The reports that the world's partner can open, of all that was kept. @param {World} world */
async function reportsOf(world) {
  const opened = [];
  for (const cell of [...world.kept.values()].flat()) {
    const content = await openLetter(cell, world.partners).catch(() => undefined);
    if (content !== undefined && !(content instanceof Uint8Array)) opened.push(content);
  }
  return opened;
}

test("the ticks keep their grid, whatever the answers take", async () => {
  const world = early();
  const page = await Page.running(world);
  world.latency = 7.3;
  await world.clock.pass(500);
  const moments = world.moments("POST /cells");
  assert.deepEqual(moments, Array.from({ length: 9 }, (_, k) => EARLY + k * PACE_SECONDS));
  assert.deepEqual(new Set(world.kinds), new Set([Kind.COVER]));
  assert.equal(page.last.line, "open");
});

test("a tab that slept goes on at once and keeps the old grid", async () => {
  const world = early();
  await Page.running(world);
  await world.clock.pass(10);
  world.clock.sleep(205);
  await world.clock.pass(100);
  assert.deepEqual(world.moments("POST /cells"), [300, 515, 540, 600]);
});

test("a clock that was set back does not silence the page", () => {
  const grid = new Grid({ start: 1_000, pace: 60 });
  for (const now of [1_000, 1_060]) {
    assert.equal(grid.wait(now), 0);
    grid.begin(now);
  }
  assert.equal(grid.wait(1_060), 60);
  assert.equal(grid.wait(1_030), 90);
  assert.equal(grid.wait(500), 0);
  grid.begin(500);
  assert.equal(grid.wait(500), 60);
});

test("a report leaves with the next tick, is one cell, and is seen in its round", async () => {
  const world = early();
  const page = await Page.running(world);
  await world.clock.pass(25);
  await page.queue();
  assert.deepEqual(page.last.report, { letter: "queued", parcels: { of: 0, left: 0, seen: 0 } });
  await world.clock.pass(30);
  assert.equal(page.last.report?.letter, "queued");
  await world.clock.pass(5);
  assert.equal(page.last.report?.letter, "left");
  assert.deepEqual(world.kinds, [Kind.COVER, Kind.PASS]);
  const { round } = world;
  await world.clock.pass(PERIOD);
  assert.deepEqual(page.letter, ["queued", "leaving", "left", "seen"]);
  assert.equal(page.last.report?.round, round);
  assert.deepEqual((await reportsOf(world)).map(({ text }) => text), ["Vi algo."]);
  assert.deepEqual(world.kinds.filter((kind) => kind === Kind.PASS), [Kind.PASS]);
  assert.deepEqual(new Set(world.asked.filter(({ what }) => what === "POST /cells").map(({ size }) => size)), new Set([32_768]));
});

test("what the writer is told is frozen, and told once", async () => {
  const world = early();
  const page = await Page.running(world);
  await page.queue();
  await world.clock.pass(200);
  const parts = page.heard.flatMap((progress) => [progress, ...(progress.report ? [progress.report, progress.report.parcels] : [])]);
  assert.ok(parts.length > page.heard.length && parts.every(Object.isFrozen));
  assert.deepEqual(page.heard.map(({ line }) => line), ["opening", "open", "open", "open", "open"]);
  assert.deepEqual(page.letter, ["queued", "leaving", "left"]);
});

for (const [trouble, because] of /** @type {[number | Error, string][]} */ ([
  [503, "busy"],
  [new TypeError("the line broke"), "unreachable"],
  [410, "key"],
])) {
  test(`a letter that finds the door ${because} waits for the next tick, as cover does`, async () => {
    const world = early();
    const page = await Page.running(world);
    world.troubles = [trouble, trouble, ...(because === "key" ? [] : [trouble])];
    await world.clock.pass(PACE_SECONDS);
    assert.deepEqual([page.last.line, page.last.because], ["waiting", because]);
    world.troubles = [trouble, trouble];
    await page.queue();
    await world.clock.pass(PACE_SECONDS);
    assert.deepEqual([page.last.line, page.last.report?.letter], ["waiting", "queued"]);
    world.troubles = [];
    await world.clock.pass(PACE_SECONDS);
    assert.deepEqual([page.last.line, page.last.because, page.last.report?.letter], ["open", "", "left"]);
    assert.equal((await reportsOf(world)).length, 1);
    assert.deepEqual(new Set(world.moments("POST /cells")), new Set([0, 1, 2, 3].map((k) => EARLY + k * PACE_SECONDS)));
  });
}

test("a relay that lost its memory is asked for its new key in the same tick, for cover as for a letter", async () => {
  const world = early();
  const page = await Page.running(world);
  for (const isReport of [false, true]) {
    if (isReport) await page.queue();
    world.loseMemory();
    const before = world.asked.length;
    await world.clock.pass(PACE_SECONDS);
    assert.deepEqual(world.paths.slice(before), ["POST /cells", "GET /directory", "POST /cells"]);
  }
  assert.equal(page.last.report?.letter, "left");
  assert.equal((await reportsOf(world)).length, 1);
});

test("a letter whose answer was lost is found in the list all the same, and not sent again", async () => {
  const world = early();
  const page = await Page.running(world);
  const { fetch } = world.around;
  world.around.fetch = async (path, init) => {
    const answer = await fetch(path, init);
    if (path === "/cells") throw new TypeError("the answer was lost");
    return answer;
  };
  await page.queue();
  await world.clock.pass(PERIOD - EARLY);
  world.around.fetch = fetch;
  world.troubles = [503, 503];
  await world.clock.pass(2 * PACE_SECONDS);
  assert.equal(page.last.report?.letter, "seen");
  const before = world.kinds.length;
  await world.clock.pass(3 * PACE_SECONDS);
  assert.deepEqual(world.kinds.slice(before), [Kind.COVER, Kind.COVER, Kind.COVER]);
  assert.equal((await reportsOf(world)).length, 1);
});

test("every round's key and list are asked for once, at moments that the clock says", async () => {
  const world = early();
  await Page.running(world);
  const first = world.round;
  await world.clock.pass(2 * PERIOD);
  // The edges are at ticks: the key is there at once, the list with the tick after.
  assert.deepEqual(world.moments("GET /directory"), [EARLY, PERIOD, 2 * PERIOD]);
  assert.deepEqual(world.moments(`GET /rounds/${first}`), [PERIOD + PACE_SECONDS]);
  assert.deepEqual(world.moments(`GET /rounds/${first + 1}`), [2 * PERIOD + PACE_SECONDS]);
  assert.equal(world.paths.filter((path) => path.startsWith("GET /rounds/")).length, 2);
});

test("a visit with a report is, from outside, the visit without it", async () => {
  const seen = [];
  for (const isReport of [false, true]) {
    const world = early();
    world.latency = 1.5;
    world.around.chance = () => 0.3;
    const opening = Page.running(world);
    await world.clock.pass(2);
    const page = await opening;
    await world.clock.pass(100);
    if (isReport) await page.queue();
    world.troubles = [503, 410, new TypeError("the line broke")];
    await world.clock.pass(3 * PERIOD);
    if (isReport) assert.equal(page.last.report?.letter, "seen");
    seen.push(world.asked);
  }
  assert.deepEqual(seen[0], seen[1]);
});

test("a list that is not there is asked for again at the next ticks, and not for ever", async () => {
  const world = early();
  const page = await Page.running(world);
  await page.queue();
  world.lists = () => undefined;
  const { round } = world;
  await world.clock.pass(PERIOD);
  const due = Array.from({ length: TRIES }, (_, at) => PERIOD + (at + 1) * PACE_SECONDS);
  assert.deepEqual(world.moments(`GET /rounds/${round}`), due);
  await world.clock.pass(PERIOD);
  assert.equal(world.moments(`GET /rounds/${round + 1}`)[0], 2 * PERIOD + PACE_SECONDS);
});

test("a round's key that could not be fetched is asked for with the next tick, one that is not new yet in the next round", async () => {
  const world = early();
  await Page.running(world);
  const { fetch } = world.around;
  world.around.fetch = (path, init) => (path === "/directory" ? Promise.reject(new TypeError("no line")) : fetch(path, init));
  await world.clock.pass(PERIOD - EARLY);
  const { round } = world;
  world.around.fetch = fetch;
  const answer = world.directory.bind(world);
  // A relay whose clock is slow.
  world.directory = () => {
    const time = world.clock.time;
    world.clock.time = round * PERIOD - 1;
    const held = answer();
    world.clock.time = time;
    return held;
  };
  await world.clock.pass(5 * PACE_SECONDS);
  assert.deepEqual(world.moments("GET /directory"), [EARLY, PERIOD + PACE_SECONDS]);
  assert.equal(world.moments("POST /cells").length, 16);
});

test("a letter that is in no list in time may be sent again", async () => {
  const world = early();
  const page = await Page.running(world);
  await page.queue();
  await world.clock.pass(PACE_SECONDS);
  await assert.doesNotReject(page.queue());
  world.troubles = [202];
  await world.clock.pass(9 * PERIOD - EARLY - PACE_SECONDS);
  assert.equal(page.last.report?.letter, "left");
  await world.clock.pass(PACE_SECONDS);
  assert.equal(page.last.report?.letter, "unseen");
  await page.queue();
  await world.clock.pass(PACE_SECONDS);
  assert.deepEqual(page.letter.slice(-4), ["unseen", "queued", "leaving", "left"]);
});

test("a page that slept for hours catches up on the lists, some at each tick", async () => {
  const world = early();
  const page = await Page.running(world);
  await page.queue();
  await world.clock.pass(PACE_SECONDS);
  world.clock.sleep(20 * PERIOD);
  world.latency = 0.5;
  await world.clock.pass(1);
  await world.clock.pass(3);
  assert.equal(page.last.report?.letter, "seen");
  const asked = () => world.paths.filter((path) => path.startsWith("GET /rounds/")).length;
  assert.equal(asked(), 4);
  await world.clock.pass(5 * PACE_SECONDS);
  assert.equal(asked(), 20);
});

test("parcels leave one after another, beside the ticks, and a broken line goes on with the same parcel", async () => {
  const world = early();
  const page = await Page.running(world);
  await world.clock.pass(10);
  await page.queue([file(2_500_000)]);
  await world.clock.pass(PACE_SECONDS - 11);
  assert.equal(world.moments("POST /cells").length, 1);
  const parcels = () => world.asked.filter(({ size }) => size === PARCEL.wireLength).map(({ at }) => at - START - EARLY);
  await world.clock.pass(1);
  assert.deepEqual(parcels(), [60]);
  assert.deepEqual(page.last.report?.parcels, { of: 3, left: 1, seen: 0 });
  world.troubles = [new TypeError("the line broke"), 503];
  await world.clock.pass(PARCEL_SECONDS);
  // Waits that double, with a chance of a half: three quarters of two and of four seconds.
  await world.clock.pass(5);
  assert.deepEqual(parcels(), [60, 80, 81.5, 84.5]);
  await world.clock.pass(PACE_SECONDS);
  assert.deepEqual(parcels(), [60, 80, 81.5, 84.5, 104.5]);
  assert.deepEqual(page.last.report?.parcels, { of: 3, left: 3, seen: 0 });
  const letters = world.asked.filter(({ size }) => size === LETTER.wireLength).map(({ at }) => at - START - EARLY);
  assert.deepEqual(letters, [0, 60, 120]);
  const held = (world.kept.get(world.round) ?? []).filter(({ length }) => length > LETTER.wireLength);
  assert.equal(held.length, 3);
  await world.clock.pass(2 * PERIOD);
  assert.deepEqual(page.last.report, { letter: "seen", round: Math.floor(START / PERIOD), parcels: { of: 3, left: 3, seen: 3 } });
});

test("a parcel goes on for as long as the page is open, with waits of two minutes at most, and its line does not stop the ticks", async () => {
  const world = early();
  const page = await Page.running(world);
  await page.queue([file(1_000)]);
  const { fetch } = world.around;
  const tries = /** @type {number[]} */ ([]);
  world.around.fetch = async (path, init) => {
    if (/** @type {Uint8Array | undefined} */ (init.body)?.length !== PARCEL.wireLength) return fetch(path, init);
    tries.push(world.clock.time);
    throw new TypeError("the line broke");
  };
  await world.clock.pass(3_600);
  const waits = tries.slice(1).map((moment, at) => moment - tries[at]);
  assert.ok(waits.every((wait) => wait <= 120) && waits.length > 35, String(waits));
  assert.equal(world.moments("POST /cells").length, 61);
  world.around.fetch = fetch;
  await world.clock.pass(120);
  assert.equal(page.last.report?.parcels.left, 1);
});

test("a parcel is the same bytes until the round key is another, and is not sent to a key that is too old", async () => {
  const world = early();
  const page = await Page.running(world);
  await page.queue([file(1_000)]);
  const sent = /** @type {{ at: number, body: Uint8Array }[]} */ ([]);
  const { fetch } = World.prototype;
  world.around.fetch = async (path, init) => {
    const body = /** @type {Uint8Array | undefined} */ (init.body);
    if (body?.length === PARCEL.wireLength) sent.push({ at: world.clock.time, body });
    if (path !== "/directory" || world.clock.time > START + 2 * PERIOD) throw new TypeError("no line");
    return fetch.call(world, path, init);
  };
  await world.clock.pass(6 * PERIOD);
  const different = [0, 1, 2, 3, 4].map((round) => {
    const inRound = sent.filter(({ at }) => Math.floor((at - START) / PERIOD) === round);
    assert.ok(round > 3 || inRound.length > 5);
    return new Set(inRound.map(({ body }) => body)).size;
  });
  // The last key is of the third round, and is taken in the fourth.
  assert.deepEqual(different, [1, 1, 1, 1, 0]);
  assert.equal(new Set(sent.map(({ body }) => body)).size, 3);
});

test("a route of another length seals the same report anew", async () => {
  const world = early();
  const page = await Page.running(world);
  await page.queue([file(1_000)]);
  world.relays.push(randomBytes(32));
  world.version = 2;
  world.loseMemory();
  await world.clock.pass(2 * PACE_SECONDS);
  assert.deepEqual(page.last.report, { letter: "left", parcels: { of: 1, left: 1, seen: 0 } });
  const lengths = (world.kept.get(world.round) ?? []).map(({ length }) => length);
  assert.ok(lengths.includes(LETTER.lengthAfter(1)) && lengths.includes(PARCEL.lengthAfter(1)));
  await world.clock.pass(2 * PERIOD);
  assert.deepEqual([page.last.report?.letter, page.last.report?.parcels.seen], ["seen", 1]);
});

test("it stays one report when it is sealed anew", async () => {
  const world = early();
  const nonces = /** @type {string[]} */ ([]);
  /** @type {typeof prepare} */
  const noting = async (...given) => {
    const prepared = await prepare(...given);
    nonces.push(prepared.report.nonce);
    return prepared;
  };
  const page = await Page.running(world, { prepare: noting });
  await page.queue();
  world.relays.push(randomBytes(32));
  world.version = 2;
  world.loseMemory();
  await world.clock.pass(PACE_SECONDS);
  assert.equal(nonces.length, 2);
  assert.equal(nonces[0], nonces[1]);
});

test("a directory that does not take the report any more is told, and the pace goes on", async () => {
  const world = early();
  world.partners.push(OpeningKey.generate());
  const page = await Page.running(world);
  await page.pacer.queue(draft, [file(1_000)], { to: ["sur"] });
  world.partners.pop();
  world.relays.push(randomBytes(32));
  world.version = 2;
  world.loseMemory();
  const before = world.moments("POST /cells").length;
  await world.clock.pass(3 * PACE_SECONDS);
  assert.equal(page.last.report?.letter, "unsent");
  assert.equal(world.moments("POST /cells").length - before, 4);
  assert.deepEqual([page.ended, page.last.line], ["running", "open"]);
  await page.queue();
  await world.clock.pass(PACE_SECONDS);
  assert.equal(page.last.report?.letter, "left");
});

test("rounds of another length are counted anew", async () => {
  const world = early();
  const page = await Page.running(world);
  await page.queue();
  await world.clock.pass(PACE_SECONDS);
  assert.equal(page.last.report?.letter, "left");
  world.period = 600;
  world.version = 2;
  world.loseMemory();
  world.kept.clear();
  await world.clock.pass(3 * PERIOD);
  assert.equal(page.last.report?.letter, "left");
  await page.queue();
  const before = world.asked.length;
  await world.clock.pass(1_200);
  assert.equal(page.last.report?.letter, "seen");
  const lists = world.paths.slice(before).filter((path) => path.startsWith("GET /rounds/"));
  assert.ok(lists.length <= 4, String(lists));
});

test("stop breaks off what is on the line, and nothing is sent any more", async () => {
  for (const pass of [0, 0.5, 30, 60.5, 61.5]) {
    const world = early();
    world.latency = 1;
    const page = new Page(world);
    const opening = page.pacer.open();
    await world.clock.pass(1);
    await opening;
    page.run();
    await page.queue([file(1_000)]);
    await world.clock.pass(pass);
    page.pacer.stop();
    const before = world.asked.length;
    await settled();
    assert.equal(page.ended, "stopped");
    assert.deepEqual(page.last, { line: "stopped", because: "" });
    const heard = page.heard.length;
    await world.clock.pass(2 * PERIOD);
    assert.deepEqual([world.asked.length, page.heard.length], [before, heard]);
    await assert.rejects(page.queue(), { outcome: "stopped" });
  }
});

test("stop does not wait for a wait that cannot be broken off", async () => {
  const world = early();
  world.around.rest = (seconds) => world.clock.rest(seconds);
  const page = await Page.running(world);
  await page.queue();
  await world.clock.pass(30);
  page.pacer.stop();
  await settled();
  assert.equal(page.ended, "stopped");
  await world.clock.pass(PERIOD);
  assert.deepEqual(world.kinds, [Kind.COVER]);
});

test("a page has one pace", async () => {
  const world = early();
  const page = await Page.running(world);
  await assert.rejects(page.pacer.run(), TypeError);
  await world.clock.pass(2 * PACE_SECONDS);
  assert.equal(world.moments("POST /cells").length, 3);
});

test("stop while a report is being sealed forgets it", async () => {
  const world = early();
  const page = await Page.running(world);
  const queueing = page.queue([file(3_000_000)]);
  page.pacer.stop();
  await assert.rejects(queueing, { outcome: "stopped" });
  await world.clock.pass(PERIOD);
  assert.equal(page.heard.every(({ report }) => report === undefined), true);
  assert.deepEqual(world.kinds, [Kind.COVER]);
});

test("stop while it opens ends the opening", async () => {
  const world = early();
  world.trouble = new TypeError("the line broke");
  const page = new Page(world);
  const opening = assert.rejects(page.pacer.open(), { outcome: "stopped" });
  await world.clock.pass(20);
  assert.deepEqual([page.last.line, page.last.because], ["opening", "unreachable"]);
  assert.throws(() => page.pacer.directory, TypeError);
  page.pacer.stop();
  await opening;
});

test("opening goes on until the relay answers, and ends with what must not be sent to", async () => {
  const world = early();
  world.trouble = 503;
  const page = new Page(world);
  const opening = page.pacer.open();
  await world.clock.pass(300);
  assert.deepEqual([page.last.line, page.last.because], ["opening", "busy"]);
  world.trouble = undefined;
  await world.clock.pass(120);
  await opening;
  assert.deepEqual([page.last.line, page.pacer.directory.version], ["open", 1]);
  const forged = early();
  const { card } = forged;
  forged.root = randomBytes(32);
  const other = new Page(forged, { card });
  await assert.rejects(other.pacer.open(), { outcome: "forged" });
  assert.equal(other.last.line, "stopped");
  await assert.rejects(other.pacer.run(), { outcome: "forged" });
  assert.deepEqual(forged.paths, ["GET /directory"]);
});

test("an error that nobody expected stops everything", async () => {
  const ours = new Error("unexpected");
  /** Where it is thrown. @type {[string, (world: World, page: Page) => unknown][]} */
  const places = [
    ["the line", (world) => (world.trouble = new RangeError("not of the line"))],
    ["the wait", (world) => (world.around.rest = async () => Promise.reject(ours))],
    ["the clock", (world) => (world.around.now = () => assert.fail("no time"))],
    ["a parcel's chance", (world, page) => ((world.around.chance = () => assert.fail("none")), page.queue([file(2_000_000)]))],
    ["who is told", (world, page) => ((page.heard.push = () => assert.fail("deaf")), page.queue().catch(() => {}))],
  ];
  for (const [place, breaks] of places) {
    const world = early();
    const page = await Page.running(world);
    await breaks(world, page);
    await world.clock.pass(PACE_SECONDS + 1);
    assert.ok(page.ended instanceof Error, place);
    world.trouble = undefined;
    const before = world.asked.length;
    await world.clock.pass(PERIOD);
    assert.equal(world.asked.length, before, place);
    await assert.rejects(page.queue(), { outcome: "stopped" }, place);
  }
});

test("an unexpected error while sealing stops everything and reaches both", async () => {
  const world = early();
  const page = await Page.running(world, { prepare: async () => assert.fail("sealing broke") });
  await assert.rejects(page.queue(), /sealing broke/);
  await settled();
  assert.match(String(page.ended), /sealing broke/);
  const before = world.asked.length;
  await world.clock.pass(PERIOD);
  assert.equal(world.asked.length, before);
});

test("what must not be sent to, found on the way, stops everything", async () => {
  const world = early();
  const page = await Page.running(world);
  await page.queue();
  world.root = randomBytes(32);
  await world.clock.pass(PERIOD);
  assert.equal(/** @type {any} */ (page.ended).outcome, "forged");
  const before = world.asked.length;
  await world.clock.pass(PERIOD);
  assert.equal(world.asked.length, before);
});

test("there is one report at a time, and one that cannot be sent leaves the pace alone", async () => {
  const world = early();
  const page = await Page.running(world);
  await assert.rejects(page.pacer.queue(draft, [], { to: ["sur"] }), { outcome: "cannot-send", reason: "unknown-partner" });
  await page.queue();
  await assert.rejects(page.queue(), { outcome: "cannot-send", reason: "another" });
  await world.clock.pass(PACE_SECONDS);
  assert.equal(page.last.report?.letter, "left");
  const both = [page.queue([file(2_000_000)]), page.queue()];
  await assert.rejects(both[1], { reason: "another" });
  await world.clock.pass(0);
  await both[0];
  await world.clock.pass(PACE_SECONDS);
  assert.deepEqual([page.last.report?.letter, page.last.report?.parcels.left], ["left", 1]);
  await assert.rejects(page.queue(), { reason: "another" });
  await world.clock.pass(PACE_SECONDS);
  await page.queue();
  await world.clock.pass(PACE_SECONDS);
  assert.equal((await reportsOf(world)).length, 3);
  assert.equal(page.ended, "running");
});

test("a relay that is away for hours and comes back finds the letter waiting", async () => {
  const world = early();
  const page = await Page.running(world);
  await page.queue();
  world.trouble = new TypeError("the line broke");
  await world.clock.pass(4 * 3_600 - EARLY);
  assert.deepEqual([page.last.line, page.last.because, page.last.report?.letter], ["waiting", "unreachable", "queued"]);
  world.trouble = undefined;
  await world.clock.pass(PACE_SECONDS);
  assert.deepEqual([page.last.line, page.last.report?.letter], ["open", "left"]);
  await world.clock.pass(PERIOD + PACE_SECONDS);
  assert.equal(page.last.report?.letter, "seen");
});

test("the pace is what the specification says", () => {
  assert.deepEqual([PACE_SECONDS, PARCEL_SECONDS, SETTLE_SECONDS, TRIES], [60, 20, 10, 5]);
});
