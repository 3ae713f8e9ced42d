// @ts-check
/**
 * Ed25519 signatures that hold for one use only (docs/spec/cells.md, "Signatures").
 *
 * The label of the use is signed with the message, so a signature made for one use fails for every other. Source: RFC 8032.
 * In script, because Tor Browser's own Ed25519 cannot be relied on.
 */

import { ed25519 } from "@noble/curves/ed25519.js";

import { concat, equal, hex, utf8 } from "./bytes.js";
import { Forged, Malformed } from "./errors.js";

export const PUBLIC_LEN = 32;
export const SIGNATURE_LEN = 64;
/** A relay is known by its public identity key. */
export const RELAY_ID_LEN = PUBLIC_LEN;

const POINT_LEN = 32;

/** What a signature is for; the value is the label that is signed before the message. */
export const Use = Object.freeze({
  DIRECTORY: "veladora v1 directory\0",
  ROUND_KEY: "veladora v1 round key\0",
  BUNDLE: "veladora v1 bundle\0",
});

/** A public Ed25519 key (32 bytes). */
export class VerifyingKey {
  /** Parse a public key. Throws Malformed when it is not 32 bytes. @param {Uint8Array} wire */
  constructor(wire) {
    if (wire.length !== PUBLIC_LEN) throw new Malformed(`a verifying key is ${PUBLIC_LEN} bytes long`);
    this.wire = wire.slice();
    Object.freeze(this);
  }

  /** @param {VerifyingKey} other */
  equals(other) {
    return equal(this.wire, other.wire);
  }

  toString() {
    return `VerifyingKey(${hex(this.wire)})`;
  }

  /**
   * Return when the signature holds. Throws Forged when it does not; drop the message.
   * @param {Uint8Array} signature
   * @param {Uint8Array} message
   * @param {{ use: string }} label one of `Use`
   */
  verify(signature, message, { use }) {
    if (signature.length !== SIGNATURE_LEN) throw new Forged("not the length of a signature");
    const signed = concat(utf8(use), message);
    if (!ed25519.verify(signature, signed, this.wire, { zip215: false }) || hasSmallOrder(signature)) {
      throw new Forged(`the signature does not hold for: ${use.replace("\0", "")}`);
    }
  }
}

/** Whether R of a signature that holds is of small order, which libsodium refuses and RFC 8032 does not. @param {Uint8Array} signature */
function hasSmallOrder(signature) {
  return ed25519.Point.fromBytes(signature.subarray(0, POINT_LEN)).isSmallOrder();
}
