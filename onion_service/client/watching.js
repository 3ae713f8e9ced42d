// @ts-check
/**
 * A writer can see for themselves that their cells left: each round's hashes are public and signed (docs/spec/door.md).
 *
 * The lists asked for are those of the first relay of the route, the only one that its page can reach. On a route of two they
 * say that the cell went on to the second.
 */

import { HEADER_LEN, MAX_CELLS, found, takeHashList } from "./bundle.js";
import { CELL_HASH_LEN, LETTER, PARCEL } from "./cells.js";
import { Malformed } from "./errors.js";
import { DoorBroken, NotSeen } from "./refusals.js";
import { ask } from "./reporter.js";
import { SIGNATURE_LEN } from "./signing.js";

/** @typedef {import("./directory.js").Directory} Directory */
/** @typedef {import("./reporter.js").Sent} Sent */
/** @typedef {import("./reporter.js").Surroundings} Surroundings */

const LISTS_MAX = 2 * (HEADER_LEN + MAX_CELLS * CELL_HASH_LEN + SIGNATURE_LEN);
const CALL_SECONDS = 180;
// More cells than a bundle holds wait for a later one; a page of rounds is more than that ever took in simulation.
const ROUNDS_TO_WATCH = 8;
// Parts of a round after its edge at which a list is asked for; chance moves each by as much again.
const ASK_AFTER = [0.05, 0.2, 0.4, 0.7, 1.0];

/**
 * Watch the public hash lists until each cell that was sent has shown up; the rounds in which they did, in order.
 *
 * `rounds`: how many rounds later than its own a letter may leave, and how many parcel rounds later a parcel. Throws NotSeen
 * when time is up (send the report again), Forged or Malformed when a list is not the relay's.
 * @param {Sent[]} sent
 * @param {Directory} directory
 * @param {Surroundings} around
 * @param {{ rounds?: number }} [limits]
 */
export async function awaitRounds(sent, directory, around, { rounds = ROUNDS_TO_WATCH } = {}) {
  let waiting = [...sent];
  const seen = [];
  const step = sent.some(({ cellClass }) => cellClass === PARCEL) ? directory.bundle.parcel_every : 1;
  const first = Math.min(...sent.map(({ firstRound }) => firstRound));
  const end = Math.max(...sent.map(({ lastRound }) => lastRound)) + 1 + rounds * step;
  for (let round = first; round < end && waiting.length > 0; round += 1) {
    if (!hasParcels(round, directory) && waiting.every(({ cellClass }) => cellClass === PARCEL)) continue;
    around.told({ doing: "watching", round });
    const before = waiting.length;
    for (const list of await listsOf(round, directory, around)) {
      waiting = waiting.filter(
        ({ cellClass, hashes }) => list.header.cellClass !== cellClass || found(list, hashes).length === 0,
      );
    }
    if (waiting.length < before) seen.push(round);
  }
  if (waiting.length > 0) throw new NotSeen({ seen: sent.length - waiting.length, unseen: waiting.length });
  return seen;
}

/** The hash lists of one round, as the first relay of the route serves them. Throws Malformed or Forged.
 * @param {Uint8Array} wire @param {{ round: number, directory: Directory }} expected */
export function readLists(wire, { round, directory }) {
  const lists = [];
  let left = wire;
  for (const cellClass of hasParcels(round, directory) ? [LETTER, PARCEL] : [LETTER]) {
    const { list, rest } = takeHashList(left, { relay: directory.route[0].identity });
    if (list.header.roundNumber !== round || list.header.cellClass !== cellClass) {
      throw new Malformed("a hash list of another round or class");
    }
    if (list.header.cellLength !== cellClass.lengthAfter(1)) {
      throw new Malformed("a hash list of cells that have passed another number of relays");
    }
    lists.push(list);
    left = rest;
  }
  if (left.length > 0) throw new Malformed("something follows the hash lists of a round");
  return lists;
}

/** @param {number} round @param {Directory} directory */
function hasParcels(round, directory) {
  const every = directory.bundle.parcel_every;
  return round % every === every - 1;
}

/** The lists of a round, or none when the relay never had that round (it may have been down). @param {number} round @param {Directory} directory @param {Surroundings} around */
async function listsOf(round, directory, around) {
  for (const part of ASK_AFTER) {
    const due = (round + 1 + part * (1 + around.chance())) * directory.round_seconds;
    await around.rest(Math.max(0, due - around.now()));
    const answer = await ask(around, `/rounds/${round}`, { limit: LISTS_MAX, seconds: CALL_SECONDS });
    if (answer === undefined) continue;
    if (answer.status === 200) return readLists(answer.body, { round, directory });
    if (answer.status !== 404 && answer.status !== 503) {
      throw new DoorBroken(`the relay answered ${answer.status} when asked for round ${round}`);
    }
  }
  return [];
}
