import { FLAG, FRAME, type Frame, PREFACE, readFrames, SETTING } from './frames.ts';

const FIRST_WINDOW_BYTES = 65_535;
const LARGEST_FRAME_BYTES = 16_384;
/** What a gateway sends: it never pushes. */
const KNOWN_TYPES: ReadonlySet<number> = new Set(Object.values(FRAME).filter((type) => type !== FRAME.pushPromise));

/**
 * What a server may send at most behind what its client has sent, however broken that was: no more DATA than windows
 * allow, nothing on streams that nobody has opened, nothing behind the end of a stream (RFC 9113 §5.1, §6.9). A client's
 * settings are taken as they were at their widest, so what is complained of is wrong in any order of events.
 */
export class OutputModel {
  readonly #opened = new Set<number>();
  readonly #opening = new Map<number, number>();
  #widestWindow = FIRST_WINDOW_BYTES;

  /** `sent`: all bytes of the client, preface included. */
  constructor(sent: Buffer) {
    for (const found of readFrames(sent.subarray(PREFACE.length)).frames) this.#note(found);
  }

  /** What is wrong with what the server has sent, in all. */
  judge(frames: readonly Frame[]): readonly string[] {
    const complaints: string[] = [];
    const ended = new Set<number>();
    const sentOn = new Map<number, number>();
    const [first] = frames;
    if (first !== undefined && first.type !== FRAME.settings) complaints.push('the first frame is no SETTINGS');
    for (const { type, flags, streamId, payload } of frames) {
      if (!KNOWN_TYPES.has(type)) complaints.push(`a frame of type ${type}`);
      if (payload.length > LARGEST_FRAME_BYTES) complaints.push(`a frame of ${payload.length} octets`);
      if (type === FRAME.reset) ended.add(streamId);
      if (type !== FRAME.headers && type !== FRAME.data) continue;
      if (!this.#opened.has(streamId)) complaints.push(`stream ${streamId} was never opened`);
      if (ended.has(streamId)) complaints.push(`stream ${streamId} goes on behind its end`);
      if ((flags & FLAG.endStream) !== 0) ended.add(streamId);
      if (type === FRAME.data) {
        sentOn.set(streamId, (sentOn.get(streamId) ?? 0) + payload.length);
        sentOn.set(0, (sentOn.get(0) ?? 0) + payload.length);
      }
    }
    for (const [streamId, bytes] of sentOn) {
      const firstBytes = streamId === 0 ? FIRST_WINDOW_BYTES : this.#widestWindow;
      const most = firstBytes + (this.#opening.get(streamId) ?? 0);
      if (bytes > most) complaints.push(`${bytes} octets of DATA on ${streamId}, ${most} at most`);
    }
    return complaints;
  }

  #note({ type, streamId, payload }: Frame): void {
    if (type === FRAME.headers) this.#opened.add(streamId);
    if (type === FRAME.windowUpdate && payload.length === 4)
      this.#opening.set(streamId, (this.#opening.get(streamId) ?? 0) + (payload.readUInt32BE(0) & 0x7fff_ffff));
    if (type !== FRAME.settings) return;
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      if (payload.readUInt16BE(at) !== SETTING.initialWindowSize) continue;
      this.#widestWindow = Math.max(this.#widestWindow, payload.readUInt32BE(at + 2));
    }
  }
}
