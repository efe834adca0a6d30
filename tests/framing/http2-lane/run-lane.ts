import { bytes, type Forwarded } from '../case.ts';
import type { GatewayProcess } from '../gateway-process.ts';
import { judgeForwarded, judgeRefused, show } from '../judge.ts';
import { addressOf, inLane, type Lane, outcomeInLane, serverNameFor } from '../lane.ts';
import { fieldOf } from '../message-reader.ts';
import type { Taken } from '../origin.ts';
import type { Address } from '../raw-client.ts';
import { type DressName, DRESSES, Wardrobe } from './dress.ts';
import { PREFACE, settings } from './frames.ts';
import type { Field } from './hpack.ts';
import { Http2Client } from './http2-client.ts';
import type { LaneCase, LaneRequest } from './lane-case.ts';

/** What came of a case in one dress. No complaints means that it held. */
export interface LaneRecord {
  readonly name: string;
  readonly dress: DressName;
  readonly kind: LaneCase['outcome']['kind'];
  readonly complaints: readonly string[];
  readonly reachedWrongly: boolean;
}

/**
 * Runs one case in a lane in all its dresses, one after the other on one connection, with the barrier behind the last. What
 * one of them did to the connection the next one shows, and so does the barrier.
 */
export async function runLaneCase(gateway: GatewayProcess, lane: Lane, given: LaneCase): Promise<LaneRecord[]> {
  lane.origin.script = null;
  const subject = caseInLane(given, lane);
  const host = subject.request.fields.find(([name]) => name === ':authority' || name === 'host')?.[1] ?? '';
  const address = addressOf(gateway, 'tls', serverNameFor(bytes(`host: ${host}`), lane));
  const visit: Visit = { lane, subject, address, client: await openHttp2(address), wardrobe: new Wardrobe() };
  const records: LaneRecord[] = [];
  try {
    const dresses = dressesFor(subject);
    for (const dress of dresses) {
      const result = await play(visit, dress, dress === dresses.at(-1));
      records.push({ name: subject.name, dress, kind: subject.outcome.kind, ...result });
      // Whatever follows on a connection that is gone says nothing.
      if (visit.client.closed) break;
    }
  } finally {
    visit.client.destroy();
  }
  return records;
}

/** In which dresses a case is sent. */
export function dressesFor({ dresses }: LaneCase): readonly DressName[] {
  if (dresses === 'plain') return ['literals'];
  return dresses === 'all' ? DRESSES : DRESSES.filter((name) => name !== 'bytes');
}

/** Opens a connection and sends what each begins with. */
export async function openHttp2(address: Address): Promise<Http2Client> {
  const client = await Http2Client.connect(address);
  await client.send(Buffer.concat([PREFACE, settings()]), 'whole');
  return client;
}

interface Visit {
  readonly lane: Lane;
  readonly subject: LaneCase;
  readonly address: Address;
  readonly client: Http2Client;
  readonly wardrobe: Wardrobe;
}

type Result = Pick<LaneRecord, 'complaints' | 'reachedWrongly'>;

async function play(visit: Visit, dress: DressName, isLast: boolean): Promise<Result> {
  const { lane, subject, address, client, wardrobe } = visit;
  const id = client.nextId();
  const { head, rest, cut } = wardrobe.dress(subject.request, id, dress);
  const complaints: string[] = [];
  if (subject.request.awaitsContinue === true) {
    await client.send(head, cut);
    const isContinued = await client.signal.holds(() => client.stream(id).interims.length > 0 || client.isOver(id));
    if (!isContinued) complaints.push('nobody said to continue');
    await client.send(rest, cut);
  } else await client.send(Buffer.concat([head, rest]), cut);
  if (!(await client.signal.holds(() => client.isOver(id)))) complaints.push('the stream never came to an end');
  const barrier = isLast ? await passHttp2Barrier(lane, address, client) : null;
  if (barrier !== null) complaints.push(barrier);
  if (subject.reach === 'cut') await lane.origin.signal.holds(() => lane.origin.isQuiet());
  const origin = judgeOrigin(lane.origin.take(), subject, { lane, address, client, id });
  complaints.push(...judgeClient(client, id, subject), ...origin.complaints);
  return { complaints, reachedWrongly: origin.reachedWrongly };
}

/** Sends a request that cannot be taken for another, to show that the connection and its tables are as they were. */
export async function passHttp2Barrier(lane: Lane, address: Address, client: Http2Client): Promise<string | null> {
  const target = `/barrier/${++lane.barriers}`;
  const id = client.nextId();
  const request: LaneRequest = {
    fields: [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':authority', address.serverName ?? ''],
      [':path', target],
    ],
    data: null,
    end: 'head',
  };
  await client.send(new Wardrobe().dress(request, id, 'literals').head, 'whole');
  await client.signal.holds(() => client.isOver(id));
  const reply = client.reply(id);
  if (reply?.start === 'HTTP/2.0 200 ' && reply.body.includes(`"target":"${target}"`)) return null;
  const { reset } = client.stream(id);
  return `the next request got ${show(reply?.start ?? null)}, reset ${String(reset)}, GOAWAY ${String(client.goaway)}`;
}

function judgeClient(client: Http2Client, id: number, { outcome, request }: LaneCase): string[] {
  const complaints = client.violation === null ? [] : [`the gateway breaks the protocol: ${client.violation}`];
  if (client.goaway !== null) complaints.push(`GOAWAY ${client.goaway}`);
  const { heads, reset } = client.stream(id);
  if (outcome.kind === 'reset') {
    if (reset !== outcome.code) complaints.push(`reset ${String(reset)}, not ${outcome.code}`);
    if (heads.length > 0) complaints.push(`a reply: ${show(heads[0])}`);
    return complaints;
  }
  const reply = client.reply(id);
  // Behind a whole reply, NO_ERROR says that the rest of the body is not wanted (RFC 9113 §8.1).
  if (reply === null) return [...complaints, `no whole reply, reset ${String(reset)}`];
  if (reset !== null && reset !== 0) complaints.push(`reset ${reset} behind the reply`);
  if (fieldOf(reply, 'x-request-id') === null) complaints.push('the reply has no x-request-id');
  if (reply.fields.some(([name]) => name === 'connection')) complaints.push('the reply has a connection field');
  const method = request.fields.find(([name]) => name === ':method')?.[1] ?? '';
  if (outcome.kind === 'refused') complaints.push(...judgeRefused(reply, outcome, method));
  else if (reply.start !== 'HTTP/2.0 200 ') complaints.push(`${reply.start}: ${show(reply.body.toString())}`);
  return complaints;
}

interface Seen {
  readonly lane: Lane;
  readonly address: Address;
  readonly client: Http2Client;
  readonly id: number;
}

function judgeOrigin(taken: Taken, { outcome, reach }: LaneCase, { lane, address, client, id }: Seen): Result {
  const complaints = taken.violations.map((reason) => `the origin got what no strict reader takes: ${reason}`);
  const meant: Forwarded | null = outcome.kind === 'forwarded' ? outcome : null;
  const tooMany = taken.requests.slice(meant === null ? 0 : 1);
  for (const { method, target } of tooMany) complaints.push(`the origin also got ${method} ${show(target)}`);
  const [got] = taken.requests;
  if (meant !== null && got === undefined)
    complaints.push(`the origin never got ${meant.method} ${show(meant.target)}`);
  if (meant !== null && got !== undefined) {
    const context = { upstream: `127.0.0.1:${lane.origin.port}`, host: address.serverName ?? '' };
    complaints.push(...judgeForwarded(got, meant, context));
    const reply = client.reply(id);
    if (reply !== null && fieldOf(reply, 'x-serial') !== String(got.serial))
      complaints.push('the reply is that to another request');
  }
  for (const { bytes: part, connection } of taken.fragments) {
    if (reach === 'none') complaints.push(`the origin got a part of a request: ${show(part.toString('latin1'))}`);
    else if (!connection.closed) complaints.push('the origin was left waiting for the rest of a refused request');
  }
  const isPart = taken.fragments.length > 0 && reach === 'none';
  return { complaints, reachedWrongly: tooMany.length > 0 || taken.violations.length > 0 || isPart };
}

/** Puts a lane's names for those of the corpus. */
function caseInLane(subject: LaneCase, lane: Lane): LaneCase {
  const text = (value: string): string => inLane(bytes(value), lane).toString('latin1');
  const fields = (list: readonly Field[]): Field[] => list.map(([name, value]) => [name, text(value)]);
  const { request, outcome } = subject;
  return {
    ...subject,
    request: {
      ...request,
      fields: fields(request.fields),
      data: request.data === null ? null : inLane(request.data, lane),
      ...(request.trailers === undefined ? {} : { trailers: fields(request.trailers) }),
    },
    outcome: outcome.kind === 'forwarded' ? { ...forwardedInLane(outcome, lane) } : outcome,
  };
}

function forwardedInLane(outcome: Forwarded, lane: Lane): Forwarded {
  return outcomeInLane(outcome, lane) as Forwarded;
}
