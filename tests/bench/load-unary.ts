import { writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendStreams } from './load-h2.ts';
import type { LoadResult } from './load.ts';
import { type LoadRequest, readRequests } from './request-lines.ts';
import { UNARY_MESSAGE, UNARY_PATH } from './unary-message.ts';

/** Calls of each connection in one run of the load generator: about two seconds. */
const CALLS = 1_000;
const TIMEOUT_MS = 5_000;

/** The call of the gRPC row. */
const USUAL: LoadRequest = { path: UNARY_PATH, headers: {}, body: UNARY_MESSAGE };

/** What every call says. */
const FIELDS = { 'content-type': 'application/grpc', te: 'trailers' };

/**
 * Sends unary gRPC calls over HTTP/2 from the load core, as many at once as the HTTP/2 row has requests: the first one of
 * a file of requests, or the usual one.
 */
export async function sendUnaryCalls(
  port: number,
  seconds: number,
  requestsFile: string | null = null,
): Promise<LoadResult> {
  const { path, body = '' } = requestsFile === null ? USUAL : (readRequests(requestsFile)[0] ?? USUAL);
  const file = join(tmpdir(), `portcullis-unary-${process.pid}`);
  await writeFile(file, body);
  const fields = Object.entries(FIELDS).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  return await sendStreams(port, seconds, { path, options: ['-d', file, ...fields], connectionRequests: CALLS });
}

/** Fails unless the upstream's message comes back with status 0 behind it. Gives the fields of the reply. */
export async function verifyUnary(
  { scheme, port }: { readonly scheme: 'grpc' | 'grpcs'; readonly port: number },
  { path, body }: LoadRequest = USUAL,
): Promise<Readonly<Record<string, string>>> {
  const origin = `${scheme === 'grpcs' ? 'https' : 'http'}://127.0.0.1:${port}`;
  const session = connect(origin, { rejectUnauthorized: false });
  const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, string>>>();
  session.on('error', reject);
  const call = session.request({ ':method': 'POST', ':path': path, ...FIELDS });
  const pieces: Buffer[] = [];
  let fields: Readonly<Record<string, string>> = {};
  let status: unknown;
  call.setTimeout(TIMEOUT_MS, () => call.destroy(new Error('no reply in time')));
  call.on('response', (head) => (fields = { ...(head as Record<string, string>) }));
  call.on('trailers', (trailers) => (status = trailers['grpc-status']));
  call.on('data', (piece: Buffer) => pieces.push(piece));
  call.on('error', reject);
  call.on('end', () => {
    const whole = Buffer.concat(pieces);
    if (status === '0' && whole.equals(UNARY_MESSAGE)) resolve(fields);
    else
      reject(
        new Error(`port ${port}: ${JSON.stringify(fields)}, ${whole.length} bytes, grpc-status ${String(status)}`),
      );
  });
  call.end(body);
  try {
    return await promise;
  } finally {
    session.destroy();
  }
}
