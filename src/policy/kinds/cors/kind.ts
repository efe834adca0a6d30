import { ok } from '../../../base/index.ts';
import type { Exchange, ReplyView, ResponseEditor } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import { PASS, type Verdict } from '../../verdict.ts';
import { isFieldName } from '../../written-fields.ts';
import type { CorsConfig } from './config.ts';
import { CrossOrigin } from './cross-origin.ts';

/** The fields by which a server lets pages in (Fetch Standard, CORS protocol). */
const CORS_FIELDS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
  'access-control-allow-methods',
  'access-control-allow-headers',
  'access-control-max-age',
  'access-control-allow-private-network',
] as const;
const CORS_PREFIX = 'access-control-';

/**
 * The kind that says which pages of other origins may read replies: on every reply of the API, refusals too, since browsers
 * hide one that does not say so. What the upstream says of it is taken away. The gateway answers preflights by
 * `preflightStep`.
 */
export function createCorsKind(): PolicyKind<CorsConfig> {
  // Operations come one by one, and those of one API have one step.
  const made = new WeakMap<CorsConfig, Steps>();
  const stepsFor = (config: CorsConfig): Steps => {
    const known = made.get(config);
    if (known !== undefined) return known;
    const steps = { respond: respondStep(config.rules === 'off' ? null : new CrossOrigin(config.rules)) };
    made.set(config, steps);
    return steps;
  };
  return {
    kind: 'cors',
    summary: 'Says which pages of other origins may call and read replies.',
    schema: null,
    sources: () => [],
    compile: (config, { operations }) => ok(new Map(operations.map(({ id }) => [id, stepsFor(config)]))),
  };
}

function respondStep(cross: CrossOrigin | null): Step<'respond'> {
  return {
    reads: READS_NOTHING,
    run({ request }: Exchange, reply: ReplyView, editor: ResponseEditor): Verdict {
      // By name, for other steps may have written them; and by prefix, for the upstream may say what comes up later.
      for (const name of CORS_FIELDS) editor.removeHeader(name);
      for (const [name] of reply.headers.entries())
        if (name.startsWith(CORS_PREFIX) && isFieldName(name)) editor.removeHeader(name);
      if (cross === null) return PASS;
      for (const [name, value] of cross.replyFields(request.headers)) editor.appendHeader(name, value);
      return PASS;
    },
  };
}
