// @ts-check
/**
 * Where the zlib stream of a PNG ends, and that it holds exactly its picture (docs/spec/cleaning.md, "PNG").
 *
 * Browsers unpack too, but do not say where a stream ended. Nothing of the picture is kept but the window that the stream
 * refers back to. Sources: RFC 1950, RFC 1951; what zlib refuses is refused.
 */

import { MalformedPhotoError } from "./errors.js";

const WINDOW = 32_768;
const ROOM = 2 * WINDOW;
const LONGEST_MATCH = 258;
const QUICK_BITS = 9;
const MOST_BITS = 15;
const END_OF_BLOCK = 256;
const [MOST_LITERALS, MOST_DISTANCES] = [286, 30];
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BITS = Array.from({ length: MOST_DISTANCES }, (_, code) => Math.max(0, (code >> 1) - 1));
const LENGTHS = [...bases(LENGTH_BITS.slice(0, -1), 3), LONGEST_MATCH];
const DISTANCES = bases(DISTANCE_BITS, 1);
const [ADLER_BASE, ADLER_STEP] = [65_521, 3_800];

/**
 * The place behind the stream that `compressed` begins with. Throws MalformedPhotoError unless it unpacks to exactly
 * `length` bytes.
 * @param {Uint8Array} compressed
 * @param {number} length
 */
export function streamEnd(compressed, length) {
  const [method, flags] = compressed;
  const isZlib = compressed.length >= 2 && (method & 15) === 8 && method >> 4 <= 7 && (method * 256 + flags) % 31 === 0;
  if (!isZlib || (flags & 0x20) !== 0) throw new MalformedPhotoError("the picture data does not unpack");
  const bits = new Bits(compressed, 2);
  const output = new Output(length);
  for (let isLast = 0; isLast === 0; ) {
    isLast = bits.take(1);
    const kind = bits.take(2);
    if (kind === 0) stored(bits, output);
    else if (kind === 1) coded(bits, output, FIXED);
    else if (kind === 2) coded(bits, output, dynamicCodes(bits));
    else throw new MalformedPhotoError("the picture data does not unpack");
  }
  const sum = bits.alignedBytes(4);
  if (output.total !== length) throw new MalformedPhotoError("less picture data than the picture has");
  if (sum.reduce((value, byte) => value * 256 + byte, 0) !== output.sum()) {
    throw new MalformedPhotoError("the picture data does not unpack");
  }
  return bits.place;
}

/** The bits of a stream, the low bit of a byte first. */
class Bits {
  #data;
  #held = 0;
  #count = 0;

  /** @param {Uint8Array} data @param {number} place */
  constructor(data, place) {
    this.#data = data;
    this.place = place;
  }

  /** So many bits (at most 16) as a number. @param {number} count */
  take(count) {
    this.#fill(count);
    const value = this.#held & ((1 << count) - 1);
    this.#drop(count);
    return value;
  }

  /** The next symbol of a code. @param {Code} code */
  symbol(code) {
    this.#fill(MOST_BITS);
    const quick = code.quick[this.#held & ((1 << QUICK_BITS) - 1)];
    if (quick !== 0) {
      this.#drop(quick & 15);
      return quick >> 4;
    }
    const { symbol, length } = code.slow(this.#held);
    this.#drop(length);
    return symbol;
  }

  /** Whole bytes from the next byte boundary on. @param {number} length */
  alignedBytes(length) {
    this.place -= this.#count >> 3;
    this.#held = 0;
    this.#count = 0;
    if (this.place + length > this.#data.length) throw new MalformedPhotoError("the picture data is cut off");
    this.place += length;
    return this.#data.subarray(this.place - length, this.place);
  }

  /** Zeros stand in for bits past the end, until they are used. @param {number} count */
  #fill(count) {
    while (this.#count < count) {
      this.#held |= (this.#data[this.place] ?? 0) << this.#count;
      this.place += 1;
      this.#count += 8;
    }
  }

  /** @param {number} count */
  #drop(count) {
    this.#held >>>= count;
    this.#count -= count;
    if (this.place - (this.#count >> 3) > this.#data.length) throw new MalformedPhotoError("the picture data is cut off");
  }
}

/** What was unpacked: its number of bytes, its checksum, and the window. */
class Output {
  #window = new Uint8Array(ROOM + LONGEST_MATCH);
  #end = 0;
  #summed = 0;
  #low = 1;
  #high = 0;

  /** @param {number} most */
  constructor(most) {
    this.most = most;
    this.total = 0;
  }

  /** @param {number} byte */
  literal(byte) {
    this.#grow(1);
    this.#window[this.#end] = byte;
    this.#end += 1;
  }

  /** @param {number} length @param {number} distance */
  match(length, distance) {
    if (distance > this.total) throw new MalformedPhotoError("the picture data does not unpack");
    this.#grow(length);
    const start = this.#end - distance;
    if (distance >= length) {
      this.#window.copyWithin(this.#end, start, start + length);
    } else if (distance === 1) {
      this.#window.fill(this.#window[start], this.#end, this.#end + length);
    } else {
      for (let at = 0; at < length; at += 1) this.#window[this.#end + at] = this.#window[start + at];
    }
    this.#end += length;
  }

  /** @param {Uint8Array} bytes */
  bytes(bytes) {
    for (let place = 0; place < bytes.length; place += LONGEST_MATCH) {
      const piece = bytes.subarray(place, place + LONGEST_MATCH);
      this.#grow(piece.length);
      this.#window.set(piece, this.#end);
      this.#end += piece.length;
    }
  }

  /** Adler-32 of all that was unpacked. */
  sum() {
    this.#add();
    return this.#high * 65_536 + this.#low;
  }

  /** @param {number} length */
  #grow(length) {
    this.total += length;
    if (this.total > this.most) throw new MalformedPhotoError("more picture data than the picture has");
    if (this.#end < ROOM) return;
    this.#add();
    this.#window.copyWithin(0, this.#end - WINDOW, this.#end);
    this.#end = WINDOW;
    this.#summed = WINDOW;
  }

  #add() {
    const window = this.#window;
    let [low, high] = [this.#low, this.#high];
    for (let place = this.#summed; place < this.#end; ) {
      const stop = Math.min(place + ADLER_STEP, this.#end);
      for (; place < stop; place += 1) {
        low += window[place];
        high += low;
      }
      low %= ADLER_BASE;
      high %= ADLER_BASE;
    }
    [this.#low, this.#high, this.#summed] = [low, high, this.#end];
  }
}

/** A Huffman code, given by the length of each symbol's code word. */
class Code {
  /** @param {number[]} lengths @param {{ mayBeShort: boolean }} rule whether no word, or one word of one bit, is allowed */
  constructor(lengths, { mayBeShort }) {
    this.counts = new Uint16Array(MOST_BITS + 1);
    for (const length of lengths) if (length > 0) this.counts[length] += 1;
    let left = 1;
    let longest = 0;
    for (let length = 1; length <= MOST_BITS; length += 1) {
      left = left * 2 - this.counts[length];
      if (left < 0) throw new MalformedPhotoError("the picture data does not unpack");
      if (this.counts[length] > 0) longest = length;
    }
    if (left > 0 && !(mayBeShort && longest <= 1)) throw new MalformedPhotoError("the picture data does not unpack");
    this.symbols = lengths
      .map((length, symbol) => ({ length, symbol }))
      .filter(({ length }) => length > 0)
      .sort((one, other) => one.length - other.length || one.symbol - other.symbol);
    this.quick = quickTable(this.symbols);
  }

  /** The symbol whose word begins these bits. @param {number} bits */
  slow(bits) {
    let [word, first, index] = [0, 0, 0];
    for (let length = 1; length <= MOST_BITS; length += 1) {
      word |= (bits >> (length - 1)) & 1;
      const count = this.counts[length];
      if (word - count < first) return this.symbols[index + word - first];
      index += count;
      first = (first + count) << 1;
      word <<= 1;
    }
    throw new MalformedPhotoError("the picture data does not unpack");
  }
}

/** For every beginning of the stream, symbol and length of its word where that is short; else 0. @param {{ length: number, symbol: number }[]} symbols */
function quickTable(symbols) {
  const table = new Uint16Array(1 << QUICK_BITS);
  let word = 0;
  let before = 0;
  for (const { length, symbol } of symbols) {
    if (length > QUICK_BITS) break;
    word <<= length - before;
    before = length;
    let reversed = 0;
    for (let bit = 0; bit < length; bit += 1) reversed |= ((word >> bit) & 1) << (length - 1 - bit);
    for (let at = reversed; at < table.length; at += 1 << length) table[at] = (symbol << 4) | length;
    word += 1;
  }
  return table;
}

/** @typedef {{ literals: Code, distances: Code }} Codes */

/** @type {Codes} */
const FIXED = {
  literals: new Code(
    Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
    { mayBeShort: false },
  ),
  distances: new Code(new Array(32).fill(5), { mayBeShort: false }),
};

/** @param {Bits} bits @param {Output} output */
function stored(bits, output) {
  const [low, high, notLow, notHigh] = bits.alignedBytes(4);
  if ((low ^ notLow) !== 255 || (high ^ notHigh) !== 255) throw new MalformedPhotoError("the picture data does not unpack");
  output.bytes(bits.alignedBytes(low | (high << 8)));
}

/** @param {Bits} bits @param {Output} output @param {Codes} codes */
function coded(bits, output, { literals, distances }) {
  for (;;) {
    const symbol = bits.symbol(literals);
    if (symbol < END_OF_BLOCK) {
      output.literal(symbol);
    } else if (symbol === END_OF_BLOCK) {
      return;
    } else {
      const code = symbol - END_OF_BLOCK - 1;
      if (code >= LENGTHS.length) throw new MalformedPhotoError("the picture data does not unpack");
      const length = LENGTHS[code] + bits.take(LENGTH_BITS[code]);
      const far = bits.symbol(distances);
      if (far >= MOST_DISTANCES) throw new MalformedPhotoError("the picture data does not unpack");
      output.match(length, DISTANCES[far] + bits.take(DISTANCE_BITS[far]));
    }
  }
}

/** @param {Bits} bits @returns {Codes} */
function dynamicCodes(bits) {
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const given = bits.take(4) + 4;
  if (literals > MOST_LITERALS || distances > MOST_DISTANCES) {
    throw new MalformedPhotoError("the picture data does not unpack");
  }
  const ofLengths = new Array(CODE_ORDER.length).fill(0);
  for (let at = 0; at < given; at += 1) ofLengths[CODE_ORDER[at]] = bits.take(3);
  const code = new Code(ofLengths, { mayBeShort: false });
  /** @type {number[]} */
  const lengths = [];
  while (lengths.length < literals + distances) {
    const symbol = bits.symbol(code);
    if (symbol < 16) lengths.push(symbol);
    else repeat(bits, symbol, lengths);
  }
  if (lengths.length > literals + distances || lengths[END_OF_BLOCK] === 0) {
    throw new MalformedPhotoError("the picture data does not unpack");
  }
  return {
    literals: new Code(lengths.slice(0, literals), { mayBeShort: true }),
    distances: new Code(lengths.slice(literals), { mayBeShort: true }),
  };
}

/** @param {Bits} bits @param {number} symbol @param {number[]} lengths */
function repeat(bits, symbol, lengths) {
  if (symbol === 16 && lengths.length === 0) throw new MalformedPhotoError("the picture data does not unpack");
  const length = symbol === 16 ? lengths[lengths.length - 1] : 0;
  const times = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
  for (let at = 0; at < times; at += 1) lengths.push(length);
}

/** The first value of each code, when each stands for as many as its extra bits tell apart. @param {number[]} extra @param {number} start */
function bases(extra, start) {
  let value = start;
  return extra.map((bits) => {
    const first = value;
    value += 1 << bits;
    return first;
  });
}
