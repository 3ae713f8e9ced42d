// @ts-check
/**
 * What every vector file says, as cases that run anywhere: in Node beside the files, in Firefox far from them
 * (tests/vectors/README.md). How things are compared, and where the files are, is handed in.
 */

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
import { base64, unbase64 } from "./base64.js";

/** @typedef {Record<string, any>} Case */
/**
 * @typedef {object} Means
 * @property {{ ok: Function, equal: Function, deepEqual: Function }} assert as in node:assert/strict
 * @property {() => string[]} folders
 * @property {(folder: string) => string[]} files
 * @property {(file: string) => Case} load
 * @property {(recipe: Case) => Uint8Array} make
 * @property {(given: Case, name: string) => Uint8Array} bytesOf
 */

// Key files are the desk's and the relay's, and words are between desks; no key ever rests in a browser.
const NOT_OURS = ["key-file", "identify", "word"];

/** @param {string} digits */
const verifying = (digits) => new VerifyingKey(unhex(digits));

/** @param {Case} given @param {Means} means */
async function runPublicKey(given, { assert, bytesOf }) {
  const key = new SealingKey(bytesOf(given, "public"));
  assert.ok(new OpeningKey(unhex(given.seed)).sealingKey.equals(key));
}

/** @param {Case} given @param {Means} means */
async function runSeal(given, { assert, bytesOf }) {
  const key = new OpeningKey(unhex(given.seed));
  const sealed = bytesOf(given, "sealed");
  assert.deepEqual(await key.open(sealed, { purpose: unhex(given.purpose) }), bytesOf(given, "plaintext"));
  if (given.eseed === undefined) return;
  const { cipherText } = MLKEM768X25519.encapsulate(key.sealingKey.wire, unhex(given.eseed));
  assert.deepEqual(cipherText, sealed.slice(0, ENC_LEN));
}

/** @param {Case} given @param {Means} means */
async function runPad(given, { assert, bytesOf }) {
  const padded = bytesOf(given, "padded");
  const content = unpad(padded);
  assert.deepEqual(content, bytesOf(given, "content"));
  assert.deepEqual(pad(content, padded.length), padded);
}

/** @param {Case} given @param {Means} means */
async function runArmour(given, { assert, bytesOf }) {
  const envelope = dearmour(text(bytesOf(given, "text")));
  assert.deepEqual(envelope, bytesOf(given, "envelope"));
  assert.deepEqual(dearmour(armour(envelope)), envelope);
}

/** @param {Case} given @param {Means} means */
async function runLetter(given, { assert, bytesOf }) {
  const keys = given.keys.map((/** @type {string} */ seed) => new OpeningKey(unhex(seed)));
  const cell = bytesOf(given, "cell");
  const opened = await openLetter(cell, keys);
  const content = bytesOf(given, "content");
  assert.deepEqual(await openContent(cell, keys), content);
  assert.deepEqual(opened instanceof Uint8Array ? opened : reports.encode(opened), content.slice(1));
}

/** @param {Case} given @param {Means} means */
async function runEnvelope(given, { assert, bytesOf }) {
  const { kind, inner } = await peel(bytesOf(given, "cell"), new OpeningKey(unhex(given.seed)));
  assert.equal(kind, given.kind === "pass" ? Kind.PASS : Kind.COVER);
  assert.deepEqual(inner, bytesOf(given, "inner"));
}

/** @param {Case} given @param {Means} means */
async function runAnnouncement(given, { assert, bytesOf }) {
  const announced = AnnouncedKey.parse(bytesOf(given, "announcement"), { relay: verifying(given.relay) });
  assert.equal(announced.roundNumber, given.round);
  assert.deepEqual(announced.key.wire, bytesOf(given, "public"));
}

/** @param {Case} given @param {Means} means */
async function runBundle(given, { assert, bytesOf, make }) {
  const { header, cells } = parseBundle(bytesOf(given, "bundle"), { relay: verifying(given.relay) });
  assert.deepEqual([header.roundNumber, header.cellClass.name], [given.round, given.class]);
  assert.deepEqual(cells, given.cells.map(make));
}

/** @param {Case} given @param {Means} means */
async function runHashList(given, { assert, bytesOf }) {
  const wire = bytesOf(given, "list");
  const { list, rest } = takeHashList(wire, { relay: verifying(given.relay) });
  assert.deepEqual(concat(list.header.wire, ...list.hashes, list.signature, rest), wire);
  assert.deepEqual(rest, bytesOf(given, "rest"));
  assert.deepEqual([list.header.roundNumber, list.header.cellClass.name], [given.round, given.class]);
  assert.deepEqual(list.hashes.map(hex), given.hashes);
}

/** @param {Case} given @param {Means} means */
async function runReport(given, { assert, bytesOf }) {
  const wire = bytesOf(given, "report");
  assert.deepEqual(reports.encode(reports.decode(wire)), wire);
}

/** @param {Case} given @param {Means} means */
async function runDirectory(given, { assert, bytesOf }) {
  const trust = { root: verifying(given.root), now: given.now };
  const signed = bytesOf(given, "signed");
  const found =
    given.held === undefined
      ? TrustedDirectory.read(signed, trust)
      : TrustedDirectory.read(bytesOf(given, "held"), trust).updated(signed, trust);
  assert.deepEqual(found.signed, signed);
  assert.equal(found.directory.version, JSON.parse(text(signed).split("\n")[2]).version);
}

/** @param {Case} given @param {Means} means */
async function runAnswer(given, { assert, bytesOf, make }) {
  const wire = bytesOf(given, "answer");
  const { signed, announcements } = readAnswer(wire);
  assert.deepEqual(signed, bytesOf(given, "signed"));
  assert.deepEqual(announcements, given.round_keys.map(make));
  assert.deepEqual(writeAnswer(signed, announcements), wire);
}

/** @param {Case} given @param {Means} means */
async function runCard(given, { assert, bytesOf }) {
  const card = Card.parse(text(bytesOf(given, "text")));
  assert.deepEqual([card.onion, hex(card.root.wire)], [given.onion, given.root]);
  assert.deepEqual(Card.parse(String(card)), card);
}

/** @param {Case} given @param {Means} means */
async function runWords(given, { assert }) {
  assert.equal(fingerprintWords(unhex(given.fingerprint)), given.words);
}

/** @type {Record<string, (given: Case, means: Means) => Promise<void>>} */
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

/** Every case of every vector file, and that no folder was forgotten. @param {Means} means */
export function casesOf(means) {
  const { assert, files, folders } = means;
  const cases = Object.entries(RUNNERS).flatMap(([folder, run]) =>
    files(folder).map((file) => ({ name: `${file} ends as it says`, run: () => ends(file, run, means) })),
  );
  for (const [folder, run] of Object.entries(CLEANERS)) {
    for (const file of files(folder)) {
      cases.push({ name: `${file} comes out as it says, and clean`, run: async () => run(means.load(file), means) });
    }
  }
  const known = [...Object.keys(RUNNERS), ...Object.keys(CLEANERS), ...NOT_OURS].sort();
  cases.push({ name: "every folder of vectors is run", run: async () => assert.deepEqual(folders().sort(), known) });
  return cases;
}

/** @param {string} file @param {(given: Case, means: Means) => Promise<void>} run @param {Means} means */
async function ends(file, run, means) {
  const { assert, load } = means;
  const given = load(file);
  if (given.expect === "ok") return run(given, means);
  /** @type {unknown} */
  let fault;
  try {
    await run(given, means);
  } catch (error) {
    fault = error;
  }
  assert.ok(fault instanceof CryptoError, String(fault));
  assert.equal(/** @type {CryptoError} */ (fault).outcome, given.expect);
}

/** @param {Case} given @param {Means} means */
function runText({ text: given, expect }, { assert }) {
  assert.deepEqual(cleanText(given), { text: expect.text, removed: expect.removed });
  assert.deepEqual(cleanText(expect.text), { text: expect.text, removed: {} });
}

/** @param {Case} given @param {Means} means */
function runPhoto({ photo, expect }, { assert }) {
  /** @type {Case} */
  let found;
  try {
    const { data, mediaType, width, height, removed } = cleanPhoto(unbase64(photo));
    found = { photo: base64(data), media_type: mediaType, width, height, removed };
  } catch (error) {
    if (!(error instanceof CleanError)) throw error;
    found = { error: error.outcome };
  }
  assert.deepEqual(found, expect);
  if (expect.error !== undefined) return;
  const again = cleanPhoto(unbase64(expect.photo));
  assert.deepEqual([base64(again.data), again.removed], [expect.photo, {}]);
}

/** @type {Record<string, (given: Case, means: Means) => void>} */
const CLEANERS = { "clean-text": runText, "clean-photo": runPhoto };
