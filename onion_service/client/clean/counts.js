// @ts-check
/** How many parts of which kind were removed or written anew; for showing only, it never leaves the device. */
export class Counts {
  /** @type {Map<string, number>} */
  #counts = new Map();

  /** @param {string} kind @param {number | boolean} [more] */
  add(kind, more = 1) {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + Number(more));
  }

  /** The kinds above zero with their numbers, sorted by kind. @returns {Record<string, number>} */
  sorted() {
    const above = [...this.#counts].filter(([, count]) => count > 0);
    return Object.fromEntries(above.sort(([one], [other]) => (one < other ? -1 : 1)));
  }
}
