import * as grpc from '@grpc/grpc-js';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { interopDescriptors } from './test-service.ts';

/** A gateway before a server of the interop cases, and a channel of grpc-js to it over TLS. */
export interface InteropSubject {
  readonly gateway: GatewayProcess;
  readonly client: grpc.Client;
  /** Another channel with options of its own. */
  channel(options: grpc.ChannelOptions): grpc.Client;
  stop(): Promise<void>;
}

/** Starts the gateway before the server on this port of 127.0.0.1, which speaks h2c. */
export async function startInterop(port: number): Promise<InteropSubject> {
  const gateway = await startGateway(
    `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  interop: { descriptors: ./interop.binpb, upstream: 'http://127.0.0.1:${port}', auth: public }
`,
    { beside: { 'interop.binpb': interopDescriptors() } },
  );
  const clients: grpc.Client[] = [];
  const channel = (options: grpc.ChannelOptions): grpc.Client => {
    const credentials = grpc.credentials.createSsl(Buffer.from(gateway.ca));
    const client = new grpc.Client(`localhost:${gateway.https}`, credentials, options);
    clients.push(client);
    return client;
  };
  const stop = async (): Promise<void> => {
    for (const client of clients) client.close();
    await gateway.stop();
  };
  return { gateway, client: channel({}), channel, stop };
}
