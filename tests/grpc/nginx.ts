import { type Child } from '../bench/child.ts';
import { startNginx } from '../peers/nginx.ts';
import { freePort } from '../framing/free-port.ts';

/** Where nginx passes calls on to: over h2c, or over TLS with names of this authority. */
export interface GrpcTarget {
  readonly port: number;
  /** A file. */
  readonly ca?: string;
}

/** Starts nginx in this folder as a proxy of gRPC that is called over h2c; gives its port. */
export async function startGrpcNginx(
  folder: string,
  { port, ca }: GrpcTarget,
): Promise<{ readonly port: number; readonly nginx: Child }> {
  const own = await freePort();
  const trust = ca === undefined ? '' : `grpc_ssl_verify on; grpc_ssl_trusted_certificate ${ca};`;
  const http = `client_max_body_size 0; keepalive_requests 100000;
  grpc_ssl_name localhost; grpc_ssl_server_name on; ${trust}
  upstream next { server 127.0.0.1:${port}; keepalive 8; }
  server { listen 127.0.0.1:${own} http2; location / { grpc_pass ${ca === undefined ? 'grpc' : 'grpcs'}://next; } }`;
  return { port: own, nginx: await startNginx({ folder, port: own, http }) };
}
