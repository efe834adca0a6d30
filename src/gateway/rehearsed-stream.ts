import type { ProblemCode } from '../base/index.ts';
import type {
  BodyFraming,
  CanonicalRequest,
  ExchangeEvents,
  OutgoingHead,
  ServerExchange,
  UpgradeFault,
  UpgradeOffer,
  WholeBody,
} from '../wire/index.ts';

/** What happens when nobody listens yet: nothing. */
const NO_EVENTS: ExchangeEvents = { pieces: () => true, bodyEnd() {}, bodyFailed() {}, drained() {}, gone() {} };

/** What comes behind the head. `answered` is called when a reply has begun or the connection was cut. */
interface Rest {
  readonly body: Buffer;
  readonly answered: () => void;
  /** What the head asks for; nothing if left out. */
  readonly upgrade?: UpgradeOffer | UpgradeFault | null;
}

/** A request that nobody sent: it brings its body when asked for, and takes a reply that goes nowhere. */
export class RehearsedStream implements ServerExchange {
  readonly request: CanonicalRequest;
  readonly framing: BodyFraming;
  events: ExchangeEvents = NO_EVENTS;
  readonly upgrade: UpgradeOffer | UpgradeFault | null;
  readonly mustSwitch = false;
  /** The head of the reply; null while there is none. */
  head: OutgoingHead | null = null;
  readonly #replied: Buffer[] = [];
  readonly #body: Buffer;
  readonly #answered: () => void;
  #receivedBytes = 0;
  #receiving = false;

  constructor(request: CanonicalRequest, framing: BodyFraming, { body, answered, upgrade = null }: Rest) {
    this.request = request;
    this.framing = framing;
    this.upgrade = upgrade;
    this.#body = body;
    this.#answered = answered;
  }

  /** The status of the reply; 0 while there is none. */
  get status(): number {
    return this.head?.status ?? 0;
  }

  /** What was sent of the reply's body. */
  get replied(): Buffer {
    return Buffer.concat(this.#replied);
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** A body that is given is announced, so nothing longer than that can follow. */
  limitBody(bytes: number): boolean {
    return this.framing.kind !== 'length' || this.framing.bytes <= bytes;
  }

  /** Bytes never come while the handler is still at it. */
  receive(): void {
    if (this.#receiving) return;
    this.#receiving = true;
    queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    const fault = this.#fault();
    if (fault !== null) {
      this.events.bodyFailed(fault);
      return;
    }
    this.#receivedBytes = this.#body.length;
    if (this.#body.length > 0) this.events.pieces([this.#body]);
    this.events.bodyEnd();
  }

  #fault(): ProblemCode | null {
    const short = this.framing.kind === 'length' && this.framing.bytes > this.#body.length;
    return short ? 'incomplete-request' : null;
  }

  resumeBody(): void {}

  hush(): void {}

  interim(): void {}

  send(head: OutgoingHead, body: WholeBody): void {
    this.begin(head);
    this.write(typeof body === 'string' ? Buffer.from(body, 'latin1') : body);
    this.finish();
  }

  begin(head: OutgoingHead): void {
    this.head = head;
  }

  /** A copy: whoever sends it may use its memory again. */
  write(piece: Buffer): boolean {
    this.#replied.push(Buffer.from(piece));
    return true;
  }

  finish(): void {
    this.#answered();
  }

  switchTo(): never {
    throw new Error('no upstream has answered');
  }

  cut(): void {
    this.#answered();
  }
}
