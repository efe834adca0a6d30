import type { ExchangeEvents, OutgoingHead, ServerExchange } from '../../src/wire/index.ts';
import { newAuthorityMemory, readRequestHead } from '../../src/wire/index.ts';

const NO_EVENTS: ExchangeEvents = { pieces: () => true, bodyEnd() {}, bodyFailed() {}, drained() {}, gone() {} };
const PEER = { address: '192.0.2.1', port: 1, tls: null, via: [] };

/** A request without a body from a client that takes all that comes. `over` hears the status once; 0 where it was cut. */
export class SimStream implements ServerExchange {
  readonly request: ServerExchange['request'];
  readonly framing: ServerExchange['framing'];
  readonly receivedBytes = 0;
  readonly upgrade = null;
  readonly mustSwitch = false;
  events: ExchangeEvents = NO_EVENTS;
  readonly #over: (status: number) => void;
  #status = 0;

  constructor(number: number, waitMs: number, over: (status: number) => void) {
    const text = `GET /things HTTP/1.1\r\nhost: sim.example\r\nx-number: ${number}\r\nx-wait: ${waitMs}\r\n\r\n`;
    const bytes = Buffer.from(text);
    const head = readRequestHead(bytes, bytes.length - 2, newAuthorityMemory());
    if (head.fault !== null) throw new Error(head.fault);
    const { method, authority, path, query, fields: headers, framing } = head;
    this.request = { method, host: authority.host, port: authority.port, path, query, headers, peer: PEER };
    this.framing = framing;
    this.#over = over;
  }

  limitBody(): boolean {
    return true;
  }

  receive(): void {
    queueMicrotask(() => this.events.bodyEnd());
  }

  resumeBody(): void {}

  hush(): void {}

  interim(): void {}

  send({ status }: OutgoingHead): void {
    this.#over(status);
  }

  begin({ status }: OutgoingHead): void {
    this.#status = status;
  }

  write(): boolean {
    return true;
  }

  finish(): void {
    this.#over(this.#status);
  }

  switchTo(): never {
    throw new Error('nobody asked for an upgrade');
  }

  cut(): void {
    this.#over(0);
  }
}
