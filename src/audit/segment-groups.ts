import { createHash, type Hash } from 'node:crypto';
import type { Segment } from '../ports/index.ts';
import { BLOCK_LIMIT_BYTES, isRecordLine, readBlockLine, readOldRecordLine, type SegmentHeader } from './line.ts';
import { linesOf, type SegmentEnd } from './segment-lines.ts';

/** Records that are well: a block, or one line of the first version. */
export interface Group {
  /** The texts of the records, in their order. */
  readonly records: readonly string[];
  /** Of the last of them. */
  readonly sequence: number;
  readonly hash: string;
  /** Behind its last line. */
  readonly position: number;
}

/** Where a walk through a segment begins: behind what was read, whose last record and hash these are. */
export interface GroupPlace {
  readonly position: number;
  readonly sequence: number;
  readonly hash: string;
}

/**
 * Follows the chain of a segment from a place on, and gives group after group that fits; returns what stands behind
 * them. `torn`: the beginning of a group, as a crash leaves it; nothing of it was ever acknowledged. `damaged`: something
 * that was never written so, and its position is where the group before ended. Holds one block, 1 MiB.
 */
export function groupsOf(
  segment: Segment,
  version: SegmentHeader['version'],
  from: GroupPlace,
): Generator<Group, SegmentEnd> {
  return version === 1 ? oldGroupsOf(segment, from) : blocksOf(segment, from);
}

function* oldGroupsOf(segment: Segment, from: GroupPlace): Generator<Group, SegmentEnd> {
  let { position, sequence, hash } = from;
  const lines = linesOf(segment, position);
  for (let next = lines.next(); ; next = lines.next()) {
    if (next.done === true) return next.value;
    const line = readOldRecordLine(next.value.text, hash);
    if (!line.ok) return { kind: 'damaged', position, bytes: 0, detail: line.error };
    if (line.value.sequence !== sequence + 1)
      return { kind: 'damaged', position, bytes: 0, detail: 'a record is missing' };
    ({ sequence, hash } = line.value);
    position = next.value.position + next.value.text.length + 1;
    yield { records: [line.value.record], sequence, hash, position };
  }
}

/** The lines of a block whose end was not read yet. */
class OpenBlock {
  readonly records: string[] = [];
  readonly #hash: Hash;
  bytes = 0;

  constructor(previous: string) {
    this.#hash = createHash('sha256').update(previous, 'latin1');
  }

  take(line: string): void {
    this.records.push(line);
    this.bytes += line.length + 1;
    this.#hash.update(`${line}\n`, 'latin1');
  }

  hashWith(body: string): string {
    return this.#hash.update(body, 'latin1').digest('hex');
  }
}

function* blocksOf(segment: Segment, from: GroupPlace): Generator<Group, SegmentEnd> {
  let { position, sequence, hash } = from;
  let open = new OpenBlock(hash);
  const lines = linesOf(segment, position);
  const damaged = (detail: string): SegmentEnd => ({ kind: 'damaged', position, bytes: 0, detail });
  for (let next = lines.next(); ; next = lines.next()) {
    if (next.done === true) return endOf(next.value, { position, bytes: open.bytes });
    const { text } = next.value;
    const block = readBlockLine(text);
    if (block === null) {
      if (!isRecordLine(text)) return damaged('it is no line of a ledger');
      open.take(text);
      if (open.bytes > BLOCK_LIMIT_BYTES) return damaged('a block of it does not end');
      continue;
    }
    if (open.hashWith(block.body) !== block.hash) return damaged('its hash does not fit it and the block before');
    if (block.first !== sequence + 1 || block.last !== sequence + open.records.length || open.records.length === 0) {
      return damaged('a record is missing');
    }
    sequence = block.last;
    hash = block.hash;
    position = next.value.position + text.length + 1;
    yield { records: open.records, sequence, hash, position };
    open = new OpenBlock(hash);
  }
}

/** Whole lines of a block that does not end are as good as half a line. */
function endOf(end: SegmentEnd, open: { readonly position: number; readonly bytes: number }): SegmentEnd {
  const { position } = open;
  if (end.kind === 'damaged') return { ...end, position };
  const bytes = end.position - position + end.bytes;
  if (bytes === 0) return end;
  return { kind: 'torn', position, bytes, detail: `its last block is not whole: ${bytes} bytes of it are there` };
}
