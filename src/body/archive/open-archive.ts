import zlib from 'node:zlib';
import { err, type Result } from '../../base/index.ts';
import type { Turns } from '../turns.ts';
import type { ArchiveFault } from './archive-fault.ts';
import { archiveFormat, type ArchiveFormat } from './archive-format.ts';
import { isToldInside, macroFault, mayBe } from './document.ts';
import { type Packing, unpack, type Unpacked } from './packed.ts';
import { readTar } from './tar.ts';
import { readZip, type ZipEntry } from './zip.ts';

/** What an archive may hold, with all archives that are inside of it. */
export interface ArchiveLimits {
  /** Files, over all of them. */
  readonly entries: number;
  /** How deep archives lie in each other; the outermost is the first. */
  readonly depth: number;
  /** What comes out of all of them together. */
  readonly bytes: number;
  /** Of that, archives that are opened in their turn, and are held in memory meanwhile: so much at a time. */
  readonly held: number;
  /** The same as `bytes`, by what went in. Little of it is let be: a few bytes may hold many. */
  readonly ratio: number;
  readonly encrypted: 'refuse' | 'pass';
  /** What is done with what nobody here unpacks. */
  readonly unopened: 'refuse' | 'pass';
  /** What is done with documents that run programs. */
  readonly macros: 'refuse' | 'pass';
}

/** An archive that was sent. */
export interface SentArchive {
  readonly bytes: Buffer;
  readonly format: ArchiveFormat;
  /** What it may be by what was said of it; a document is held to one of these. */
  readonly types: readonly string[];
}

/** Who waits for it. */
export interface OpeningFor {
  /** Whether somebody still waits for the answer. */
  readonly wanted: () => boolean;
  readonly turns: Turns;
}

/** Below this the ratio says nothing. */
const RATIO_FROM_BYTES = 1024 * 1024;
/** What opening one entry takes, in bytes. */
const ENTRY_BYTES = 8_192;
/** Pieces that a checksum is made of. */
const PIECE_BYTES = 65_536;

/**
 * Opens an archive, and those in it, to see that it holds no more than it may and that all of it is as it says: every
 * entry is unpacked and held to its size and checksum, and nothing of it is kept. Null where nothing is wrong; `busy`
 * where nobody waits any more. Takes time linear in what comes out, which is bounded by the limits, on Node's pool and in
 * turns.
 */
export async function archiveFault(
  archive: SentArchive,
  limits: ArchiveLimits,
  { wanted, turns }: OpeningFor,
): Promise<ArchiveFault | 'busy' | null> {
  const walk = new ArchiveWalk(archive, limits, { wanted, turns });
  return await walk.open(archive.bytes, archive.format, 1);
}

/**
 * Looks at no more than the lists of a document, of its entries and of its parts, and at what they tell: its type, and
 * whether it has macros. Null for archives whose types say nothing of what is inside.
 */
export async function documentFault(
  { bytes, types }: Pick<SentArchive, 'bytes' | 'types'>,
  limits: Pick<ArchiveLimits, 'entries' | 'macros'>,
  turns: Turns,
): Promise<ArchiveFault | null> {
  if (!areToldInside(types)) return null;
  return await listFault(await readZip(bytes, limits.entries, turns), { types, macros: limits.macros, turns });
}

/** What a list is held to. */
interface ListRules extends Pick<SentArchive, 'types'>, Pick<ArchiveLimits, 'macros'>, Pick<OpeningFor, 'turns'> {}

/** A list that can't be read is one of no document. */
async function listFault(
  read: Result<readonly ZipEntry[], ArchiveFault>,
  { types, macros, turns }: ListRules,
): Promise<ArchiveFault | null> {
  if (areToldInside(types) && !types.some((type) => mayBe(type, read.ok ? read.value : []))) return 'type';
  if (!read.ok) return read.error;
  return macros === 'refuse' ? await macroFault(read.value, turns) : null;
}

function areToldInside(types: readonly string[]): boolean {
  return types.length > 0 && types.every(isToldInside);
}

const NO_TYPES: readonly string[] = [];

/** What remains of the limits, over all archives in each other. */
class ArchiveWalk {
  readonly #types: readonly string[];
  readonly #limits: ArchiveLimits;
  readonly #wanted: () => boolean;
  readonly #turns: Turns;
  readonly #mostBytes: number;
  #entries = 0;
  #bytes = 0;
  #held = 0;

  constructor({ bytes, types }: SentArchive, limits: ArchiveLimits, { wanted, turns }: OpeningFor) {
    this.#types = types;
    this.#limits = limits;
    this.#wanted = wanted;
    this.#turns = turns;
    this.#mostBytes = Math.max(RATIO_FROM_BYTES, bytes.length * limits.ratio);
  }

  async open(bytes: Buffer, format: ArchiveFormat, depth: number): Promise<ArchiveFault | 'busy' | null> {
    const fault = this.#startFault(format, depth);
    if (fault !== null) return fault;
    switch (format) {
      case 'other':
        return null;
      case 'zip':
        return await this.#openZip(bytes, depth);
      case 'tar':
        return await this.#openTar(bytes, depth);
      case 'gzip':
      case 'zstd': {
        if (++this.#entries > this.#limits.entries) return 'entries';
        const content = await this.#unpack(bytes, format, depth);
        if (!content.ok) return content.error;
        return await this.#openUnpacked(content.value.bytes, depth);
      }
    }
  }

  /** What its first bytes tell. */
  #startFault(format: ArchiveFormat, depth: number): ArchiveFault | null {
    if (depth > this.#limits.depth) return 'depth';
    return format === 'other' && this.#limits.unopened === 'refuse' ? 'unopened' : null;
  }

  async #openZip(bytes: Buffer, depth: number): Promise<ArchiveFault | 'busy' | null> {
    const read = await readZip(bytes, this.#limits.entries - this.#entries, this.#turns);
    const types = depth === 1 ? this.#types : NO_TYPES;
    const fault = await listFault(read, { types, macros: this.#limits.macros, turns: this.#turns });
    if (fault !== null || !read.ok) return fault;
    return await this.#openEach(read.value, async (entry) => await this.#openEntry(entry, depth));
  }

  async #openEntry(entry: ZipEntry, depth: number): Promise<ArchiveFault | 'busy' | null> {
    if (entry.encrypted) return this.#limits.encrypted === 'pass' ? null : 'encrypted';
    if (entry.method === 0) {
      const fault = this.#grow(entry.packed.length);
      if (fault !== null) return fault;
      return (await this.#checksum(entry.packed)) === entry.crc
        ? await this.#openInside(entry.packed, depth)
        : 'malformed';
    }
    if (entry.method !== 8) return this.#limits.unopened === 'pass' ? null : 'unopened';
    const content = await this.#unpack(entry.packed, 'raw', depth);
    if (!content.ok) return content.error;
    const { bytes, size, crc } = content.value;
    if (size !== entry.size || crc !== entry.crc) return 'malformed';
    return await this.#openUnpacked(bytes, depth);
  }

  async #openTar(bytes: Buffer, depth: number): Promise<ArchiveFault | 'busy' | null> {
    const read = await readTar(bytes, this.#limits.entries - this.#entries, this.#turns);
    if (!read.ok) return read.error;
    return await this.#openEach(
      read.value,
      async (entry) => this.#grow(entry.bytes.length) ?? (await this.#openInside(entry.bytes, depth)),
    );
  }

  async #openEach<E>(
    entries: readonly E[],
    openOne: (entry: E) => Promise<ArchiveFault | 'busy' | null>,
  ): Promise<ArchiveFault | 'busy' | null> {
    this.#entries += entries.length;
    for (const entry of entries) {
      if (!this.#wanted()) return 'busy';
      const before = this.#bytes;
      const fault = await openOne(entry);
      if (fault !== null) return fault;
      const turn = this.#turns.spend(ENTRY_BYTES + this.#bytes - before);
      if (turn !== null) await turn;
    }
    return null;
  }

  /** Opens what lies in an archive as it is, where it is one too. */
  async #openInside(bytes: Buffer, depth: number): Promise<ArchiveFault | 'busy' | null> {
    const format = archiveFormat(bytes);
    return format === null ? null : await this.open(bytes, format, depth + 1);
  }

  /** The same of what was unpacked: it is held until it is opened. Null: it was seen to be none. */
  async #openUnpacked(bytes: Buffer | null, depth: number): Promise<ArchiveFault | 'busy' | null> {
    if (bytes === null) return null;
    this.#held += bytes.length;
    const fault = await this.#openInside(bytes, depth);
    this.#held -= bytes.length;
    return fault;
  }

  async #unpack(packed: Buffer, packing: Packing, depth: number): Promise<Result<Unpacked, ArchiveFault | 'busy'>> {
    let left = false;
    const done = await unpack(packed, packing, {
      grown: (bytes) => {
        left = !this.#wanted();
        return left ? 'bytes' : this.#grow(bytes);
      },
      keeps: (start) => {
        const format = archiveFormat(start);
        if (format === null) return false;
        return this.#startFault(format, depth + 1) ?? format !== 'other';
      },
      heldBytes: this.#limits.held - this.#held,
    });
    return left ? err('busy') : done;
  }

  async #checksum(bytes: Buffer): Promise<number> {
    let crc = 0;
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const turn = at === 0 ? null : this.#turns.spend(PIECE_BYTES);
      if (turn !== null) await turn;
      crc = zlib.crc32(bytes.subarray(at, at + PIECE_BYTES), crc);
    }
    return crc;
  }

  #grow(bytes: number): ArchiveFault | null {
    this.#bytes += bytes;
    if (this.#bytes > this.#limits.bytes) return 'bytes';
    return this.#bytes > this.#mostBytes ? 'ratio' : null;
  }
}
