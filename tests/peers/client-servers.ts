import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Child, findProgram, startServer } from '../bench/child.ts';
import { startNginx } from './nginx.ts';
import { freePort } from '../framing/free-port.ts';

/** A server that was started, and the port where clients reach it. */
export interface ClientServer {
  readonly port: number;
  stop(): Promise<void>;
}

async function startHaproxy(folder: string, port: number, listen: string): Promise<Child> {
  const file = join(folder, `haproxy-${port}.cfg`);
  const defaults = 'defaults\n  timeout connect 3s\n  timeout client 10s\n  timeout server 10s\n';
  await writeFile(file, `global\n  nbthread 1\n${defaults}listen all\n${listen}\n`);
  return startServer([findProgram('haproxy') ?? 'haproxy', '-db', '-f', file], port, { core: 'any' });
}

/** HAProxy before the gateway's https port, which tells it of its clients by a PROXY header: `send-proxy` or a kin of it. */
export async function startSender(folder: string, https: number, how: string): Promise<ClientServer> {
  const port = await freePort();
  const listen = `  mode tcp\n  bind 127.0.0.1:${port}\n  server gateway 127.0.0.1:${https} ${how}`;
  const child = await startHaproxy(folder, port, listen);
  return { port, stop: child.stop };
}

/** HAProxy as a second reading of PROXY headers: it takes one, and replies with the address and port it understood. */
export async function startHeaderReader(folder: string): Promise<ClientServer> {
  const port = await freePort();
  const reply = `http-request return status 200 content-type text/plain lf-string "%[src] %[src_port]"`;
  const child = await startHaproxy(folder, port, `  mode http\n  bind 127.0.0.1:${port} accept-proxy\n  ${reply}`);
  return { port, stop: child.stop };
}

/** HAProxy as a second reading of X-Forwarded-For: it replies with the address that stands last. */
export async function startLastReader(folder: string): Promise<ClientServer> {
  const port = await freePort();
  const last = '%[req.hdr_ip(x-forwarded-for,-1)]';
  const reply = `http-request return status 200 content-type text/plain lf-string "${last}"`;
  const child = await startHaproxy(folder, port, `  mode http\n  bind 127.0.0.1:${port}\n  ${reply}`);
  return { port, stop: child.stop };
}

/** nginx as a second reading of X-Forwarded-For: clients at 127.0.0.1 are trusted, with these; it replies with the client. */
export async function startFieldReader(folder: string, trusted: readonly string[]): Promise<ClientServer> {
  const port = await freePort();
  const from = ['127.0.0.1', ...trusted].map((block) => `set_real_ip_from ${block};`).join(' ');
  const http = `${from} real_ip_header X-Forwarded-For; real_ip_recursive on;
  server { listen 127.0.0.1:${port}; location / { return 200 "$remote_addr"; } }`;
  const child = await startNginx({ folder, port, http });
  return { port, stop: child.stop };
}
