import { createHash, X509Certificate } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { request, type RequestOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { calculateThumbprint, generateKeyPair, generateProof, type KeyPair } from 'dpop';
import type { Made } from '../../src/wire/client-fixture.test.ts';
import type { FileIssuer } from './file-issuer.ts';
import type { Reply } from './https-client.ts';

/** The versions of HTTP that clients speak. */
export const VERSIONS = ['http/1.1', 'h2'] as const;

/** A client of the package `dpop`, with a key of its own and a token that is bound to it. */
export class ProvingClient {
  readonly key: KeyPair;
  readonly token: string;

  constructor(key: KeyPair, token: string) {
    this.key = key;
    this.token = token;
  }

  static async create(
    { sign }: Pick<FileIssuer, 'sign'>,
    algorithm: 'ES256' | 'RS256' | 'PS256' | 'Ed25519' = 'ES256',
  ): Promise<ProvingClient> {
    const key = await generateKeyPair(algorithm);
    return new ProvingClient(key, await sign({ cnf: { jkt: await calculateThumbprint(key.publicKey) } }));
  }

  /** The fields of a request with a proof of it. */
  async fields(url: string, method = 'GET', nonce?: string): Promise<Readonly<Record<string, string>>> {
    const dpop = await generateProof(this.key, url, method, nonce, this.token);
    return { authorization: `DPoP ${this.token}`, dpop };
  }
}

/** Whom to ask, over which version of HTTP. */
export interface Asked {
  readonly port: number;
  readonly ca: string;
  readonly version: (typeof VERSIONS)[number];
  readonly path: string;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  /** What the client shows of itself; null for nothing. */
  readonly certificate?: Made | null;
  /** The address of this machine that it comes from. */
  readonly from?: string;
}

/** Asks once, over a connection of its own. */
export function askOver({ version, certificate = null, from, ...asked }: Asked): Promise<Reply> {
  const servername = String(asked.headers['host'] ?? 'localhost').replace(/:.*/, '');
  const shown = certificate === null ? {} : { cert: certificate.chainPem, key: certificate.keyPem };
  const checked = { ca: asked.ca, rejectUnauthorized: servername === 'localhost' };
  const place = from === undefined ? {} : { localAddress: from };
  const tls = { host: '127.0.0.1', servername, ...checked, ...shown, ...place };
  return version === 'http/1.1' ? askHttp1(asked, tls) : askHttp2(asked, tls);
}

type Plain = Omit<Asked, 'version' | 'certificate' | 'from'>;

function askHttp1({ port, path, method = 'GET', headers, body: content }: Plain, tls: RequestOptions): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, method, path, headers, agent: false, ...tls }, (reply) => {
      let body = '';
      reply.setEncoding('utf8');
      reply.on('data', (piece: string) => (body += piece));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body }));
    });
    sent.on('error', reject);
    sent.end(content);
  });
}

function askHttp2(
  { port, path, method = 'GET', headers, body: content }: Plain,
  tls: ConnectionOptions,
): Promise<Reply> {
  const { host, ...rest } = headers;
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`https://localhost:${port}`, tls);
    session.on('error', reject);
    const stream = session.request({ ':method': method, ':path': path, ':authority': String(host), ...rest });
    let status = 0;
    let received: Reply['headers'] = {};
    let body = '';
    stream.setEncoding('utf8');
    stream.on('response', (head) => {
      status = Number(head[':status']);
      received = head as Reply['headers'];
    });
    stream.on('data', (piece: string) => (body += piece));
    stream.on('error', reject);
    stream.on('end', () => {
      session.close();
      resolve({ status, headers: received, body });
    });
    stream.end(content);
  });
}

/** The SHA-256 of a certificate as tokens name it (RFC 8705 §3.1). */
export function thumbprintOf(certPem: string): string {
  return createHash('sha256').update(new X509Certificate(certPem).raw).digest('base64url');
}

/** What became of a request: its status, and the code of a refusal. */
export function codeOf({ status, body }: Reply): string {
  const code = /"code":"([a-z-]+)"/.exec(body)?.[1];
  return code === undefined ? `${status}` : `${status} ${code}`;
}
