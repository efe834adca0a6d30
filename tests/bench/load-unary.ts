import { writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sendStreams } from './load-h2.ts';
import type { LoadResult } from './load.ts';
import { UNARY_MESSAGE, UNARY_PATH } from './unary-message.ts';

const FIELDS = { 'content-type': 'application/grpc', te: 'trailers' };
/** Calls of each connection in one run of the load generator: about two seconds. */
const CALLS = 1_000;
const TIMEOUT_MS = 5_000;

/** Sends unary gRPC calls over HTTP/2 from the load core, as many at once as the HTTP/2 row has requests. */
export async function sendUnaryCalls(port: number, seconds: number): Promise<LoadResult> {
  const file = join(tmpdir(), `portcullis-unary-${process.pid}`);
  await writeFile(file, UNARY_MESSAGE);
  const fields = Object.entries(FIELDS).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  return await sendStreams(port, seconds, {
    path: UNARY_PATH,
    options: ['-d', file, ...fields],
    connectionRequests: CALLS,
  });
}

/** Fails unless the message comes back with status 0 behind it. Gives the fields of the reply. */
export async function verifyUnary(scheme: 'grpc' | 'grpcs', port: number): Promise<Readonly<Record<string, string>>> {
  const origin = `${scheme === 'grpcs' ? 'https' : 'http'}://127.0.0.1:${port}`;
  const session = connect(origin, { rejectUnauthorized: false });
  const { promise, resolve, reject } = Promise.withResolvers<Readonly<Record<string, string>>>();
  session.on('error', reject);
  const call = session.request({ ':method': 'POST', ':path': UNARY_PATH, ...FIELDS });
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
  call.end(UNARY_MESSAGE);
  try {
    return await promise;
  } finally {
    session.destroy();
  }
}
