import type { GatewayProcess } from './gateway-process.ts';
import { problemOf, show } from './judge.ts';
import { addressOf, inLane, type Lane, passBarrier, serverNameFor } from './lane.ts';
import { fieldOf } from './message-reader.ts';
import type { OriginConnection } from './origin.ts';
import { piecesOf, RawClient, type Split, statusOf } from './raw-client.ts';
import type { ReplyCase, ReplyStep } from './reply-case.ts';

/** Runs one reply of an upstream in a lane; says what did not come as it must. */
export async function runReply(
  gateway: GatewayProcess,
  lane: Lane,
  subject: ReplyCase,
  split: Split,
): Promise<string[]> {
  const serverName = serverNameFor(inLane(subject.request, lane), lane);
  const client = await RawClient.connect(addressOf(gateway, 'tls', serverName));
  const used: OriginConnection[] = [];
  const run = async (connection: OriginConnection): Promise<void> => {
    used.push(connection);
    for (const step of subject.steps) await playStep(step, { connection, client, split, method: subject.method });
  };
  try {
    lane.origin.script = { when: subject.when, run };
    await client.send(inLane(subject.request, lane), 'whole', () => false);
    const complaints = await watch(client, subject);
    if (subject.lateBytes !== null) await client.send(subject.lateBytes, 'whole', () => false);
    if (used.length === 0) complaints.push('the request never reached the origin');
    complaints.push(...(await afterwards(gateway, lane, { subject, used, serverName })));
    return complaints;
  } finally {
    client.destroy();
    for (const { socket, closed } of used) if (!closed) socket.destroy();
  }
}

interface Stage {
  readonly connection: OriginConnection;
  readonly client: RawClient;
  readonly split: Split;
  readonly method: string;
}

async function playStep(step: ReplyStep, { connection, client, split, method }: Stage): Promise<void> {
  const { socket } = connection;
  if (step === 'fin') socket.end();
  else if (step === 'reset') socket.resetAndDestroy();
  else if (Buffer.isBuffer(step)) {
    for (const piece of split === 'whole' ? [step] : piecesOf(step)) {
      if (socket.destroyed) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      socket.write(piece, () => resolve());
      await promise;
    }
  } else await client.signal.holds(() => hasInBody(client, method, step.clientGot) || client.closed);
}

/** Whether the text stands in the body of the client's reply; on the wire it may be torn apart by chunk sizes. */
function hasInBody(client: RawClient, method: string, text: string): boolean {
  const { finals, partial } = client.replies([method]);
  return [...finals, partial].some((message) => message?.body.includes(text) === true);
}

async function watch(client: RawClient, { outcome, method }: ReplyCase): Promise<string[]> {
  const methods = [method];
  const answered = (): boolean => client.replies(methods).finals.length > 0;
  await client.signal.holds(() => answered() || client.closed);
  const { finals, interims, partial, violation } = client.replies(methods);
  const [final] = finals;
  const complaints = violation === null ? [] : [`the reply breaks the grammar: ${violation}`];
  const isCut = final === undefined && client.closed;
  if (outcome.kind === 'cut') {
    if (!isCut)
      complaints.push(
        final === undefined ? 'the client still waits' : `the client got a whole reply ${show(final.start)}`,
      );
    else if (partial === null) complaints.push('the client got no head');
    else if (partial.framing === 'until-close')
      complaints.push('the client cannot tell the broken reply from a whole one');
    return complaints;
  }
  if (outcome.kind === 'bad-gateway') {
    if (final === undefined) return outcome.orCut && isCut ? complaints : [...complaints, 'the client got no reply'];
    if (statusOf(final) !== 502) complaints.push(`status ${final.start.slice(9)}, not 502`);
    const code = problemOf(final).code;
    if (code === null || !(outcome.codes as readonly string[]).includes(code))
      complaints.push(`code ${code}, not ${outcome.codes.join(' or ')}`);
    return complaints;
  }
  if (final === undefined)
    return [...complaints, client.closed ? 'the client got no whole reply' : 'the client still waits'];
  if (statusOf(final) !== outcome.status) complaints.push(`status ${final.start.slice(9)}, not ${outcome.status}`);
  if (final.body.toString('latin1') !== outcome.body)
    complaints.push(`body ${show(final.body.toString())}, not ${show(outcome.body)}`);
  if (final.trailers > 0 || final.chunkExtensions) complaints.push('trailers or chunk extensions reached the client');
  if (outcome.interims !== null && interims.length !== outcome.interims)
    complaints.push(`${interims.length} interim replies`);
  for (const name of outcome.absent) if (fieldOf(final, name) !== null) complaints.push(`${name} reached the client`);
  return complaints;
}

interface Aftermath {
  readonly subject: ReplyCase;
  readonly used: readonly OriginConnection[];
  readonly serverName: string;
}

/** What must hold once the client has its reply: a spoilt connection is closed, and the next request gets its own answer. */
async function afterwards(
  gateway: GatewayProcess,
  lane: Lane,
  { subject, used, serverName }: Aftermath,
): Promise<string[]> {
  const { origin } = lane;
  const complaints: string[] = [];
  if (!subject.reusable && !(await origin.signal.holds(() => used.every(({ closed }) => closed)))) {
    complaints.push('the connection to the origin was kept');
  }
  const requests = used.map((connection) => connection.requests);
  origin.script = null;
  const barrier = await passBarrier(lane, addressOf(gateway, 'tls', serverName), null);
  if (barrier !== null) complaints.push(barrier);
  if (!subject.reusable && used.some((connection, index) => connection.requests !== requests[index])) {
    complaints.push('the connection to the origin was used again');
  }
  const { requests: taken, violations } = origin.take();
  for (const reason of violations) complaints.push(`the origin got what no strict reader takes: ${reason}`);
  const strange = taken.filter(({ target }) => target !== '/reply');
  for (const { method, target } of strange) complaints.push(`the origin also got ${method} ${show(target)}`);
  return complaints;
}
