import type { GatewayProcess } from '../gateway-process.ts';
import { show } from '../judge.ts';
import { addressOf, inLane, type Lane } from '../lane.ts';
import { Http2Client } from './http2-client.ts';
import type { FrameCase, StreamEnd } from './lane-case.ts';
import { openHttp2, passHttp2Barrier } from './run-lane.ts';

/** Runs one case in a lane and says what is wrong with what came of it. */
export async function runFrameCase(gateway: GatewayProcess, lane: Lane, given: FrameCase): Promise<string[]> {
  lane.origin.script = null;
  const { bytes, isBare, outcome } = { ...given, bytes: inLane(given.bytes, lane) };
  const address = addressOf(gateway, 'tls', `api.tes${lane.letter}`);
  const client = isBare ? await Http2Client.connect(address) : await openHttp2(address);
  try {
    // The case has these streams for itself.
    for (let id = 0; id <= LAST_OWN_STREAM; id = client.nextId());
    await client.send(bytes, 'whole');
    const complaints = outcome.kind === 'goaway' ? await endsWith(client, outcome.code) : [];
    const streams = outcome.kind === 'streams' ? outcome.streams : [];
    for (const stream of streams) complaints.push(...(await endOf(client, stream)));
    const onto = outcome.kind === 'goaway' ? await openHttp2(address) : client;
    const barrier = await passHttp2Barrier(lane, address, onto);
    if (onto !== client) onto.destroy();
    if (barrier !== null) complaints.push(barrier);
    if (outcome.kind === 'streams' && client.goaway !== null) complaints.push(`GOAWAY ${client.goaway}`);
    if (client.violation !== null) complaints.push(`the gateway breaks the protocol: ${client.violation}`);
    const taken = lane.origin.take();
    const meant = streams.filter(([, end]) => end === 'served').length;
    if (taken.requests.length !== meant)
      complaints.push(`the origin got ${taken.requests.length} requests, not ${meant}`);
    return [...complaints, ...taken.violations];
  } finally {
    client.destroy();
  }
}

const LAST_OWN_STREAM = 201;

/** A connection error is said by GOAWAY, and then the connection ends in order (RFC 9113 §5.4.1). */
async function endsWith(client: Http2Client, code: number): Promise<string[]> {
  const isOver = await client.signal.holds(() => client.closed);
  const complaints = isOver ? [] : ['the connection stayed open'];
  return client.goaway === code ? complaints : [...complaints, `GOAWAY ${String(client.goaway)}, not ${code}`];
}

async function endOf(client: Http2Client, [id, end]: StreamEnd): Promise<string[]> {
  if (end === 'gone') return client.stream(id).heads.length === 0 ? [] : [`stream ${id} got a reply`];
  if (!(await client.signal.holds(() => client.isOver(id)))) return [`stream ${id} never came to an end`];
  const { reset } = client.stream(id);
  const start = client.reply(id)?.start ?? null;
  if (end === 'served')
    return start === 'HTTP/2.0 200 ' ? [] : [`stream ${id}: ${show(start)}, reset ${String(reset)}`];
  return reset === end && start === null ? [] : [`stream ${id}: reset ${String(reset)}, not ${end}; ${show(start)}`];
}
