import { err, ok, type Result } from '../base/index.ts';
import type { FileFault, Segments } from '../ports/index.ts';
import { MOST_SEGMENT, segmentName } from './line.ts';
import { ReservedSegment } from './reserved-segment.ts';

/** The segments of a log as they are begun one after the other, each with a number that none had before. */
export class SegmentSeries {
  readonly #segments: Segments;
  #newest: number;

  /** `newest`: the highest number that was found; 0 where there is none. */
  constructor(segments: Segments, newest: number) {
    this.#segments = segments;
    this.#newest = newest;
  }

  /** The highest number that was taken. */
  get newest(): number {
    return this.#newest;
  }

  /** The next segment, with so much space and without its header; it takes a number, whatever becomes of it. */
  async prepare(wantedBytes: number): Promise<Result<ReservedSegment, FileFault>> {
    if (this.#newest >= MOST_SEGMENT) return err({ reason: 'other', detail: 'no segment can have a higher number' });
    const created = await this.#segments.create(segmentName(this.#newest + 1));
    if (!created.ok) {
      if (created.error.reason === 'exists') this.#newest++;
      return created;
    }
    const file = new ReservedSegment(created.value, 0, 0);
    const reserved = await file.reserve(wantedBytes);
    if (reserved.ok) {
      this.#newest++;
      return ok(file);
    }
    await this.discard(file);
    return reserved;
  }

  /** Of a segment that could not be begun nothing may stay: where that fails too, the next start finds it blank or says so. */
  async discard({ file }: ReservedSegment): Promise<void> {
    file.close();
    await this.#segments.remove(file.name);
  }
}
