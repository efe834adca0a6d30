import { FIELD, FieldMark } from '../field-names.ts';
import { HEAD_BOUNDS } from '../fields.ts';
import type { BodyFraming } from '../message.ts';
import type { ReplyHeadReading } from '../reply-head.ts';
import { isBodiless } from '../write-head.ts';
import {
  addLine,
  clearFieldLines,
  countOfFields,
  type FieldLines,
  newFieldLines,
  readLength,
  takeFields,
} from './field-lines.ts';
import { type FieldSink, type HpackField, PSEUDO } from './hpack-field.ts';

const CONTENT_LENGTH = FIELD['content-length'];

/** What of an upstream's fields no client gets. */
const NOT_FOR_CLIENTS = FieldMark.drop | FieldMark.banner;

const NO_BODY: BodyFraming = { kind: 'none' };
const OPEN_BODY: BodyFraming = { kind: 'chunked' };

/**
 * Gathers the block of an upstream's reply, interim or final (RFC 9113 §8.3.2); one for each decoder, cleared for each
 * block. Bounds are those of a head over HTTP/1.1; behind the first thing that is wrong nothing is kept.
 */
export class ReplyBlock implements FieldSink {
  readonly #lines: FieldLines = newFieldLines();
  #fault: string | null = null;
  #status = 0;
  #contentLength = -1;

  /** Makes it new for the next block. */
  clear(): void {
    clearFieldLines(this.#lines);
    this.#fault = null;
    this.#status = 0;
    this.#contentLength = -1;
  }

  field({ name, value, line, number, fault }: HpackField): void {
    if (this.#fault !== null) return;
    const lines = this.#lines;
    if (fault !== null) this.#fault = fault.code;
    else if (number < 0) this.#pseudo(number, value);
    else if (this.#status === 0) this.#fault = 'field before :status';
    else if (lines.text.length + line.length > HEAD_BOUNDS.bytes) this.#fault = 'head larger than 16 KiB';
    else if (countOfFields(lines) === HEAD_BOUNDS.fields) this.#fault = 'header-too-large';
    else {
      if (number === CONTENT_LENGTH) this.#length(value);
      addLine(lines, name, number, line);
    }
  }

  /**
   * The head as the answer to a request of this method, once its block is whole; once only, since nothing of it is kept.
   * `ended`: the block bears END_STREAM. The framing is `chunked` where the length is known by the stream's end only.
   */
  read(method: string, ended: boolean): ReplyHeadReading {
    const status = this.#status;
    const fault = this.#fault ?? (status === 0 ? 'reply without :status' : null);
    const bodiless = isBodiless(method, status);
    const length = this.#contentLength;
    const fields = takeFields(this.#lines, NOT_FOR_CLIENTS);
    const bytes = this.#lines.text.length;
    this.clear();
    if (fault !== null) return { fault };
    if (ended && status < 200) return { fault: 'interim reply that ends the stream' };
    if (ended && !bodiless && length > 0) return { fault: 'content-length-mismatch' };
    const framing = bodiless || ended ? NO_BODY : framingOf(length);
    return {
      fault: null,
      status,
      fields,
      framing,
      announcedLength: length < 0 ? null : length,
      keepAlive: true,
      idleMs: null,
      bytes,
    };
  }

  /** `:status` alone, once, three digits from 100 to 599; 101 means nothing here (RFC 9113 §8.6). */
  #pseudo(number: number, value: string): void {
    const sound = number === PSEUDO.status && this.#status === 0 && /^[1-5][0-9]{2}$/.test(value) && value !== '101';
    if (sound) this.#status = Number(value);
    else this.#fault = 'malformed-pseudo-header';
  }

  #length(value: string): void {
    if (this.#contentLength >= 0) this.#fault = 'invalid-content-length';
    this.#contentLength = readLength(value);
    if (this.#contentLength < 0) this.#fault = 'invalid-content-length';
  }
}

function framingOf(length: number): BodyFraming {
  if (length < 0) return OPEN_BODY;
  return length === 0 ? NO_BODY : { kind: 'length', bytes: length };
}
