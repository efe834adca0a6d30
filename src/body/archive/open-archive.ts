import { err, ok, type Result } from '../../base/index.ts';
import type { ArchiveFault } from './archive-fault.ts';
import { archiveFormat, type ArchiveFormat } from './archive-format.ts';
import { holdsMacro } from './document.ts';
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
  /** The same, by what went in. Little of it is let be: a few bytes may hold many. */
  readonly ratio: number;
  readonly encrypted: 'refuse' | 'pass';
  /** What is done with what nobody here unpacks. */
  readonly unopened: 'refuse' | 'pass';
  /** What is done with documents that run programs. */
  readonly macros: 'refuse' | 'pass';
}

/** Below this the ratio says nothing. */
const RATIO_FROM_BYTES = 1024 * 1024;

/** So much work a thread does at once: about a millisecond. What is done on Node's pool counts too, which harms nobody. */
const SLICE_BYTES = 262_144;
const SLICE_ENTRIES = 32;

/** Whether somebody still waits for the answer. */
export type Wanted = () => boolean;

/**
 * Opens an archive, and those in it, to see that it holds no more than it may and that all of it is as it says: every
 * entry is unpacked and held to its size and checksum, and nothing of it is kept. Null where nothing is wrong; `busy`
 * where nobody waits any more. Takes time linear in what comes out, which is bounded by the limits, on Node's pool.
 */
export async function archiveFault(
  archive: { readonly bytes: Buffer; readonly format: ArchiveFormat },
  limits: ArchiveLimits,
  wanted: Wanted,
): Promise<ArchiveFault | 'busy' | null> {
  const walk = new ArchiveWalk(archive.bytes.length, limits, wanted);
  return await walk.open(archive.bytes, archive.format, 1);
}

/** What remains of the limits, over all archives in each other. */
class ArchiveWalk {
  readonly #limits: ArchiveLimits;
  readonly #wanted: Wanted;
  readonly #mostBytes: number;
  #entries = 0;
  #bytes = 0;
  #sliceEntries = 0;
  #sliceBytes = 0;

  constructor(packedBytes: number, limits: ArchiveLimits, wanted: Wanted) {
    this.#limits = limits;
    this.#wanted = wanted;
    this.#mostBytes = Math.max(RATIO_FROM_BYTES, packedBytes * limits.ratio);
  }

  async open(bytes: Buffer, format: ArchiveFormat, depth: number): Promise<ArchiveFault | 'busy' | null> {
    if (depth > this.#limits.depth) return 'depth';
    switch (format) {
      case 'other':
        return this.#limits.unopened === 'pass' ? null : 'unopened';
      case 'zip':
        return await this.#openZip(bytes, depth);
      case 'tar':
        return await this.#openTar(bytes, depth);
      case 'gzip':
      case 'zstd': {
        if (++this.#entries > this.#limits.entries) return 'entries';
        const content = await this.#unpack(bytes, format);
        if (!content.ok) return content.error;
        return await this.#inside(content.value.bytes, depth);
      }
    }
  }

  async #openZip(bytes: Buffer, depth: number): Promise<ArchiveFault | 'busy' | null> {
    const read = readZip(bytes, this.#limits.entries - this.#entries);
    if (!read.ok) return read.error;
    this.#entries += read.value.length;
    if (this.#limits.macros === 'refuse' && holdsMacro(read.value)) return 'macro';
    for (const entry of read.value) {
      await this.#rest();
      if (!this.#wanted()) return 'busy';
      const fault = await this.#openEntry(entry, depth);
      if (fault !== null) return fault;
    }
    return null;
  }

  async #openEntry(entry: ZipEntry, depth: number): Promise<ArchiveFault | 'busy' | null> {
    if (entry.encrypted) return this.#limits.encrypted === 'pass' ? null : 'encrypted';
    if (entry.method === 0) {
      const grown = this.#grow(entry.packed.length);
      if (grown !== null) return grown;
      return await this.#inside(entry.packed, depth);
    }
    if (entry.method !== 8) return this.#limits.unopened === 'pass' ? null : 'unopened';
    const content = await this.#unpack(entry.packed, 'raw');
    if (!content.ok) return content.error;
    const { bytes, size, crc } = content.value;
    if (size !== entry.size || crc !== entry.crc) return 'malformed';
    return await this.#inside(bytes, depth);
  }

  async #openTar(bytes: Buffer, depth: number): Promise<ArchiveFault | 'busy' | null> {
    const read = readTar(bytes, this.#limits.entries - this.#entries);
    if (!read.ok) return read.error;
    this.#entries += read.value.length;
    for (const entry of read.value) {
      await this.#rest();
      if (!this.#wanted()) return 'busy';
      const fault = this.#grow(entry.bytes.length) ?? (await this.#inside(entry.bytes, depth));
      if (fault !== null) return fault;
    }
    return null;
  }

  /** Opens what came out where it is an archive too. Null bytes: it was seen to be none. */
  async #inside(bytes: Buffer | null, depth: number): Promise<ArchiveFault | 'busy' | null> {
    const format = bytes === null ? null : archiveFormat(bytes);
    if (bytes === null || format === null) return null;
    return await this.open(bytes, format, depth + 1);
  }

  async #unpack(packed: Buffer, packing: Packing): Promise<Result<Unpacked, ArchiveFault | 'busy'>> {
    let left = false;
    const done = await unpack(packed, packing, {
      limitBytes: this.#limits.bytes,
      grown: (bytes) => {
        left = !this.#wanted();
        return left ? 'bytes' : this.#grow(bytes);
      },
      keeps: (start) => archiveFormat(start) !== null,
    });
    return left ? err('busy') : done.ok ? ok(done.value) : done;
  }

  /** Leaves the thread to others after so much work; what is small is unpacked without handing it over. */
  async #rest(): Promise<void> {
    if (++this.#sliceEntries < SLICE_ENTRIES && this.#bytes - this.#sliceBytes < SLICE_BYTES) return;
    this.#sliceEntries = 0;
    this.#sliceBytes = this.#bytes;
    const { promise, resolve } = Promise.withResolvers<void>();
    setImmediate(resolve);
    await promise;
  }

  #grow(bytes: number): ArchiveFault | null {
    this.#bytes += bytes;
    if (this.#bytes > this.#limits.bytes) return 'bytes';
    return this.#bytes > this.#mostBytes ? 'ratio' : null;
  }
}
