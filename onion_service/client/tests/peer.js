// @ts-check
/**
 * The client as Python's tests speak to it: one JSON object on standard input says what to do (deeds.js), one on standard
 * output what came of it.
 */

import "./surroundings.js";

import { request } from "node:http";
import { text as read } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import { Card } from "../directory.js";
import { Pacer } from "../pacing.js";
import { cleanDraft } from "../writing.js";
import { DEEDS, cleaned } from "./deeds.js";

/** @type {Record<string, (asked: any) => unknown>} */
const ALL = {
  ...DEEDS,

  /** A report written and sealed, brought at the pace of an open page, at the door of a running relay, and seen to leave. */
  async send({ socket, card, pace, draft, files, to }) {
    const lines = new Set();
    const around = {
      fetch: (/** @type {string} */ path, /** @type {RequestInit} */ init) => overSocket(socket, path, init),
      now: () => Date.now() / 1_000,
      rest: (/** @type {number} */ seconds, /** @type {AbortSignal | undefined} */ signal) =>
        sleep(seconds * 1_000, undefined, { signal }),
      chance: Math.random,
    };
    /** @type {import("../outgoing.js").ReportProgress | undefined} */
    let last;
    const told = (/** @type {import("../pacing.js").Progress} */ { line, report }) => {
      lines.add(line);
      last = report ?? last;
      if (report?.letter === "unseen") throw new Error("in no list");
      if (report?.letter === "seen" && report.parcels.seen === report.parcels.of) pacer.stop();
    };
    const pacer = new Pacer({ card: Card.parse(card), around, told, pace });
    await pacer.open();
    const running = pacer.run();
    await pacer.queue(cleanDraft(draft).draft, cleaned(files), { to });
    await running;
    return { report: last, lines: [...lines] };
  },
};

/** One request over a unix socket. @param {string} socketPath @param {string} path @param {RequestInit} init @returns {Promise<Response>} */
function overSocket(socketPath, path, { method, body, signal }) {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path, method, signal: signal ?? undefined, headers: { host: "door" } }, (response) => {
      const pieces = /** @type {Buffer[]} */ ([]);
      response.on("data", (piece) => pieces.push(piece));
      response.on("error", (cause) => reject(new TypeError("no answer", { cause })));
      response.on("end", () => resolve(new Response(Buffer.concat(pieces), { status: response.statusCode })));
    });
    // What a browser says of a line that broke.
    sent.on("error", (cause) => reject(new TypeError("no answer", { cause })));
    if (body === undefined) sent.end();
    else sent.setHeader("content-length", /** @type {Uint8Array} */ (body).length).end(body);
  });
}

const asked = JSON.parse(await read(process.stdin));
console.log(JSON.stringify(await ALL[asked.do](asked)));
