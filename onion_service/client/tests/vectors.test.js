// @ts-check
/** Every vector file ends in the client as it ends in Python (tests/vectors/README.md). */

import "./surroundings.js";

import assert from "node:assert/strict";
import { test } from "node:test";

import { MLKEM768X25519 } from "@noble/post-quantum/hybrid.js";

import { parseBundle, takeHashList } from "../bundle.js";
import { concat, hex, text, unhex } from "../bytes.js";
import { armour, dearmour, pad, unpad } from "../cells.js";
import { CleanError } from "../clean/errors.js";
import { cleanPhoto } from "../clean/photo.js";
import { cleanText } from "../clean/text.js";
import { Card, TrustedDirectory, readAnswer, writeAnswer } from "../directory.js";
import { CryptoError } from "../errors.js";
import { fingerprintWords } from "../keys.js";
import { AnnouncedKey, Kind, peel } from "../layers.js";
import { openContent, openLetter } from "../letter.js";
import * as reports from "../report.js";
import { VerifyingKey } from "../signing.js";
import { ENC_LEN, OpeningKey, SealingKey } from "../suite.js";
import { bytesOf, files, folders, load, make } from "./recipes.js";

/** @typedef {import("./recipes.js").Case} Case */

// Key files are the desk's and the relay's; no key ever rests in a browser.
const NOT_OURS = ["key-file"];
// They have tests of their own, here or in identify.test.js.
const NOT_SEALING = ["clean-text", "clean-photo", "identify"];

/** @param {string} digits */
const verifying = (digits) => new VerifyingKey(unhex(digits));

/** @param {Case} given */
async function runPublicKey(given) {
  const key = new SealingKey(bytesOf(given, "public"));
  assert.ok(new OpeningKey(unhex(given.seed)).sealingKey.equals(key));
}

/** @param {Case} given */
async function runSeal(given) {
  const key = new OpeningKey(unhex(given.seed));
  const sealed = bytesOf(given, "sealed");
  assert.deepEqual(await key.open(sealed, { purpose: unhex(given.purpose) }), bytesOf(given, "plaintext"));
  if (given.eseed === undefined) return;
  const { cipherText } = MLKEM768X25519.encapsulate(key.sealingKey.wire, unhex(given.eseed));
  assert.deepEqual(cipherText, sealed.slice(0, ENC_LEN));
}

/** @param {Case} given */
async function runPad(given) {
  const padded = bytesOf(given, "padded");
  const content = unpad(padded);
  assert.deepEqual(content, bytesOf(given, "content"));
  assert.deepEqual(pad(content, padded.length), padded);
}

/** @param {Case} given */
async function runArmour(given) {
  const envelope = dearmour(text(bytesOf(given, "text")));
  assert.deepEqual(envelope, bytesOf(given, "envelope"));
  assert.deepEqual(dearmour(armour(envelope)), envelope);
}

/** @param {Case} given */
async function runLetter(given) {
  const keys = given.keys.map((/** @type {string} */ seed) => new OpeningKey(unhex(seed)));
  const cell = bytesOf(given, "cell");
  const opened = await openLetter(cell, keys);
  const content = bytesOf(given, "content");
  assert.deepEqual(await openContent(cell, keys), content);
  assert.deepEqual(opened instanceof Uint8Array ? opened : reports.encode(opened), content.slice(1));
}

/** @param {Case} given */
async function runEnvelope(given) {
  const { kind, inner } = await peel(bytesOf(given, "cell"), new OpeningKey(unhex(given.seed)));
  assert.equal(kind, given.kind === "pass" ? Kind.PASS : Kind.COVER);
  assert.deepEqual(inner, bytesOf(given, "inner"));
}

/** @param {Case} given */
async function runAnnouncement(given) {
  const announced = AnnouncedKey.parse(bytesOf(given, "announcement"), { relay: verifying(given.relay) });
  assert.equal(announced.roundNumber, given.round);
  assert.deepEqual(announced.key.wire, bytesOf(given, "public"));
}

/** @param {Case} given */
async function runBundle(given) {
  const { header, cells } = parseBundle(bytesOf(given, "bundle"), { relay: verifying(given.relay) });
  assert.deepEqual([header.roundNumber, header.cellClass.name], [given.round, given.class]);
  assert.deepEqual(cells, given.cells.map(make));
}

/** @param {Case} given */
async function runHashList(given) {
  const wire = bytesOf(given, "list");
  const { list, rest } = takeHashList(wire, { relay: verifying(given.relay) });
  assert.deepEqual(concat(list.header.wire, ...list.hashes, list.signature, rest), wire);
  assert.deepEqual(rest, bytesOf(given, "rest"));
  assert.deepEqual([list.header.roundNumber, list.header.cellClass.name], [given.round, given.class]);
  assert.deepEqual(list.hashes.map(hex), given.hashes);
}

/** @param {Case} given */
async function runReport(given) {
  const wire = bytesOf(given, "report");
  assert.deepEqual(reports.encode(reports.decode(wire)), wire);
}

/** @param {Case} given */
async function runDirectory(given) {
  const trust = { root: verifying(given.root), now: given.now };
  const signed = bytesOf(given, "signed");
  const found =
    given.held === undefined
      ? TrustedDirectory.read(signed, trust)
      : TrustedDirectory.read(bytesOf(given, "held"), trust).updated(signed, trust);
  assert.deepEqual(found.signed, signed);
  assert.equal(found.directory.version, JSON.parse(text(signed).split("\n")[2]).version);
}

/** @param {Case} given */
async function runAnswer(given) {
  const wire = bytesOf(given, "answer");
  const { signed, announcements } = readAnswer(wire);
  assert.deepEqual(signed, bytesOf(given, "signed"));
  assert.deepEqual(announcements, given.round_keys.map(make));
  assert.deepEqual(writeAnswer(signed, announcements), wire);
}

/** @param {Case} given */
async function runCard(given) {
  const card = Card.parse(text(bytesOf(given, "text")));
  assert.deepEqual([card.onion, hex(card.root.wire)], [given.onion, given.root]);
  assert.deepEqual(Card.parse(String(card)), card);
}

/** @param {Case} given */
async function runWords(given) {
  assert.equal(fingerprintWords(unhex(given.fingerprint)), given.words);
}

/** @type {Record<string, (given: Case) => Promise<void>>} */
const RUNNERS = {
  announcement: runAnnouncement,
  answer: runAnswer,
  armour: runArmour,
  bundle: runBundle,
  card: runCard,
  directory: runDirectory,
  envelope: runEnvelope,
  "hash-list": runHashList,
  letter: runLetter,
  pad: runPad,
  "public-key": runPublicKey,
  report: runReport,
  seal: runSeal,
  words: runWords,
};

for (const [folder, run] of Object.entries(RUNNERS)) {
  for (const file of files(folder)) {
    test(`${file} ends as it says`, async () => {
      const given = load(file);
      if (given.expect === "ok") return run(given);
      await assert.rejects(run(given), (error) => {
        assert.ok(error instanceof CryptoError, String(error));
        assert.equal(error.outcome, given.expect, error.message);
        return true;
      });
    });
  }
}

for (const file of files("clean-text")) {
  test(`${file} comes out as it says, and clean`, () => {
    const { text: given, expect } = load(file);
    assert.deepEqual(cleanText(given), { text: expect.text, removed: expect.removed });
    assert.deepEqual(cleanText(expect.text), { text: expect.text, removed: {} });
  });
}

for (const file of files("clean-photo")) {
  test(`${file} comes out as it says, and clean`, () => {
    const { photo, expect } = load(file);
    const given = new Uint8Array(Buffer.from(photo, "base64"));
    if (expect.error !== undefined) {
      assert.throws(
        () => cleanPhoto(given),
        (error) => error instanceof CleanError && error.outcome === expect.error,
      );
      return;
    }
    const { data, mediaType, width, height, removed } = cleanPhoto(given);
    assert.deepEqual(
      { photo: Buffer.from(data).toString("base64"), media_type: mediaType, width, height, removed },
      expect,
    );
    const again = cleanPhoto(data);
    assert.deepEqual([again.data, again.removed], [data, {}]);
  });
}

test("every folder of vectors is run", () => {
  assert.deepEqual(folders().sort(), [...Object.keys(RUNNERS), ...NOT_SEALING, ...NOT_OURS].sort());
});
