// @ts-check
/**
 * The one way to seal bytes to a public key: HPKE base mode with X-Wing (docs/spec/cells.md, "Suite").
 *
 * KEM X-Wing (MLKEM768_X25519, 0x647A), HKDF-SHA256, ChaCha20-Poly1305. A key that is not X-Wing cannot be expressed here,
 * so there is no classical fallback. Sources: RFC 9180, draft-connolly-cfrg-xwing-kem.
 */

import { x25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { MLKEM768X25519 } from "@noble/post-quantum/hybrid.js";
import { AEAD_ChaCha20Poly1305, KDF_HKDF_SHA256, KEM_MLKEM768_X25519 } from "@panva/hpke-noble";
import { CipherSuite } from "hpke";

import { concat, equal, hex, utf8 } from "./bytes.js";
import { Malformed, NotForUs } from "./errors.js";

export const SEED_LEN = 32;
export const MLKEM_PUBLIC_LEN = 1_184;
export const X25519_LEN = 32;
export const PUBLIC_LEN = MLKEM_PUBLIC_LEN + X25519_LEN;
export const MLKEM_CIPHERTEXT_LEN = 1_088;
export const ENC_LEN = MLKEM_CIPHERTEXT_LEN + X25519_LEN;
export const TAG_LEN = 16;
export const SEAL_OVERHEAD = ENC_LEN + TAG_LEN;
export const FINGERPRINT_LEN = 32;

const MLKEM_Q = 3_329;
const MLKEM_RHO_LEN = 32;
// Any scalar does: with a key of small order the exchange is all zeros, whatever the scalar (RFC 7748, section 6.1).
const PROBE = new Uint8Array(X25519_LEN);
const SUITE = new CipherSuite(KEM_MLKEM768_X25519, KDF_HKDF_SHA256, AEAD_ChaCha20Poly1305);

/** So many bytes from the browser's randomness. @param {number} length */
export function randomBytes(length) {
  const bytes = new Uint8Array(length);
  // One call gives at most 65 536 bytes.
  for (let place = 0; place < length; place += 65_536) {
    globalThis.crypto.getRandomValues(bytes.subarray(place, place + 65_536));
  }
  return bytes;
}

/** A public X-Wing key (1 216 bytes) that bytes can be sealed to. */
export class SealingKey {
  /** Parse a public key. Throws Malformed when it is not one; its giver must send another. @param {Uint8Array} wire */
  constructor(wire) {
    if (wire.length !== PUBLIC_LEN) throw new Malformed(`a public key is ${PUBLIC_LEN} bytes long`);
    checkCoefficients(wire.subarray(0, MLKEM_PUBLIC_LEN - MLKEM_RHO_LEN));
    try {
      x25519.getSharedSecret(PROBE, wire.subarray(MLKEM_PUBLIC_LEN));
    } catch (cause) {
      throw new Malformed("not an X-Wing public key", { cause });
    }
    this.wire = wire.slice();
    this.fingerprint = sha256(this.wire);
    Object.freeze(this);
  }

  /** @param {SealingKey} other */
  equals(other) {
    return equal(this.wire, other.wire);
  }

  toString() {
    return `SealingKey(${hex(this.fingerprint).slice(0, 16)}…)`;
  }

  /**
   * `plaintext` sealed to this key and bound to `purpose`; 1 136 bytes longer.
   * @param {Uint8Array} plaintext
   * @param {{ purpose: Uint8Array }} label
   * @returns {Promise<Uint8Array>}
   */
  async seal(plaintext, { purpose }) {
    const key = await SUITE.DeserializePublicKey(this.wire);
    const { encapsulatedSecret, ciphertext } = await SUITE.Seal(key, plaintext, {
      info: info(purpose, this.fingerprint),
    });
    return concat(encapsulatedSecret, ciphertext);
  }
}

/** A private X-Wing key, made from a 32-byte seed. The page holds none; throw-away keys and tests use it. */
export class OpeningKey {
  /** @type {Uint8Array} */
  #seed;

  /** Expand a seed (draft-connolly-cfrg-xwing-kem, section 5.2). Throws Malformed on another length. @param {Uint8Array} seed */
  constructor(seed) {
    if (seed.length !== SEED_LEN) throw new Malformed(`a private key is a seed of ${SEED_LEN} bytes`);
    this.#seed = seed.slice();
    this.sealingKey = new SealingKey(MLKEM768X25519.keygen(this.#seed).publicKey);
    Object.freeze(this);
  }

  /** A fresh key from the browser's randomness. */
  static generate() {
    return new OpeningKey(randomBytes(SEED_LEN));
  }

  toString() {
    return "OpeningKey(...)";
  }

  /**
   * The plaintext of `sealed`. Throws NotForUs when it was sealed to another key or purpose, or altered.
   * @param {Uint8Array} sealed
   * @param {{ purpose: Uint8Array }} label
   * @returns {Promise<Uint8Array>}
   */
  async open(sealed, { purpose }) {
    const key = await SUITE.DeserializePrivateKey(this.#seed, false);
    try {
      return await SUITE.Open(key, sealed.slice(0, ENC_LEN), sealed.slice(ENC_LEN), {
        info: info(purpose, this.sealingKey.fingerprint),
      });
    } catch (cause) {
      throw new NotForUs("not sealed to this key for this purpose, or altered", { cause });
    }
  }
}

/** Throws Malformed when a coefficient of the ML-KEM key is not below q (FIPS 203, section 7.2). @param {Uint8Array} packed */
function checkCoefficients(packed) {
  for (let place = 0; place < packed.length; place += 3) {
    const low = packed[place] | ((packed[place + 1] & 15) << 8);
    const high = (packed[place + 1] >> 4) | (packed[place + 2] << 4);
    if (low >= MLKEM_Q || high >= MLKEM_Q) throw new Malformed("not an X-Wing public key");
  }
}

/** @param {Uint8Array} purpose @param {Uint8Array} fingerprint */
function info(purpose, fingerprint) {
  return concat(utf8("veladora v1 "), purpose, Uint8Array.of(0), fingerprint);
}
