import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Callers } from '../callers.ts';
import { findProgram, startServer } from '../child.ts';
import type { Target } from '../load.ts';
import { useOfTree } from '../process-tree.ts';
import { type Absence, type Contestant, type Row, type Surroundings } from './contestant.ts';
import { freePort } from '../../framing/free-port.ts';

const ALPN: Readonly<Partial<Record<Row, string>>> = {
  tls: 'http/1.1',
  h2: 'h2,http/1.1',
  ws: 'http/1.1',
  grpc: 'h2',
};
const SCHEMES: Readonly<Partial<Record<Row, Target['scheme']>>> = {
  tls: 'https',
  h2: 'h2',
  ws: 'wss',
  grpc: 'grpcs',
};

/**
 * HAProxy in HTTP mode: one thread, connections to the server always reused, no log. In the secured rows it verifies the
 * token's signature and counts the subject's requests in a stick table, and nothing else.
 */
export async function startHaproxy(row: Row, surroundings: Surroundings): Promise<Contestant | Absence> {
  const program = findProgram('haproxy');
  if (program === null) return { name: 'haproxy', row, reason: 'not installed (Debian package haproxy)' };
  const port = await freePort();
  const folder = join(surroundings.folder, `haproxy-${row}`);
  await mkdir(folder);
  const pem = join(folder, 'both.pem');
  const { certificateFile, keyFile } = surroundings;
  await writeFile(pem, (await readFile(certificateFile, 'utf8')) + (await readFile(keyFile, 'utf8')), { mode: 0o600 });
  const tls = row in ALPN ? ` ssl crt ${pem} alpn ${ALPN[row]}` : '';
  const configuration = configure({ tls, upstream: row === 'grpc' ? ' proto h2' : '' }, surroundings, port);
  await writeFile(join(folder, 'haproxy.cfg'), configuration);
  const child = await startServer([program, '-db', '-f', join(folder, 'haproxy.cfg')], port, { core: 'contestant' });
  return {
    name: 'haproxy',
    row,
    target: { scheme: SCHEMES[row] ?? 'http', port },
    configuration,
    use: () => useOfTree(child.pid),
    stop: child.stop,
  };
}

interface Spoken {
  /** Behind the address that clients reach. */
  readonly tls: string;
  /** Behind the upstream's. */
  readonly upstream: string;
}

function configure(
  { tls, upstream }: Spoken,
  { upstreamPort, replyFields, callers }: Surroundings,
  port: number,
): string {
  const secured = callers === null ? '' : securedRules(callers);
  return `global
  nbthread 1
  maxconn 1024
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 3s
  timeout client 60s
  timeout server 30s
  timeout tunnel 60s
  timeout http-keep-alive 60s
  http-reuse always
frontend front
  bind 127.0.0.1:${port}${tls}
  unique-id-format %[uuid()]
  unique-id-header x-request-id
  option forwardfor
  http-request set-header x-forwarded-host %[req.hdr(host)]
  http-request set-header x-forwarded-proto ${tls === '' ? 'http' : 'https'}
  http-request set-header via "1.1 haproxy"
  http-response set-header x-request-id %[unique-id]
${secured}${replyFields.map(([name, value]) => `  http-response set-header ${name} "${value}"`).join('\n')}
  default_backend api
backend api
  server api 127.0.0.1:${upstreamPort} pool-max-conn 1024${upstream}
`;
}

function securedRules({ algorithm, publicKeyFile }: Callers): string {
  return `  stick-table type string len 64 size 100k expire 10m store http_req_rate(60s)
  http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request deny deny_status 401 unless { var(txn.alg) -m str ${algorithm} }
  http-request deny deny_status 401 unless { var(txn.bearer),jwt_verify(txn.alg,"${publicKeyFile}") 1 }
  http-request set-var(txn.sub) var(txn.bearer),jwt_payload_query('$.sub')
  http-request track-sc0 var(txn.sub)
  http-request deny deny_status 429 if { sc0_http_req_rate gt 1000000 }
`;
}
