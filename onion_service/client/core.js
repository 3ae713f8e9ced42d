// @ts-check
/** All that the page needs: write, clean, seal, keep the pace and see it leave. */

export { armour, dearmour, LETTER, PARCEL } from "./cells.js";
export { CleanError } from "./clean/errors.js";
export { Card } from "./directory.js";
export { CryptoError } from "./errors.js";
export { identifying } from "./identify.js";
export { fingerprintWords } from "./keys.js";
export { PACE_SECONDS, Pacer } from "./pacing.js";
export { gazetteer, search } from "./places.js";
export { ReporterError } from "./refusals.js";
export { cleanDraft, cleanFile, prepare } from "./writing.js";
