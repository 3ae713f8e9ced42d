// @ts-check
/**
 * The files a writer adds: each is cleaned when it is chosen, and the writer sees at once what became of it.
 *
 * A file that cannot be cleaned stays out until its writer says otherwise. Names are shown here and go nowhere.
 */

import { ATTACHMENTS_MAX } from "../report.js";
import { ReporterError } from "../refusals.js";
import { cleanFile } from "../writing.js";
import { fileTrouble } from "./advice.js";
import { at, button, drawn, field, make, set } from "./elements.js";
import { say } from "./say.js";

/** @typedef {import("../writing.js").CleanFile} CleanFile */
/** One file of the list: cleaned, or waiting for its writer's word. @typedef {{ name: string, clean?: CleanFile, raw?: Uint8Array, reason: string }} Entry */

const MEBI = 2 ** 20;

/** How large, for people. @param {number} bytes */
export function sized(bytes) {
  return bytes < MEBI / 10 ? `${Math.max(1, Math.round(bytes / 1_024))} KB` : `${(bytes / MEBI).toFixed(1)} MB`;
}

/** The writer's files. */
export class Files {
  /** @type {Entry[]} */
  #entries = [];
  #limit = 0;
  #busy = 0;

  constructor() {
    const input = field("files");
    input.addEventListener("change", () => {
      const chosen = [...(input.files ?? [])];
      input.value = "";
      void this.#add(chosen);
    });
  }

  /** @param {number} limit bytes in all */
  allow(limit) {
    this.#limit = limit;
    set(
      "files-limit",
      limit === 0
        ? say("Este relevo no recibe archivos.")
        : say("Hasta {size} en total y {count} archivos.", { size: sized(limit), count: ATTACHMENTS_MAX }),
    );
    field("files").disabled = limit === 0;
  }

  /** What will leave. @returns {CleanFile[]} */
  get clean() {
    return this.#entries.flatMap(({ clean }) => clean ?? []);
  }

  /** Whether a file is being read, or waits for its writer's word. */
  get isUndecided() {
    return this.#busy > 0 || this.#entries.some(({ clean }) => clean === undefined);
  }

  get isEmpty() {
    return this.#entries.length === 0 && this.#busy === 0;
  }

  clear() {
    this.#entries = [];
    this.#show();
    set("files-trouble");
  }

  /** @param {File[]} chosen */
  async #add(chosen) {
    set("files-trouble");
    for (const file of chosen) {
      if (this.#entries.length >= ATTACHMENTS_MAX) {
        set("files-trouble", say("Son demasiados archivos: caben {count}.", { count: ATTACHMENTS_MAX }));
        return;
      }
      if (this.#total() + file.size > this.#limit) {
        set("files-trouble", say("No cabe «{name}»: en total caben {size}.", { name: file.name, size: sized(this.#limit) }));
        continue;
      }
      await this.#take(file);
    }
  }

  /** @param {File} file */
  async #take(file) {
    this.#busy += 1;
    this.#show();
    try {
      await drawn();
      const raw = new Uint8Array(await file.arrayBuffer());
      this.#entries.push(entryOf(file.name, raw));
    } catch (error) {
      if (!(error instanceof ReporterError) && !(error instanceof DOMException)) throw error;
      const reason = error instanceof ReporterError ? error.reason : "unreadable";
      set("files-trouble", say("«{name}»:", { name: file.name }), " ", fileTrouble(reason));
    } finally {
      this.#busy -= 1;
      this.#show();
    }
  }

  #total() {
    return this.#entries.reduce((sum, { clean, raw }) => sum + (clean?.data.length ?? raw?.length ?? 0), 0);
  }

  #show() {
    const items = this.#entries.map((entry) => make("li", {}, ...this.#described(entry)));
    if (this.#busy > 0) items.push(make("li", {}, say("Limpiando un archivo…")));
    set("file-list", ...items);
  }

  /** @param {Entry} entry */
  #described(entry) {
    const remove = button(say("Quitar «{name}»", { name: entry.name }), () => this.#remove(entry));
    if (entry.clean !== undefined) {
      const state = entry.clean.cleaned
        ? say("Limpio. {size}.", { size: sized(entry.clean.data.length) })
        : say("Sin limpiar: sale tal como está, sin su nombre. {size}.", { size: sized(entry.clean.data.length) });
      return [make("p", {}, make("strong", {}, entry.name)), make("p", {}, state), remove];
    }
    const allow = button(say("Mandarlo así de todos modos"), () => this.#allow(entry));
    return [
      make("p", {}, make("strong", {}, entry.name)),
      make("p", { className: "trouble" }, fileTrouble(entry.reason)),
      make("p", {}, say("Puede decir quién lo hizo, dónde y con qué. La organización lo limpiará al recibirlo, pero ella sí podría verlo. Si puedes, manda mejor una captura de pantalla.")),
      make("div", { className: "row" }, allow, remove),
    ];
  }

  /** @param {Entry} entry */
  #allow(entry) {
    if (entry.raw !== undefined) {
      entry.clean = cleanFile({ name: entry.name, data: entry.raw }, { allowUncleaned: true });
      entry.raw = undefined;
    }
    this.#show();
    at("files").focus();
  }

  /** @param {Entry} entry */
  #remove(entry) {
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#show();
    set("files-trouble");
    at("files").focus();
  }
}

/** @param {string} name @param {Uint8Array} raw @returns {Entry} */
function entryOf(name, raw) {
  try {
    return { name, clean: cleanFile({ name, data: raw }), reason: "" };
  } catch (error) {
    if (!(error instanceof ReporterError) || error.outcome !== "uncleanable") throw error;
    return { name, raw, reason: error.reason };
  }
}
