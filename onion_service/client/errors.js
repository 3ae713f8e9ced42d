// @ts-check
/**
 * Everything that the sealing modules throw on purpose; each says who must act (docs/spec/glossary.md, "Errors").
 */

/** Everything the sealing modules throw on purpose. `outcome` is the error's name in the specification. */
export class CryptoError extends Error {
  /**
   * @param {string} outcome
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(outcome, message, options) {
    super(message, options);
    this.name = outcome;
    this.outcome = outcome;
  }
}

/** Not our format. Drop it; the sender is broken or hostile. */
export class Malformed extends CryptoError {
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super("malformed", message, options);
  }
}

/** A signature, commitment or tag does not hold. Drop it; somebody altered it on the way. */
export class Forged extends CryptoError {
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super("forged", message, options);
  }
}

/** Sealed to a key that we do not hold. Nothing is wrong; it is simply not ours. */
export class NotForUs extends CryptoError {
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super("not-for-us", message, options);
  }
}

/** Right, but too old. Fetch a newer one, or ask the operator to sign one. */
export class Expired extends CryptoError {
  /** @param {string} message */
  constructor(message) {
    super("expired", message);
  }
}

/** Older than what we already hold. Somebody replays an old directory; keep the one we have. */
export class RolledBack extends CryptoError {
  /** @param {string} message */
  constructor(message) {
    super("rolled-back", message);
  }
}
