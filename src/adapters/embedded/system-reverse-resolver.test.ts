import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before } from 'node:test';
import { decode, encode } from 'dns-packet';
import { reverseResolverContract } from '../../ports/resolver-contract.ts';
import { createSystemReverseResolver } from './system-reverse-resolver.ts';

const NXDOMAIN = 3;
const REFUSED = 5;

/** A name server that knows one name, denies another, and refuses to tell of a third. */
let server: Socket;

before(async () => {
  server = createSocket('udp4');
  server.on('message', (message, { address, port }) => {
    const { id = 0, questions = [] } = decode(message);
    const name = questions[0]?.name ?? '';
    const flags = name.startsWith('7.') ? 0 : name.startsWith('8.') ? NXDOMAIN : REFUSED;
    const answers = flags === 0 ? [{ name, type: 'PTR' as const, ttl: 60, data: 'known.example' }] : [];
    server.send(encode({ type: 'response', id, flags, questions, answers }), port, address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
});

after(() => server.close());

reverseResolverContract('the system’s resolver of names of addresses', () => ({
  resolver: createSystemReverseResolver({ servers: [`127.0.0.1:${server.address().port}`] }),
  named: '192.0.2.7',
  nameless: '192.0.2.8',
  untold: '192.0.2.9',
}));
