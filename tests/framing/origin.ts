import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Message, readMessage } from './message-reader.ts';
import { Signal } from './signal.ts';

/** One connection of the gateway to the origin. */
export interface OriginConnection {
  readonly number: number;
  readonly socket: Socket;
  /** What has come and is not yet a whole request. */
  pending: Buffer;
  requests: number;
  closed: boolean;
  violation: string | null;
  /** Whether a scripted reply has begun for the request whose head stands in `pending`. */
  answeredEarly: boolean;
}

/** A request as the origin understood it. */
export interface OriginRequest {
  readonly connection: number;
  /** Unique for the origin; its reply carries it as `x-serial`. */
  readonly serial: number;
  readonly method: string;
  readonly target: string;
  readonly message: Message;
}

/** What came since the last look. */
export interface Taken {
  readonly requests: readonly OriginRequest[];
  /** Bytes that are no whole request. */
  readonly fragments: readonly { readonly connection: OriginConnection; readonly bytes: Buffer }[];
  readonly violations: readonly string[];
}

/** Answers a request in a way of its own, instead of the echo. */
export interface Script {
  /** Whether it begins with the request's head or when the request is whole. */
  readonly when: 'head' | 'whole';
  readonly run: (connection: OriginConnection) => Promise<void>;
}

const BARRIER = '/barrier/';

/**
 * An upstream that keeps every byte, reads it with the strict reader of the corpus, and answers with a JSON echo of what
 * it understood. Requests for `/barrier/…` are the runner's own and appear in no record.
 */
export class RecordingOrigin {
  readonly signal = new Signal();
  /** Set while replies are scripted. */
  script: Script | null = null;
  readonly #server: Server;
  readonly #connections = new Set<OriginConnection>();
  #requests: OriginRequest[] = [];
  #violations: string[] = [];
  #serial = 0;
  #number = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** Listens on a free port of the loopback address. */
  static async start(): Promise<RecordingOrigin> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    const origin = new RecordingOrigin(server);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    return origin;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whether no connection is left that waits for the rest of a request. */
  isQuiet(): boolean {
    return [...this.#connections].every(({ pending, closed }) => pending.length === 0 || closed);
  }

  /** What came since the last call. Forgets it, and breaks connections that are stuck in a request, so that each is told once. */
  take(): Taken {
    const fragments = [...this.#connections]
      .filter((connection) => connection.pending.length > 0 && !connection.answeredEarly)
      .map((connection) => ({ connection, bytes: connection.pending }));
    const taken = { requests: this.#requests, fragments, violations: this.#violations };
    this.#requests = [];
    this.#violations = [];
    for (const { connection } of fragments) {
      connection.pending = Buffer.alloc(0);
      connection.socket.destroy();
    }
    return taken;
  }

  /** Ends every connection and the listener. */
  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const { socket } of this.#connections) socket.destroy();
    await promise;
  }

  #accept(socket: Socket): void {
    const connection: OriginConnection = {
      number: ++this.#number,
      socket,
      pending: Buffer.alloc(0),
      requests: 0,
      closed: false,
      violation: null,
      answeredEarly: false,
    };
    this.#connections.add(connection);
    socket.on('data', (data: Buffer) => this.#receive(connection, data));
    // What matters of an error is that the connection is gone, and `close` says that.
    socket.on('error', () => {});
    socket.on('end', () => {
      if (this.script === null) socket.end();
      connection.closed = true;
      this.signal.changed();
    });
    socket.on('close', () => {
      connection.closed = true;
      if (connection.pending.length === 0) this.#connections.delete(connection);
      this.signal.changed();
    });
  }

  #receive(connection: OriginConnection, data: Buffer): void {
    connection.pending = Buffer.concat([connection.pending, data]);
    while (connection.pending.length > 0 && connection.violation === null) {
      const reading = readMessage(connection.pending, { from: 'client' });
      if (reading.kind === 'violation') {
        connection.violation = reading.reason;
        this.#violations.push(reading.reason);
        connection.socket.destroy();
      }
      if (reading.kind === 'partial' && reading.headComplete) this.#answerEarly(connection);
      if (reading.kind !== 'message') break;
      connection.pending = connection.pending.subarray(reading.length);
      this.#answer(connection, reading.message);
    }
    this.signal.changed();
  }

  #answerEarly(connection: OriginConnection): void {
    if (this.script?.when !== 'head' || connection.answeredEarly) return;
    connection.answeredEarly = true;
    connection.requests++;
    void this.script.run(connection);
  }

  #answer(connection: OriginConnection, message: Message): void {
    connection.requests++;
    const [method = '', target = ''] = message.start.split(' ');
    const serial = ++this.#serial;
    const isBarrier = target.startsWith(BARRIER);
    if (!isBarrier) this.#requests.push({ connection: connection.number, serial, method, target, message });
    if (connection.answeredEarly) return;
    if (isBarrier || this.script === null) connection.socket.write(echo({ method, target, serial, message }));
    else void this.script.run(connection);
  }
}

interface Understood {
  readonly method: string;
  readonly target: string;
  readonly serial: number;
  readonly message: Message;
}

function echo({ method, target, serial, message }: Understood): string {
  const body = JSON.stringify({ serial, method, target, fields: message.fields, bodyBytes: message.body.length });
  const head = [
    'HTTP/1.1 200 OK',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    `X-Serial: ${serial}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${method === 'HEAD' ? '' : body}`;
}
