// @ts-check
/**
 * Why a report did not leave, or was not seen to leave. The page says it in the writer's language; nothing was lost, because
 * what was not sent is still in memory.
 */

/** The reporter's side stopped. `outcome` names the refusal, `reason` what brought it about. */
export class ReporterError extends Error {
  /**
   * @param {string} outcome
   * @param {string} message
   * @param {ErrorOptions & { reason?: string }} [options]
   */
  constructor(outcome, message, options = {}) {
    super(message, options);
    this.name = outcome;
    this.outcome = outcome;
    this.reason = options.reason ?? "";
  }
}

/** The report cannot be sent as it is written; its writer must change it. `reason`: `empty`, `empty-file`, `partners`,
 * `unknown-partner`, `unknown-topic`, `unknown-place`, `too-large`, `too-long`, or `another` (one report is on its way). */
export class CannotSend extends ReporterError {
  /** @param {string} reason @param {string} message @param {ErrorOptions} [options] */
  constructor(reason, message, options = {}) {
    super("cannot-send", message, { ...options, reason });
  }
}

/** A file may say who made it, where and when, and we cannot take that out. `reason`: the cleaning's own error. */
export class Uncleanable extends ReporterError {
  /** @param {string} reason @param {string} message @param {ErrorOptions} [options] */
  constructor(reason, message, options = {}) {
    super("uncleanable", message, { ...options, reason });
  }
}

/** The signed directory does not name the onion address that answered. Do not send to it. */
export class WrongRelay extends ReporterError {
  /** @param {string} message */
  constructor(message) {
    super("wrong-relay", message);
  }
}

/** The relay's round key is not of now: the writer's clock is wrong, or the relay's. `seconds` by which it is at least slow
 * (below zero) or fast. */
export class ClockWrong extends ReporterError {
  /** @param {string} message @param {number} seconds */
  constructor(message, seconds) {
    super("clock-wrong", message);
    this.seconds = seconds;
  }
}

/** The relay answers what no relay answers. Its operator must act. */
export class DoorBroken extends ReporterError {
  /** @param {string} message */
  constructor(message) {
    super("door-broken", message);
  }
}

/** The door says that the cell is not one for it (400). Sending it again would change nothing. */
export class CellRefused extends ReporterError {
  /** @param {string} message */
  constructor(message) {
    super("cell-refused", message);
  }
}

/** A newer directory sends letters over another number of relays. What was sealed is sealed anew. */
export class RouteChanged extends ReporterError {
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super("route-changed", message, options);
  }
}

/** The writer stopped it. Nothing is sent any more. */
export class Stopped extends ReporterError {
  constructor() {
    super("stopped", "nothing is sent any more");
  }
}
