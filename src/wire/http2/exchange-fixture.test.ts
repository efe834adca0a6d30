// No tests here: what a connection's streams send, and a connection around them. Kept apart from the product by its name.
import { DirectWriter } from '../direct-writer.ts';
import { FakeSocket } from '../fake-socket.test.ts';
import { NO_FIELDS } from '../header-fields.ts';
import { DIRECT, type Peer } from '../message.ts';
import { SERVER_BOUNDS } from '../server.ts';
import { DataSender } from './data-sender.ts';
import { Decoding } from './hpack-fixture.test.ts';
import { REPLY_RULES } from './hpack-field.ts';
import { Http2Exchange } from './http2-exchange.ts';
import { HTTP2_BOUNDS, type Http2Fault } from './protocol.ts';
import type { Http2RequestHead } from './request-head.ts';
import type { StreamBounds, StreamHost } from './stream-host.ts';

/** One frame, as a peer reads it. */
export interface SentFrame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: string;
}

/** Reads whole frames; what is left over is a mistake of the test's or of the code under test. */
export function framesOf(text: string): readonly SentFrame[] {
  const octets = Buffer.from(text, 'latin1');
  const frames: SentFrame[] = [];
  for (let at = 0; at < octets.length; ) {
    const end = at + 9 + octets.readUIntBE(at, 3);
    if (end > octets.length) throw new Error('half a frame was sent');
    const payload = octets.toString('latin1', at + 9, end);
    frames.push({
      type: octets[at + 3] as number,
      flags: octets[at + 4] as number,
      id: octets.readUInt32BE(at + 5),
      payload,
    });
    at = end;
  }
  return frames;
}

/** DATA as `id:length`, with `$` where the stream ends. */
export function dataOf(text: string): readonly string[] {
  return framesOf(text).map(({ id, payload, flags }) => `${id}:${payload.length}${(flags & 1) === 0 ? '' : '$'}`);
}

export const REQUEST_HEAD: Http2RequestHead = {
  fault: null,
  method: 'POST',
  authority: { host: 'a.test', port: null },
  path: '/c',
  query: null,
  fields: NO_FIELDS,
  contentLength: -1,
  upgrades: false,
  expectsContinue: false,
  bytes: 100,
};

/** A connection that does nothing by itself, and writes down what its streams ask of it. */
export class FakeHost implements StreamHost<Http2Exchange> {
  readonly memo = { kept: null };
  readonly peer: Peer = { address: '127.0.0.1', port: 1, tls: null, via: DIRECT };
  readonly bounds: StreamBounds = { ...SERVER_BOUNDS, ...HTTP2_BOUNDS };
  readonly socket = new FakeSocket();
  readonly sender: DataSender<Http2Exchange>;
  readonly log: string[] = [];
  readonly open = new Set<Http2Exchange>();
  now = 0;
  /** What happens when data are held. */
  onHeld: (stream: Http2Exchange) => void = () => {};
  #heads = 0;

  constructor() {
    const writer = new DirectWriter(this.socket.socket, () => {});
    this.sender = new DataSender<Http2Exchange>(writer, {
      drained: (stream) => stream.drained(),
      ended: (stream) => stream.ended(),
    });
  }

  /** A request of this kind; `ended` where nothing follows its head. */
  begin(head: Partial<Http2RequestHead> = {}, { ended = false, window = 65_535 } = {}): Http2Exchange {
    const whole = { ...REQUEST_HEAD, ...head };
    const stream = new Http2Exchange(this, 2 * this.#heads++ + 1, whole, ended);
    stream.window = window;
    this.open.add(stream);
    return stream;
  }

  moment(): number {
    return this.now;
  }

  head(stream: Http2Exchange, block: string, endStream: boolean): void {
    this.#openOnly(stream);
    const decoding = new Decoding({ rules: REPLY_RULES });
    const fault = decoding.decode(Buffer.from(block, 'latin1'));
    this.#note(`head ${[fault, ...decoding.lines].filter((line) => line !== null).join(', ')}${endStream ? ' $' : ''}`);
  }

  end(stream: Http2Exchange, code: number | null, fault: Http2Fault | null): void {
    this.#openOnly(stream);
    this.open.delete(stream);
    this.#note(`end ${code}${fault === null ? '' : ` ${fault}`}`);
  }

  consumed(stream: Http2Exchange, bytes: number): void {
    this.#openOnly(stream);
    this.#note(`consumed ${bytes}${stream.takesMore ? '' : ' for the connection'}`);
  }

  retire(): void {
    this.#note('retire');
  }

  hush(ms: number): void {
    this.#note(`hush ${ms}`);
  }

  held(stream: Http2Exchange): void {
    this.#openOnly(stream);
    this.#note(`held ${stream.heldBytes}`);
    this.onHeld(stream);
  }

  /** What was said since the last time, DATA in their place. */
  said(): readonly string[] {
    this.#noteData();
    return this.log.splice(0);
  }

  #note(what: string): void {
    this.#noteData();
    this.log.push(what);
  }

  #noteData(): void {
    this.log.push(...dataOf(this.socket.text).map((data) => `data ${data}`));
    this.socket.text = '';
  }

  /** Nothing may be said of a stream that is over. */
  #openOnly(stream: Http2Exchange): void {
    if (!this.open.has(stream)) throw new Error(`something was said of stream ${stream.id}, which is over`);
  }
}
