// @ts-check
/** Every reason a photo is not cleaned. Nothing else is thrown by the modules of this folder on purpose. */

/** Everything thrown here on purpose. `outcome` is the error's name in docs/spec/cleaning.md. */
export class CleanError extends Error {
  /** @param {string} outcome @param {string} message */
  constructor(outcome, message) {
    super(message);
    this.name = outcome;
    this.outcome = outcome;
  }
}

/** Not a kind that can be cleaned. The writer sends it as it is with their explicit word, or not. */
export class NotAPhotoError extends CleanError {
  /** @param {string} message */
  constructor(message) {
    super("NotAPhotoError", message);
  }
}

/** A photo of a rare sort. The writer saves it anew, or sends it with their explicit word. */
export class UnsupportedPhotoError extends CleanError {
  /** @param {string} message */
  constructor(message) {
    super("UnsupportedPhotoError", message);
  }
}

/** Not a whole, valid photo. The writer picks another copy; nothing of it was kept. */
export class MalformedPhotoError extends CleanError {
  /** @param {string} message */
  constructor(message) {
    super("MalformedPhotoError", message);
  }
}

/** Over the limit of bytes or of pixels. The writer makes it smaller. */
export class TooLargePhotoError extends CleanError {
  /** @param {string} message */
  constructor(message) {
    super("TooLargePhotoError", message);
  }
}
