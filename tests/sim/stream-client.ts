import {
  type ExchangeEvents,
  newAuthorityMemory,
  type OutgoingHead,
  readRequestHead,
  type ServerExchange,
} from '../../src/wire/index.ts';

const NO_EVENTS: ExchangeEvents = { pieces: () => true, bodyEnd() {}, bodyFailed() {}, drained() {}, gone() {} };
const PEER = { address: '192.0.2.1', port: 1, tls: null, via: [] };

/** What a client asks for, and as whom. */
export interface Asked {
  readonly path: string;
  readonly port: number;
  readonly subject: string;
  readonly expiresAtMs: number;
}

/** A client that asks for a stream of events and takes all that comes, until one of both ends it. */
export class SimClient implements ServerExchange {
  readonly request: ServerExchange['request'];
  readonly framing: ServerExchange['framing'];
  readonly receivedBytes = 0;
  readonly upgrade = null;
  readonly mustSwitch = false;
  readonly subject: string;
  readonly expiresAtMs: number;
  events: ExchangeEvents = NO_EVENTS;
  /** Where it stands; `finished` is a clean end by the gateway, `cut` none. */
  state: 'open' | 'refused' | 'finished' | 'cut' | 'left' = 'open';
  /** Whether events come. */
  streams = false;
  /** Of the upstream that it was served from. */
  readonly port: number;

  constructor({ path, port, subject, expiresAtMs }: Asked) {
    const fields = `x-subject: ${subject}\r\nx-expires: ${expiresAtMs}\r\n`;
    const bytes = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: sim.example\r\n${fields}\r\n`);
    const head = readRequestHead(bytes, bytes.length - 2, newAuthorityMemory());
    if (head.fault !== null) throw new Error(head.fault);
    const { method, authority, fields: headers, query, framing } = head;
    this.request = { method, host: authority.host, port: authority.port, path, query, headers, peer: PEER };
    this.framing = framing;
    this.port = port;
    this.subject = subject;
    this.expiresAtMs = expiresAtMs;
  }

  leave(): void {
    if (this.state !== 'open') return;
    this.#over('left');
    this.events.gone(null);
  }

  limitBody(): boolean {
    return true;
  }

  receive(): void {}

  resumeBody(): void {}

  hush(): void {}

  interim(): void {}

  send(_head: OutgoingHead): void {
    this.#over('refused');
  }

  begin(): void {
    this.streams = true;
  }

  write(): boolean {
    return true;
  }

  finish(): void {
    this.#over('finished');
  }

  switchTo(): never {
    throw new Error('nobody asked for an upgrade');
  }

  cut(): void {
    this.#over('cut');
  }

  #over(state: SimClient['state']): void {
    if (this.state !== 'open') throw new Error(`a client ended twice: ${this.state}, then ${state}`);
    this.state = state;
    this.streams = false;
  }
}
