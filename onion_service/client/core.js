// @ts-check
/** All that the page needs: write, clean, seal, keep the pace and see it leave. */

export { armour, dearmour, LETTER, PARCEL } from "./cells.js";
export { CleanError } from "./clean/errors.js";
export { Card } from "./directory.js";
export { CryptoError } from "./errors.js";
export { fingerprintWords } from "./keys.js";
export { PACE_SECONDS, Pacer } from "./pacing.js";
export { ReporterError } from "./refusals.js";
export { cleanDraft, cleanFile, prepare } from "./writing.js";
