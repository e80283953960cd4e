import type { ByteReader } from './byte-reader.ts';

/*
 * How rsync writes numbers on the wire, protocols 27 to 32. Integers are little endian. Written from what rsync 3.5.0
 * reads (io.c); only what the sender's side needs.
 */

/** A number of four bytes. */
export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes;
}

/** A number of two bytes. */
export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** A number of a varying length, of 32 bits. */
export function varint(value: number): Buffer {
  return varying(BigInt(value >>> 0), 4, 1);
}

/** A number of a varying length, of 64 bits, that takes at least `least` bytes. */
export function varlong(value: number, least: number): Buffer {
  return varying(BigInt(value), 8, least);
}

/** A number as protocols before 30 write one of 64 bits. */
export function longint(value: number): Buffer {
  if (value <= 0x7fffffff) return int32(value);
  const bytes = Buffer.alloc(12, 0xff);
  bytes.writeBigInt64LE(BigInt(value), 4);
  return bytes;
}

function varying(value: bigint, width: number, least: number): Buffer {
  const all = Buffer.alloc(8);
  all.writeBigUInt64LE(BigInt.asUintN(64, value));
  let count = width;
  while (count > least && all[count - 1] === 0) count -= 1;
  const top = all[count - 1] ?? 0;
  // The leading bits of the first byte say how many bytes follow; what is left of it holds the topmost bits of the number.
  const room = 1 << (7 - count + least);
  const rest = all.subarray(0, count - 1);
  if (top >= room) return Buffer.concat([Buffer.from([~(room - 1) & 0xff]), all.subarray(0, count)]);
  const marks = count > least ? ~(room * 2 - 1) & 0xff : 0;
  return Buffer.concat([Buffer.from([top | marks]), rest]);
}

/** The end of a list or of a phase, in place of an index. */
export const DONE = -1;

/** The number that stands for "the list of directory `index` follows". */
export const directoryList = (index: number): number => -101 - index;

/** All lists were sent. */
export const LISTS_END = -2;

/** Writes indexes of files, each as the difference to the one before. */
export function indexWriter(protocol: number): (index: number) => Buffer {
  let positive = -1;
  let negative = 1;
  return (index) => {
    if (protocol < 30) return int32(index);
    if (index === DONE) return Buffer.from([0]);
    const value = Math.abs(index);
    const before = index >= 0 ? positive : negative;
    if (index >= 0) positive = value;
    else negative = value;
    return Buffer.concat([Buffer.from(index >= 0 ? [] : [0xff]), indexBytes(value, value - before)]);
  };
}

function indexBytes(value: number, step: number): Buffer {
  if (step > 0 && step < 0xfe) return Buffer.from([step]);
  if (step < 0 || step > 0x7fff) {
    return Buffer.from([0xfe, (value >> 24) | 0x80, value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff]);
  }
  return Buffer.from([0xfe, step >> 8, step & 0xff]);
}

/** Reads indexes of files; the counterpart of {@link indexWriter}. */
export function indexReader(protocol: number): (from: ByteReader) => Promise<number> {
  let positive = -1;
  let negative = 1;
  return async (from) => {
    if (protocol < 30) return (await from.take(4)).readInt32LE();
    let [first = 0] = await from.take(1);
    if (first === 0) return DONE;
    const isNegative = first === 0xff;
    if (isNegative) [first = 0] = await from.take(1);
    const before = isNegative ? negative : positive;
    const value = first === 0xfe ? await takeLarge(from, before) : before + first;
    if (isNegative) negative = value;
    else positive = value;
    return isNegative ? -value : value;
  };
}

async function takeLarge(from: ByteReader, before: number): Promise<number> {
  const [high = 0, low = 0] = await from.take(2);
  if (!(high & 0x80)) return before + ((high << 8) | low);
  const [second = 0, third = 0] = await from.take(2);
  return ((high & 0x7f) << 24) | low | (second << 8) | (third << 16);
}
