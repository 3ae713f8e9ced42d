// @ts-check
/**
 * The client's vectors and deeds in a browser, far from any file. Python puts this script into a page, hands it what
 * `spelled.js` printed, and asks.
 */

import { Card } from "../directory.js";
import { LETTER, PARCEL } from "../cells.js";
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
 * Milliseconds for what a reporter waits for: `read` the directory, `letter` and `parcel` sealed and wrapped, and a `cover`.
 * @param {{ answer: string, card: string, now: number, to: string[], text: string, photo: string, times: number }} asked
 */
async function figures({ answer, card, now, to, text, photo, times }) {
  /** @type {Record<string, number[]>} */
  const took = { read: [], clean: [], seal: [], wrap: [], cover: [], coverParcel: [] };
  const timed = async (/** @type {string} */ what, /** @type {() => any} */ deed) => {
    const began = performance.now();
    const done = await deed();
    took[what].push(performance.now() - began);
    return done;
  };
  for (let time = 0; time < times; time += 1) {
    const trust = new Trust(Card.parse(card));
    const directory = await timed("read", () => trust.take(unbase64(answer), { now }));
    const file = await timed("clean", () => cleanFile({ name: "foto.jpg", data: unbase64(photo) }));
    const { letter, parcels } = await timed("seal", () => prepare(cleanDraft({ text }).draft, [file], { directory, to }));
    await timed("wrap", async () => {
      for (const { cell } of [letter, ...parcels]) await trust.wrap(cell);
    });
    await timed("cover", () => trust.cover(LETTER));
    await timed("coverParcel", () => trust.cover(PARCEL));
  }
  return took;
}

Object.assign(globalThis, { veladora: { vectors, figures, deeds: DEEDS } });
