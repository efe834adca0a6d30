import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Child, findProgram, startServer } from './child.ts';
import { freePort } from '../framing/free-port.ts';
import { PAGE_BODY } from './validate-loads.ts';

/** The reply of every upstream, but for `/catalogue`: 220 bytes of JSON. */
export const REPLY_BODY = JSON.stringify({
  id: 4711,
  status: 'shipped',
  customer: { id: 812, name: 'Ada Lovelace' },
  items: [
    { sku: 'BK-1842', count: 1, price: 49.5 },
    { sku: 'PN-0007', count: 3, price: 2.25 },
  ],
  total: 56.25,
  currency: 'EUR',
  note: ''.padEnd(13, '.'),
});

/** The addresses of loopback that an upstream of many targets listens on, from 127.0.0.1 on. */
export function loopbackAddresses(count: number): readonly string[] {
  return Array.from(
    { length: count },
    (_, at) => `127.0.${Math.floor((at + 1) / 250)}.${((at + 1) % 250) + (at < 249 ? 0 : 1)}`,
  );
}

/**
 * An upstream that costs as little as possible, on the load core, so that it takes nothing from who is measured.
 * `addresses`: where it listens, on the same port of each.
 */
export async function startUpstream(
  folder: string,
  addresses: readonly string[] = ['127.0.0.1'],
): Promise<Child & { readonly port: number; readonly name: string }> {
  const port = await freePort();
  const nginx = findProgram('nginx');
  if (nginx === null) {
    const script = join(import.meta.dirname, 'upstream-responder.ts');
    const child = await startServer([process.execPath, script, String(port), ...addresses], port, { core: 'load' });
    return { ...child, port, name: 'node:net' };
  }
  const place = join(folder, 'upstream');
  await mkdir(place);
  await writeFile(join(place, 'nginx.conf'), configuration(port, place, addresses));
  const child = await startServer([nginx, '-p', place, '-c', join(place, 'nginx.conf')], port, { core: 'load' });
  return { ...child, port, name: 'nginx return 200' };
}

/** A word of nginx's configuration may have 4 KB: the page is put together of several. */
const PAGE_PIECES = PAGE_BODY.match(/.{1,3000}/g) ?? [];
const PAGE_REPLY = `${PAGE_PIECES.map((piece, at) => `set $p${at} '${piece}';`).join(' ')}
    return 200 '${PAGE_PIECES.map((_, at) => `$p${at}`).join('')}';`;

function configuration(port: number, folder: string, addresses: readonly string[]): string {
  const listen = addresses.map((address) => `listen ${address}:${port};`).join(' ');
  return `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
worker_rlimit_nofile 20000; events { worker_connections 8192; }
http {
  access_log off; server_tokens off; keepalive_requests 1000000000; keepalive_timeout 1h; tcp_nodelay on;
  client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { ${listen} default_type application/json; location / { return 200 '${REPLY_BODY}'; }
    location = /catalogue { ${PAGE_REPLY} } }
}
`;
}

/** An upstream that is a script of this folder, `SCRIPT PORT`, on the load core. */
export async function startResponder(script: string): Promise<Child & { readonly port: number }> {
  const port = await freePort();
  const command = [process.execPath, join(import.meta.dirname, script), String(port)];
  return { ...(await startServer(command, port, { core: 'load' })), port };
}
