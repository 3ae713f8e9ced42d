// @ts-check
/**
 * The client as Python's tests speak to it: one JSON object on standard input says what to do (deeds.js), one on standard
 * output what came of it.
 */

import "./surroundings.js";

import { request } from "node:http";
import { text as read } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import { LETTER } from "../cells.js";
import { Card } from "../directory.js";
import { Reporter } from "../reporter.js";
import { Trust } from "../trust.js";
import { awaitRounds } from "../watching.js";
import { DEEDS, written } from "./deeds.js";

/** @type {Record<string, (asked: any) => unknown>} */
const ALL = {
  ...DEEDS,

  /** A report written and sealed, brought to the door of a running relay and seen to leave. */
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
};

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
console.log(JSON.stringify(await ALL[asked.do](asked)));
