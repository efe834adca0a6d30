import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, startServer } from '../child.ts';
import { CONNECTIONS, type Target } from '../load.ts';
import { useOfTree } from '../process-tree.ts';
import { loopbackAddresses } from '../upstream.ts';
import { type Absence, type Contestant, type Row, type Surroundings, TARGETS } from './contestant.ts';
import { freePort } from '../../framing/free-port.ts';

/** nginx as a reverse proxy: one worker, connections to the upstream kept, no log. */
export async function startNginx(row: Row, surroundings: Surroundings): Promise<Contestant | Absence> {
  const program = findProgram('nginx');
  if (program === null) return { name: 'nginx', row, reason: 'not installed (Debian package nginx)' };
  const port = await freePort();
  const folder = join(surroundings.folder, `nginx-${row}`);
  await mkdir(folder);
  const configuration = configure(row, { ...surroundings, folder }, port);
  await writeFile(join(folder, 'nginx.conf'), configuration);
  const child = await startServer([program, '-p', folder, '-c', join(folder, 'nginx.conf')], port, {
    core: 'contestant',
  });
  return {
    name: 'nginx',
    row,
    target: { scheme: SCHEMES[row] ?? 'http', port },
    configuration,
    use: () => useOfTree(child.pid),
    stop: child.stop,
  };
}

/** Started by root, its worker is nobody, who may not write into the folder of the run. */
const CACHE_USER = 'user root; ';

/** What it listens with. */
const LISTEN: Readonly<Partial<Record<Row, string>>> = {
  tls: ' ssl',
  h2: ' ssl http2',
  ws: ' ssl',
  grpc: ' ssl http2',
};
const SCHEMES: Readonly<Partial<Record<Row, Target['scheme']>>> = {
  tls: 'https',
  h2: 'h2',
  ws: 'wss',
  grpc: 'grpcs',
};

function configure(
  row: Row,
  { folder, upstreamPort, certificateFile, keyFile, replyFields }: Surroundings,
  port: number,
): string {
  const tls =
    row in LISTEN
      ? `ssl_certificate ${certificateFile}; ssl_certificate_key ${keyFile}; ssl_protocols TLSv1.2 TLSv1.3;`
      : '';
  const cache =
    row === 'cache_hit' ? 'proxy_cache all; proxy_cache_valid 200 1h; proxy_cache_key $host$request_uri;' : '';
  const cachePath = row === 'cache_hit' ? `proxy_cache_path ${folder}/cache keys_zone=all:8m;` : '';
  const count = TARGETS[row] ?? 1;
  const servers = loopbackAddresses(count)
    .map((address) => `server ${address}:${upstreamPort};`)
    .join(' ');
  return `${row === 'cache_hit' && process.getuid?.() === 0 ? CACHE_USER : ''}daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
worker_rlimit_nofile 20000; events { worker_connections 8192; }
http {
  access_log off; server_tokens off; keepalive_requests 1000000000; keepalive_timeout 1h; tcp_nodelay on;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  ${cachePath}
  upstream api { ${servers} keepalive ${CONNECTIONS * 2 + count}; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port}${LISTEN[row] ?? ''}; ${tls}
    location / {
      ${row === 'grpc' ? 'grpc_pass grpc://api;' : 'proxy_pass http://api; proxy_http_version 1.1;'}
${upstreamFields(row)
  .map(([name, value]) => `      ${row === 'grpc' ? 'grpc' : 'proxy'}_set_header ${name} ${value};`)
  .join('\n')}
      add_header X-Request-Id $request_id; ${cache}
${replyFields.map(([name, value]) => `      add_header ${name} "${value}";`).join('\n')}
    }
  }
}
`;
}

function upstreamFields(row: Row): readonly (readonly [name: string, value: string])[] {
  const described = [
    ['X-Request-Id', '$request_id'],
    ['X-Forwarded-For', '$remote_addr'],
    ['X-Forwarded-Host', '$host'],
    ['X-Forwarded-Proto', '$scheme'],
    ['Via', '"1.1 nginx"'],
  ] as const;
  if (row === 'grpc') return described;
  if (row === 'ws') return [['Upgrade', '$http_upgrade'], ['Connection', '"upgrade"'], ...described];
  return [['Connection', '""'], ...described];
}
