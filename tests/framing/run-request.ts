import type { FramingCase } from './case.ts';
import type { GatewayProcess } from './gateway-process.ts';
import { type ForwardedContext, judgeForwarded, judgeMeaning, judgeRefused, methodsOf, show } from './judge.ts';
import { addressOf, inLane, type Lane, outcomeInLane, passBarrier, serverNameFor } from './lane.ts';
import { fieldOf } from './message-reader.ts';
import type { Taken } from './origin.ts';
import { RawClient, type Replies, type Split, statusOf } from './raw-client.ts';

/** What came of a case. No complaints means that it held. */
export interface CaseResult {
  readonly complaints: readonly string[];
  /** Whether anything of a request that had to be refused reached the origin. */
  readonly reachedWrongly: boolean;
  /** Whether the beginning of a refused request reached the origin, broke off there, and was meant to be able to. */
  readonly cutOff: boolean;
}

/** Runs one case in a lane and compares what client and origin saw with what it must come to. */
export async function runRequest(
  gateway: GatewayProcess,
  lane: Lane,
  given: FramingCase,
  split: Split,
): Promise<CaseResult> {
  lane.origin.script = null;
  const steps = given.steps.map((step) => (Buffer.isBuffer(step) ? inLane(step, lane) : step));
  const subject = { ...given, steps, outcomes: given.outcomes.map((outcome) => outcomeInLane(outcome, lane)) };
  const sent = Buffer.concat(steps.filter((step) => Buffer.isBuffer(step)));
  const serverName = serverNameFor(sent, lane);
  const methods = methodsOf(subject);
  const client = await RawClient.connect(addressOf(gateway, subject.transport, serverName));
  try {
    const complaints = await play(client, subject, methods, split);
    complaints.push(...(await settle(gateway, lane, { client, subject, serverName })));
    if (subject.refusedReach === 'cut') await lane.origin.signal.holds(() => lane.origin.isQuiet());
    const taken = lane.origin.take();
    const replies = client.replies(methods);
    complaints.push(...judgeReplies(replies, subject, methods));
    // Behind a peer only the meaning is ours; the fields are the peer's.
    const context = lane.peerPort === null ? { upstream: `127.0.0.1:${lane.origin.port}`, host: serverName } : null;
    const origin = judgeOrigin(taken, replies, subject, context);
    return { ...origin, complaints: [...complaints, ...origin.complaints] };
  } finally {
    client.destroy();
  }
}

async function play(
  client: RawClient,
  subject: FramingCase,
  methods: readonly string[],
  split: Split,
): Promise<string[]> {
  const complaints: string[] = [];
  const expected = subject.outcomes.length;
  const answered = (): boolean => expected > 0 && client.replies(methods).finals.length >= expected;
  for (const step of subject.steps) {
    if (step === 'fin') client.finish();
    else if (Buffer.isBuffer(step)) await client.send(step, split, answered);
    else if (!(await client.signal.holds(() => client.received.includes(step.until) || client.closed))) {
      complaints.push(`never got ${show(step.until)}`);
    }
  }
  await client.signal.holds(() => answered() || client.closed);
  if (subject.closes === true && !(await client.signal.holds(() => client.closed))) {
    complaints.push('the connection stayed open');
  }
  if (subject.closes === false && client.closed) complaints.push('the connection was closed');
  return complaints;
}

interface Settling {
  readonly client: RawClient;
  readonly subject: FramingCase;
  readonly serverName: string;
}

/** Sends the barrier behind the case: what the gateway sent upstream because of the case has arrived when it is answered. */
async function settle(
  gateway: GatewayProcess,
  lane: Lane,
  { client, subject, serverName }: Settling,
): Promise<string[]> {
  const onto = subject.closes === false && !client.closed && subject.transport === 'tls' ? client : null;
  const before = client.received;
  const complaint = await passBarrier(lane, addressOf(gateway, 'tls', serverName), onto);
  // The barrier's own answer is no part of the case.
  if (onto !== null) client.received = before;
  return complaint === null ? [] : [complaint];
}

function judgeReplies(
  replies: Replies,
  { outcomes, transport, closes }: FramingCase,
  methods: readonly string[],
): string[] {
  if (transport === 'tcp')
    return replies.finals.length === 0 ? [] : [`an answer in HTTP: ${show(replies.finals[0]?.start)}`];
  const complaints = replies.violation === null ? [] : [`the reply breaks the grammar: ${replies.violation}`];
  if (replies.partial !== null) complaints.push('the last reply is not whole');
  if (replies.finals.length !== outcomes.length) {
    complaints.push(
      `${replies.finals.length} replies, not ${outcomes.length}: ${show(replies.finals.map(({ start }) => start))}`,
    );
  }
  const last = replies.finals.at(-1);
  if (closes === true && last !== undefined && fieldOf(last, 'connection')?.toLowerCase() !== 'close') {
    complaints.push('the last reply does not say that the connection closes');
  }
  for (const [index, outcome] of outcomes.entries()) {
    const reply = replies.finals[index];
    if (reply === undefined) continue;
    if (fieldOf(reply, 'x-request-id') === null) complaints.push('the reply has no x-request-id');
    if (outcome.kind === 'refused') complaints.push(...judgeRefused(reply, outcome, methods[index] ?? 'GET'));
    else {
      const status = outcome.kind === 'forwarded' ? 200 : outcome.status;
      if (statusOf(reply) !== status)
        complaints.push(`status ${reply.start.slice(9)}, not ${status}: ${show(reply.body.toString())}`);
    }
  }
  return complaints;
}

function judgeOrigin(
  taken: Taken,
  replies: Replies,
  { outcomes, refusedReach }: FramingCase,
  context: ForwardedContext | null,
): CaseResult {
  const complaints = taken.violations.map((reason) => `the origin got what no strict reader takes: ${reason}`);
  const meant = outcomes.filter((outcome) => outcome.kind === 'forwarded');
  const serials = replies.finals.flatMap(({ fields }) =>
    fields.filter(([name]) => name === 'x-serial').map(([, value]) => value),
  );
  const tooMany = taken.requests.slice(meant.length);
  for (const { method, target } of tooMany) complaints.push(`the origin also got ${method} ${show(target)}`);
  for (const [index, outcome] of meant.entries()) {
    const got = taken.requests[index];
    if (got === undefined) complaints.push(`the origin never got ${outcome.method} ${show(outcome.target)}`);
    else {
      complaints.push(...(context === null ? judgeMeaning(got, outcome) : judgeForwarded(got, outcome, context)));
      if (serials[index] !== String(got.serial)) complaints.push(`reply ${index + 1} is that to another request`);
    }
  }
  const cutAllowed = refusedReach === 'cut';
  for (const { bytes, connection } of taken.fragments) {
    if (!cutAllowed) complaints.push(`the origin got a part of a request: ${show(bytes.toString('latin1'))}`);
    else if (!connection.closed) complaints.push('the origin was left waiting for the rest of a refused request');
  }
  const reachedWrongly =
    tooMany.length > 0 || taken.violations.length > 0 || (taken.fragments.length > 0 && !cutAllowed);
  return { complaints, reachedWrongly, cutOff: cutAllowed && taken.fragments.length > 0 };
}
