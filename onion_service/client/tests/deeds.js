// @ts-check
/**
 * What Python's tests ask the client to do, in Node (peer.js) and in Firefox (in_firefox.js): a plain object says what, and
 * a plain object what came of it. Bytes are base64.
 */

import { cellHash } from "../cells.js";
import { hex, unhex } from "../bytes.js";
import { CleanError } from "../clean/errors.js";
import { cleanPhoto } from "../clean/photo.js";
import { cleanText } from "../clean/text.js";
import { Card } from "../directory.js";
import { CryptoError } from "../errors.js";
import { identifying } from "../identify.js";
import { fingerprintWords } from "../keys.js";
import { openContent } from "../letter.js";
import { peel } from "../layers.js";
import { LETTER, PARCEL } from "../cells.js";
import { ReporterError } from "../refusals.js";
import { decode } from "../report.js";
import { VerifyingKey } from "../signing.js";
import { OpeningKey, SealingKey } from "../suite.js";
import { Trust } from "../trust.js";
import { cleanDraft, cleanFile, prepare } from "../writing.js";
import { base64, unbase64 } from "./base64.js";

/** @type {Record<string, (asked: any) => unknown>} */
export const DEEDS = {
  /** A report written, sealed and wrapped, and a cover of each class, for a relay's answer to `GET /directory`. */
  async write({ answer, card, now, draft, files, to }) {
    const trust = new Trust(Card.parse(card));
    const directory = trust.take(unbase64(answer), { now });
    const { parcels, letter } = await written({ directory, draft, files, to });
    const wrapped = [];
    for (const { cell } of [letter, ...parcels]) wrapped.push(await trust.wrap(cell));
    const covers = [await trust.cover(LETTER), await trust.cover(PARCEL)];
    return { cells: wrapped.map(both), covers: covers.map(both) };
  },

  /** The content of a cell. */
  async open({ cell, seeds }) {
    const keys = seeds.map((/** @type {string} */ seed) => new OpeningKey(unhex(seed)));
    return { content: base64(await openContent(unbase64(cell), keys)) };
  },

  async peel({ cell, seed }) {
    const { kind, inner } = await peel(unbase64(cell), new OpeningKey(unhex(seed)));
    return { kind, inner: base64(inner) };
  },

  /** Whether each signature holds. */
  async verify({ signatures }) {
    return signatures.map((/** @type {any} */ { key, use, message, signature }) =>
      outcomeOf(() => new VerifyingKey(unbase64(key)).verify(unbase64(signature), unbase64(message), { use })),
    );
  },

  /** What becomes of each text. JSON carries half surrogates as escapes. */
  async texts({ texts }) {
    return texts.map((/** @type {string} */ text) => cleanText(text));
  },

  /** What may identify somebody in each text. */
  async identify({ texts }) {
    return texts.map((/** @type {string} */ text) => identifying(text).map(({ kind, start, end }) => [kind, start, end]));
  },

  async photos({ photos }) {
    return photos.map((/** @type {string} */ photo) =>
      outcomeOf(() => {
        const { data, mediaType, width, height, removed } = cleanPhoto(unbase64(photo));
        return { photo: base64(data), media_type: mediaType, width, height, removed };
      }),
    );
  },

  async reports({ reports }) {
    return reports.map((/** @type {string} */ report) => outcomeOf(() => void decode(unbase64(report))));
  },

  async keys({ keys }) {
    return keys.map((/** @type {string} */ key) => outcomeOf(() => fingerprintWords(new SealingKey(unbase64(key)).fingerprint)));
  },
};

/** @param {any} asked */
async function written({ directory, draft, files, to }) {
  return prepare(cleanDraft(draft).draft, cleaned(files), { directory, to });
}

/** The files as they leave. @param {any[]} files */
export function cleaned(files) {
  return files.map(({ name, data }) => cleanFile({ name, data: unbase64(data) }));
}

/** @param {import("../layers.js").Wrapped} wrapped */
function both({ envelope, inside }) {
  return { envelope: base64(envelope), inside: hex(cellHash(inside)) };
}

/** What came of it, or the name of our error; any other error ends the program. @param {() => unknown} deed */
function outcomeOf(deed) {
  try {
    return deed() ?? "ok";
  } catch (error) {
    const isOurs = error instanceof CryptoError || error instanceof CleanError || error instanceof ReporterError;
    if (!isOurs) throw error;
    return { error: error.outcome };
  }
}
