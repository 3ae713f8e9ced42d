// @ts-check
/** What browsers have and Node 18 only keeps under another name. Imported first by every test. */

import { webcrypto } from "node:crypto";

globalThis.crypto ??= /** @type {Crypto} */ (webcrypto);
