import { cut, UNKNOWN, WHOLE, type Ends, type EndsVerdict } from './ends.ts';

/* How binary formats end. Each says that something is missing only where that is certain. */

/** Streams may be followed by zeros, four at a time; the last one ends with the magic bytes of its footer (xz-file-format.txt, 2.1.2). */
export function xzEnd({ tail }: Ends): EndsVerdict {
  const end = endOfContent(tail);
  if (end === 0) return UNKNOWN;
  return tail.toString('latin1', end - 2, end) === 'YZ' ? WHOLE : cut('it has no footer');
}

/** 48 bits before the checksum of 32 with which a stream ends. It does not end on a byte: up to 7 bits follow. */
const BZIP2_END = 0x177245385090n;
const BZIP2_END_BYTES = 11;

export function bzip2End({ tail }: Ends): EndsVerdict {
  // Zeros behind it (a tape, a block device) hide where it ends.
  if (endOfContent(tail) < tail.length - 4) return UNKNOWN;
  let bits = 0n;
  for (const byte of tail.subarray(-BZIP2_END_BYTES)) bits = (bits << 8n) | BigInt(byte);
  for (let rest = 0n; rest < 8n; rest += 1n) {
    if (((bits >> (rest + 32n)) & 0xffff_ffff_ffffn) === BZIP2_END) return WHOLE;
  }
  return cut('it has no end-of-stream mark');
}

/** The end of the central directory has 22 bytes, and a comment of up to 65,535 may follow (APPNOTE.TXT, 4.3.16). */
export const ZIP_TAIL = 22 + 65_535;

export function zipEnd({ tail }: Ends): EndsVerdict {
  return tail.includes('PK\x05\x06', 0, 'latin1') ? WHOLE : cut('it has no central directory, which is written last');
}

const TAR_BLOCK = 512;

/** Two blocks of zeros end an archive (POSIX, ustar interchange format); one is enough for us. */
export function tarEnd({ size, tail }: Ends): EndsVerdict {
  const part = size % TAR_BLOCK;
  const blocks = tail.subarray(0, tail.length - part);
  const isZero = (block: Buffer) => block.length > 0 && block.every((byte) => byte === 0);
  if (isZero(blocks.subarray(-TAR_BLOCK)) || isZero(tail.subarray(-TAR_BLOCK))) return WHOLE;
  return cut('it has no blocks of zeros at its end');
}

/**
 * Data ends with a chunk of no bytes, large objects end with number 0, and an entry without data with an empty offset: whatever comes
 * last, it is an integer 0, which is written as a sign and `intSize` bytes (pg_backup_custom.c).
 */
export function pgCustomEnd({ head, tail }: Ends): EndsVerdict {
  const zeros = 1 + (head[8] ?? 4);
  return tail.length - endOfContent(tail) >= zeros ? WHOLE : cut('it ends in the middle of its data');
}

/** Page size and number of pages are in the header; the latter counts if the change counter is that of the header (fileformat2.html, 1.3). */
export function sqliteEnd({ size, head }: Ends): EndsVerdict {
  if (head.length < 100) return cut('it is shorter than its header');
  const written = head.readUInt16BE(16);
  const pageSize = written === 1 ? 65_536 : written;
  const pages = head.readUInt32BE(28);
  if (pages === 0 || head.readUInt32BE(24) !== head.readUInt32BE(92)) return UNKNOWN;
  return size >= pages * pageSize
    ? WHOLE
    : cut(`it has ${size} bytes, and its header says ${pages} pages of ${pageSize}`);
}

/** Each segment of an archive ends with four bytes 0xff (mongo-tools, common/archive). */
export function mongoEnd({ tail }: Ends): EndsVerdict {
  return tail.subarray(-4).every((byte) => byte === 0xff) ? WHOLE : cut('it has no terminator at its end');
}

/** Where the zeros at the end of a tail begin. */
function endOfContent(tail: Buffer): number {
  let end = tail.length;
  while (end > 0 && tail[end - 1] === 0) end -= 1;
  return end;
}
