// @ts-check
/** Where the report is, in the writer's words. */

import { at, field, set } from "./elements.js";
import { say } from "./say.js";

/** @typedef {import("../pacing.js").Progress} Progress */

const DAY_MINUTES = 1_440;
// Central Mexico has had one time all year since October 2022 (Ley de los Husos Horarios, DOF 28-10-2022).
const CENTRAL_MEXICO = -360;

/** Show it in every place that says something of it. @param {Progress} progress @param {{ roundSeconds: number }} relay */
export function showProgress(progress, { roundSeconds }) {
  set("line", ...lineWords(progress));
  const { report } = progress;
  if (report === undefined) return;
  set("progress", ...reportWords(progress, report));
  showParcels(report.parcels);
  set("round", ...roundWords(report, roundSeconds));
}

/** Whether everything that belongs to the report was taken by the relay. @param {Progress} progress */
export function hasLeft({ report }) {
  return report !== undefined && isOut(report) && report.parcels.left === report.parcels.of;
}

/** @param {NonNullable<Progress["report"]>} report */
function isOut({ letter }) {
  return letter === "left" || letter === "seen" || letter === "unseen";
}

/** @param {Progress} progress */
function lineWords({ line, because }) {
  switch (line) {
    case "opening":
      return because === "" ? say("Conectando con el relevo. Puedes ir escribiendo.") : troubleWords(because);
    case "waiting":
      return troubleWords(because);
    default:
      return [];
  }
}

/** @param {string} because */
function troubleWords(because) {
  return because === "unreachable"
    ? say("El relevo no contesta. No cierres: se intenta otra vez en menos de un minuto y tu texto sigue aquí.")
    : say("El relevo está lleno o en pausa. No cierres: se intenta otra vez en menos de un minuto y tu texto sigue aquí.");
}

/** @param {Progress} progress @param {NonNullable<Progress["report"]>} report */
function reportWords({ line, because }, report) {
  if (report.letter === "unseen") {
    return say("Tu informe no aparece en ninguna ronda: quizá el relevo se apagó. Mándalo otra vez.");
  }
  if (hasLeft({ line, because, report })) {
    return say("Tu informe ya salió de tu aparato y está en el relevo.");
  }
  if (line === "waiting") return troubleWords(because);
  if (isOut(report)) return say("Tu texto ya salió. Faltan los archivos.");
  return say("Tu informe sale en menos de un minuto.");
}

/** @param {{ of: number, left: number }} parcels */
function showParcels({ of, left }) {
  at("parcels-field").hidden = of === 0;
  const bar = /** @type {HTMLProgressElement} */ (/** @type {unknown} */ (field("parcels")));
  bar.max = Math.max(1, of);
  bar.value = left;
  if (of > 0) set("parcels-name", ...say("Archivos: {left} de {of} partes", { left, of }));
}

/** @param {NonNullable<Progress["report"]>} report @param {number} roundSeconds */
function roundWords({ letter, round }, roundSeconds) {
  if (letter === "seen" && round !== undefined) {
    const starts = round * roundSeconds;
    return say("Va en la ronda de las {utc} UTC ({mexico} en el centro de México). Ya está en camino a las organizaciones.", {
      utc: clock(starts, 0),
      mexico: clock(starts, CENTRAL_MEXICO),
    });
  }
  if (letter === "unseen") return say("No aparece en ninguna ronda. Mándalo otra vez.");
  return say("Su ronda todavía no cierra. Si dejas la página abierta, aquí dirá en cuál salió; tarda unos {minutes} minutos.", {
    minutes: Math.max(1, Math.ceil((2 * roundSeconds) / 60)),
  });
}

/** Hours and minutes of a moment, so many minutes from UTC. @param {number} seconds @param {number} shift */
function clock(seconds, shift) {
  const minutes = (((Math.floor(seconds / 60) + shift) % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
}
