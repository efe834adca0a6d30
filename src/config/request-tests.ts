import { z } from 'zod';
import { canonicalAddress, didYouMean, err, isProblemCode, ok, problemCatalogue, type Result } from '../base/index.ts';
import type { ClaimValue } from '../policy/index.ts';
import type { CallerConfig, GivenReply, TestConfig } from './config.ts';
import { parseMethod } from './routes.ts';
import { ownDuration, parsed } from './scalars.ts';
import { words } from './words.ts';

const TEST_LIMIT = 10_000;
const TARGET_LENGTH_LIMIT = 8_192;
const LIST_LIMIT = 1_000;

interface Request {
  readonly method: string;
  readonly target: string;
}

const texts = (description: string) =>
  z
    .array(parsed(ok))
    .max(LIST_LIMIT, { error: `at most ${LIST_LIMIT} of them are read` })
    .meta({ description });

const known = z.strictObject({
  subject: parsed(ok).optional().meta({ description: 'Who it is.' }),
  roles: texts('Its roles.').prefault([]),
  permissions: texts('Permissions it has by itself.').prefault([]),
  scopes: texts('The scopes of its token; left out, they narrow nothing.').optional(),
  tenant: parsed(ok).optional().meta({ description: 'Its tenant.' }),
  client: parsed(ok).optional().meta({ description: 'The client that acts for it.' }),
  claims: z.record(z.string(), z.unknown()).prefault({}).meta({ description: 'Further claims.' }),
  attributes: z
    .record(z.string(), z.union([z.boolean(), z.number(), parsed(ok), z.array(parsed(ok)).max(LIST_LIMIT)]))
    .optional()
    .meta({ description: 'Its attributes, by the names that the configuration gives them.' }),
  acr: parsed(ok).optional().meta({ description: 'The authentication context of its sign-in.' }),
  amr: texts('The methods of its sign-in.').prefault([]),
  authAge: ownDuration({ from: '0s', to: '366d' }, 'How long ago it signed in.'),
  proof: z.enum(['dpop', 'mtls']).optional().meta({ description: 'What its credential is bound to.' }),
});

const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/, { error: 'this is no name of a header' });

const refusalStatus = { error: ({ input }: { readonly input?: unknown }): string => expectationWords(input) };

const TIME_FORM = words('expected a time with its zone', 'such as 2026-11-24T09:00:00Z');
const RULE_FORM = words('expected the id of a rule or the code of a refusal', 'such as office-hours or forbidden');

const replyStatus = { error: 'a reply has a status from 200 to 599' };

const given = z.strictObject({
  owner: z.unknown().optional().meta({
    description:
      'What the owner service says of the object, as JSON, where its rule has a `lookup`; null for that there is none.',
  }),
  response: z.unknown().optional().meta({
    description: 'The body of its reply, as JSON; a text as it stands where `headers` say another type.',
  }),
  status: z.int(replyStatus).min(200, replyStatus).max(599, replyStatus).optional().meta({
    description: 'The status of its reply; 200 where nothing is said.',
  }),
  headers: z.record(headerName, parsed(readHeaderValue)).optional().meta({
    description: 'Header fields of its reply, by name; `content-type` is JSON where nothing else is said.',
  }),
});

const testForm = z.strictObject({
  do: parsed(readRequest).meta({
    title: 'METHOD target',
    description: 'The request, such as `GET /v1/orders/7?full=true`.',
  }),
  from: parsed(readAddress)
    .optional()
    .meta({ title: 'address', description: 'The client’s address, where lists ask for it.' }),
  as: z
    .union([z.literal('anonymous'), known], {
      error: words('expected `anonymous`, or who calls', 'write anonymous, or { subject: ada, roles: [customer] }'),
    })
    .prefault('anonymous')
    .meta({ description: 'Who sends it.' }),
  with: z
    .strictObject({
      body: z.unknown().optional().meta({ description: 'The body, sent as JSON.' }),
      headers: z
        .record(headerName, parsed(readHeaderValue))
        .prefault({})
        .meta({ description: 'Header fields, by name.' }),
    })
    .prefault({})
    .meta({ description: 'What else it has.' }),
  at: parsed(readInstant, TIME_FORM).optional().meta({
    title: 'time',
    description: 'When it comes, for rules on the time; such as `2026-11-24T09:00:00Z`. Now, where nothing is said.',
  }),
  given: given.optional().meta({
    description:
      'What the upstream answers: then replies are judged too, and `pass` means that the caller gets it. And what the owner service says.',
  }),
  expect: z
    .union([z.int().min(200, refusalStatus).max(599, refusalStatus), parsed(readExpectation)], refusalStatus)
    .meta({
      title: '`pass`, status or code',
      description:
        '`pass` where it goes upstream; else the code of the refusal, or the status of whatever the caller gets.',
    }),
  returns: z.unknown().optional().meta({
    description: 'What the caller gets of the given reply, as JSON, neither more nor less.',
  }),
  because: parsed(readRuleName, RULE_FORM).optional().meta({
    title: 'rule or code',
    description: 'What it is refused for: the id of the rule, or the code.',
  }),
  observed: parsed(readRuleName, RULE_FORM).optional().meta({
    title: 'rule or code',
    description: 'What a rule that only observes would have refused it for: the id of that rule, or the code.',
  }),
});

const test = testForm.superRefine((said, context) => {
  const complain = (key: string, message: string): void => {
    context.addIssue({ code: 'custom', path: [key], message });
  };
  const isRefused = said.expect !== 'pass' && !(typeof said.expect === 'number' && said.expect < 400);
  if (said.because !== undefined && !isRefused)
    complain('because', words('only a refusal has a reason', 'leave it out, or expect a refusal'));
  if ('returns' in said && (said.given === undefined || toReply(said.given) === null))
    complain('returns', words('nobody says what the upstream answers', 'say it, like given: { response: { id: 7 } }'));
});

/** The key `tests`. */
export const testsSchema = z
  .array(test)
  .max(TEST_LIMIT, { error: `at most ${TEST_LIMIT} tests are read` })
  .prefault([])
  .meta({
    description:
      'Requests and what must become of them. `check` runs them all, and so does the gateway before it puts a configuration in force.',
  });

function readRequest(text: string): Result<Request, string> {
  const space = text.indexOf(' ');
  const target = text.slice(space + 1);
  if (space < 1 || !/^(\/|(https?|wss?):\/\/[^/])/i.test(target)) {
    return err(words('a request is a method, one space and a path or URL', 'write it like GET /v1/orders/7'));
  }
  if (/[\x00-\x20\x7f]/.test(target)) return err('a target holds no blanks and no control characters');
  if (target.length > TARGET_LENGTH_LIMIT) return err(`a target has at most ${TARGET_LENGTH_LIMIT} characters`);
  const method = parseMethod(text.slice(0, space));
  return method.ok ? ok({ method: method.value, target }) : method;
}

function readAddress(text: string): Result<string, string> {
  const address = canonicalAddress(text);
  return address === null ? err('expected an IP address such as 192.0.2.7 or 2001:db8::7') : ok(address);
}

function readHeaderValue(text: string): Result<string, string> {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text) && text.length <= 8_192
    ? ok(text)
    : err('this is no value of a header');
}

/** A time with its zone (RFC 3339 §5.6), in milliseconds. */
export function readInstant(text: string): Result<number, string> {
  const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const at = isWhole ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? err(TIME_FORM) : ok(at);
}

/** Rules that no author has named are called by operations, which may hold blanks. */
function readRuleName(text: string): Result<string, string> {
  return /^[\x20-\x7e]{1,500}$/.test(text) ? ok(text) : err(RULE_FORM);
}

function expectationWords(input: unknown): string {
  if (input === undefined) {
    return words('a test says what it expects', 'write pass, a status such as 403, or a code such as forbidden');
  }
  return words('expected `pass`, the status or the code of a refusal', 'such as pass, 403 or forbidden');
}

function readExpectation(text: string): Result<string, string> {
  if (text === 'pass' || isProblemCode(text)) return ok(text);
  const fix = didYouMean(text, ['pass', ...Object.keys(problemCatalogue)]);
  return err(words('is neither `pass` nor the code of a refusal', fix ?? 'such as pass, 403 or forbidden'));
}

/** The tests in the order of the file. */
export function toTests(raw: z.output<typeof testsSchema>): TestConfig[] {
  return raw.map((said, index) => ({
    ...said.do,
    from: said.from ?? null,
    caller: toCaller(said.as),
    headers: said.with.headers,
    body: said.with.body,
    atMs: said.at ?? null,
    given: said.given === undefined ? null : toReply(said.given),
    owner: said.given?.owner,
    expect: said.expect,
    returns: said.returns,
    because: said.because ?? null,
    observed: said.observed ?? null,
    path: `tests[${index}]`,
  }));
}

/** Null where it is told of the owner alone. */
function toReply(said: z.output<typeof given>): GivenReply | null {
  const { status = 200, headers = {}, response } = said;
  const isReply = !('owner' in said) || ['response', 'status', 'headers'].some((key) => key in said);
  return isReply ? { status, headers, body: response } : null;
}

function toCaller(raw: z.output<typeof testForm>['as']): CallerConfig {
  if (raw === 'anonymous') return { kind: 'anonymous' };
  const { subject, roles, permissions, scopes, tenant, client, claims, acr, amr, authAge, proof, attributes } = raw;
  return {
    kind: 'known',
    subject: subject ?? '',
    roles,
    permissions,
    scopes: scopes ?? null,
    tenant: tenant ?? null,
    clientId: client ?? null,
    // What YAML holds is plain data.
    claims: claims as Readonly<Record<string, ClaimValue>>,
    assurance: { acr: acr ?? null, amr, authAgeMs: authAge ?? null, proof: proof ?? null },
    ...(attributes === undefined ? {} : { attributes }),
  };
}
