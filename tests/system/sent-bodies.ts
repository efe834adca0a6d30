import assert from 'node:assert/strict';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import type { Message } from '../framing/message-reader.ts';
import { type OriginRequest, RecordingOrigin } from '../framing/origin.ts';
import { RawClient, type Split, statusOf } from '../framing/raw-client.ts';

/** A gateway before an upstream that keeps every byte it gets. */
export interface RecordedGateway {
  readonly gateway: GatewayProcess;
  readonly origin: RecordingOrigin;
  /** Sends a request over a connection of its own, to the end of its reply. */
  send(message: SentMessage): Promise<Outcome>;
  /**
   * Sends a request and gives what became of it: `200` where the upstream got it once, with the body as it was sent or as
   * `forwarded` has it; else status and code, where the upstream got no byte of it. All else is a failure.
   */
  verdictOn(message: SentMessage, forwarded?: Buffer): Promise<string>;
  stop(): Promise<void>;
}

/** A request as its bytes will be; Host, and Content-Length where there is a body, are added. */
export interface SentMessage {
  readonly method?: string;
  readonly path: string;
  readonly fields?: readonly (readonly [name: string, value: string])[];
  readonly body?: Buffer;
  readonly host?: string;
  readonly split?: Split;
  /** To the port without TLS. */
  readonly plain?: boolean;
  /** In chunks of these lengths, the last of them again and again, in place of a length. */
  readonly chunks?: readonly number[];
}

/** What became of a request: the reply, and what the upstream saw. */
export interface Outcome {
  readonly status: number;
  readonly code: string | null;
  readonly reply: Message;
  readonly seen: readonly OriginRequest[];
}

/** Starts both. `apis` is the text below `apis:`; `UPSTREAM` in it is the URL of the upstream. */
export async function startRecorded(
  apis: string,
  beside: Readonly<Record<string, string>> = {},
): Promise<RecordedGateway> {
  const origin = await RecordingOrigin.start();
  const configuration = `version: 1
server: { host: 127.0.0.1, connectionsPerAddress: 10000, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
audit: off
${apis.replaceAll('UPSTREAM', `http://127.0.0.1:${origin.port}`)}`;
  try {
    const gateway = await startGateway(configuration, { beside });
    const send = (message: SentMessage): Promise<Outcome> => sendTo(gateway, origin, message);
    return {
      gateway,
      origin,
      send,
      verdictOn: async (message, forwarded) => verdictOf(message, await send(message), forwarded),
      stop: async () => {
        await gateway.stop();
        await origin.stop();
      },
    };
  } catch (fault) {
    await origin.stop();
    throw fault;
  }
}

/** Starts both with one API, which a description makes. */
export function startDescribed(description: object): Promise<RecordedGateway> {
  return startRecorded("apis:\n  described: { openapi: ./described.json, upstream: 'UPSTREAM', auth: public }\n", {
    'described.json': JSON.stringify(description),
  });
}

function verdictOf({ path, fields, body }: SentMessage, outcome: Outcome, forwarded = body ?? Buffer.alloc(0)): string {
  const { status, code, seen } = outcome;
  const what = `${path} ${JSON.stringify(fields)} ${body?.toString('latin1', 0, 80)}: ${status} ${code}`;
  assert.equal(seen.length, status === 200 ? 1 : 0, what);
  if (status !== 200) return `${status} ${code}`;
  assert.deepEqual(seen[0]?.message.body, forwarded, what);
  return '200';
}

async function sendTo(gateway: GatewayProcess, origin: RecordingOrigin, message: SentMessage): Promise<Outcome> {
  const { https, http, ca } = gateway;
  const plain = message.plain === true;
  const client = await RawClient.connect({ port: plain ? http : https, ca, serverName: plain ? null : 'localhost' });
  try {
    const methods = [message.method ?? 'POST'];
    const answered = (): boolean => client.replies(methods).finals.length > 0;
    await client.send(bytesOf(message), message.split ?? 'whole', answered);
    await client.signal.holds(() => client.closed || answered());
    const { finals, violation } = client.replies(methods);
    assert.equal(violation, null);
    const [reply] = finals;
    assert.ok(reply !== undefined, `no reply to ${message.path}: ${gateway.said()}`);
    const { requests, fragments, violations } = origin.take();
    assert.deepEqual(violations, []);
    assert.equal(fragments.length, 0, 'no part of a request went upstream');
    return { status: statusOf(reply), code: codeOf(reply), reply, seen: requests };
  } finally {
    client.destroy();
  }
}

function bytesOf({ method = 'POST', path, fields = [], body, host = 'localhost', chunks }: SentMessage): Buffer {
  const framing = chunks === undefined ? body && `Content-Length: ${body.length}` : 'Transfer-Encoding: chunked';
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...fields.map(([name, value]) => `${name}: ${value}`)];
  const head = Buffer.from(`${[...lines, ...(framing === undefined ? [] : [framing])].join('\r\n')}\r\n\r\n`, 'latin1');
  const sent = body ?? Buffer.alloc(0);
  return Buffer.concat([head, chunks === undefined ? sent : chunked(sent, chunks)]);
}

function chunked(body: Buffer, lengths: readonly number[]): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0, chunk = 0; at < body.length; chunk++) {
    const piece = body.subarray(at, at + (lengths[Math.min(chunk, lengths.length - 1)] ?? 1));
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
    at += piece.length;
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

/** The values of a field, in order. */
export function valuesOf({ fields }: Message, wanted: string): readonly string[] {
  return fields.filter(([name]) => name === wanted).map(([, value]) => value);
}

function codeOf({ fields, body }: Message): string | null {
  const problem = fields.some(([name, value]) => name === 'content-type' && value === 'application/problem+json');
  return problem ? (JSON.parse(body.toString()) as { code: string }).code : null;
}
