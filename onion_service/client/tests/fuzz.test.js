// @ts-check
/** Every parser accepts any bytes or text, or throws our error; there is no third thing. */

import "./surroundings.js";

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { parseBundle, takeHashList } from "../bundle.js";
import { dearmour, unpad } from "../cells.js";
import { CleanError } from "../clean/errors.js";
import { cleanPhoto } from "../clean/photo.js";
import { wholePicture } from "../clean/lzw.js";
import { cleanText } from "../clean/text.js";
import { Card, TrustedDirectory, readAnswer } from "../directory.js";
import { CryptoError } from "../errors.js";
import { AnnouncedKey, peel } from "../layers.js";
import { openLetter, parseContent } from "../letter.js";
import { decode } from "../report.js";
import { VerifyingKey } from "../signing.js";
import { OpeningKey, SealingKey } from "../suite.js";
import { bytesOf, files, load } from "./recipes.js";

const TRIES = 150;
const relay = new VerifyingKey(new Uint8Array(32).fill(7));
const key = new OpeningKey(new Uint8Array(32));

/** Bytes without a pattern, and numbers out of them, the same in every run. */
class Chance {
  #state;

  /** @param {string} name */
  constructor(name) {
    this.#state = name;
  }

  /** @param {number} length */
  bytes(length) {
    this.#state = createHash("sha256").update(this.#state).digest("hex");
    return new Uint8Array(createHash("shake256", { outputLength: Math.max(length, 1) }).update(this.#state).digest()).slice(0, length);
  }

  /** @param {number} end */
  below(end) {
    return Math.floor((Buffer.from(this.bytes(4)).readUInt32BE() / 2 ** 32) * end);
  }

  /** @param {Uint8Array} data */
  altered(data) {
    const at = this.below(data.length + 1);
    const [kind] = this.bytes(1);
    const more = this.bytes(this.below(9));
    if (kind < 85) return new Uint8Array([...data.slice(0, at), ...more, ...data.slice(at)]);
    if (kind < 170) return new Uint8Array([...data.slice(0, at), ...data.slice(at + more.length)]);
    return data.map((byte, place) => (place === at ? byte ^ (1 << (kind & 7)) : byte));
  }
}

/** @param {() => unknown} parse @param {(error: unknown) => boolean} isOurs */
async function acceptsOrRefuses(parse, isOurs) {
  try {
    await parse();
  } catch (error) {
    assert.ok(isOurs(error), error instanceof Error ? error.stack : String(error));
  }
}

const isCrypto = (/** @type {unknown} */ error) => error instanceof CryptoError;
const isClean = (/** @type {unknown} */ error) => error instanceof CleanError;

/** @type {[string, string, string, (wire: Uint8Array) => unknown][]} */
const PARSERS = [
  ["report", "report", "report", (wire) => decode(wire)],
  ["directory", "directory", "signed", (wire) => TrustedDirectory.read(wire, { root: relay, now: 0 })],
  ["answer", "answer", "answer", (wire) => readAnswer(wire)],
  ["announcement", "announcement", "announcement", (wire) => AnnouncedKey.parse(wire, { relay })],
  ["public key", "public-key", "public", (wire) => new SealingKey(wire)],
  ["bundle", "bundle", "bundle", (wire) => parseBundle(wire, { relay })],
  ["hash list", "hash-list", "list", (wire) => takeHashList(wire, { relay })],
  ["padding", "pad", "padded", (wire) => unpad(wire)],
  ["armour", "armour", "text", (wire) => dearmour(Buffer.from(wire).toString("latin1"))],
  ["card", "card", "text", (wire) => Card.parse(Buffer.from(wire).toString("latin1"))],
  ["content", "report", "report", (wire) => parseContent(wire)],
  ["letter", "letter", "cell", (wire) => openLetter(wire, [key])],
  ["envelope", "envelope", "cell", (wire) => peel(wire, key)],
];

for (const [name, folder, field, parse] of PARSERS) {
  test(`any bytes are a good ${name} or refused with our error`, async () => {
    const chance = new Chance(name);
    // Long ones would only be copied slowly: their lengths are looked at first.
    const whole = files(folder)
      .map((file) => bytesOf(load(file), field))
      .filter((wire) => wire.length < 70_000);
    for (let at = 0; at < TRIES; at += 1) {
      await acceptsOrRefuses(() => parse(chance.bytes(chance.below(2_000))), isCrypto);
      await acceptsOrRefuses(() => parse(chance.altered(whole[at % whole.length])), isCrypto);
    }
  });
}

test("an announcement whose signature is not looked at is still parsed within its bounds", () => {
  const wire = bytesOf(load("announcement/ok.json"), "announcement");
  for (const length of [0, 31, 1_319, 1_321]) {
    assert.throws(() => AnnouncedKey.parse(wire.slice(0, length), { relay }), { name: "malformed" });
  }
});

test("any bytes are a photo or refused with our error, and a clean photo is its own clean form", async () => {
  const chance = new Chance("photo");
  const seeds = files("clean-photo").map((file) => new Uint8Array(Buffer.from(load(file).photo, "base64")));
  for (let at = 0; at < 10 * TRIES; at += 1) {
    const photo = chance.altered(chance.altered(seeds[at % seeds.length]));
    await acceptsOrRefuses(() => {
      const { data } = cleanPhoto(photo);
      const again = cleanPhoto(data);
      assert.deepEqual([again.data, again.removed], [data, {}]);
    }, isClean);
  }
});

test("a picture whose last code is cut off is refused", async () => {
  const chance = new Chance("codes");
  assert.throws(() => wholePicture(Uint8Array.of(0xa1), { codeSize: 8, pixels: 1 }), { name: "MalformedPhotoError" });
  for (let at = 0; at < 10 * TRIES; at += 1) {
    const picture = { codeSize: chance.below(12), pixels: 1 + chance.below(12) };
    await acceptsOrRefuses(() => wholePicture(chance.bytes(chance.below(8)), picture), isClean);
  }
});

test("any text has a clean form that is its own, and is at most six times as long", () => {
  const chance = new Chance("text");
  for (let at = 0; at < 4 * TRIES; at += 1) {
    const units = Array.from({ length: chance.below(30) }, () => chance.below(0x10000));
    const text = String.fromCharCode(...units);
    const clean = cleanText(text);
    assert.ok([...clean.text].length <= 6 * [...text].length);
    assert.deepEqual(cleanText(clean.text), { text: clean.text, removed: {} }, JSON.stringify(text));
  }
});

test("very long input is read without running out of stack", () => {
  const gif = new Uint8Array(Buffer.from(load("clean-photo/gif-still.json").photo, "base64"));
  const comment = Array.from({ length: 300_000 }, () => [1, 65]).flat();
  const long = new Uint8Array([...gif.slice(0, -1), 0x21, 0xfe, ...comment, 0, 0x3b]);
  assert.equal(cleanPhoto(long).removed.comment, 1);
  assert.equal(cleanText("x".repeat(300_000)).text.length, 300_000);
  assert.throws(() => decode(new TextEncoder().encode("[".repeat(25_000))), { name: "malformed" });
  assert.throws(() => dearmour(`-----BEGIN VELADORA CELL-----${"A".repeat(1_400_000)}`), { name: "malformed" });
});
