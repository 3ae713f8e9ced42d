// @ts-check
/**
 * The page: write, check, send, and leave nothing (docs/spec/page.md).
 *
 * Whatever fails, nothing is sent after it, and what was written stays in the page until its writer clears it.
 */

import { Card } from "../directory.js";
import { utf8 } from "../bytes.js";
import { Pacer } from "../pacing.js";
import { ReporterError } from "../refusals.js";
import { TEXT_MAX } from "../report.js";
import { randomBytes } from "../suite.js";
import { cleanDraft } from "../writing.js";
import { draftTrouble, failure } from "./advice.js";
import { clearCheck, showCheck } from "./check.js";
import { at, drawn, set } from "./elements.js";
import { Form } from "./form.js";
import { watchLeaving } from "./leaving.js";
import { hasLeft, showProgress } from "./progress.js";
import { say } from "./say.js";

/** @typedef {import("../pacing.js").Progress} Progress */
/** What was checked and is to leave. @typedef {{ clean: import("../writing.js").CleanDraft, files: import("../writing.js").CleanFile[], to: string[] }} Checked */

const CARD_FRAGMENT = /^#[0-9a-f]{64}$/;

const around = {
  fetch: (/** @type {string} */ path, /** @type {RequestInit} */ init) => fetch(path, init),
  now: () => Date.now() / 1_000,
  rest: (/** @type {number} */ seconds) =>
    new Promise((/** @type {(nothing: void) => void} */ resolve) => setTimeout(resolve, seconds * 1_000)),
  chance: () => new DataView(randomBytes(4).buffer).getUint32(0) / 2 ** 32,
};

/** The page's one state: what is shown, the pacer that speaks with the relay, and what was checked. */
class Page {
  #form = new Form();
  /** @type {Pacer | undefined} */
  #pacer;
  /** @type {Checked | undefined} */
  #checked;
  #isOpen = false;

  constructor() {
    window.addEventListener("error", () => this.#fail(undefined));
    window.addEventListener("unhandledrejection", ({ reason }) => this.#fail(reason));
    watchLeaving(at("leave"), { forget: () => this.#forget(), unsent: () => this.#isUnsent() });
    at("to-check").addEventListener("click", () => this.#check());
    for (const part of ["text", "partners"]) at(part).addEventListener("input", () => set(`${part}-trouble`));
    at("back").addEventListener("click", () => this.#show("write"));
    at("send").addEventListener("click", () => void this.#send());
    at("retry").addEventListener("click", () => void this.#begin());
    at("another").addEventListener("click", () => this.#another());
    at("ask-round").addEventListener("click", () => this.#askRound());
  }

  /** Open the way to the relay and keep the pace for as long as the page is open. */
  async begin() {
    await this.#begin();
  }

  async #begin() {
    this.#pacer?.stop();
    this.#isOpen = false;
    this.#show("opening");
    try {
      const pacer = new Pacer({
        card: card(),
        around,
        told: (/** @type {Progress} */ progress) => this.#told(pacer, progress),
      });
      this.#pacer = pacer;
      await pacer.open();
      if (this.#pacer !== pacer) return;
      this.#form.offer(pacer.directory);
      this.#isOpen = true;
      if (state() === "opening") this.#show("write", { isSamePlace: true });
      await pacer.run();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** @param {Pacer} pacer @param {Progress} progress */
  #told(pacer, progress) {
    if (this.#pacer !== pacer) return;
    showProgress(progress, { roundSeconds: this.#isOpen ? pacer.directory.round_seconds : 0 });
    if (state() === "sending" && hasLeft(progress)) {
      this.#form.clear();
      clearCheck();
      this.#show("sent");
    }
    if (progress.report?.letter === "seen") this.#checked = undefined;
    if (progress.report?.letter === "unseen") {
      this.#sendAgain(say("Tu informe no aparece en ninguna ronda: quizá el relevo se apagó. Mándalo otra vez."));
    }
    if (progress.report?.letter === "unsent") this.#sendAgain(draftTrouble("changed"));
  }

  #check() {
    for (const id of ["text-trouble", "files-trouble", "partners-trouble", "send-trouble"]) set(id);
    if (!this.#isOpen || this.#pacer === undefined) return this.#trouble("closed", "text");
    const { to } = this.#form;
    const { directory } = this.#pacer;
    try {
      const clean = cleanDraft(this.#form.draft);
      if (utf8(clean.draft.text).length > TEXT_MAX) return this.#trouble("too-long", "text");
      if (this.#form.files.isUndecided) return this.#trouble("undecided", "files");
      if (to.length < 1 || to.length > 4) return this.#trouble("partners", "partners");
      this.#checked = { clean, files: this.#form.files.clean, to };
      showCheck(clean, this.#checked.files, { directory, to });
      this.#show("check");
    } catch (error) {
      if (!(error instanceof ReporterError)) throw error;
      this.#trouble(error.reason, "text");
    }
  }

  /** @param {string} reason @param {"text" | "files" | "partners"} where */
  #trouble(reason, where) {
    set(`${where}-trouble`, draftTrouble(reason));
    const target = where === "partners" ? document.querySelector("#partners input") : at(where);
    if (target instanceof HTMLElement) target.focus();
  }

  async #send() {
    const [pacer, checked] = [this.#pacer, this.#checked];
    if (pacer === undefined || checked === undefined || state() !== "check") return;
    set("send-trouble");
    set("progress", say("Cerrando con llave…"));
    at("parcels-field").hidden = true;
    at("round").hidden = true;
    this.#show("sending");
    await drawn();
    try {
      await pacer.queue(checked.clean.draft, checked.files, { to: checked.to });
    } catch (error) {
      if (!(error instanceof ReporterError && error.outcome === "cannot-send")) return this.#fail(error);
      set("send-trouble", draftTrouble(error.reason));
      this.#show("check");
    }
  }

  /** A report that is in no round, or cannot be sealed any more, is offered to its writer again. @param {HTMLElement[]} why */
  #sendAgain(why) {
    const [pacer, checked] = [this.#pacer, this.#checked];
    if (pacer === undefined || checked === undefined || state() === "check") return;
    showCheck(checked.clean, checked.files, { directory: pacer.directory, to: checked.to });
    set("send-trouble", why);
    this.#show("check");
  }

  #another() {
    this.#checked = undefined;
    this.#form.clear();
    clearCheck();
    this.#show("write");
  }

  #askRound() {
    at("round").hidden = false;
    at("ask-round").setAttribute("aria-disabled", "true");
  }

  /** Stop everything and say why. @param {unknown} error */
  #fail(error) {
    this.#pacer?.stop();
    // The page was left, and with it everything that could say so.
    if (document.body.childElementCount === 0) return;
    this.#isOpen = false;
    const outcome = error instanceof Error && "outcome" in error ? String(error.outcome) : "script";
    // Another failure, or its writer, has stopped the pace already.
    if (outcome === "stopped") return;
    set("error", ...failure(outcome).map((words) => paragraph(words)));
    at("error-kept").hidden = this.#form.isEmpty;
    this.#show("error");
  }

  #forget() {
    this.#pacer?.stop();
    this.#pacer = undefined;
    this.#checked = undefined;
    this.#form.files.clear();
  }

  #isUnsent() {
    return state() === "sending" || (["opening", "write", "check", "error"].includes(state()) && !this.#form.isEmpty);
  }

  /** @param {string} next @param {{ isSamePlace?: boolean }} [how] */
  #show(next, { isSamePlace = false } = {}) {
    document.documentElement.dataset.state = next;
    if (isSamePlace) return;
    at("ask-round").removeAttribute("aria-disabled");
    const headings = [...document.querySelectorAll("main h1")];
    const heading = headings.find((one) => one instanceof HTMLElement && one.offsetParent !== null);
    if (heading instanceof HTMLElement && next !== "opening") heading.focus({ preventScroll: true });
    if (next !== "opening") window.scrollTo(0, 0);
  }
}

/** @returns {string} */
function state() {
  return document.documentElement.dataset.state ?? "";
}

/** @param {Node[]} words */
function paragraph(words) {
  const element = document.createElement("p");
  element.append(...words);
  return element;
}

/** The card of this relay: its address, and the root key that the relay names. An address that was opened as a card must name
 * the same key. */
function card() {
  const root = document.documentElement.dataset.root ?? "";
  if (CARD_FRAGMENT.test(location.hash) && location.hash !== `#${root}`) {
    throw new ReporterError("wrong-key", "the address names another root key than the page");
  }
  return Card.parse(`${location.host}#${root}`);
}

void new Page().begin();
