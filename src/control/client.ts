import { request } from 'node:https';
import { err, type Issue, ok, type Result } from '../base/index.ts';
import type { AdminStatus } from './admin-operations.ts';

/** Where a running gateway's admin API is, and what opens it. */
export interface AdminAddress {
  readonly host: string;
  readonly port: number;
  /** The CA of the local certificate, PEM. */
  readonly caPem: string;
  readonly key: string;
}

/** Asks a running gateway. Errors are words for the operator. */
export interface AdminClient {
  status(): Promise<Result<AdminStatus, string>>;
  /** The new revision, or all that is wrong with the configuration, or why there was no answer. */
  reload(): Promise<Result<{ readonly revision: number }, readonly Issue[] | string>>;
}

const TIMEOUT_MS = 60_000;
const REPLY_LIMIT_BYTES = 16 * 1024 * 1024;

/** A client for this address. */
export function createAdminClient(address: AdminAddress): AdminClient {
  return {
    async status() {
      const reply = await call(address, 'GET', '/v1/status');
      if (!reply.ok) return reply;
      return reply.value.status === 200 ? ok(reply.value.body as AdminStatus) : err(refusalWords(reply.value));
    },
    async reload() {
      const reply = await call(address, 'POST', '/v1/reload');
      if (!reply.ok) return reply;
      if (reply.value.status === 200) return ok(reply.value.body as { revision: number });
      if (reply.value.status === 409) return err((reply.value.body as { issues: readonly Issue[] }).issues);
      return err(refusalWords(reply.value));
    },
  };
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

function refusalWords({ status, body }: Reply): string {
  const title = typeof body === 'object' && body !== null && 'title' in body ? String(body.title) : '';
  return status === 401 ? 'the admin key was not accepted' : `the admin API answered ${status} ${title}`.trim();
}

function call(address: AdminAddress, method: string, path: string): Promise<Result<Reply, string>> {
  return new Promise((resolve) => {
    const { host, port, caPem, key } = address;
    const options = {
      host,
      port,
      method,
      path,
      ca: caPem,
      headers: { authorization: `Bearer ${key}`, host: `localhost:${port}` },
      servername: 'localhost',
      timeout: TIMEOUT_MS,
      agent: false,
    };
    const sent = request(options, (reply) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      reply.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > REPLY_LIMIT_BYTES) sent.destroy(new Error('the answer is too large'));
        else pieces.push(piece);
      });
      reply.on('error', (fault) => resolve(err(fault.message)));
      reply.on('end', () => resolve(readReply(reply.statusCode ?? 0, Buffer.concat(pieces).toString('utf8'))));
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', (fault: NodeJS.ErrnoException) =>
      resolve(
        err(
          fault.code === 'ECONNREFUSED' ? `nothing listens on ${host}:${port}; is the gateway running?` : fault.message,
        ),
      ),
    );
    sent.end();
  });
}

function readReply(status: number, text: string): Result<Reply, string> {
  try {
    return ok({ status, body: JSON.parse(text) as unknown });
  } catch {
    return err(`the admin API answered ${status} with something that is not JSON`);
  }
}
