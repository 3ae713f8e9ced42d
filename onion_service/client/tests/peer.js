// @ts-check
/**
 * The client as Python's tests speak to it: one JSON object on standard input says what to do, one on standard output what
 * came of it. Bytes are base64.
 */

import "./surroundings.js";

import { request } from "node:http";
import { text as read } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

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
import { Reporter } from "../reporter.js";
import { VerifyingKey } from "../signing.js";
import { OpeningKey, SealingKey } from "../suite.js";
import { Trust } from "../trust.js";
import { awaitRounds } from "../watching.js";
import { cleanDraft, cleanFile, prepare } from "../writing.js";

/** @param {string} spelling */
const bytes = (spelling) => new Uint8Array(Buffer.from(spelling, "base64"));
/** @param {Uint8Array} given */
const base64 = (given) => Buffer.from(given).toString("base64");

/** @type {Record<string, (asked: any) => unknown>} */
const DEEDS = {
  /** A report written, sealed and wrapped, and a cover of each class, for a relay's answer to `GET /directory`. */
  async write({ answer, card, now, draft, files, to }) {
    const trust = new Trust(Card.parse(card));
    const directory = trust.take(bytes(answer), { now });
    const { parcels, letter } = await written({ directory, draft, files, to });
    const wrapped = [];
    for (const { cell } of [letter, ...parcels]) wrapped.push(await trust.wrap(cell));
    const covers = [await trust.cover(LETTER), await trust.cover(PARCEL)];
    return { cells: wrapped.map(both), covers: covers.map(both) };
  },

  /** The same, brought to the door of a running relay and seen to leave. */
  async send({ socket, card, draft, files, to }) {
    const trust = new Trust(Card.parse(card));
    /** @type {string[]} */
    const news = [];
    const around = {
      fetch: (/** @type {string} */ path, /** @type {RequestInit} */ init) => overSocket(socket, path, init),
      now: () => Date.now() / 1_000,
      rest: (/** @type {number} */ seconds) => sleep(seconds * 1_000),
      chance: Math.random,
      told: (/** @type {import("../reporter.js").News} */ { doing }) => news.push(doing),
    };
    const reporter = new Reporter(trust, around, { patience: 20 });
    const directory = await reporter.directory();
    const { parcels, letter } = await written({ directory, draft, files, to });
    await reporter.bringCover(LETTER);
    const sent = [];
    for (const sealed of [letter, ...parcels]) sent.push(await reporter.bring(sealed));
    const rounds = await awaitRounds(sent, trust.directory, around);
    return { hashes: sent.map(({ hashes }) => hashes), rounds, news };
  },

  /** The content of a cell. */
  async open({ cell, seeds }) {
    const keys = seeds.map((/** @type {string} */ seed) => new OpeningKey(unhex(seed)));
    return { content: base64(await openContent(bytes(cell), keys)) };
  },

  async peel({ cell, seed }) {
    const { kind, inner } = await peel(bytes(cell), new OpeningKey(unhex(seed)));
    return { kind, inner: base64(inner) };
  },

  /** Whether each signature holds. */
  async verify({ signatures }) {
    return signatures.map((/** @type {any} */ { key, use, message, signature }) =>
      outcomeOf(() => new VerifyingKey(bytes(key)).verify(bytes(signature), bytes(message), { use })),
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
        const { data, mediaType, width, height, removed } = cleanPhoto(bytes(photo));
        return { photo: base64(data), media_type: mediaType, width, height, removed };
      }),
    );
  },

  async reports({ reports }) {
    return reports.map((/** @type {string} */ report) => outcomeOf(() => void decode(bytes(report))));
  },

  async keys({ keys }) {
    return keys.map((/** @type {string} */ key) => outcomeOf(() => fingerprintWords(new SealingKey(bytes(key)).fingerprint)));
  },
};

/** @param {any} asked */
async function written({ directory, draft, files, to }) {
  const cleaned = files.map((/** @type {any} */ file) => cleanFile({ name: file.name, data: bytes(file.data) }));
  return prepare(cleanDraft(draft).draft, cleaned, { directory, to });
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

/** One request over a unix socket. @param {string} socketPath @param {string} path @param {RequestInit} init @returns {Promise<Response>} */
function overSocket(socketPath, path, { method, body }) {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method, headers: { host: "door" } }, (response) => {
      const pieces = /** @type {Buffer[]} */ ([]);
      response.on("data", (piece) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => resolve(new Response(Buffer.concat(pieces), { status: response.statusCode })));
    });
    sent.on("error", reject);
    if (body === undefined) sent.end();
    else sent.setHeader("content-length", /** @type {Uint8Array} */ (body).length).end(body);
  });
}

const asked = JSON.parse(await read(process.stdin));
console.log(JSON.stringify(await DEEDS[asked.do](asked)));
