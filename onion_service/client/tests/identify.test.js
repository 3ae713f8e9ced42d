// @ts-check
/** What may identify a writer is found as the vectors say, in any text, and in a time that only its length decides. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { TABLES } from "../identify-tables.js";
import { folded, identifying } from "../identify.js";
import { files, load } from "./recipes.js";

/** @typedef {[kind: string, start: number, end: number, part: string]} Marked */
/** @type {{ text: string, found: Marked[] }[]} */
const CASES = files("identify").flatMap((file) => load(file).cases);
const REPORT_LENGTH = 20_000;
const SLOWER_AT_MOST = 15;
const SETTLING_MS = 150;

for (const file of files("identify")) {
  test(`${file} is found as it says`, () => {
    for (const { text, found } of load(file).cases) {
      const marked = identifying(text).map(({ kind, start, end }) => [kind, start, end, text.slice(start, end)]);
      assert.deepEqual(marked, found, text);
    }
  });
}

test("every kind is found in many texts, and as many texts have none", () => {
  const counts = new Map(TABLES.kinds.map((kind) => [kind, 0]));
  for (const [kind] of CASES.flatMap(({ found }) => found)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  counts.delete("");
  assert.ok([...counts.values()].every((count) => count >= 6), JSON.stringify([...counts]));
  assert.ok(CASES.filter(({ found }) => found.length > 0).length >= 150);
  assert.ok(CASES.filter(({ found }) => found.length === 0).length >= 120);
});

test("folding keeps every character at its place", () => {
  assert.equal(folded("ÁÉÍÓÚÜÑáéíóúüñ Ça À"), "aeiouunaeiouun ca a");
  for (let code = 0; code < 0x11000; code += 1) {
    assert.equal(folded(String.fromCodePoint(code)).length, code < 0x10000 ? 1 : 2, code.toString(16));
  }
});

/** Text without a plan, of the pieces that patterns ask for, the same in every run. @param {string} name */
function* nonsense(name) {
  const pieces = [
    ...CASES.flatMap(({ found }) => found.flatMap(([, , , part]) => part.split(/(?<=[ .-])/u))),
    ..."@#.,-_/:()+°'\"\n 0123456789áÑñ😀\u{1f1f2}",
    "\ud83d",
    "\ude00",
    "\u0301",
    "://",
  ];
  for (let at = 0; ; at += 1) {
    const bytes = createHash("sha512").update(`${name}${at}`).digest();
    const words = Array.from({ length: 2 + (bytes[0] % 29) }, (_, word) => pieces[bytes.readUInt16BE(2 + 2 * word) % pieces.length]);
    yield words.join(at % 2 === 0 ? "" : " ");
  }
}

test("in any text the findings are inside, in order, apart, and part no character", () => {
  let [tries, some] = [0, 0];
  for (const text of nonsense("any")) {
    const found = identifying(text);
    let last = 0;
    for (const { kind, start, end } of found) {
      assert.ok(kind !== "" && TABLES.kinds.includes(kind), kind);
      assert.ok(last <= start && start < end && end <= text.length, JSON.stringify([text, found]));
      for (const at of [start, end]) {
        const pair = text.slice(Math.max(at - 1, 0), at + 1);
        assert.ok(!/^[\ud800-\udbff][\udc00-\udfff]$/.test(pair), JSON.stringify([text, found]));
      }
      last = end;
    }
    some += found.length > 0 ? 1 : 0;
    if ((tries += 1) === 4_000) break;
  }
  assert.ok(some > 400, `only ${some} had anything to find`);
});

/** What takes longest to tell from a finding: the beginnings of findings, over and over. */
function hostilePieces() {
  const parts = CASES.flatMap(({ found }) => found.map(([, , , part]) => part.slice(0, -1)));
  const plain = ["a", "1", "1 ", "1-", "a@", "a.", "@", "(", "mi ", "mi ex ex ", "calle a ", "http://,,,,", "x.com/,", "Aa ", "A ", "\n", "😀", "á"];
  return [...new Set([...plain, ...parts])];
}

/**
 * How long a report full of each of these takes the client where nothing is compiled, as the best of up to three times; with
 * another rule, where one is given.
 * @param {string[]} pieces
 * @param {string[]} [planted]
 */
function milliseconds(pieces, planted) {
  const program = `
    import { readFileSync } from "node:fs";
    import { identifying } from ${JSON.stringify(new URL("../identify.js", import.meta.url).href)};
    import { TABLES } from ${JSON.stringify(new URL("../identify-tables.js", import.meta.url).href)};
    const { pieces, planted } = JSON.parse(readFileSync(0, "utf8"));
    if (planted !== undefined) TABLES.rules.push(planted);
    const once = (text) => { const start = performance.now(); identifying(text); return performance.now() - start; };
    const times = pieces.map((piece) => {
      const text = piece.repeat(${REPORT_LENGTH} / piece.length + 1).slice(0, ${REPORT_LENGTH});
      const first = once(text);
      return first < 50 ? first : Math.min(first, once(text), once(text));
    });
    console.log(JSON.stringify(times));`;
  const flags = ["--jitless", "--regexp-interpret-all", "--input-type=module", "-e", program];
  const ended = spawnSync(process.execPath, flags, { input: JSON.stringify({ pieces, planted }), encoding: "utf8" });
  assert.equal(ended.status, 0, ended.stderr);
  return /** @type {number[]} */ (JSON.parse(ended.stdout));
}

/** The piece that takes much longer than an ordinary text of the same length, if there is one. @param {string[]} pieces @param {string[]} [planted] */
function tooSlow(pieces, planted) {
  const ordinary = "Ayer como a las 9 de la noche llegaron 4 camionetas a la plaza y se llevaron a 2 muchachos. Mi hermano los vio. ";
  const [, usual, ...times] = milliseconds([ordinary, ordinary, ...pieces], planted);
  return pieces.find((_, at) => times[at] > SLOWER_AT_MOST * usual + SETTLING_MS);
}

test("no text takes much longer than an ordinary one of its length, without a JIT", () => {
  assert.equal(tooSlow(hostilePieces()), undefined);
});

test("a pattern that looks far ahead from every place is noticed", () => {
  assert.equal(tooSlow(["a ", "b"], ["link", "a[a ]{0,9999}c"]), "a ");
});
