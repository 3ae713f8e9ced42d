// @ts-check
/**
 * The client's vectors and deeds in a browser, far from any file. Python puts this script into a page, hands it what
 * `spelled.js` printed, and asks.
 */

import { Card } from "../directory.js";
import { LETTER, PARCEL } from "../cells.js";
import { identifying } from "../identify.js";
import { sealPart } from "../letter.js";
import { PART_MAX } from "../report.js";
import { Trust } from "../trust.js";
import { cleanDraft, cleanFile, prepare } from "../writing.js";
import { unbase64 } from "./base64.js";
import { casesOf } from "./cases.js";
import { DEEDS } from "./deeds.js";

/** @typedef {import("./cases.js").Case} Case */

/** @param {unknown} one @param {unknown} other @returns {boolean} whether they are the same kind of thing, all the way down */
function same(one, other) {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return false;
  const [names, others] = [Object.keys(one), Object.keys(other)];
  if (names.length !== others.length) return false;
  return names.every((name) => Object.hasOwn(other, name) && same(Reflect.get(one, name), Reflect.get(other, name)));
}

/** @param {boolean} holds @param {string} words */
function hold(holds, words) {
  if (!holds) throw new Error(words);
}

const assert = {
  ok: (/** @type {unknown} */ value, /** @type {string} */ words) => hold(Boolean(value), words ?? "not true"),
  equal: (/** @type {unknown} */ one, /** @type {unknown} */ other) => hold(Object.is(one, other), `${one} is not ${other}`),
  deepEqual: (/** @type {unknown} */ one, /** @type {unknown} */ other) => hold(same(one, other), "not the same"),
};

/** Run every vector; what passed, and what failed with its reason. @param {Record<string, Case>} spelled @param {string[]} folders */
async function vectors(spelled, folders) {
  const make = (/** @type {Case} */ recipe) => unbase64(recipe.base64);
  const cases = casesOf({
    assert,
    folders: () => folders,
    files: (folder) => Object.keys(spelled).filter((file) => file.startsWith(`${folder}/`)),
    load: (file) => spelled[file],
    make,
    bytesOf: (given, name) => make(given[name]),
  });
  const passed = [];
  /** @type {Record<string, string>} */
  const failed = {};
  for (const { name, run } of cases) {
    try {
      await run();
      passed.push(name);
    } catch (error) {
      failed[name] = String(error);
    }
  }
  return { passed, failed };
}

/**
 * Milliseconds for what a reporter waits for, each so many times: `read` the directory, find what may `identify` a writer in
 * the longest text, `seal` a letter and `wrap` it, seal a `parcel` and wrap it (`wrapParcel`), a `cover` of each class, and
 * `clean` each of the photos, by name, that are fetched from the paths given.
 * @param {{ answer: string, card: string, now: number, to: string[], text: string, times: number, photos: Record<string, string> }} asked
 */
async function figures({ answer, card, now, to, text, times, photos }) {
  /** @type {Record<string, number[]>} */
  const took = {};
  const timed = async (/** @type {string} */ what, /** @type {() => any} */ deed) => {
    const began = performance.now();
    let [runs, done] = [0, undefined];
    // Against fingerprinting the clock moves in steps of 17 ms.
    for (; runs === 0 || performance.now() - began < 250; runs += 1) done = await deed();
    (took[what] ??= []).push((performance.now() - began) / runs);
    return done;
  };
  const { draft } = cleanDraft({ text });
  const part = new Uint8Array(PART_MAX);
  for (let time = 0; time < times; time += 1) {
    const trust = new Trust(Card.parse(card));
    const directory = await timed("read", () => trust.take(unbase64(answer), { now }));
    const keys = directory.partners.filter(({ id }) => to.includes(id)).map(({ sealingKey }) => sealingKey);
    const road = { to: keys, relays: directory.route.length };
    await timed("identify", () => identifying(text));
    const { letter } = await timed("seal", () => prepare(draft, [], { directory, to }));
    await timed("wrap", () => trust.wrap(letter.cell));
    const parcel = await timed("parcel", () => sealPart(part, road));
    await timed("wrapParcel", () => trust.wrap(parcel));
    await timed("cover", () => trust.cover(LETTER));
    await timed("coverParcel", () => trust.cover(PARCEL));
  }
  for (const [name, path] of Object.entries(photos)) {
    const data = new Uint8Array(await (await fetch(path)).arrayBuffer());
    for (let time = 0; time < times; time += 1) await timed(name, () => cleanFile({ name, data }));
  }
  return took;
}

Object.assign(globalThis, { veladora: { vectors, figures, deeds: DEEDS } });
