// @ts-check
/**
 * The directory: which relays, which partners, under which keys; true because the root key signed it
 * (docs/spec/directory.md).
 *
 * Trust rules stand here and nowhere else: bytes in, keys out. A directory that is unsigned, expired, older than the one held,
 * or different under the same version is refused.
 */

import { concat, equal, hex, stripped, text, unhex, utf8 } from "./bytes.js";
import * as canonical from "./canonical.js";
import { MAX_RELAYS } from "./cells.js";
import { Expired, Malformed, RolledBack } from "./errors.js";
import { ANNOUNCEMENT_LEN, AnnouncedKey } from "./layers.js";
import { SIGNATURE_LEN, Use, VerifyingKey } from "./signing.js";
import { SealingKey } from "./suite.js";

export const VERSION = 1;
export const DIRECTORY_MAX = 262_144;
export const ANSWER_STEP = 65_536;
export const PARTNERS_MAX = 32;
export const TOPICS_MAX = 64;
export const PLACES_MAX = 2_000;
export const WORDS_MAX = 400;
/** The most bytes that `GET /directory` may answer; the signed text may double in JSON at worst. */
export const ANSWER_MAX = 2 * DIRECTORY_MAX + ANSWER_STEP;

const FIRST_LINE = utf8("veladora-directory-v1\n");
const BASE64_SIGNATURE_LEN = Math.ceil(SIGNATURE_LEN / 3) * 4;
const LINE_END = 0x0a;
const SPACE = 0x20;
const MOST = Number.MAX_SAFE_INTEGER;
const ID = /^[a-z0-9][a-z0-9-]{0,63}$/;
const ONION = /^[a-z2-7]{56}\.onion$/;
const PATH = /^\/[A-Za-z0-9._/-]{0,255}$/;
const HEX32 = /^[0-9a-f]{64}$/;
const CARD = /^([a-z2-7]{56}\.onion)#([0-9a-f]{64})$/;

/** @typedef {{ en: string, es: string }} Words One short text in Spanish and in English. */
/** @typedef {{ id: string, name: string, onion: string, identity: VerifyingKey }} Relay */
/** @typedef {{ about: Words, id: string, name: string, sealingKey: SealingKey }} Partner */
/**
 * What the root key signs. `expires`: seconds since 1970, UTC. `site`: SHA-256 of what the door serves, by path.
 * @typedef {{ attachments_max: number, bundle: { letters: number, parcel_every: number, parcels: number }, expires: number,
 *   partners: Partner[], places: { id: string, name: string }[], round_seconds: number, route: Relay[],
 *   site: Record<string, string>, topics: { id: string, name: Words }[], v: number, version: number }} Directory
 */

const anId = canonical.string((id) => ID.test(id), "an id has small letters, digits and hyphens");
const aHash = canonical.string((digest) => HEX32.test(digest), "not 64 hexadecimal digits");
const aName = canonical.string((name) => name !== "" && isShort(name), `a name is 1 to ${WORDS_MAX} characters`);
const aText = canonical.string(isShort, `a text is at most ${WORDS_MAX} characters`);
const words = canonical.object({ en: aText, es: aText });
const partnerShapes = { about: words, id: anId, key: canonical.string(() => true, "a key is base64"), name: aName };
const partnerFields = canonical.object(partnerShapes);
// With what a partner signs its word to other desks; nothing of it concerns a reporter.
const speakingFields = canonical.object({ ...partnerShapes, signing: aHash });
const relayFields = canonical.object({
  id: aHash,
  name: aName,
  onion: canonical.string((onion) => ONION.test(onion), "not an onion address"),
});
const fields = canonical.object({
  attachments_max: canonical.whole(0, 67_108_864),
  bundle: canonical.object({
    letters: canonical.whole(1, 1_024),
    parcel_every: canonical.whole(1, 96),
    parcels: canonical.whole(1, 1_024),
  }),
  expires: canonical.whole(1, MOST),
  partners: named(partner, { least: 1, most: PARTNERS_MAX }),
  places: named(canonical.object({ id: anId, name: aName }), { most: PLACES_MAX }),
  round_seconds: canonical.whole(5, 86_400),
  route: named(relay, { least: 1, most: MAX_RELAYS }),
  site: canonical.map((path) => PATH.test(path), aHash),
  topics: named(canonical.object({ id: anId, name: words }), { most: TOPICS_MAX }),
  v: canonical.whole(VERSION, VERSION),
  version: canonical.whole(1, MOST),
});
const answerFields = canonical.object({
  directory: canonical.string(() => true, "the directory is a string"),
  round_keys: canonical.array(canonical.string(() => true, "a round key is a string"), { most: ANSWER_MAX }),
});

/** A directory whose signature held and that had not expired when it was read. */
export class TrustedDirectory {
  /** @param {VerifyingKey} root @param {Directory} directory @param {Uint8Array} signed */
  constructor(root, directory, signed) {
    this.root = root;
    this.directory = directory;
    this.signed = signed.slice();
    Object.freeze(this);
  }

  /**
   * Check and parse. `now`: seconds since 1970.
   *
   * Throws Malformed, Forged (not signed by `root`: do not use it) or Expired (ask the operator for a newer one).
   * @param {Uint8Array} signed
   * @param {{ root: VerifyingKey, now: number }} trust
   */
  static read(signed, { root, now }) {
    if (signed.length > DIRECTORY_MAX) throw new Malformed(`a directory is at most ${DIRECTORY_MAX} bytes`);
    if (!equal(signed.subarray(0, FIRST_LINE.length), FIRST_LINE)) throw new Malformed("not a signed directory");
    const after = signed.subarray(FIRST_LINE.length);
    if (after[BASE64_SIGNATURE_LEN] !== LINE_END || after.indexOf(LINE_END) !== BASE64_SIGNATURE_LEN) {
      throw new Malformed("the second line of a directory is its signature");
    }
    const body = after.subarray(BASE64_SIGNATURE_LEN + 1);
    const signature = canonical.unbase64(text(after.subarray(0, BASE64_SIGNATURE_LEN)));
    root.verify(signature, body, { use: Use.DIRECTORY });
    const directory = canonical.decode(body, (value) => /** @type {Directory} */ (fields(value)), {
      limit: DIRECTORY_MAX,
    });
    if (now >= directory.expires) throw new Expired("the directory has expired; a newer one must be signed");
    return new TrustedDirectory(root, directory, signed);
  }

  /** The newer of this and `signed`. Throws as `read` does, and RolledBack when `signed` is older than this one or differs
   * under the same version. @param {Uint8Array} signed @param {{ now: number }} time */
  updated(signed, { now }) {
    const newer = TrustedDirectory.read(signed, { root: this.root, now });
    const [held, found] = [this.directory.version, newer.directory.version];
    if (found < held) throw new RolledBack(`version ${found} is older than ${held}`);
    if (found === held && !equal(newer.signed, this.signed)) {
      throw new RolledBack(`two different directories say they are version ${found}`);
    }
    return newer;
  }
}

/** What a reporter must have from a place they trust: the onion address and the root key. */
export class Card {
  /** @param {string} onion @param {VerifyingKey} root */
  constructor(onion, root) {
    this.onion = onion;
    this.root = root;
    Object.freeze(this);
  }

  toString() {
    return `${this.onion}#${hex(this.root.wire)}`;
  }

  /** Throws Malformed on anything but `<onion address>#<root key>`; copy it whole. @param {string} given */
  static parse(given) {
    const match = CARD.exec(stripped(given));
    if (match === null) throw new Malformed("a relay's card is <56 characters>.onion#<64 hexadecimal digits>");
    return new Card(match[1], new VerifyingKey(unhex(match[2])));
  }
}

/** The signed directory and the announcements in an answer, unchecked. Throws Malformed. @param {Uint8Array} wire */
export function readAnswer(wire) {
  if (wire.length > ANSWER_MAX) throw new Malformed(`an answer is at most ${ANSWER_MAX} bytes`);
  let end = wire.length;
  while (end > 0 && wire[end - 1] === SPACE) end -= 1;
  if (wire.length !== Math.ceil(end / ANSWER_STEP) * ANSWER_STEP) {
    throw new Malformed("not the length of a directory's answer");
  }
  const answer = canonical.decode(wire.subarray(0, end), answerFields, { limit: ANSWER_MAX });
  return {
    signed: utf8(answer.directory),
    announcements: /** @type {string[]} */ (answer.round_keys).map((key) => canonical.unbase64(key)),
  };
}

/** What `GET /directory` answers; here for tests. @param {Uint8Array} signed @param {Uint8Array[]} announcements */
export function writeAnswer(signed, announcements) {
  const answer = canonical.encode({ directory: text(signed), round_keys: announcements.map(canonical.base64) });
  const filling = Math.ceil(answer.length / ANSWER_STEP) * ANSWER_STEP - answer.length;
  return concat(answer, new Uint8Array(filling).fill(SPACE));
}

/** The checked round key of each relay on the route. Throws Malformed or Forged; fetch the answer again.
 * @param {Directory} directory @param {Uint8Array[]} announcements */
export function routeKeys(directory, announcements) {
  const areWhole = announcements.every((announcement) => announcement.length === ANNOUNCEMENT_LEN);
  if (announcements.length !== directory.route.length || !areWhole) {
    throw new Malformed("one round key for each relay of the route");
  }
  return directory.route.map((entry, at) => AnnouncedKey.parse(announcements[at], { relay: entry.identity }));
}

/** @param {string} given */
function isShort(given) {
  return given.length <= 2 * WORDS_MAX && [...given].length <= WORDS_MAX;
}

/** @param {unknown} value @returns {Partner} */
function partner(value) {
  const isSpeaking = typeof value === "object" && value !== null && Object.hasOwn(value, "signing");
  const { about, id, key, name } = (isSpeaking ? speakingFields : partnerFields)(value);
  return { about, id, name, sealingKey: new SealingKey(canonical.unbase64(key)) };
}

/** @param {unknown} value @returns {Relay} */
function relay(value) {
  const found = relayFields(value);
  return { ...found, identity: new VerifyingKey(unhex(found.id)) };
}

/**
 * A list in which no two entries have one id.
 * @param {(value: unknown) => any} shape
 * @param {{ least?: number, most: number }} limits
 */
function named(shape, limits) {
  const list = canonical.array(shape, limits);
  return (/** @type {unknown} */ value) => {
    const entries = list(value);
    if (new Set(entries.map((entry) => entry.id)).size !== entries.length) throw new Malformed("two entries have one id");
    return entries;
  };
}
