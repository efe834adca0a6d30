import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, freePort, startServer } from '../child.ts';
import { useOfTree } from '../process-tree.ts';
import { type Absence, type Contestant, type Row, type Surroundings } from './contestant.ts';

/** HAProxy in HTTP mode: one thread, connections to the server always reused, no log. */
export async function startHaproxy(row: Row, surroundings: Surroundings): Promise<Contestant | Absence> {
  const program = findProgram('haproxy');
  if (program === null) return { name: 'haproxy', row, reason: 'not installed (Debian package haproxy)' };
  const port = await freePort();
  const folder = join(surroundings.folder, `haproxy-${row}`);
  await mkdir(folder);
  const pem = join(folder, 'both.pem');
  const { certificateFile, keyFile } = surroundings;
  await writeFile(pem, (await readFile(certificateFile, 'utf8')) + (await readFile(keyFile, 'utf8')), { mode: 0o600 });
  const configuration = configure(row === 'tls' ? ` ssl crt ${pem} alpn http/1.1` : '', surroundings, port);
  await writeFile(join(folder, 'haproxy.cfg'), configuration);
  const child = await startServer([program, '-db', '-f', join(folder, 'haproxy.cfg')], port, { core: 'contestant' });
  return {
    name: 'haproxy',
    row,
    target: { scheme: row === 'tls' ? 'https' : 'http', port },
    configuration,
    use: () => useOfTree(child.pid),
    stop: child.stop,
  };
}

function configure(tls: string, { upstreamPort, replyFields }: Surroundings, port: number): string {
  return `global
  nbthread 1
  maxconn 1024
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  timeout connect 3s
  timeout client 60s
  timeout server 30s
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
${replyFields.map(([name, value]) => `  http-response set-header ${name} ${value}`).join('\n')}
  default_backend api
backend api
  server api 127.0.0.1:${upstreamPort} pool-max-conn 1024
`;
}
