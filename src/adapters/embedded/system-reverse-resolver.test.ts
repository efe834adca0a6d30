import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, before } from 'node:test';
import { type Answer, decode, encode } from 'dns-packet';
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
    const { name = '', type = 'PTR' } = questions[0] ?? {};
    const isKnown = name.startsWith('7.') || name === 'known.example';
    const flags = isKnown ? 0 : name.startsWith('8.') ? NXDOMAIN : REFUSED;
    const data = type === 'PTR' ? 'known.example' : '192.0.2.7';
    const answers: Answer[] =
      flags === 0 && type !== 'AAAA' ? [{ name, type: type as 'PTR' | 'A', ttl: 60, data }] : [];
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
  untoldName: 'untold.example',
}));
