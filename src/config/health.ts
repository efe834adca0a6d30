import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { CheckConfig, HealthConfig, StatusRange } from './health-config.ts';
import { readHost } from './host-name.ts';
import { duration, parsed } from './scalars.ts';
import { words } from './words.ts';

const COUNT_LIMIT = 100;
const PATH_LIMIT = 2_048;
const RANGE_LIMIT = 16;
const RANGE_FORM = 'write a status or a range of them, such as 200 or 200-399';

function count(standard: number, description: string) {
  const error = `must be a whole number from 1 to ${COUNT_LIMIT}`;
  return z.int({ error }).min(1, { error }).max(COUNT_LIMIT, { error }).prefault(standard).meta({ description });
}

function percent(standard: number, description: string) {
  const error = 'must be a whole number from 1 to 100, in percent';
  return z.int({ error }).min(1, { error }).max(100, { error }).prefault(standard).meta({ description });
}

const range = z
  .union(
    [
      z
        .int()
        .refine(isStatus, { error: words('a status is from 100 to 599', RANGE_FORM) })
        .transform((status): StatusRange => ({ from: status, to: status })),
      parsed(readRange),
    ],
    { error: words('expected a status, or a range of them', RANGE_FORM) },
  )
  .meta({ title: 'status or range' });

const ranges = z.array(range).min(1, { error: 'at least one status is needed' }).max(RANGE_LIMIT);

const expect = z
  .union([range, ranges], { error: words(`expected statuses, ${RANGE_LIMIT} of them at most`, RANGE_FORM) })
  .prefault('200-399')
  .meta({ description: 'The statuses that pass: one, a range such as `200-399`, or a list.' });

const ejection = z
  .strictObject({
    consecutive: count(5, 'So many requests in a row that failed.'),
    failurePercent: percent(50, 'Or this part of those of ten seconds, in percent, where they are 20 at least.'),
    time: duration('10s', { from: '100ms', to: '1h' }, 'For how long the first time; each next time is twice as long.'),
    maxTime: duration('5m', { from: '100ms', to: '24h' }, 'For how long at most.'),
    maxPercent: percent(
      50,
      'Never more of the targets than this at once, in percent: one may always be ejected where there are two, and one is always left.',
    ),
  })
  .refine(({ time, maxTime }) => time <= maxTime, {
    path: ['maxTime'],
    error: words('the longest time is shorter than the first', 'write at least as much as `time`'),
  });

const checkKind = z.enum(['http', 'tcp', 'grpc'], {
  error: words('expected what is checked', 'write http, tcp or grpc'),
});

const settings = z
  .strictObject({
    check: checkKind.optional().meta({
      description:
        'How targets are asked whether they are well: `http` by a GET of `path`, `tcp` by connecting, `grpc` by grpc.health.v1.Health/Check. `path` alone means `http`; without either they are not asked.',
    }),
    path: parsed(readCheckPath)
      .optional()
      .meta({ description: 'What `http` asks for, as the target itself has it, with a query where needed.' }),
    host: parsed(readHost)
      .optional()
      .meta({ description: 'What `http` or `grpc` names as the host, in place of the target’s own name.' }),
    expect,
    service: parsed(readService)
      .optional()
      .meta({ description: 'Of which service `grpc` asks. Without it, of the server as a whole.' }),
    every: duration('10s', { from: '100ms', to: '1h' }, 'How long from one check to the next, a tenth more or less.'),
    timeout: duration('2s', { from: '10ms', to: '1m' }, 'How long a check may take, connecting included.'),
    rise: count(2, 'So many checks in a row must pass until a target that is down is up.'),
    fall: count(3, 'So many checks in a row must fail until a target that is up is down. The first one decides alone.'),
    eject: z
      .union([z.literal('off'), ejection], {
        error: words('expected off, or when a target is ejected', 'write eject: { consecutive: 5 }'),
      })
      .prefault({})
      .meta({
        description:
          'When a target gets no requests for a time, where there are others: it can not be reached, breaks off, is too late, or answers with 502, 503 or 504.',
      }),
    slowStart: duration(
      '10s',
      { from: '0s', to: '1h' },
      'How long a target that is back, or new among others, takes to get all of its part; it begins with a tenth. `0s` for at once.',
    ),
    whenAllDown: z
      .enum(['refuse', 'serve'], { error: words('expected refuse or serve', 'write refuse') })
      .prefault('refuse')
      .meta({
        description:
          'While every target fails its checks, requests are refused (503 `upstream-unavailable`), or served all the same, as if none had failed.',
      }),
  })
  .superRefine((value, context) => {
    const tell = (path: string, message: string): void => {
      context.issues.push({ code: 'custom', message, path: [path], input: value });
    };
    const kind = value.check ?? (value.path === undefined ? undefined : 'http');
    if (kind === 'http' && value.path === undefined)
      tell('check', words('a check over http needs its `path`', 'write path: /healthz'));
    if (kind !== 'http' && value.path !== undefined) tell('path', words('only a check over http asks for a path'));
    if (kind !== 'grpc' && value.service !== undefined)
      tell('service', words('only a check over gRPC names a service'));
    if ((kind === undefined || kind === 'tcp') && value.host !== undefined)
      tell('host', words('only a check over http or gRPC names a host'));
  });

/** The key `health` of an upstream. */
export const healthSchema = z
  .union([z.enum(['tcp', 'grpc']), settings], {
    error: words('expected how targets are checked', 'write health: { path: /healthz }, or health: tcp'),
  })
  .prefault({})
  .meta({
    description:
      'How it is known which targets are well: `tcp`, `grpc`, or settings. Without it they are not asked, and known by their replies alone.',
  });

/** What the schema made of it, as it is used. */
export function toHealth(raw: z.output<typeof healthSchema>): HealthConfig {
  const { eject, slowStart, whenAllDown, ...asked } = typeof raw === 'string' ? settings.parse({ check: raw }) : raw;
  return {
    check: toCheck(asked),
    eject:
      eject === 'off'
        ? null
        : {
            consecutive: eject.consecutive,
            failurePercent: eject.failurePercent,
            timeMs: eject.time,
            maxTimeMs: eject.maxTime,
            maxPercent: eject.maxPercent,
          },
    slowStartMs: slowStart,
    whenAllDown,
  };
}

type Asked = Omit<z.output<typeof settings>, 'eject' | 'slowStart' | 'whenAllDown'>;

function toCheck({
  check,
  path,
  host,
  expect: passing,
  service,
  every,
  timeout,
  rise,
  fall,
}: Asked): CheckConfig | null {
  const kind = check ?? (path === undefined ? null : 'http');
  if (kind === null) return null;
  return {
    kind,
    path: path ?? '',
    host: host ?? null,
    expect: Array.isArray(passing) ? passing : [passing],
    service: service ?? '',
    everyMs: every,
    timeoutMs: timeout,
    rise,
    fall,
  };
}

function isStatus(status: number): boolean {
  return status >= 100 && status <= 599;
}

function readRange(text: string): Result<StatusRange, string> {
  const [, first = '', last = first] = /^([0-9]{3})(?:-([0-9]{3}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === '' || !isStatus(from) || !isStatus(to)) return err(words('this is no range of statuses', RANGE_FORM));
  return from <= to ? ok({ from, to }) : err(words('the first status of a range is the lower one', RANGE_FORM));
}

/** A target of a request (RFC 9112 §3.2.1), sent as it is written: its path, and a query where there is one. */
function readCheckPath(text: string): Result<string, string> {
  if (text.length > PATH_LIMIT) return err(`is longer than ${PATH_LIMIT} characters`);
  return /^\/[A-Za-z0-9\-._~!$&'()*+,;=:@/%]*(\?[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]*)?$/.test(text)
    ? ok(text)
    : err(words('a path begins with `/`, and has no character that must be encoded', 'write it like /healthz'));
}

function readService(text: string): Result<string, string> {
  return /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,31}$/.test(text) && text.length <= 256
    ? ok(text)
    : err(words('this is no name of a gRPC service', 'write it like acme.orders.v1.Orders'));
}
