import { connect, type Socket } from 'node:net';
import type { ScannerTarget, ScanResult } from '../../ports/index.ts';
import {
  encapsulated,
  findingOf,
  type IcapHead,
  optionsRequest,
  readOptions,
  scanRequest,
  type ServiceOptions,
} from './icap-message.ts';
import { IcapFault, IcapReader } from './icap-reader.ts';

/** Chunks in which a file is sent. */
const CHUNK_BYTES = 65_536;

/** One connection to a service, for one request after the other. Its methods throw where it can't be used any more. */
export class IcapConnection {
  readonly #socket: Socket;
  readonly #target: ScannerTarget;
  readonly #reader: IcapReader;
  #said = false;

  constructor(target: ScannerTarget) {
    this.#target = target;
    const { host, port } = target;
    this.#socket = connect({ host, port });
    this.#socket.setNoDelay(true);
    const pieces = this.#socket[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
    this.#socket.on('error', () => {});
    this.#reader = new IcapReader(async () => {
      const next = await pieces.next();
      if (next.done === true) return null;
      this.#said = true;
      return next.value;
    });
  }

  /** Whether anything of a reply has come since it was last asked for something. */
  get hasAnswered(): boolean {
    return this.#said;
  }

  /** Whether it may be asked again. */
  get isOpen(): boolean {
    return (
      !this.#socket.destroyed &&
      !this.#socket.readableEnded &&
      this.#socket.readableLength === 0 &&
      this.#reader.isEmpty
    );
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Calls back once, when it is closed. */
  onClose(callback: () => void): void {
    this.#socket.once('close', callback);
  }

  /** Whether waiting for it keeps the process alive. */
  hold(held: boolean): void {
    if (held) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Asks what the service does. */
  async options(): Promise<ServiceOptions> {
    this.#said = false;
    this.#socket.write(optionsRequest(this.#target));
    const head = await this.#reader.head();
    const options = readOptions(head);
    if (options === null) throw new IcapFault(`the service answers ${head.status} when asked what it does`);
    const parts = head.fields.has('encapsulated') ? encapsulated(head) : [['null-body', 0] as const];
    if (parts?.at(-1)?.[0] !== 'null-body') throw new IcapFault('the service says what it does in a body');
    if (closes(head)) this.close();
    return options;
  }

  /** Has a file looked at. */
  async scan(bytes: Buffer, options: ServiceOptions): Promise<ScanResult> {
    this.#said = false;
    const preview = options.previewBytes === null ? null : Math.min(options.previewBytes, bytes.length);
    const socket = this.#socket;
    socket.cork();
    socket.write(scanRequest(this.#target, options, { bytes: bytes.length, preview }));
    this.#writeChunks(bytes.subarray(0, preview ?? bytes.length));
    const whole = preview === null || preview === bytes.length;
    socket.write(preview !== null && whole ? '0; ieof\r\n\r\n' : '0\r\n\r\n');
    socket.uncork();
    let head = await this.#reader.head();
    if (head.status === 100) {
      if (whole) throw new IcapFault('the service asks for more than there is');
      socket.cork();
      this.#writeChunks(bytes.subarray(preview ?? 0));
      socket.write('0\r\n\r\n');
      socket.uncork();
      head = await this.#reader.head();
    }
    const result = await this.#result(head, bytes, options);
    if (closes(head)) this.close();
    return result;
  }

  #writeChunks(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const chunk = bytes.subarray(at, at + CHUNK_BYTES);
      this.#socket.write(`${chunk.length.toString(16)}\r\n`);
      this.#socket.write(chunk);
      this.#socket.write('\r\n');
    }
  }

  async #result(head: IcapHead, bytes: Buffer, { method }: ServiceOptions): Promise<ScanResult> {
    const finding = findingOf(head);
    if (head.status !== 200 && head.status !== 204) throw new IcapFault(`the service answers ${head.status}`);
    if (finding !== null) {
      // What it would show in the place of the file nobody reads.
      if (head.status === 200) this.close();
      return { kind: 'found', name: finding.name };
    }
    if (head.status === 204) return { kind: 'clean' };
    const parts = encapsulated(head);
    if (parts === null) throw new IcapFault('the reply does not say what it holds');
    const unchanged = await this.#isUnchanged(parts, bytes, method);
    if (unchanged) return { kind: 'clean' };
    this.close();
    return { kind: 'found', name: null };
  }

  /** Whether a service that sends the whole file back has left it as it was: another answer is what it shows in its place. */
  async #isUnchanged(
    parts: readonly (readonly [name: string, at: number])[],
    bytes: Buffer,
    method: ServiceOptions['method'],
  ): Promise<boolean> {
    const [own, body] = method === 'RESPMOD' ? ['res-hdr', 'res-body'] : ['req-hdr', 'req-body'];
    if (parts.at(-1)?.[0] !== body || !parts.some(([name]) => name === own)) return false;
    for (const [index, [name, at]] of parts.entries()) {
      const next = parts[index + 1];
      if (next === undefined) break;
      const head = await this.#reader.exactly(next[1] - at);
      if (name === 'res-hdr' && !/^HTTP\/1\.[01] 200[ \r]/.test(head.toString('latin1', 0, 13))) return false;
    }
    return await this.#isSame(bytes);
  }

  /** Whether these are the next bytes. */
  async #comes(bytes: Buffer): Promise<boolean> {
    for (let at = 0; at < bytes.length; ) {
      const piece = await this.#reader.some(bytes.length - at);
      if (!piece.equals(bytes.subarray(at, at + piece.length))) return false;
      at += piece.length;
    }
    return true;
  }

  /** Whether the body that comes is this one, no byte more or less. */
  async #isSame(bytes: Buffer): Promise<boolean> {
    for (let at = 0; ; ) {
      const size = await this.#reader.chunkSize();
      if (size === 0) return at === bytes.length;
      if (size > bytes.length - at || !(await this.#comes(bytes.subarray(at, at + size)))) return false;
      await this.#reader.chunkEnd();
      at += size;
    }
  }
}

function closes({ fields }: IcapHead): boolean {
  return /\bclose\b/i.test(fields.get('connection') ?? '');
}
